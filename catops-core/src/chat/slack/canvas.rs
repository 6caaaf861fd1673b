//! A message being filled, which knows what room is left.

use super::blocks::{Block, Ours, Text};
use super::fit::{clip, head_of_words, note, note_aside, unescaped, units};
use super::limits::{BLOCKS, FILE_NAME, MESSAGE_TEXT, SECTION_TEXT};
use super::mrkdwn::{escape, line};

/// Room at the end of every section for the note that says what was cut from it.
const NOTE: usize = 80;

/// Room for the notes at the end of the message, which have a block to themselves.
const NOTES: usize = 500;

/// A section that would be shorter than this is not begun just to show the start of a long line.
const LEAST: usize = 100;

/// How the id of every button of ours begins; a number follows.
pub(super) const OURS: &str = "run:";

/// How text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Light Markdown.
    Text,
    /// As it is, with fixed width.
    Code,
}

const FENCE: &str = "```";

impl Style {
    /// Returns the room that is taken by what stands around the text.
    const fn frame(self) -> usize {
        match self {
            Self::Text => 0,
            Self::Code => 2 * (FENCE.len() + 1),
        }
    }

    fn line(self, source: &str) -> String {
        match self {
            Self::Text => line(source),
            Self::Code => defuse(escape(source)),
        }
    }

    fn wrap(self, text: String) -> String {
        match self {
            Self::Text => text,
            Self::Code => format!("{FENCE}\n{text}\n{FENCE}"),
        }
    }
}

/// Puts a space of no width into fences, so that text cannot end the block it is shown in.
fn defuse(text: String) -> String {
    if !text.contains(FENCE) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        if run == FENCE.len() {
            out.push('\u{200b}');
            run = 1;
        }
        out.push(c);
    }
    out
}

/// The blocks so far, and what may still be added.
#[derive(Debug)]
pub(super) struct Canvas {
    blocks: Vec<Block>,
    notes: Vec<String>,
    text_left: usize,
    blocks_left: usize,
    /// What must be left for later parts.
    text_kept: usize,
    blocks_kept: usize,
    actions: usize,
    /// The file that has all of the part being drawn.
    aside: Option<String>,
    was_cut: bool,
}

impl Canvas {
    pub(super) const fn new() -> Self {
        Self {
            blocks: Vec::new(),
            notes: Vec::new(),
            text_left: MESSAGE_TEXT - NOTES,
            blocks_left: BLOCKS - 1,
            text_kept: 0,
            blocks_kept: 0,
            actions: 0,
            aside: None,
            was_cut: false,
        }
    }

    /// Begins a part, with others after it that want so much text and so many blocks: at most half of what is left is
    /// kept for them. Returns whether there is any room.
    pub(super) fn begin(&mut self, text: usize, blocks: usize) -> bool {
        self.aside = None;
        self.was_cut = false;
        self.text_kept = text.min(self.text_left / 2);
        self.blocks_kept = blocks.min(self.blocks_left / 2);
        self.blocks_left > 0
    }

    /// Names the file that has all of the part that was begun, for the note where it is cut.
    pub(super) fn aside(&mut self, name: &str) {
        self.aside = Some(name.to_owned());
    }

    /// Returns whether text of the part that was begun did not fit.
    pub(super) const fn was_cut(&self) -> bool {
        self.was_cut
    }

    /// Takes room for text and, if `block`, for a block; returns whether it was there.
    pub(super) fn take(&mut self, text: usize, block: bool) -> bool {
        let fits = text <= self.text_left - self.text_kept && usize::from(block) <= self.blocks_left - self.blocks_kept;
        if fits {
            self.text_left -= text;
            self.blocks_left -= usize::from(block);
        }
        fits
    }

    /// Adds a block for which room was taken.
    pub(super) fn push(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// Adds a section of finished text; returns whether there was room.
    pub(super) fn section(&mut self, text: String) -> bool {
        let fits = self.take(units(&text), true);
        if fits {
            self.push(Block::section(text));
        }
        fits
    }

    /// Returns an id for a button that no other of this message has.
    pub(super) fn action_id(&mut self) -> String {
        self.actions += 1;
        format!("{OURS}{}", self.actions)
    }

    /// Says at the end of the message what is not in it.
    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Adds text in as many sections as it needs, and cuts it at a line, with a note, where the room ends.
    pub(super) fn flow(&mut self, source: &str, style: Style) {
        let first = self.blocks.len();
        let mut rest = source.trim_end();
        let mut chunk = String::new();
        let mut used = 0;
        let mut room = self.room(style);
        while !rest.is_empty() {
            let (now, after) = rest.split_once('\n').unwrap_or((rest, ""));
            let text = style.line(now.trim_end_matches('\r'));
            let mut piece = text.as_str();
            if chunk.is_empty() && piece.trim().is_empty() {
                rest = after;
                continue;
            }
            let mut size = units(piece);
            if used + 1 + size > room && !chunk.is_empty() {
                self.close(std::mem::take(&mut chunk), style);
                used = 0;
                room = self.room(style);
            }
            while size > room && size > SECTION_TEXT - self.note_room() - style.frame() && room >= LEAST {
                // No section holds this line; it is cut where a word ends, or anywhere.
                let start = head_of_words(piece, room);
                if start.is_empty() {
                    break; // it begins with a link that no section holds
                }
                self.close(start.to_owned(), style);
                piece = &piece[start.len()..];
                size = units(piece);
                room = self.room(style);
            }
            if size > room {
                let lines = 1 + after.lines().count();
                let left = if piece.len() == text.len() { rest.len() } else { unescaped(piece) + after.len() };
                self.was_cut = true;
                let note = self.aside.as_ref().map_or_else(|| note(lines, left), |name| note_aside(lines, name));
                self.cut(first, note);
                return;
            }
            if !chunk.is_empty() {
                chunk.push('\n');
                used += 1;
            }
            chunk.push_str(piece);
            used += size;
            rest = after;
        }
        self.close(chunk, style);
    }

    /// Returns how long the text of a new section can be.
    fn room(&self, style: Style) -> usize {
        if self.blocks_left == self.blocks_kept {
            return 0;
        }
        SECTION_TEXT.min(self.text_left - self.text_kept).saturating_sub(self.note_room() + style.frame())
    }

    fn note_room(&self) -> usize {
        if self.aside.is_some() { NOTE + FILE_NAME } else { NOTE }
    }

    fn close(&mut self, text: String, style: Style) {
        let text = text.trim_end();
        if !text.is_empty() {
            self.section(style.wrap(text.to_owned()));
        }
    }

    /// Notes a cut in the last section of the part that began at block `first`, or else at the end of the message.
    fn cut(&mut self, first: usize, note: String) {
        let last = self.blocks.get_mut(first..).and_then(<[Block]>::last_mut);
        if let Some(Block::Ours(Ours::Section { text: Some(Text::Mrkdwn { text, .. }), .. })) = last {
            let before = units(text);
            text.push_str("\n_");
            text.push_str(&note);
            text.push('_');
            self.text_left = self.text_left.saturating_sub(units(text) - before);
        } else {
            self.note(note);
        }
    }

    /// Returns the blocks, with the notes after them.
    pub(super) fn finish(mut self) -> Vec<Block> {
        if !self.notes.is_empty() {
            self.blocks.push(Block::context(clip(self.notes.join("\n"), NOTES)));
        }
        self.blocks
    }
}
