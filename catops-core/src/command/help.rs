//! Help, made from the commands themselves.

use super::{Command, Commands, OWN, Param, Shape};
use crate::policy;
use crate::reply::Reply;

/// How wide a line of help is, in characters; what a phone shows of a code block without wrapping is less, what a desktop
/// shows is more.
const COLUMNS: usize = 72;

/// How wide the left column grows at most.
const LEFT: usize = 28;

/// Returns what to type for `words`. A prefix that ends in `/` is one with the word after it.
pub(crate) fn typed(prefix: &str, words: &str) -> String {
    let space = if prefix.is_empty() || prefix.ends_with('/') { "" } else { " " };
    format!("{prefix}{space}{words}")
}

/// Returns what to type for help about `words`. Where each command has a slash of its own, `help` may have none.
pub(super) fn asking(prefix: &str, words: &str) -> String {
    if prefix.ends_with('/') { format!("{prefix}{words} --help") } else { typed(prefix, &format!("help {words}")) }
}

/// Returns what to type, such as `restart [OPTIONS] <service>`.
pub(super) fn usage(command: &Command) -> String {
    let mut out = command.path();
    let mut words = String::new();
    let mut is_open = false;
    for param in command.params() {
        let required = param.is_required();
        match param.shape() {
            Shape::Option | Shape::Options if required => words.insert_str(0, &format!(" {}", param.label())),
            Shape::Option | Shape::Options | Shape::Flag => is_open = true,
            shape => {
                let (open, close) = if required { ('<', '>') } else { ('[', ']') };
                let more = if shape == Shape::Word { "" } else { "..." };
                words.push_str(&format!(" {open}{}{close}{more}", param.name()));
            }
        }
    }
    if is_open {
        out.push_str(" [OPTIONS]");
    }
    out + &words
}

/// Help for all there is.
pub(super) fn overview(commands: &Commands, prefix: &str, may: &dyn Fn(&Command) -> bool) -> Reply {
    let mut rows: Vec<(String, String)> = Vec::new();
    for command in commands.all().filter(|command| may(command)) {
        match command.group() {
            None => rows.push((command.path(), command.summary())),
            // The paths are in order, so a group's commands are neighbours.
            Some(group) => {
                let name = format!("{group} …");
                if rows.last().is_none_or(|(last, _)| *last != name) {
                    rows.push((name, first_sentence(commands.page(group))));
                }
            }
        }
    }
    if rows.is_empty() {
        let text = if commands.paths().next().is_none() {
            "There is no command yet. Drop a file with one into `plugins/`."
        } else {
            "None of the commands here is open to you."
        };
        return Reply::to_asker(text);
    }
    let more = asking(prefix, "<command>");
    let own: Vec<String> = OWN.iter().map(|word| format!("`{word}`")).collect();
    Reply::to_asker(format!("These are the commands. `{more}` tells more about one."))
        .code(columns(&rows))
        .and(format!("Every bot also knows {}.", own.join(", ")))
}

/// Help for a group.
pub(super) fn group(commands: &Commands, group: &str, prefix: &str, may: &dyn Fn(&Command) -> bool) -> Reply {
    let of_group = commands.all().filter(|command| command.group() == Some(group));
    page(commands.page(group), of_group.filter(may).collect(), prefix, &format!("{group} <command>"))
}

/// Help for a file whose commands stand on their own.
pub(super) fn file(commands: &Commands, name: &str, prefix: &str, may: &dyn Fn(&Command) -> bool) -> Option<Reply> {
    let name = name.to_lowercase().replace('_', "-");
    let of_file: Vec<Command> = commands.all().filter(|command| command.plugin().replace('_', "-") == name).collect();
    let found = !of_file.is_empty();
    found.then(|| page(commands.page(&name), of_file.into_iter().filter(may).collect(), prefix, "<command>"))
}

fn page(text: &str, commands: Vec<Command>, prefix: &str, command: &str) -> Reply {
    let rows: Vec<(String, String)> = commands.iter().map(|command| (command.path(), command.summary())).collect();
    let mut reply = Reply::to_asker(unwrapped(text));
    if text.is_empty() {
        reply.parts.clear();
    }
    if rows.is_empty() {
        return reply.and("None of its commands is open to you.");
    }
    reply.code(columns(&rows)).and(format!("`{}` tells more about one.", asking(prefix, command)))
}

/// Help for one command.
pub(super) fn command(command: &Command, prefix: &str) -> Reply {
    let mut code = format!("Usage: {}", typed(prefix, &usage(command)));
    let (options, words): (Vec<&Param>, Vec<&Param>) = command.params().iter().partition(|param| param.is_option());
    for params in [words, options] {
        let rows: Vec<(String, String)> = params.into_iter().flat_map(rows).collect();
        if !rows.is_empty() {
            code.push_str("\n\n");
            code.push_str(&columns(&rows));
        }
    }
    let mut reply = Reply::to_asker(unwrapped(command.doc())).code(code);
    if let Some(permission) = command.requires() {
        reply = reply.and(format!("Needs the permission `{permission}`."));
    }
    if command.plan().is_some() {
        reply = reply.and("Shows first what it would change.");
    }
    if let Some(declared) = policy::declared(command) {
        reply = reply.and(format!("Takes the approval of {}.", declared.others()));
    }
    if let Some(lock) = command.exclusive() {
        let is_param = command.params().iter().any(|param| param.name() == lock);
        reply = reply.and(if is_param {
            format!("Runs one at a time for each `{lock}`.")
        } else {
            "Runs one at a time.".to_owned()
        });
    }
    if let Some(line) = command.schedule() {
        reply = reply.and(format!("Runs by itself at `{line}`, in UTC."));
    }
    // Whether those commands have a slash of their own is not known here.
    let prefix = if prefix.ends_with('/') { "" } else { prefix };
    for (steps, when) in [(command.next(), "Often followed by"), (command.on_failure(), "When it fails, often by")] {
        if !steps.is_empty() {
            // As usage writes what is to be filled in.
            let step = |step: &&str| format!("`{}`", typed(prefix, &step.replace('{', "<").replace('}', ">")));
            let steps: Vec<String> = steps.iter().map(step).collect();
            reply = reply.and(format!("{when} {}.", steps.join(", ")));
        }
    }
    reply
}

