//! The app manifest: what is in it, and that Slack's limits hold whatever commands say of themselves.

use std::path::Path;
use std::sync::OnceLock;

use catops_core::chat::slack::manifest::{Feature, Kind, Manifest, Options, needs};
use catops_core::command::Run;
use catops_core::policy::{self, Member, Place, Policy, Role, Rules, Text};
use catops_core::{Command, Commands, ErrorKind, Reply, command};
use proptest::prelude::*;
use serde_json::Value;

/// Restart a service, one instance after the other.
///
/// Takes about a minute.
#[command]
fn restart(service: String, now: bool) -> String {
    format!("{service} {now}")
}

/// Say who is on call.
#[command(group = "oncall")]
fn show() {}

/// Hand over.
#[command(group = "oncall")]
fn set(who: String) -> String {
    who
}

/// Answer.
#[command]
fn ping() {}

fn find(path: &str) -> Option<Command> {
    let found = match path {
        "oncall set" => __catops_set().in_group("oncall"),
        "oncall show" => __catops_show().in_group("oncall"),
        "ping" => __catops_ping(),
        "restart" => __catops_restart(),
        _ => return None,
    };
    Some(found)
}

fn pages(name: &str) -> &'static str {
    if name == "oncall" { "On call: who is, and who takes over. Nobody is asked twice." } else { "" }
}

static COMMANDS: Commands = Commands::new("oncall set\noncall show\nping\nrestart", pages, find);

fn options(more: &[&str]) -> Options {
    Options { more: more.iter().map(|name| (*name).to_owned()).collect(), ..Options::new("https://host.example") }
}

fn made(options: &Options) -> Value {
    serde_json::from_str(&Manifest::new(&COMMANDS, options).unwrap().json()).unwrap()
}

/// Compares with the file in `tests/golden/slack`. With `CATOPS_UPDATE_GOLDEN` set it writes the file anew instead.
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/slack").join(name);
    let text = format!("{text}\n");
    if std::env::var_os("CATOPS_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap_or_default() == text, "{name} is not what was made:\n{text}");
}

#[test]
fn the_whole_manifest() {
    let manifest = Manifest::new(&COMMANDS, &options(&["/restart", "/oncall", "ping", "/deploy", "/meow"])).unwrap();
    golden("manifest.json", &manifest.json());
    golden("manifest.yaml", &manifest.yaml());
    assert!(!manifest.is_loopback());
}

