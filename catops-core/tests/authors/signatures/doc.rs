use catops_core::{Context, command};

#[command]
fn undocumented(tags: Vec<String>, name: String) {}
//~ command `undocumented` has no doc comment; its first line is what `help` shows, so write one: `/// What it does.`
//~ `tags` takes all remaining words, so nothing can follow it; move `name` before it, or make it an option with #[arg(long)]

/// Takes anything.
#[command]
async fn generic<T: Send>(name: T, other: impl Send) {}
//~ `generic` is generic, but a command's parameters are read from text, so each needs one type; write that type instead
//~ a command's parameters are read from text, so each needs one type; write that type instead

/// Borrows.
#[command]
fn borrows(
    name: &str, //~ a command owns what it is given: write `String` instead of `&str`
    tags: &[String], //~ a command owns what it is given: write `Vec<String>` instead of `&[String]`
    ctx: Context, //~ the context is borrowed: write `&Context`
) {
}

/// Orders badly.
#[command]
fn order(
    tag: Option<String>,
    name: String, //~ `name` must be given, but `tag` before it may be absent; put `name` first, or make `tag` an option with #[arg(long)]
    #[arg(rest)] reason: String, //~ `reason` must be given, but `tag` before it may be absent; put `reason` first, or make `tag` an option with #[arg(long)]
    last: String, //~ `reason` takes the rest of the line, so nothing can follow it; move `last` before it, or make it an option with #[arg(long)]
) {
}

/// Uses a half-typed body: only rustc speaks.
#[command]
fn half(name: String) {
    name.; //~ unexpected token: `;`
}

/// Is a struct.
#[command] //~ `#[command]` goes on a function
struct NotAFunction;
