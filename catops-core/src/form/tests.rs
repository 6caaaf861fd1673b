//! From a signature to a form, and from what is filled in to the values that the function gets.

use proptest::prelude::*;

use super::{Draft, Field, Form, Input, compose};
use crate::command::{Command, Commands, What};
use crate::context::Context;
use crate::request::{Channel, ChannelRef, UserRef};
use crate::{Choice, command};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
enum Zone {
    /// Ireland. The first one.
    EuWest,
    UsEast,
}

/// Deploy a version.
///
/// It takes a minute.
#[command(group)]
async fn start(
    /// The version, as `builds` lists it
    #[arg(complete = versions)]
    version: String,
    zone: Zone,
    #[arg(long, short = 'n', default_value = 3)] batch: i32,
    #[arg(long, default_value = "us-east")] via: Zone,
    /// Do not ask.
    dry_run: bool,
    #[arg(long, secret)] token: Option<String>,
    /// Why
    #[arg(rest)]
    reason: String,
) -> String {
    format!("{version:?} {zone:?} {batch} {via:?} {dry_run} {token:?} {reason:?}")
}

async fn versions(_: &Context, _: &str) -> Vec<String> {
    vec!["1.4".to_owned()]
}

/// Page people.
#[command]
fn page(who: UserRef, also: Vec<UserRef>, #[arg(long)] to: Option<ChannelRef>) -> String {
    format!("{} {} {:?}", who.id, also.len(), to.map(|to| to.id))
}

/// Add tags.
#[command]
fn tag(name: String, tags: Vec<String>) -> String {
    format!("{name:?} {tags:?}")
}

/// Take what is there.
#[command]
fn gap(
    name: String,
    #[arg(default_value = "-1")] count: i32,
    #[arg(long, short)] label: Vec<String>,
    #[arg(rest)] note: Option<String>,
) -> String {
    format!("{name:?} {count} {label:?} {note:?}")
}

/// Leave words out.
#[command]
fn holes(first: Option<String>, second: Option<String>) -> String {
    format!("{first:?} {second:?}")
}

/// Say so.
#[command]
fn ping() {}

fn find(path: &str) -> Option<Command> {
    Some(match path {
        "gap" => __catops_gap(),
        "holes" => __catops_holes(),
        "deploys start" => __catops_start().in_group("deploys"),
        "page" => __catops_page(),
        "ping" => __catops_ping(),
        "tag" => __catops_tag(),
        _ => return None,
    })
}

static COMMANDS: Commands = Commands::new("deploys start\ngap\nholes\npage\nping\ntag", |_| "", find);

fn command(path: &str) -> Command {
    COMMANDS.find(path).unwrap()
}

fn draft(channel: &str) -> Draft {
    let channel = Channel { id: channel.to_owned(), name: String::new() };
    Draft { prefix: "/meow".to_owned(), channel, ..Draft::default() }
}

fn field<'a>(form: &'a Form, name: &str) -> &'a Field {
    form.fields.iter().find(|field| field.name == name).unwrap()
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn values(values: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    values.iter().map(|(name, words)| ((*name).to_owned(), strings(words))).collect()
}

