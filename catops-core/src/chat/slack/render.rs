//! From a reply to a Slack message that Slack takes, whatever the reply holds.

use bytes::Bytes;

use super::NAME;
use super::blocks::{Attachment, Block, Element, Message, Text};
use super::button::Sealing;
use super::canvas::{Canvas, Style};
use super::files::Aside;
use super::fit::{clip, note_of, units};
use super::limits::{
    ATTACHMENTS, BUTTON_TEXT, BUTTONS, FALLBACK_TEXT, FIELD_TEXT, FIELDS, IMAGE_ALT, IMAGE_URL, NOTE_TEXT, STEPS,
    STEPS_TEXT,
};
use super::mrkdwn::{anchor, escape, is_url, lines};
use crate::pending::Answer;
use crate::reply::{Audience, Button, Color, Decision, Field, Part, Reply, table};

/// What an empty reply says.
const DONE: &str = "Done.";

/// The text of a message that has no words of its own.
const WORDLESS: &str = "This reply can be seen in Slack.";

/// Writes the message for a `response_url` as JSON; `replace` says whether it changes the message that Slack holds for the
/// original.
pub(super) fn message(
    reply: &Reply,
    replace: Option<bool>,
    thread: Option<&str>,
    aside: &[Aside],
    sealing: Sealing<'_>,
) -> Bytes {
    let response_type = match reply.audience {
        Audience::Channel => "in_channel",
        Audience::Asker => "ephemeral",
    };
    // What takes the place of a message is in its thread already.
    let thread_ts = thread.filter(|_| replace != Some(true));
    let frame =
        Message { response_type: Some(response_type), replace_original: replace, thread_ts, ..Message::default() };
    write(reply, frame, aside, sealing)
}

/// Writes a message as JSON into what `frame` says of where it goes; the parts of `aside` are in files beside it.
pub(super) fn write(reply: &Reply, frame: Message<'_>, aside: &[Aside], sealing: Sealing<'_>) -> Bytes {
    let Painted { mut blocks, mut attachments, steps, .. } = paint(reply, aside, sealing);
    let mut text = Some(fallback(reply));
    if blocks.is_empty() && attachments.is_empty() {
        text = Some(DONE.to_owned());
        blocks.push(Block::section(DONE.to_owned()));
    } else if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
        text = Some(WORDLESS.to_owned());
    }
    blocks.extend(steps);
    if let Some(color) = reply.color.filter(|_| !blocks.is_empty()) {
        // Slack shows the message's own `text` above attachments that have no blocks beside them.
        let fallback = text.take().unwrap_or_default();
        let color = name_of(color);
        attachments.insert(0, Attachment::Colored { color, fallback, blocks: std::mem::take(&mut blocks) });
    }
    // What `chat.update` is not given stays as it was.
    let changes = frame.ts.is_some();
    let text = text.or_else(|| changes.then(String::new));
    let blocks = (changes || !blocks.is_empty()).then_some(blocks);
    let attachments = (changes || !attachments.is_empty()).then_some(attachments);
    let message = Message { text, blocks, attachments, ..frame };
    serde_json::to_vec(&message).expect("strings and JSON values can always be written").into()
}

/// Returns which parts have text that a message cannot hold.
pub(super) fn cuts(reply: &Reply, sealing: Sealing<'_>) -> Vec<usize> {
    paint(reply, &[], sealing).cuts
}

/// What a reply is drawn as.
struct Painted {
    blocks: Vec<Block>,
    attachments: Vec<Attachment>,
    /// What stands below everything else.
    steps: Option<Block>,
    cuts: Vec<usize>,
}

