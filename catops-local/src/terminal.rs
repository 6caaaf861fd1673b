//! Talking to the person at the terminal.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use catops_core::reply::{Button, Part, Reply, table};
use catops_core::request::ReplyTo;
use catops_core::responder::{Posted, Responder};
use catops_core::{Error, Timestamp, line};

/// Writes `text` and a line break to standard output. A reader that has gone, as with `| head`, is no error.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Writes `text` and a line break to standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Asks a question at the terminal. Only a `y` is a yes; an end of the input is none.
pub(crate) fn confirm(question: &str) -> bool {
    let mut out = io::stdout().lock();
    let _ = write!(out, "{question} [y/N] ").and_then(|()| out.flush());
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    if matches!(read, Ok(0)) {
        let _ = writeln!(out);
    }
    matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Shows replies at the terminal: progress as it comes, on standard error; the last reply when it is asked for.
#[derive(Debug, Default)]
pub(crate) struct TerminalResponder {
    last: Mutex<Option<Reply>>,
}

impl TerminalResponder {
    /// Takes the last reply.
    pub(crate) fn take(&self) -> Option<Reply> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl Responder for TerminalResponder {
    async fn respond(
        &self,
        _to: &ReplyTo,
        reply: &Reply,
        _earlier: Option<&Posted>,
        _now: Timestamp,
    ) -> Result<Posted, Error> {
        let before = self.last.lock().unwrap_or_else(PoisonError::into_inner).replace(reply.clone());
        // What another reply replaces was progress.
        if let Some(before) = before.filter(|_| io::stderr().is_terminal()) {
            complain(&render(&before, "", false));
        }
        Ok(Posted { audience: reply.audience, uses: 0, message: None })
    }
}

/// Renders a reply as text for a terminal; `prefix` is what stands before a command there, `color` whether it shows
/// bold and colours.
pub(crate) fn render(reply: &Reply, prefix: &str, color: bool) -> String {
    let mut out = String::new();
    for part in &reply.parts {
        let text = match part {
            Part::Text(text) | Part::Note(text) => markdown(text, color),
            Part::Code(text) => clean(text),
            Part::Fields(fields) => {
                let width = fields.iter().map(|field| field.name.chars().count()).max().unwrap_or(0);
                let line = |name: &str, value: &str| {
                    let room = " ".repeat(width - name.chars().count());
                    format!("{}{room}  {}", paint(&clean(name), "1", color), markdown(value, color))
                };
                let lines: Vec<_> = fields.iter().map(|field| line(&field.name, &field.value)).collect();
                lines.join("\n")
            }
            Part::Table { head, rows } => clean(&table(head, rows)),
            Part::Image { url, alt } => clean(&format!("{alt}\n{url}")),
            Part::Buttons(buttons) => {
                let line = |label: &str, command: &str| {
                    format!("{}: {}", clean(label), paint(&clean(&typed(prefix, command)), "36", color))
                };
                let lines: Vec<_> = buttons.iter().map(|button| line(&button.label, &button.command)).collect();
                lines.join("\n")
            }
            Part::File { name, text } => {
                format!("{}\n{}", paint(&clean(&format!("── {name} ──")), "1", color), clean(text))
            }
            Part::Native { chat, .. } => format!("(a message that only {chat} shows)"),
            _ => continue,
        };
        let _ = writeln!(out, "{}", text.trim_end());
    }
    if !reply.next.is_empty() {
        // A mention as it is typed here, `@ann`.
        let line = |step: &Button| line::plain(&line::escape_line(&step.command));
        let step = |step: &Button| paint(&clean(&typed(prefix, &line(step))), "36", color);
        let _ = writeln!(out, "Next: {}", reply.next.iter().map(step).collect::<Vec<_>>().join(", "));
    }
    out.truncate(out.trim_end().len());
    out
}

fn typed(prefix: &str, command: &str) -> String {
    if prefix.is_empty() { command.to_owned() } else { format!("{prefix} {command}") }
}

fn paint(text: &str, code: &str, color: bool) -> String {
    if color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Shows bold and code; the rest of the light Markdown reads well as it is.
fn markdown(text: &str, color: bool) -> String {
    let bold = pairs(&clean(text), "**", |inner| paint(inner, "1", color));
    pairs(&bold, "`", |inner| paint(inner, "36", color))
}

/// Replaces what stands between two `mark`s on one line.
fn pairs(text: &str, mark: &str, show: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(mark) {
        match after.split_once(mark) {
            Some((inner, next)) if !inner.is_empty() && !inner.contains('\n') => {
                out.push_str(before);
                out.push_str(&show(inner));
                rest = next;
            }
            _ => {
                out.push_str(before);
                out.push_str(mark);
                rest = after;
            }
        }
    }
    out + rest
}

/// Takes out what could make the terminal do things; a reply may quote strangers.
fn clean(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply() -> Reply {
        Reply::to_channel("**api** is up: `3/3`")
            .field("since", "12:03")
            .field("by", "**ann**")
            .code("api-1 ok\napi-2 ok")
            .image("https://example.com/cat.png", "a cat")
            .button("Again", "status api")
    }

    #[test]
    fn without_colours() {
        let text = "api is up: 3/3\nsince  12:03\nby     ann\napi-1 ok\napi-2 ok\na cat\n\
                    https://example.com/cat.png\nAgain: catops status api";
        assert_eq!(render(&reply(), "catops", false), text);
    }

    #[test]
    fn with_colours() {
        let text = render(&Reply::to_channel("**api** is `up`"), "", true);
        assert_eq!(text, "\u{1b}[1mapi\u{1b}[0m is \u{1b}[36mup\u{1b}[0m");
    }

    #[test]
    fn next_steps_stand_last() {
        let step = |line: &str| Button { label: line.to_owned(), command: line.to_owned() };
        let next = vec![step("status"), step("logs \u{1b}api <@U1|ann>")];
        let reply = Reply { next, ..Reply::default().note("ann ran `restart api`").and("Up.") };
        assert_eq!(
            render(&reply, "catops", false),
            "ann ran restart api\nUp.\nNext: catops status, catops logs api @ann"
        );
        let shown = "ann ran \u{1b}[36mrestart api\u{1b}[0m\nUp.\nNext: \u{1b}[36mstatus\u{1b}[0m, \u{1b}[36mlogs api @ann\u{1b}[0m";
        assert_eq!(render(&reply, "", true), shown);
    }

    #[test]
    fn marks_that_do_not_pair_stay() {
        assert_eq!(
            render(&Reply::to_channel("2 ** 3 and a ` here\nand ` there"), "", false),
            "2 ** 3 and a ` here\nand ` there"
        );
    }

    #[test]
    fn a_stranger_cannot_steer_the_terminal() {
        let text = render(&Reply::to_channel("\u{1b}[2Jgone \u{7}\u{9b}31m\r\nnext"), "", true);
        assert_eq!(text, "[2Jgone 31m\nnext");
        let forged = render(&Reply::to_channel("\u{1}31mred"), "", true);
        assert!(!forged.contains('\u{1b}'), "{forged:?}");
    }
}
