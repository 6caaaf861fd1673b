use catops_core::{Choice, Context, command};

/// Has unknown keys.
#[command(permission = "x")] //~ `#[command]` knows: name, group, requires, next, on_failure, schedule, inline, repeatable, ephemeral, plan, approve, n, exclusive
fn unknown(
    #[arg(hidden)] name: String, //~ `#[arg]` knows: long, short, default_value, rest, secret, complete
) {
}

/// Has two words for a name.
#[command(name = "two words")] //~ a name is one word of letters, digits and `-`
fn spaced() {}

/// Says what cannot be.
#[command]
fn contradicts(
    #[arg(default_value = true)] now: bool, //~ a default is a text or a number, as one would type it
    #[arg(default_value = "yes")] later: bool, //~ a flag is off unless it is given, so it has no default
    #[arg(long, default_value = 1)] count: Option<u8>, //~ an `Option` with a default is never absent; write the type alone
    #[arg(long, default_value = 1)] counts: Vec<u8>, //~ a list is empty unless words are given, so it has no default
    #[arg(long)] ctx: &Context, //~ the context is not read from the line, so `#[arg]` says nothing here; remove it
    #[arg(secret)] hidden: bool, //~ a flag has no value that could be secret
    #[arg(long, rest)] reason: String, //~ the rest of the line has no name in it: remove `long` and `short`
) {
}

/// Names two options alike.
#[command]
fn alike(
    #[arg(short)] name: String,
    #[arg(short)] number: u8, //~ `-n` is both `name` and `number`; give one another letter: `short = '…'`
    #[arg(long = "name")] other: u8, //~ `--name` is both `name` and `other`; rename one
    help: bool, //~ `--help` belongs to every command; give `help` another name
    (a, b): (u8, u8), //~ a parameter's name is what the asker reads: write one name
) {
}

#[derive(Choice)]
enum Zone {
    EuWest,
    EUWest, //~ two variants are typed as `eu-west`; rename one
}

#[derive(Choice)]
enum Held {
    One(u8), //~ a variant of a choice is one word, so it holds nothing
}

#[derive(Choice)]
struct Plain; //~ `Choice` is for enums, whose variants are the words