#[test]
fn a_form_is_made_of_the_signature() {
    let form = Form::of(&command("deploys start"), &[], draft("C1"));
    assert_eq!((form.title.as_str(), form.submit, form.asks_channel), ("deploys start", "Run", false));
    assert_eq!(form.about, "Deploy a version. `/meow help deploys start` tells more.");
    assert_eq!(form.draft, Draft { command: "deploys start".to_owned(), ..draft("C1") });
    let row = |field: &Field| (field.label.clone(), field.hint.clone(), field.required, field.initial.clone());
    let check = |name: &str, label: &str, hint: &str, required: bool, initial: &[&str]| {
        assert_eq!(row(field(&form, name)), (label.to_owned(), hint.to_owned(), required, strings(initial)));
    };
    check("version", "Version", "The version, as `builds` lists it", true, &[]);
    check("zone", "Zone", "", true, &[]);
    check("batch", "Batch", "Left empty, it is 3.", false, &[]);
    check("via", "Via", "", false, &["us-east"]);
    check("dry-run", "Dry run", "Do not ask.", false, &[]);
    check("token", "Token", "It is not recorded.", false, &[]);
    check("reason", "Reason", "Why", true, &[]);
    let inputs: Vec<&Input> = form.fields.iter().map(|field| &field.input).collect();
    let zones = || {
        let words = [("eu-west", "Ireland."), ("us-east", "")].map(|(word, help)| (word.to_owned(), help.to_owned()));
        Input::Choice { words: words.to_vec(), many: false }
    };
    let text = |long| Input::Text { long };
    let complete = Input::Complete { many: false };
    let expected = [complete, zones(), text(false), zones(), Input::Flag, text(false), text(true)];
    assert_eq!(inputs, expected.iter().collect::<Vec<_>>());
    let form = Form::of(&command("page"), &[], draft(""));
    let inputs: Vec<&Input> = form.fields.iter().map(|field| &field.input).collect();
    let (one, more) = (Input::User { many: false }, Input::User { many: true });
    assert_eq!(inputs, [&one, &more, &Input::Channel { many: false }]);
    assert!(form.asks_channel);
    assert_eq!(form.about, "Page people.");
}

#[test]
fn which_command_is_asked() {
    let form = Form::which(Draft { about: "what a day".to_owned(), ..draft("") });
    assert_eq!((form.fields.len(), form.asks_channel, form.draft.about.as_str()), (1, true, "what a day"));
    assert_eq!(form.fields[0].name, super::COMMAND);
    assert_eq!(form.fields[0].input, Input::Complete { many: false });
}

#[test]
fn what_was_given_stands_in_it() {
    let given = |path: &str, line: &str| {
        let command = command(path);
        Form::of(&command, &command.lacking(line).unwrap(), draft("C1"))
    };
    let form = given("deploys start", "deploys start “the &lt;old&gt; one” EU_West -n 5 --dry_run --token x");
    let initial = |name: &str| field(&form, name).initial.clone();
    assert_eq!(initial("version"), ["the <old> one"]);
    assert_eq!(initial("zone"), ["eu-west"]);
    assert_eq!(initial("batch"), ["5"]);
    assert_eq!(initial("dry-run"), ["true"]);
    assert!(initial("token").is_empty(), "a secret is not shown");
    let form = given("gap", "gap --label a -l 'b c'");
    assert_eq!(field(&form, "label").initial, ["a", "\"b c\""]);
    assert_eq!(field(&form, "label").hint, "One a line, or with spaces between them.");
    let form = given("page", "page --to <#C7|ops>");
    assert_eq!(field(&form, "to").initial, ["C7"]);
    // What the command is about goes where there is most room.
    let about = Draft { about: "it &lt;b&gt; broke".to_owned(), ..draft("C1") };
    let form = Form::of(&command("gap"), &[], about.clone());
    assert_eq!(
        (field(&form, "note").initial.as_slice(), form.draft.about.as_str()),
        (&strings(&["it <b> broke"])[..], "")
    );
    let form = Form::of(&command("tag"), &values(&[("name", &["api"])]), about);
    assert_eq!(field(&form, "name").initial, ["api"]);
}

