//! `#[command]` and `#[derive(Choice)]`. Use them through `catops_core`.

mod arg;
mod choice;
mod command;
// One reader of cron lines for both crates; this one may not depend on core.
#[path = "../../src/schedule/line.rs"]
mod cron;
mod doc;
mod head;
// One reader of steps as well.
#[path = "../../src/command/step.rs"]
mod step;
mod steps;
mod waits;

use proc_macro::TokenStream;

/// Makes a function a command.
///
/// The function stays as it is, so a test or another command may call it. Its doc comment is the help, its parameters are
/// what the command takes, `&Context` wherever it stands is given by the framework.
///
/// | in the brackets | meaning |
/// |---|---|
/// | `name = "ls"` | another name than the function's |
/// | `group`, `group = "service"` | called as `<file> <name>`, or `service <name>` |
/// | `requires = "ops.restart"` | the permission that the asker needs |
/// | `next = ["status", "logs {service}"]` | what usually follows, offered with the reply; `{service}` is what was given |
/// | `on_failure = ["logs {service}"]` | the same, when it failed, panicked or took too long |
/// | `schedule = "0 3 * * *"` | runs by itself: a cron line in UTC; each parameter must be one that may be left out |
/// | `inline` | quick enough to be answered at once |
/// | `repeatable` | may run again for the same request |
/// | `ephemeral` | only the asker sees the words and the reply |
/// | `plan = plan_restart` | says what would change, and changes nothing; the asker applies it, then the command runs |
/// | `approve = "role:leads"`, `n = 2` | waits until so many others of that role approve; `n` is 1 unless it is given |
/// | `exclusive = "service"` | holds a lock while it runs: one for each value of the parameter `service`, else one of that name |
///
/// A plan takes the same parameters in the same order, and is an `async fn` exactly where the command is one. It runs again
/// before the command does, and if it says anything else by then, the asker is asked again: so it must not say what changes
/// by itself, such as the time. What waits is kept in the store if a parameter is `secret`, with its value.
///
/// A parameter is one word, read by its type's `FromStr`. `Option<T>` may be left out, `Vec<T>` takes all remaining words,
/// `bool` is a flag. `#[arg(…)]` before it says more:
///
/// | in the brackets | meaning |
/// |---|---|
/// | `long`, `long = "zone"` | `--zone value` instead of a word at its place |
/// | `short`, `short = 'z'` | also `-z value` |
/// | `default_value = 3` | what it is when it is not given |
/// | `rest` | the rest of the line, quotes and spaces as typed |
/// | `secret` | never recorded |
/// | `complete = services` | an `async fn(&Context, &str) -> Vec<String>` that proposes what it may be: within 1.5 s, without blocking |
#[proc_macro_attribute]
pub fn command(attributes: TokenStream, item: TokenStream) -> TokenStream {
    command::expand(attributes.into(), item.into()).into()
}

/// Lets an enum stand as a parameter: its variants are the words, their doc comments the help.
///
/// `EuWest` is typed as `eu-west`.
#[proc_macro_derive(Choice)]
pub fn choice(item: TokenStream) -> TokenStream {
    choice::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