/// The lines about one parameter: itself, and the words it may be.
fn rows(param: &Param) -> Vec<(String, String)> {
    let label = match param.short() {
        Some(short) => format!("-{short}, {}", param.label()),
        None => param.label(),
    };
    let mut help = unwrapped(param.help());
    let mut add = |note: String| {
        help.push_str(if help.is_empty() { "" } else { " " });
        help.push_str(&note);
    };
    let is_plain = param.choices().iter().all(|(_, help)| help.is_empty());
    if is_plain && !param.choices().is_empty() {
        let words: Vec<&str> = param.choices().iter().map(|(word, _)| *word).collect();
        add(format!("[{}]", words.join(", ")));
    }
    match param.shape() {
        Shape::Words | Shape::Options => add("(as many as you like)".to_owned()),
        Shape::Rest => add("(the rest of the line)".to_owned()),
        _ => {}
    }
    if let Some(default) = param.default() {
        add(format!("[else {default}]"));
    }
    let mut rows = vec![(label, help)];
    if !is_plain {
        rows.extend(param.choices().iter().map(|(word, help)| (format!("  {word}"), first_sentence(help))));
    }
    rows
}

/// Sets two columns, the right one wrapped.
fn columns(rows: &[(String, String)]) -> String {
    let width = |text: &str| text.chars().count();
    let left = rows.iter().map(|(left, _)| width(left)).filter(|width| *width <= LEFT).max().unwrap_or(LEFT);
    let mut lines = Vec::new();
    for (name, text) in rows {
        let mut wrapped = wrap(text, COLUMNS - 4 - left).into_iter();
        // What is too long for its column has its text on the next line.
        let first = if width(name) <= left { wrapped.next().unwrap_or_default() } else { String::new() };
        lines.push(format!("  {name:left$}  {first}").trim_end().to_owned());
        lines.extend(wrapped.map(|line| format!("  {:left$}  {line}", "")));
    }
    lines.join("\n")
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Joins the lines of each paragraph of a doc comment, since a chat wraps by itself. Lists, headings, and what is fenced
/// or indented keep their lines.
pub(crate) fn unwrapped(doc: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    let mut may_join = false;
    // Not `lines()`, for which an empty text has none.
    for line in doc.trim().split('\n') {
        let is_fence = line.trim_start().starts_with("```");
        let stands_alone = fenced || is_fence || line.starts_with([' ', '\t', '#', '|', '>']) || is_item(line);
        fenced ^= is_fence;
        if !out.is_empty() {
            out.push(if may_join && !stands_alone && !line.trim().is_empty() { ' ' } else { '\n' });
        }
        out.push_str(line.trim_end());
        may_join = !line.trim().is_empty() && (!stands_alone || is_item(line));
    }
    out
}

fn is_item(line: &str) -> bool {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with("- ") || line.starts_with("* ") || (number.len() < line.len() && number.starts_with(". "))
}

/// Returns the first sentence of a doc comment, in one line.
pub(crate) fn first_sentence(doc: &str) -> String {
    let paragraph: Vec<&str> = doc.trim().split('\n').map(str::trim).take_while(|line| !line.is_empty()).collect();
    let text = paragraph.join(" ");
    // A full stop ends a sentence if no small letter follows: not the one in "e.g. this".
    let ends = |at: usize| text[at + 1..].strip_prefix(' ').is_some_and(|rest| !rest.starts_with(char::is_lowercase));
    match text.match_indices(['.', '!', '?']).find(|(at, _)| ends(*at)) {
        Some((at, _)) => text[..=at].to_owned(),
        None => text,
    }
}

/// Cuts `text` to `limit` characters.
pub(super) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_ends_well() {
        for (doc, expected) in [
            ("", ""),
            ("Restart it.", "Restart it."),
            ("Restart it. Then wait.", "Restart it."),
            ("Restart a service,\none after the other.\n\nTakes a minute.", "Restart a service, one after the other."),
            ("Takes e.g. this. Not that.", "Takes e.g. this."),
            ("Version 1.2 works\n\nmore", "Version 1.2 works"),
        ] {
            assert_eq!(first_sentence(doc), expected);
        }
    }

    #[test]
    fn paragraphs_are_joined_and_kept_apart() {
        assert_eq!(unwrapped("One\ntwo.\n\nThree\nfour."), "One two.\n\nThree four.");
        assert_eq!(
            unwrapped("List:\n- one\n  more\n- two\n\n```\na\nb\n```\nend"),
            "List:\n- one\n  more\n- two\n\n```\na\nb\n```\nend"
        );
    }

    #[test]
    fn columns_wrap() {
        let rows = [("a".to_owned(), "word ".repeat(20)), ("x".repeat(40), "text".to_owned())];
        let text = columns(&rows);
        assert!(text.split('\n').all(|line| line.chars().count() <= COLUMNS), "{text}");
        assert!(text.ends_with("text"));
    }
}
