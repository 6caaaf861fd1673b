//! What the scan writes, over folders made for the purpose. What it complains of is tested as cargo shows it, in core.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::{Scan, scan};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("catops-discover-{}-{name}", std::process::id()));
        let folder = Self(root);
        fs::create_dir_all(folder.plugins()).unwrap();
        for (file, text) in files {
            folder.write(file, text);
        }
        folder
    }

    fn plugins(&self) -> PathBuf {
        self.0.join("plugins")
    }

    fn out(&self) -> PathBuf {
        self.0.join("plugins.rs")
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.plugins().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn scan(&self) -> (Scan, String) {
        let scan = scan(&self.plugins(), &self.out());
        (scan, fs::read_to_string(self.out()).unwrap_or_default())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn modules(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).collect()
}

#[test]
fn files_are_found_and_others_left_out() {
    let command = "#[command]\nfn f() {}";
    let folder = Folder::new(
        "places",
        &[
            ("ping.rs", ""),
            ("aws/ec2.rs", ""),
            ("aws/src/deep.rs", ""),
            ("src/lib.rs", command),
            ("tests/it.rs", command),
            ("target/x.rs", command),
            ("runbooks/x.rs", command),
            ("_drafts/x.rs", command),
            (".hidden/x.rs", command),
            ("other/Cargo.toml", ""),
            ("other/x.rs", command),
            ("not-source/readme.md", ""),
            ("notes.md", ""),
        ],
    );
    let (scan, text) = folder.scan();
    assert_eq!(modules(&text), ["aws_ec2", "aws_src_deep", "ping"]);
    assert_eq!((scan.faults, scan.warnings), (vec![], vec![]));
    let watched = |name: &str| scan.watched.contains(&folder.plugins().join(name));
    assert!(scan.watched.contains(&folder.plugins()) && watched("aws") && watched("aws/ec2.rs") && watched("ping.rs"));
}

#[test]
fn conditions_are_copied_to_the_module_and_the_command() {
    let folder = Folder::new(
        "conditions",
        &[
            ("a.rs", "#![cfg(unix)]\n#[command]\n#[cfg(feature = \"x\")]\nfn one() {}"),
            ("b.rs", "#[command]\n#[cfg(windows)]\nfn one() {}"),
        ],
    );
    let (scan, text) = folder.scan();
    assert_eq!(scan.faults, Vec::<String>::new());
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let expected = [
        "#[cfg(unix)]",
        "#[cfg(feature = \"x\")]",
        r#""one" => a::__catops_one().from_file("a", "plugins/a.rs"),"#,
        "#[cfg(windows)]",
        r#""one" => b::__catops_one().from_file("b", "plugins/b.rs"),"#,
    ];
    assert!(lines.windows(5).any(|lines| lines == expected), "{text}");
    let module = lines.iter().position(|line| *line == "mod a;").unwrap();
    assert_eq!(lines[module - 2], "#[cfg(unix)]");
    assert!(text.contains(r#"Commands::new("one","#), "{text}");
}

#[test]
fn one_condition_does_not_keep_names_apart() {
    let folder = Folder::new(
        "one-condition",
        &[("a.rs", "#[command]\n#[cfg(unix)]\nfn one() {}"), ("b.rs", "#[command]\nfn One() {}")],
    );
    let fault = "two commands are named `one`: plugins/a.rs:3 and plugins/b.rs:2; rename one, or give it `#[command(name = \"…\")]`";
    assert_eq!(folder.scan().0.faults, [fault]);
}

#[test]
fn groups_and_pages_are_written() {
    let folder = Folder::new(
        "groups",
        &[
            (
                "disk_usage.rs",
                "//! About disks.\n//!\n//!   \"Quoted\".\n#[command(group, requires = \"x\")]\nfn show_all() {}",
            ),
            (
                "x.rs",
                "//! About x.\n#[catops_core::command(name = \"Go_on\", next = [\"a\"], group = \"svc\")]\npub(crate) async fn r#loop() {}",
            ),
        ],
    );
    let (scan, text) = folder.scan();
    assert_eq!(scan.faults, Vec::<String>::new());
    for expected in [
        r#""disk-usage show-all" => disk_usage::__catops_show_all().in_group("disk-usage").from_file("disk_usage", "plugins/disk_usage.rs"),"#,
        r#""svc go-on" => x::__catops_loop().in_group("svc").from_file("x", "plugins/x.rs"),"#,
        r#""disk-usage" => "About disks.\n\n  \"Quoted\".","#,
        r#""svc" => "About x.","#,
        r#""x" => "About x.","#,
        r#"Commands::new("disk-usage show-all\nsvc go-on","#,
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn a_file_that_does_not_parse_stays_a_module() {
    let folder = Folder::new("half", &[("a.rs", "#[command]\nfn half( {"), ("b.rs", "#[command]\nfn whole() {}")]);
    let (scan, text) = folder.scan();
    assert_eq!(scan.faults, Vec::<String>::new());
    assert_eq!(modules(&text), ["a", "b"]);
    assert!(text.contains(r#"Commands::new("whole","#), "{text}");
}

#[test]
fn an_unchanged_list_keeps_its_date() {
    let folder = Folder::new("date", &[("a.rs", "#[command]\nfn one() {}")]);
    folder.scan();
    let date = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::options().append(true).open(folder.out()).unwrap().set_modified(date).unwrap();
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    folder.write("a.rs", "#[command]\nfn one() { /* changed */ }");
    folder.scan();
    assert_eq!(modified(&folder.out()), date);
    folder.write("a.rs", "#[command]\nfn two() {}");
    assert!(folder.scan().1.contains("\"two\""));
}

#[test]
fn faults_leave_the_last_list() {
    let folder = Folder::new("faults", &[("a.rs", "#[command]\nfn one() {}")]);
    let (_, before) = folder.scan();
    folder.write("b-c.rs", "");
    folder.write("b_c.rs", "");
    let (scan, after) = folder.scan();
    assert_eq!(scan.faults.len(), 1);
    assert!(scan.faults[0].ends_with("rename it to `b_c_2.rs`"), "{}", scan.faults[0]);
    assert_eq!(after, before);
}

#[test]
fn no_folder_is_a_fault() {
    let folder = Folder::new("none", &[]);
    let scan = scan(&folder.plugins().join("none"), &folder.out());
    assert_eq!(scan.faults.len(), 1);
}

const OPS: &str = "#[command(requires = \"ops.restart\")]\nfn restart(service: String, now: bool) {}";

#[test]
fn a_policy_is_written_down_and_watched() {
    let policy = "[roles.oncall]\nmembers = [\"U1\", \"a@b.cc\"]\nallow = [\"ops.*\"]\n[[rule]]\neffect = \"deny\"\ncommand = \
                  \"restart\"\nroles = [\"oncall\"]\ndays = \"Sat\"\nwhen = 'not now and service in [\"a\", \"b\"]'\n";
    let folder = Folder::new("policy", &[("ops.rs", OPS), ("catops.toml", policy)]);
    let (scan, text) = folder.scan();
    assert_eq!(scan.faults, Vec::<String>::new());
    assert!(scan.watched.contains(&folder.plugins().join("catops.toml")));
    for expected in [
        r#"static __CATOPS_RULES: ::catops_core::policy::Rules = {"#,
        r#"file: "plugins/catops.toml", teams: &[], guardrail: &[], roles: &[Role { name: Text { text: "oncall", at: "#,
        r#"members: &[Member { kind: Kind::User, id: "U1", at: Place { line: 2, column: 12 } }, Member { kind: Kind::Email, id: "a@b.cc""#,
        r#"effect: Effect::Deny, target: Target::Commands(&[Text { text: "restart", at: Place { line: 6, column: 11 } }]), roles: &["#,
        r#"window: ::core::option::Option::Some(Window { days: 32, from: 0, to: 1440, zone: 0 }), when: ::core::option::Option::Some(Condi"#,
        r#"terms: &[Term { argument: "now", negated: true, test: Test::IsGiven }, Term { argument: "service", negated: false, test: Test::Is(&["a", "b"]) }]"#,
        r#"Commands::new("restart", __catops_page, __catops_find).with_policy(&__CATOPS_RULES);"#,
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn what_waits_and_what_is_limited_is_written_down() {
    let policy = "break-glass = [\"oncall\"]\n[roles.oncall]\nmembers = [\"U1\"]\n[[rule]]\nname = \"x\"\neffect = \"approve\"\n\
                  permission = \"ops.*\"\nroles = [\"everybody\"]\nby = [\"oncall\", \"everybody\"]\ncount = 2\nwithin = \"30m\"\n\
                  [[limit]]\nname = \"y\"\ncommand = \"restart\"\nper = \"user\"\ncount = 3\nwithin = \"1h\"\n\
                  [[limit]]\npermission = \"ops.restart\"\nper = \"command\"\ncount = 100\nwithin = \"7d\"\n\
                  [[limit]]\nper = \"bot\"\ncount = 1\nwithin = \"1s\"\n";
    let folder = Folder::new("waiting", &[("ops.rs", OPS), ("catops.toml", policy)]);
    let (scan, text) = folder.scan();
    assert_eq!(scan.faults, Vec::<String>::new());
    for expected in [
        r#"by: &[Text { text: "oncall", at: Place { line: 9, column: 7 } }, Text { text: "everybody", at: Place { line: 9, column: 17 } }], count: 2, within: 1800 }]"#,
        r#"limits: &[Limit { name: "y", at: Place { line: 12, column: 1 }, target: Target::Commands(&[Text { text: "restart", at: Place { line: 14, column: 11 } }]), per: Per::User, count: 3, within: 3600 }, "#,
        r#"Limit { name: "", at: Place { line: 18, column: 1 }, target: Target::Permissions(&[Text { text: "ops.restart", at: Place { line: 19, column: 14 } }]), per: Per::Command, count: 100, within: 604800 }, "#,
        r#"target: Target::Commands(&[Text { text: "*", at: Place { line: 23, column: 1 } }]), per: Per::Bot, count: 1, within: 1 }], "#,
        r#"break_glass: &[Text { text: "oncall", at: Place { line: 1, column: 16 } }] }"#,
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn what_nobody_could_approve_stops_the_build() {
    let purge = "#[command(approve = \"role:leads\", n = 2)]\nfn purge() {}\n";
    let ask = "#[command(group = \"svc\", approve = \"role:everybody\")]\nfn ask() {}\n";
    let folder = Folder::new("nobody", &[("ops.rs", &format!("{purge}{ask}"))]);
    let fault = "plugins/ops.rs:2: nobody could approve `purge`: it takes the role `leads`, and there is no plugins/catops.toml; \
                 write one with `[roles.leads]` and `members` below it";
    assert_eq!(folder.scan().0.faults, [fault]);
    folder.write("catops.toml", "[roles.lead]\nmembers = [\"U1\"]\n");
    let fault = "plugins/catops.toml:1:1: nobody could approve `purge`: it takes the role `leads`, which has no members here; here \
                 is `lead`, so change one of the names";
    assert_eq!(folder.scan().0.faults, [fault]);
    folder.write("catops.toml", "[roles.leads]\nmembers = [\"U1\"]\n");
    let fault = "plugins/catops.toml:1:1: `purge` can never be run: 2 have to approve, and 1 person has the role `leads`; add \
                 members to it, or lower `n` of the command";
    assert_eq!(folder.scan().0.faults, [fault]);
    folder.write("catops.toml", "[roles.leads]\nmembers = [\"U1\", \"U2\"]\n");
    assert_eq!(folder.scan().0.faults, Vec::<String>::new());
}

#[test]
fn no_policy_is_written_where_there_is_no_file() {
    let folder = Folder::new("no-policy", &[("ops.rs", OPS)]);
    let (scan, text) = folder.scan();
    assert!(scan.faults.is_empty() && !text.contains("with_policy"), "{text}");
    assert!(!scan.watched.contains(&folder.plugins().join("catops.toml")), "cargo would build again and again");
}

#[test]
fn a_policy_is_not_blamed_for_a_file_that_does_not_parse() {
    let policy = "[roles.oncall]\nmembers = [\"U1\"]\nallow = [\"ops.restart\"]\n";
    let folder = Folder::new("half-policy", &[("ops.rs", "#[command]\nfn half( {"), ("catops.toml", policy)]);
    assert_eq!(folder.scan().0.faults, Vec::<String>::new());
    folder.write("ops.rs", "");
    let fault = "plugins/catops.toml:3:10: no command requires `ops.restart`; they require none at all; write \
                 `#[command(requires = \"…\")]`, or name it in a rule with `command`";
    assert_eq!(folder.scan().0.faults, [fault]);
}