fn paint(reply: &Reply, aside: &[Aside], sealing: Sealing<'_>) -> Painted {
    let mut canvas = Canvas::new();
    // What others wait for takes its room first, wherever it stands.
    let mut decisions = decisions(&mut canvas, &reply.parts, sealing).into_iter();
    // They stand last, and take their room first: a long reply must not push them out.
    let steps = steps(&mut canvas, &reply.next, sealing);
    let mut attachments = Vec::new();
    let mut cuts = Vec::new();
    let mut left_out = 0;
    let mut later: usize = reply.parts.iter().map(weight).sum();
    for (at, part) in reply.parts.iter().enumerate() {
        if let Part::Decision(_) = part {
            if let Some(block) = decisions.next().flatten() {
                canvas.push(block);
            }
            continue;
        }
        later -= weight(part);
        if left_out > 0 || !canvas.begin(later, reply.parts.len() - at - 1) {
            left_out += 1;
            continue;
        }
        let aside = aside.iter().find(|aside| aside.part == at);
        match (part, aside) {
            (Part::File { .. }, Some(Aside { name, .. })) => {
                canvas.section(format!("*{name}* follows as a file."));
            }
            (_, Some(Aside { name, .. })) => {
                canvas.aside(name);
                draw(&mut canvas, part, &mut attachments, sealing);
            }
            (_, None) => draw(&mut canvas, part, &mut attachments, sealing),
        }
        if canvas.was_cut() {
            cuts.push(at);
        }
    }
    if left_out > 0 {
        canvas.note(note_of(left_out, "part"));
    }
    Painted { blocks: canvas.finish(), attachments, steps, cuts }
}

