//! What Slack takes at most, in one place.
//!
//! Slack does not say what it counts as a character. We count UTF-16 units of the escaped text, which are never fewer
//! than characters.

use std::time::Duration;

/// A request older or newer than this is refused. docs.slack.dev, "Verifying requests from Slack".
pub(super) const SIGNATURE_WINDOW: Duration = Duration::from_secs(300);

/// How often a `response_url` can be used. docs.slack.dev, "Handling user interaction".
pub(super) const REPLY_USES: u8 = 5;

/// How long a `response_url` can be used. docs.slack.dev, "Handling user interaction".
pub(super) const REPLY_TIME: Duration = Duration::from_secs(30 * 60);

/// Blocks in one message. docs.slack.dev, "Blocks".
pub(super) const BLOCKS: usize = 50;

/// Text of all blocks of one message. Undocumented: near 13,000 characters Slack answers `msg_blocks_too_long`
/// (slackapi/bolt-js, issue 2509).
pub(super) const MESSAGE_TEXT: usize = 12_000;

/// The text of a section. docs.slack.dev, "Section block".
pub(super) const SECTION_TEXT: usize = 3_000;

/// Fields in a section. docs.slack.dev, "Section block".
pub(super) const FIELDS: usize = 10;

/// The text of one field. docs.slack.dev, "Section block".
pub(super) const FIELD_TEXT: usize = 2_000;

/// The message's own `text`, which stands in for the blocks in notifications. Slack splits beyond 4,000 characters
/// (docs.slack.dev, "Truncating really long messages"); a notification shows a line or two.
pub(super) const FALLBACK_TEXT: usize = 3_000;

/// The text of an element of a context block. docs.slack.dev, "Text object".
pub(super) const NOTE_TEXT: usize = 3_000;

/// Elements of an actions block. docs.slack.dev, "Actions block".
pub(super) const BUTTONS: usize = 25;

/// The words on a button. docs.slack.dev, "Button element".
pub(super) const BUTTON_TEXT: usize = 75;

/// The value of a button. docs.slack.dev, "Button element".
pub(super) const BUTTON_VALUE: usize = 2_000;

/// How many next steps a message offers. Our own: more is a menu that nobody reads.
pub(super) const STEPS: usize = 5;

/// How much of a message's text its next steps may take. Our own: a seal takes about 110 characters of each.
pub(super) const STEPS_TEXT: usize = 2_000;

/// The address of an image. docs.slack.dev, "Image block".
pub(super) const IMAGE_URL: usize = 3_000;

/// The description of an image. docs.slack.dev, "Image block".
pub(super) const IMAGE_ALT: usize = 2_000;

/// Files beside one message: ours, since Slack names no number. More would bury the message.
pub(super) const FILES: usize = 10;

/// The name of a file, in characters: ours, since the message names it in the note that says what was cut.
pub(super) const FILE_NAME: usize = 60;

/// Attachments of one message. docs.slack.dev, "Legacy attachments", asks for at most 20.
pub(super) const ATTACHMENTS: usize = 20;

/// Blocks in a view. docs.slack.dev, "Views".
pub(super) const VIEW_BLOCKS: usize = 100;

/// One view as JSON, in bytes; beyond it Slack answers `view_too_large`. docs.slack.dev, "views.open", "Errors".
pub(super) const VIEW_BYTES: usize = 250_000;

/// The title of a view, and the words on its two buttons. docs.slack.dev, "Views".
pub(super) const VIEW_TITLE: usize = 24;

/// What a view carries along in `private_metadata`. docs.slack.dev, "Views".
pub(super) const VIEW_METADATA: usize = 3_000;

/// A `block_id`. docs.slack.dev, "Input block".
pub(super) const BLOCK_ID: usize = 255;

/// The label of an input. docs.slack.dev, "Input block".
pub(super) const LABEL: usize = 2_000;

/// The hint of an input. docs.slack.dev, "Input block".
pub(super) const HINT: usize = 2_000;

/// The text in an input. docs.slack.dev, "Plain-text input element".
pub(super) const INPUT_TEXT: usize = 3_000;

/// Options of a menu, and of an answer to one. docs.slack.dev, "Select menu element".
pub(super) const OPTIONS: usize = 100;

/// The text, the value and the description of an option. docs.slack.dev, "Option object", gives the value twice as much in
/// some places.
pub(super) const OPTION_TEXT: usize = 75;