#[test]
fn each_feature_takes_its_scopes_and_events_with_it() {
    let scopes = |made: &Value| made["oauth_config"]["scopes"]["bot"].to_string();
    for (without, expected, events) in [
        (vec![Feature::Mentions], r#"["commands","chat:write","im:history","files:write"]"#, r#"["message.im"]"#),
        (
            vec![Feature::DirectMessages],
            r#"["commands","chat:write","app_mentions:read","files:write"]"#,
            r#"["app_mention"]"#,
        ),
        (
            vec![Feature::Files],
            r#"["commands","chat:write","app_mentions:read","im:history"]"#,
            r#"["app_mention","message.im"]"#,
        ),
        (Feature::ALL.to_vec(), r#"["commands","chat:write"]"#, "null"),
    ] {
        let made = made(&Options { without: without.clone(), ..options(&[]) });
        assert_eq!(scopes(&made), expected, "{without:?}");
        assert_eq!(made["settings"]["event_subscriptions"]["bot_events"].to_string(), events, "{without:?}");
        let tab = made["features"]["app_home"]["messages_tab_enabled"].as_bool();
        assert_eq!(tab, Some(!without.contains(&Feature::DirectMessages)), "{without:?}");
    }
    assert_eq!(needs(&options(&[])).filter(|need| need.kind == Kind::Scope).count(), 5);
}

#[test]
fn scopes_to_ask_who_somebody_is_are_for_policies_that_take_it() {
    let member = |kind, id| Member { kind, id, at: Place::default() };
    for (members, expected) in [
        (vec![member(policy::Kind::User, "U1"), member(policy::Kind::Channel, "C1")], &[][..]),
        (vec![member(policy::Kind::Group, "S1"), member(policy::Kind::Group, "S2")], &["usergroups:read"]),
        (vec![member(policy::Kind::Email, "ann@example.com")], &["users:read", "users:read.email"]),
        (
            vec![member(policy::Kind::Email, "ann@example.com"), member(policy::Kind::Group, "S1")],
            &["usergroups:read", "users:read", "users:read.email"],
        ),
    ] {
        let name = Text { text: "oncall", at: Place::default() };
        let role = Role { name, members: members.leak(), allow: &[] };
        let rules = Rules { roles: vec![role].leak(), ..Rules::NONE };
        let options = options(&[]).with_policy(&Policy::new(Box::leak(Box::new(rules))));
        let added: Vec<_> = needs(&options).filter(|need| need.member.is_some()).collect();
        assert!(added.iter().all(|need| need.kind == Kind::Scope && !need.why.is_empty()), "{added:?}");
        assert_eq!(added.iter().map(|need| need.name).collect::<Vec<_>>(), expected);
        let scopes = made(&options)["oauth_config"]["scopes"]["bot"].to_string();
        assert_eq!(
            scopes.matches("users:read").count(),
            expected.iter().filter(|name| name.starts_with("users:")).count()
        );
        assert_eq!(scopes.contains("usergroups:read"), expected.contains(&"usergroups:read"), "{scopes}");
    }
}

#[test]
fn what_slack_would_refuse_is_refused_here() {
    let fifty: Vec<String> = (0..50).map(|n| format!("/c{n}")).collect();
    for (options, says) in [
        (options(&["/De"]), "`/De` is not one that Slack takes"),
        (options(&["/a b"]), "`/a b`"),
        (options(&["/"]), "`/`"),
        (options(&["//x"]), "`//x`"),
        (options(&["/\u{1b}[2J"]), r"`/\u{1b}[2J`"),
        (options(&["/tag_it"]), "hyphens"),
        (options(&[&format!("/{}", "x".repeat(32))]), "1 to 31"),
        (options(&["/status"]), "Slack's own"),
        (Options { main: "/me".to_owned(), ..options(&[]) }, "Slack's own"),
        (Options { more: fifty, ..options(&[]) }, "there are 51 slash commands"),
        (Options { name: " \n".to_owned(), ..options(&[]) }, "0 characters"),
        (Options { name: "x".repeat(36), ..options(&[]) }, "36 characters"),
        (Options::new("http://host.example"), "https"),
    ] {
        let error = Manifest::new(&COMMANDS, &options).unwrap_err();
        assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains(says), "{says}: {error}");
    }
}

#[test]
fn names_are_put_into_the_form_that_slack_takes() {
    for (name, app, bot) in [
        ("CatOps", "CatOps", "catops"),
        ("Ops of  Zoë & Co.", "Ops of Zoë & Co.", "ops-of-zo-co"),
        ("運用", "運用", "catops"),
        ("...", "...", "catops"),
        ("under_score", "under_score", "under_score"),
    ] {
        let made = made(&Options { name: name.to_owned(), ..options(&[]) });
        assert_eq!(made["display_information"]["name"], app);
        assert_eq!(made["features"]["bot_user"]["display_name"], bot);
    }
}

#[test]
fn the_link_carries_the_manifest_unless_it_is_too_long() {
    let manifest = Manifest::new(&COMMANDS, &options(&["/restart"])).unwrap();
    let link = manifest.link().unwrap();
    let query = link.strip_prefix("https://api.slack.com/apps?new_app=1&manifest_json=").unwrap();
    assert!(!query.contains(['+', ' ', '"', '&', '#']) && link.len() <= 8_000, "{link}");
    let uri: http::Uri = link.parse().unwrap();
    assert_eq!(uri.host(), Some("api.slack.com"));
    let decoded: Value = serde_json::from_str(&decode(query)).unwrap();
    assert_eq!(decoded, made(&options(&["/restart"])));

    let many: Vec<String> = (0..49).map(|n| format!("/c{n}")).collect();
    assert_eq!(Manifest::new(&COMMANDS, &Options { more: many, ..options(&[]) }).unwrap().link(), None);
}

/// Decodes percent codes; the text has nothing but these and what stands for itself.
fn decode(query: &str) -> String {
    let mut parts = query.split('%');
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        out.push(u8::from_str_radix(&part[..2], 16).unwrap());
        out.extend(part[2..].bytes());
    }
    String::from_utf8(out).unwrap()
}