/// Returns how Slack writes a colour. docs.slack.dev, "Legacy attachments".
fn name_of(color: Color) -> String {
    match color {
        Color::Good => "good".to_owned(),
        Color::Warning => "warning".to_owned(),
        Color::Danger => "danger".to_owned(),
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}

fn draw(canvas: &mut Canvas, part: &Part, attachments: &mut Vec<Attachment>, sealing: Sealing<'_>) {
    match part {
        Part::Text(text) => canvas.flow(text, Style::Text),
        Part::Note(text) => small_print(canvas, text),
        Part::Code(text) => canvas.flow(text, Style::Code),
        Part::Table { head, rows } => canvas.flow(&table(head, rows), Style::Code),
        Part::Fields(list) => fields(canvas, list),
        Part::Image { url, alt } => image(canvas, url, alt),
        Part::Buttons(list) => buttons(canvas, list, sealing),
        Part::Decision(_) => {} // it has its room and its place before this
        Part::File { name, text } => {
            if !name.trim().is_empty() {
                canvas.section(format!("*{}*", clip(escape(one_line(name).trim()), FIELD_TEXT)));
            }
            canvas.flow(text, Style::Code);
        }
        Part::Native { chat, payload } if chat == NAME => native(canvas, payload, attachments),
        Part::Native { .. } => {}
    }
}

/// Guesses how much room a later part wants, so that a long one does not push out what follows it.
fn weight(part: &Part) -> usize {
    const MOST: usize = 600;
    let weight = match part {
        Part::Text(text) | Part::Note(text) | Part::Code(text) => text.len(),
        Part::Fields(list) => list.len() * 60,
        Part::Image { alt, .. } => alt.len(),
        Part::Buttons(list) => list.len() * 200, // most of it is the seal
        Part::Decision(_) => 0,                  // it has taken its room before
        Part::Native { chat, .. } if chat != NAME => 0,
        Part::Table { .. } | Part::File { .. } | Part::Native { .. } => MOST,
    };
    weight.min(MOST)
}

fn fields(canvas: &mut Canvas, list: &[Field]) {
    let mut row = Vec::new();
    for (at, field) in list.iter().enumerate() {
        let Some(text) = field_text(field) else { continue };
        if !canvas.take(units(&text), row.is_empty()) {
            canvas.note(note_of(list.len() - at, "field"));
            break;
        }
        row.push(Text::mrkdwn(text));
        if row.len() == FIELDS {
            canvas.push(Block::fields(std::mem::take(&mut row)));
        }
    }
    if !row.is_empty() {
        canvas.push(Block::fields(row));
    }
}

fn field_text(field: &Field) -> Option<String> {
    let name = clip(escape(&one_line(&field.name)), FIELD_TEXT / 4);
    let name = if name.is_empty() { name } else { format!("*{name}*") };
    let left = FIELD_TEXT - FIELD_TEXT / 4 - 3;
    let mut value = lines(field.value.trim());
    if units(&value) > left {
        value = clip(escape(field.value.trim()), left); // a cut could go through a link
    }
    // What cannot be seen was dropped from it, and may have stood between line breaks.
    match (name.is_empty(), value.trim().is_empty()) {
        (true, true) => None,
        (false, true) => Some(name),
        (true, false) => Some(value),
        (false, false) => Some(format!("{name}\n{value}")),
    }
}

fn image(canvas: &mut Canvas, url: &str, alt: &str) {
    let words = Some(one_line(alt)).filter(|words| !words.is_empty()).unwrap_or_else(|| "image".to_owned());
    let sound = is_url(url) && url.is_ascii() && url.parse::<http::Uri>().is_ok() && url.len() <= IMAGE_URL;
    let alt = clip(escape(&words), IMAGE_ALT);
    if sound && url.starts_with("https://") && canvas.take(units(&alt), true) {
        canvas.push(Block::image(url.to_owned(), alt));
        return;
    }
    let link = anchor(url, &words);
    // Slack fetches pictures over https alone; anything else is a link, and what is no address is words.
    if !(sound && units(&link) <= IMAGE_URL && canvas.section(link)) {
        canvas.flow(&words, Style::Text);
    }
}

/// Adds a line of small print, cut with an ellipsis where it is too long for one.
fn small_print(canvas: &mut Canvas, text: &str) {
    let mut print = lines(text.trim());
    if units(&print) > NOTE_TEXT {
        print = clip(escape(text.trim()), NOTE_TEXT); // a cut could go through a link
    }
    if print.trim().is_empty() {
        return;
    }
    if canvas.take(units(&print), true) {
        canvas.push(Block::context(print));
    } else {
        canvas.note(note_of(1, "line"));
    }
}

/// Returns the words on a button, whatever their length.
fn label_of(button: &Button) -> String {
    let shown = |text: &str| escape(&one_line(text));
    let label = Some(shown(&button.label)).filter(|label| !label.is_empty());
    label.unwrap_or_else(|| shown(&button.command))
}

/// Takes the room for the steps that often follow, and returns their block. Those that do not fit are left out: the reply
/// says all there is to say without them. So is one whose words do not fit on its button, since they are what it runs, and
/// nobody should press what they cannot read.
fn steps(canvas: &mut Canvas, list: &[Button], sealing: Sealing<'_>) -> Option<Block> {
    let mut row = Vec::new();
    let mut left = STEPS_TEXT;
    for button in list {
        let label = label_of(button);
        if label.is_empty() || units(&label) > BUTTON_TEXT {
            continue;
        }
        let Some(value) = sealing.seal(&button.command) else { continue };
        let size = units(&label) + units(&value);
        if row.len() == STEPS || size > left || !canvas.take(size, row.is_empty()) {
            break;
        }
        left -= size;
        row.push(Element::button(label, canvas.action_id(), value));
    }
    (!row.is_empty()).then(|| Block::actions(row))
}

fn buttons(canvas: &mut Canvas, list: &[Button], sealing: Sealing<'_>) {
    let mut row = Vec::new();
    for (at, button) in list.iter().enumerate() {
        let label = clip(label_of(button), BUTTON_TEXT);
        let Some(value) = sealing.seal(&button.command).filter(|_| !label.is_empty()) else {
            canvas.note(format!("the button {label} was left out: its command is empty or too long"));
            continue;
        };
        if !canvas.take(units(&label) + units(&value), row.is_empty()) {
            canvas.note(note_of(list.len() - at, "button"));
            break;
        }
        row.push(Element::button(label, canvas.action_id(), value));
        if row.len() == BUTTONS {
            canvas.push(Block::actions(std::mem::take(&mut row)));
        }
    }
    if !row.is_empty() {
        canvas.push(Block::actions(row));
    }
}

/// Takes the room for all decisions, and returns the block of each. That one does not fit is a fault of whoever made the
/// reply, who knows [`ROOM`](super::decision::ROOM): the message then says that it has no buttons.
fn decisions(canvas: &mut Canvas, parts: &[Part], sealing: Sealing<'_>) -> Vec<Option<Block>> {
    let mut blocks = Vec::new();
    for part in parts {
        let Part::Decision(decision) = part else { continue };
        let block = decision_block(canvas, decision, sealing);
        if block.is_none() {
            tracing::error!(ticket = %decision.ticket, units = units(&decision.carried), "a decision does not fit");
            canvas.note("the buttons that decide were left out: they do not fit".to_owned());
        }
        debug_assert!(block.is_some(), "the decision {} does not fit into a message", decision.ticket);
        blocks.push(block);
    }
    blocks
}

fn decision_block(canvas: &mut Canvas, decision: &Decision, sealing: Sealing<'_>) -> Option<Block> {
    let values = sealing.seal_decision(decision).filter(|values| (1..=BUTTONS).contains(&values.len()))?;
    let size = decision.answers.iter().zip(&values).map(|(answer, value)| answer.label().len() + units(value)).sum();
    if !canvas.take(size, true) {
        return None;
    }
    let button = |(answer, value): (&Answer, String)| Element::Button {
        text: Text::PlainText { text: answer.label().to_owned() },
        action_id: canvas.action_id(),
        value,
        style: Some(if answer.is_yes() { "primary" } else { "danger" }),
    };
    Some(Block::actions(decision.answers.iter().zip(values).map(button).collect()))
}

/// Passes on what a plugin wrote for Slack, as far as the message has room.
fn native(canvas: &mut Canvas, payload: &serde_json::Value, attachments: &mut Vec<Attachment>) {
    let list = |name: &str| payload.get(name).and_then(serde_json::Value::as_array).map_or(&[][..], Vec::as_slice);
    let blocks = list("blocks");
    for (at, block) in blocks.iter().enumerate() {
        if !canvas.take(words(block), true) {
            canvas.note(note_of(blocks.len() - at, "block"));
            break;
        }
        canvas.push(Block::Native(block.clone()));
    }
    let given = list("attachments");
    for (at, attachment) in given.iter().enumerate() {
        // One is left for the colour.
        if attachments.len() == ATTACHMENTS - 1 || !canvas.take(words(attachment), false) {
            canvas.note(note_of(given.len() - at, "attachment"));
            break;
        }
        attachments.push(Attachment::Native(attachment.clone()));
    }
}

/// Counts the text anywhere in a value.
fn words(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::String(text) => units(text),
        serde_json::Value::Array(list) => list.iter().map(words).sum(),
        serde_json::Value::Object(map) => map.values().map(words).sum(),
        _ => 0,
    }
}

