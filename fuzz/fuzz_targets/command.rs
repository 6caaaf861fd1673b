//! Reading any line against a command with a parameter of each kind ends in one of the four ways, never in a panic.
#![no_main]

use catops_core::command::What;
use catops_core::{ChannelRef, Choice, Commands, UserRef, command};

#[derive(Clone, Copy, Debug, Choice)]
enum Zone {
    EuWest,
    UsEast,
}

/// Take everything.
#[command]
fn all(
    zone: Zone,
    who: UserRef,
    #[arg(long)] channel: Option<ChannelRef>,
    #[arg(long, short = 'n', default_value = 3)] count: u32,
    #[arg(long, secret)] password: Option<String>,
    force: bool,
    #[arg(rest)] reason: String,
) -> String {
    format!("{zone:?} {who:?} {channel:?} {count} {password:?} {force} {reason}")
}

/// Take a list.
#[command(group = "group")]
fn list(#[arg(long)] also: Vec<u8>, words: Vec<String>) -> String {
    format!("{also:?} {words:?}")
}

fn find(path: &str) -> Option<catops_core::Command> {
    Some(match path {
        "all" => __catops_all(),
        "group list" => __catops_list(),
        _ => return None,
    })
}

static COMMANDS: Commands = Commands::new("all\ngroup list", |_| "", find);

libfuzzer_sys::fuzz_target!(|text: &str| {
    let addressed = COMMANDS.addressed(text).map(|command| command.path());
    // The first leg decides by `addressed` who sees the words, the second by `read` what is run: they must agree.
    match COMMANDS.read("/meow", text, &|_| true).what {
        What::Run(command, _) | What::Usage(command, _) => assert_eq!(addressed, Some(command.path())),
        What::Unknown(_) => assert_eq!(addressed, None),
        What::Own(_) => assert_eq!(addressed, None),
        What::Help(_) => {}
    }
});
