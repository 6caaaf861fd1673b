//! One command, one reply.

use catops_core::{ChannelRef, Choice, Reply, Result, UserRef, command, usage};

/// Say something where all can see it.
#[command]
fn say(
    /// Where to leave a mark
    mark: String,
    /// The words to say
    #[arg(rest)]
    words: String,
) -> Result<Reply> {
    // A mark is a name with dashes or digits; `say hello` marks nothing.
    if mark.contains('-') {
        crate::mark(&mark)?;
    }
    Ok(Reply::to_channel(format!("you said: {words}")))
}

/// Say something that only the asker sees.
#[command(ephemeral)]
fn hush(#[arg(rest)] words: String) -> String {
    format!("quietly: {words}")
}

/// A place to be.
#[derive(Clone, Copy, Debug, Choice)]
enum Zone {
    /// Ireland
    EuWest,
    /// Ohio
    UsEast,
}

/// A number from 1 to 9.
#[derive(Clone, Copy)]
struct Digit(u8);

impl std::str::FromStr for Digit {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word.parse() {
            Ok(number @ 1..=9) => Ok(Self(number)),
            _ => Err("it is a number from 1 to 9"),
        }
    }
}

/// Take arguments of each kind.
#[command]
fn typed(
    zone: Zone,
    /// How many
    #[arg(long)]
    count: Option<Digit>,
    /// Without delay
    now: bool,
) -> String {
    format!("{zone:?} {} {now}", count.map_or(0, |digit| digit.0))
}

/// Show each word as it arrived.
#[command]
fn words(
    /// Say them loudly
    upper: bool,
    /// The words
    words: Vec<String>,
) -> String {
    let words = words.into_iter().map(|word| format!("[{}]", if upper { word.to_uppercase() } else { word }));
    words.collect()
}

/// Show who and where was mentioned.
#[command]
fn who(user: UserRef, channel: ChannelRef) -> String {
    format!("{} {}", user.id, channel.id)
}

/// Show a part of each kind.
#[command]
fn show() -> Reply {
    Reply::to_channel("**Everything** a _reply_ can hold, <b>&amp;</b> `more`")
        .field("status", "up")
        .field("since", "Monday")
        .table(["zone", "instances"], [["eu-west", "3"], ["us-east", "12"]])
        .code("$ uptime\n 12:03 up 3 days")
        .image("https://example.com/cat.png", "A cat asleep on a keyboard")
        .button("Say hello", "say hello there")
        .button("Show it again", "show")
}

/// Print 200 kB.
#[command]
fn flood() -> Reply {
    let lines: String = (1..=4000).map(|n| format!("line {n} of a very long output, with a cat: 🐈\n")).collect();
    Reply::to_channel("All of it:").code(lines)
}

/// Return nothing.
#[command]
fn nothing() {}

/// Run only for those who may.
#[command(requires = "ops.guarded")]
fn guarded(mark: String) -> Result<()> {
    Ok(crate::mark(&mark)?)
}

/// Take an argument that must not be shown.
#[command(ephemeral)]
fn login(
    user: String,
    /// What nobody may see
    #[arg(long, secret)]
    password: String,
) -> Result<String> {
    if password.is_empty() {
        return Err(usage("an empty password is none"));
    }
    Ok(format!("{user} is logged in"))
}