/// Makes the text that stands for the blocks.
fn fallback(reply: &Reply) -> String {
    let mut out = String::new();
    let asks = asks(reply);
    for part in &reply.parts {
        if out.len() >= FALLBACK_TEXT {
            break;
        }
        let text = match part {
            Part::Text(text) | Part::Note(text) => lines(start(text)),
            Part::Fields(list) => {
                let pairs = list.iter().take(FIELDS).map(|field| (start(&field.name), start(&field.value)));
                pairs.map(|(name, value)| format!("{}: {}", escape(name), lines(value))).collect::<Vec<_>>().join("\n")
            }
            Part::Image { alt, .. } => escape(start(alt)),
            Part::File { name, .. } => escape(start(name)),
            // Fixed width is lost in a notification: better than nothing, but not beside words.
            Part::Code(text) if out.is_empty() => escape(start(text)),
            Part::Table { head, rows } if out.is_empty() => escape(start(&table(head, rows))),
            Part::Buttons(list) if out.is_empty() => {
                let labels: Vec<_> = list.iter().take(BUTTONS).map(|button| start(&button.label)).collect();
                escape(&labels.join(", "))
            }
            _ => continue,
        };
        if !out.is_empty() && !text.is_empty() {
            out.push('\n');
        }
        out.push_str(text.trim());
    }
    if asks.is_empty() {
        return clip(out, FALLBACK_TEXT);
    }
    // What can be decided is never cut off.
    let mut out = clip(out, FALLBACK_TEXT - units(&asks) - 1);
    if !out.is_empty() {
        out.push('\n');
    }
    out + &asks
}

/// Names what can be decided: `Approve or Deny`.
fn asks(reply: &Reply) -> String {
    let labels = |part: &Part| match part {
        Part::Decision(decision) => {
            Some(decision.answers.iter().take(BUTTONS).map(|answer| answer.label()).collect::<Vec<_>>().join(" or "))
        }
        _ => None,
    };
    reply.parts.iter().find_map(labels).unwrap_or_default()
}

/// Returns as much of a text as the fallback could use.
fn start(text: &str) -> &str {
    &text[..text.floor_char_boundary(FALLBACK_TEXT + 1)]
}

/// Puts a text into one line, without what cannot be seen, so that an empty one is known to be empty.
fn one_line(text: &str) -> String {
    let space = |c: char| if c.is_ascii_whitespace() { ' ' } else { c };
    let line: String = text.chars().map(space).filter(|c| !c.is_control()).collect();
    line.trim().to_owned()
}