/// What the property test's one command and group say of themselves.
static ODD: OnceLock<std::sync::Mutex<[&'static str; 2]>> = OnceLock::new();

fn odd() -> [&'static str; 2] {
    ODD.get_or_init(Default::default).lock().map(|docs| *docs).unwrap_or_default()
}

fn find_odd(path: &str) -> Option<Command> {
    let command = Command::new("odd", odd()[0], Run::Blocking(|_, _| Ok(Reply::default())));
    match path {
        "odd" => Some(command),
        "group odd" => Some(command.in_group("group")),
        _ => None,
    }
}

static ODD_COMMANDS: Commands = Commands::new("group odd\nodd", |_| odd()[1], find_odd);

/// Returns all that is no list and no object, as JSON, in the order of the texts.
fn scalars(value: &Value) -> Vec<String> {
    let mut found: Vec<String> = match value {
        Value::Array(items) => items.iter().flat_map(scalars).collect(),
        Value::Object(fields) => fields.values().flat_map(scalars).collect(),
        scalar => vec![scalar.to_string()],
    };
    found.sort();
    found
}

/// The same from YAML of the form that we write: a field or an item on each line.
fn yaml_scalars(yaml: &str) -> Vec<String> {
    let value = |line: &str| {
        let text = line.trim_start().trim_start_matches("- ").to_owned();
        let scalar =
            if text.starts_with('"') { Some(text) } else { text.split_once(": ").map(|(_, value)| value.to_owned()) };
        scalar.map(|scalar| serde_json::from_str::<Value>(&scalar).unwrap().to_string())
    };
    let mut found: Vec<String> = yaml.lines().filter_map(value).collect();
    found.sort();
    found
}

/// Text as people write it, and as nobody does.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,40}",
        "([a-zé🐱]{1,12} ){0,400}",
        "[🐱\u{7}\u{2028}\n]{0,2500}",
        Just("x".repeat(5_000))
    ]
}

#[track_caller]
fn within(value: &Value, most: usize, name: &str) {
    let text = value.as_str().unwrap();
    let units = text.encode_utf16().count();
    assert!((1..=most).contains(&units), "{name} has {units} of {most}: {text:?}");
    assert!(!text.chars().any(char::is_control), "{name}: {text:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn limits_hold_whatever_commands_say(doc in text(), page in text(), name in "\\PC{1,17}", slash in "[a-z][a-z0-9-]{0,30}") {
        // A command's text is a constant of the program; a test leaks a few.
        *ODD.get_or_init(Default::default).lock().unwrap() = [doc.leak(), page.leak()];
        let more = ["odd", "group", &slash].map(str::to_owned).to_vec();
        let Ok(manifest) = Manifest::new(&ODD_COMMANDS, &Options { name, more, ..options(&[]) }) else {
            // A name of nothing but spaces, or one of Slack's own commands.
            return Ok(());
        };
        let made: Value = serde_json::from_str(&manifest.json()).unwrap();
        within(&made["display_information"]["name"], 35, "the name");
        within(&made["display_information"]["description"], 140, "the description");
        let bot = made["features"]["bot_user"]["display_name"].as_str().unwrap();
        prop_assert!((1..=80).contains(&bot.len()), "{bot:?}");
        prop_assert!(bot.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte)));
        for slash in made["features"]["slash_commands"].as_array().unwrap() {
            within(&slash["command"], 32, "a slash command");
            within(&slash["description"], 2_000, "a description");
            within(&slash["url"], 3_000, "a URL");
            if !slash["usage_hint"].is_null() {
                within(&slash["usage_hint"], 1_000, "a usage hint");
            }
        }
        for shortcut in made["features"]["shortcuts"].as_array().unwrap() {
            within(&shortcut["name"], 24, "the name of a shortcut");
            within(&shortcut["callback_id"], 255, "the id of a shortcut");
            within(&shortcut["description"], 150, "the description of a shortcut");
        }
        prop_assert_eq!(yaml_scalars(&manifest.yaml()), scalars(&made));
        prop_assert!(manifest.link().is_none_or(|link| link.len() <= 8_000));
    }
}