#[test]
fn what_lacks_is_noticed_and_nothing_else() {
    let lacks = |line: &str| {
        let given = COMMANDS.addressed(line).unwrap().lacking(line)?;
        Some(
            given
                .into_iter()
                .filter(|(_, words)| !words.is_empty())
                .map(|(name, words)| format!("{name}={words:?}"))
                .collect::<Vec<_>>()
                .join(" "),
        )
    };
    let check = |line: &str, expected: Option<&str>| assert_eq!(lacks(line).as_deref(), expected, "{line}");
    check("ping", None);
    check("holes", None);
    check("tag", Some(""));
    check("tag a", None);
    check("tag --", Some(""));
    check("deploys start", Some(""));
    check("deploys start 1 eu-west", Some(r#"version=["1"] zone=["eu-west"]"#));
    check("deploys start --batch 3 1", Some(r#"version=["1"] batch=["3"]"#));
    check("deploys start --dry-run 1 eu-west it's broken", None);
    check("deploys start 1 eu-west -n 5 it", None);
    check("deploys start 1 eu-west -n 5", Some(r#"version=["1"] zone=["eu-west"] batch=["5"]"#));
    check("deploys start 1 eu-west it --nwo", None);
    // What is wrong is answered in words.
    for line in ["deploys start --nwo", "deploys start --help", "deploys start -n", "deploys start 'a", "tag --x"] {
        check(line, None);
    }
}

/// Runs what is filled in, and returns the line and what the function saw.
fn run(path: &str, filled: &[(String, Vec<String>)]) -> (String, String) {
    let line = compose(&command(path), filled).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let What::Run(command, values) = COMMANDS.read("", &line, &|_| true).what else { panic!("{line}") };
    assert_eq!(command.path(), path, "{line}");
    let crate::command::Run::Blocking(run) = command.run() else { return (line, String::new()) };
    let context = crate::form::complete::tests::context(&command);
    let reply = run(&context, values).unwrap().text();
    (line, reply)
}

#[track_caller]
fn composes(path: &str, filled: &[(&str, &[&str])], line: &str, seen: &str) {
    assert_eq!(run(path, &values(filled)), (line.to_owned(), seen.to_owned()));
}

#[test]
fn what_is_filled_in_becomes_a_line() {
    composes(
        "tag",
        &[("name", &[" api "]), ("tags", &["a \"b c\"\nd"])],
        "tag api a \"b c\" d",
        r#""api" ["a", "b c", "d"]"#,
    );
    composes("tag", &[("name", &["--x"]), ("tags", &[])], "tag -- --x", r#""--x" []"#);
    composes(
        "tag",
        &[("name", &["<!channel> & “x”"])],
        "tag \"&lt;!channel&gt; &amp; “x”\"",
        r#""<!channel> & “x”" []"#,
    );
    composes(
        "page",
        &[("who", &["U1"]), ("also", &["U2", "U3"]), ("to", &["C1"])],
        "page --to <#C1> <@U1> <@U2> <@U3>",
        r#"U1 2 Some("C1")"#,
    );
    composes(
        "gap",
        &[("name", &["a"]), ("label", &["\"-x y\" z"]), ("note", &["—now\n 'is it"])],
        "gap \"--label=-x y\" --label z -- a -1 —now\n 'is it",
        r#""a" -1 ["-x y", "z"] Some("—now\n 'is it")"#,
    );
    composes("gap", &[("name", &["a"])], "gap a", r#""a" -1 [] None"#);
    composes("holes", &[("first", &["x"]), ("unknown", &["y"])], "holes x", r#"Some("x") None"#);
}

#[test]
fn what_is_wrong_is_said_beside_its_field() {
    let wrong = |path: &str, filled: &[(&str, &[&str])]| {
        let wrong = compose(&command(path), &values(filled)).unwrap_err();
        wrong.iter().map(|(field, reason)| format!("{field}: {reason}")).collect::<Vec<_>>()
    };
    assert_eq!(
        wrong(
            "deploys start",
            &[("version", &["\u{200b} "]), ("zone", &["eu-wset"]), ("batch", &["x"]), ("reason", &["so"])]
        ),
        [
            "version: this must be filled in",
            "zone: this cannot be `eu-wset`; did you mean `eu-west`?",
            "batch: this cannot be `x`: invalid digit found in string"
        ]
    );
    assert_eq!(wrong("tag", &[("name", &["a"]), ("tags", &["b 'c"])]), ["tags: this quote is never closed: 'c"]);
    assert_eq!(wrong("holes", &[("second", &["y"])]), ["first: this must be filled in too, since one after it is"]);
    let [said] = &wrong("page", &[("who", &["<@U1>"])])[..] else { panic!() };
    assert!(said.starts_with("who: this cannot be `<@U1>`: pick a person"), "{said}");
}

proptest! {
    #[test]
    fn texts_come_through(
        name in r#"[-a—’'"“” \n\\<>@|&;=]{1,12}|\PC{1,12}"#,
        labels in prop::collection::vec(r#"[-a—’'"“” \\>@|&;=]{1,8}"#, 0..3),
        note in r#"[-a—’'"“” \n\\<>@|&;=]{0,20}|\PC{0,20}"#,
        count in any::<i32>(),
    ) {
        let typed = labels.iter().map(|label| crate::line::quote(label)).collect::<Vec<_>>().join("\n");
        let count_of = count.to_string();
        let filled = values(&[("name", &[&name]), ("count", &[&count_of]), ("label", &[&typed]), ("note", &[&note])]);
        let trimmed = |text: &str| text.trim_matches(crate::line::is_space).to_owned();
        prop_assume!(!trimmed(&name).is_empty());
        let note = Some(trimmed(&note)).filter(|note| !note.is_empty());
        prop_assert_eq!(run("gap", &filled).1, format!("{:?} {count} {labels:?} {note:?}", trimmed(&name)));
    }

    #[test]
    fn lists_come_through(tags in prop::collection::vec(r#"[-a—’'"“” \\<>@|&;=]{1,12}|\PC{1,12}"#, 0..4)) {
        let typed = tags.iter().map(|tag| crate::line::quote(tag)).collect::<Vec<_>>().join(" ");
        // As somebody types it who knows of quotes; what looks like a reference is none in a form.
        prop_assume!(!tags.iter().any(|tag| tag.contains('<')));
        let filled = values(&[("name", &["n"]), ("tags", &[&typed])]);
        prop_assert_eq!(run("tag", &filled).1, format!("\"n\" {tags:?}"));
    }

    #[test]
    fn options_come_through(label in r#"[-a—’'"“” \\<>@|&;=]{1,12}|\PC{1,12}"#, reason in r#"[-a—’'" \n]{1,12}|\PC{1,12}"#) {
        let trimmed = |text: &str| text.trim_matches(crate::line::is_space).to_owned();
        prop_assume!(!trimmed(&label).is_empty() && !trimmed(&reason).is_empty());
        let filled = values(&[("version", &[&label]), ("zone", &["us-east"]), ("token", &[&label]), ("reason", &[&reason])]);
        let line = compose(&command("deploys start"), &filled).unwrap();
        let asked = COMMANDS.read("", &line, &|_| true);
        let What::Run(_, mut values) = asked.what else { panic!("{line}") };
        prop_assert_eq!(values.one::<String>(0), trimmed(&label));
        prop_assert_eq!(values.option::<String>(5), Some(trimmed(&label)));
        prop_assert_eq!(values.one::<String>(6), trimmed(&reason));
    }

    #[test]
    fn what_lacks_is_what_reading_misses(
        path in "deploys start|gap|holes|page|ping|tag",
        rest in r#"( |  |--|--now|--dry-run|--label|--batch=3|-n|-5|eu-west|a|“a b”|'|it's|<@U1\|a>|é|\u{a0}){0,8}"#,
    ) {
        let line = format!("{path} {rest}");
        prop_assume!(crate::line::split(&line).unclosed.is_none());
        let needs = match COMMANDS.read("", &line, &|_| true).what {
            What::Usage(_, reply) => reply.text().starts_with(&format!("`{path}` needs ")),
            _ => false,
        };
        prop_assert_eq!(command(&path).lacking(&line).is_some(), needs, "{}", line);
    }

    #[test]
    fn any_values_are_taken(
        path in "deploys start|gap|holes|page|ping|tag",
        values in prop::collection::vec(("version|zone|batch|name|tags|note|who|also|to|first|x", prop::collection::vec(r#"[-a—'" \n<@>1U]{0,6}|\PC{0,6}"#, 0..3)), 0..6),
    ) {
        if let Ok(line) = compose(&command(&path), &values) {
            let asked = COMMANDS.read("", &line, &|_| true);
            prop_assert!(matches!(asked.what, What::Run(..)), "{}: {:?}", line, asked.what);
        }
    }
}
