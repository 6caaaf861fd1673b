//! Files: what is too long to be a message.
//!
//! docs.slack.dev, "files.getUploadURLExternal": ask where the bytes go, send them there, then put the file into the
//! channel. Only the last step can be seen by anybody, and it can be done once for each file: what was uploaded and is
//! not put anywhere is thrown away by Slack.

use bytes::Bytes;
use serde::Serialize;
use tokio::time::Instant;

use super::address::Address;
use super::api::Api;
use super::button::Sealing;
use super::limits::{FILE_NAME, FILES, SECTION_TEXT};
use super::render;
use crate::client::{Client, Parcel, Patience};
use crate::error::{Error, ErrorKind};
use crate::reply::{Part, Reply, table};
use crate::secret::Secret;

const GET: &str = "files.getUploadURLExternal";
const COMPLETE: &str = "files.completeUploadExternal";

/// A part of a reply that is in a file beside the message.
#[derive(Debug)]
pub(super) struct Aside {
    /// Which part.
    pub(super) part: usize,
    /// The name of the file, of letters, digits, `-`, `_` and `.` alone.
    pub(super) name: String,
    /// What Slack calls the file.
    id: String,
}

/// A file to be.
#[derive(Debug, PartialEq, Eq)]
struct Document {
    part: usize,
    name: String,
    text: String,
}

/// Uploads what of `reply` a message cannot hold; nobody sees it before [`share`].
pub(super) async fn upload(
    api: &Api,
    reply: &Reply,
    hosts: &[String],
    sealing: Sealing<'_>,
    patience: Patience,
) -> Result<Vec<Aside>, Error> {
    let started = Instant::now();
    let left = || Patience { total: patience.total.saturating_sub(started.elapsed()), ..patience };
    let mut asides = Vec::new();
    for Document { part, name, text } in documents(reply, sealing) {
        // JSON is newer here than the form, which every stand-in knows.
        let form = Bytes::from(format!("filename={}&length={}", encoded(&name), text.len()));
        let answer = api.call_with(GET, "application/x-www-form-urlencoded", form, left()).await?;
        let ticket = answer.taken(GET, "")?;
        if Address::check_upload(&ticket.upload_url, hosts).is_err() {
            return Err(Error::new(ErrorKind::Refused, "the address for a file is not on a host of Slack's"));
        }
        let url = Secret::new(ticket.upload_url);
        // The address is the permission; the token goes to no other host than the API's.
        let parcel = Parcel { token: None, url: &url, content_type: "text/plain; charset=utf-8", body: text.into() };
        Client::shared().deliver_parcel(&parcel, left()).await?;
        asides.push(Aside { part, name, id: ticket.file_id });
    }
    Ok(asides)
}

/// Puts what was uploaded into a channel, as one message.
pub(super) async fn share(
    api: &Api,
    asides: &[Aside],
    channel: &str,
    thread: Option<&str>,
    patience: Patience,
) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Share<'a> {
        files: Vec<File<'a>>,
        channel_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        thread_ts: Option<&'a str>,
    }
    #[derive(Serialize)]
    struct File<'a> {
        id: &'a str,
        title: &'a str,
    }
    let files = asides.iter().map(|aside| File { id: &aside.id, title: &aside.name }).collect();
    let body = serde_json::to_vec(&Share { files, channel_id: channel, thread_ts: thread });
    let body = body.expect("strings can always be written").into();
    api.call(COMPLETE, body, patience).await?.taken(COMPLETE, channel).map(drop)
}

/// Returns what is better in a file: documents, and what a message would cut.
fn documents(reply: &Reply, sealing: Sealing<'_>) -> Vec<Document> {
    let is_short = |part: &Part| match part {
        Part::File { .. } => false,
        Part::Text(text) | Part::Code(text) => text.len() < SECTION_TEXT / reply.parts.len(),
        Part::Table { .. } => false,
        _ => true,
    };
    if reply.parts.iter().all(is_short) {
        return Vec::new();
    }
    let cuts = render::cuts(reply, sealing);
    let mut documents: Vec<Document> = Vec::new();
    for (at, part) in reply.parts.iter().enumerate() {
        let (name, text) = match part {
            Part::File { name, text } => (sound(name), text.clone()),
            Part::Text(text) | Part::Code(text) if cuts.contains(&at) => (None, text.clone()),
            Part::Table { head, rows } if cuts.contains(&at) => (None, table(head, rows)),
            _ => continue,
        };
        // Slack takes no empty file.
        if text.is_empty() {
            continue;
        }
        let name = name.unwrap_or_else(|| "output.txt".to_owned());
        let is_taken = |name: &str| documents.iter().any(|other| other.name == name);
        let name = (1..).map(|count| numbered(&name, count)).find(|name| !is_taken(name)).unwrap_or_default();
        documents.push(Document { part: at, name, text });
        if documents.len() == FILES {
            break;
        }
    }
    documents
}

/// Makes a name that is safe everywhere: in a message, in a form, and on the disk of whoever saves the file.
fn sound(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let name: String = last.trim().chars().map(safe).collect();
    let name = name.trim_matches(['.', '_']);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "txt"));
    let ending = clipped(ending, 10);
    let stem = clipped(stem, FILE_NAME - 16);
    (!stem.is_empty() && !ending.is_empty()).then(|| format!("{stem}.{ending}"))
}

/// Returns the longest start of at most `most` UTF-16 units.
fn clipped(text: &str, most: usize) -> &str {
    super::fit::head(text, most)
}

/// Returns the name for the first of that name, and another for each later one: `log.txt`, `log-2.txt`.
fn numbered(name: &str, count: usize) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) if count > 1 => format!("{stem}-{count}.{ending}"),
        _ => name.to_owned(),
    }
}

/// Writes a word into a form.
fn encoded(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for byte in word.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::slack::seals::Seals;
    use crate::job::JobKey;
    use crate::time::Timestamp;

    fn made_of(reply: &Reply) -> Vec<Document> {
        let seals = Seals::new(JobKey::derive([&Secret::new("x".to_owned())]));
        documents(reply, Sealing { seals: &seals, now: Timestamp::from_secs(1_795_305_600) })
    }

    #[test]
    fn names() {
        let check = |name: &str, expected: Option<&str>| assert_eq!(sound(name).as_deref(), expected, "{name}");
        check("report.csv", Some("report.csv"));
        check("report", Some("report.txt"));
        check("2026 report (final).tar.gz", Some("2026_report__final_.tar.gz"));
        check("../../etc/passwd", Some("passwd.txt"));
        check("C:\\logs\\a.log", Some("a.log"));
        check("<!channel>.txt", Some("channel_.txt"));
        check("\u{202e}txt.exe", Some("txt.exe"));
        check("übersicht.csv", Some("übersicht.csv"));
        check(".bashrc", Some("bashrc.txt"));
        check("a\nb.txt", Some("a_b.txt"));
        for nothing in ["", " ", "..", "/", "___", "🐱", "a/"] {
            check(nothing, None);
        }
        let long = sound(&format!("{}.{}", "x".repeat(200), "y".repeat(200))).unwrap();
        assert!(long.len() < FILE_NAME && long.ends_with(".yyyyyyyyyy"), "{long}");
    }

    #[test]
    fn each_file_has_a_name_of_its_own() {
        let long = "word ".repeat(20_000);
        let file = |name: &str| Part::File { name: name.to_owned(), text: "a,b".to_owned() };
        let reply = Reply::to_channel(&*long).code(&*long).part(file("a.csv")).part(file("a.csv")).part(file(""));
        let made = made_of(&reply.and("short"));
        let names: Vec<_> = made.iter().map(|document| (document.part, document.name.as_str())).collect();
        let expected = [(0, "output.txt"), (1, "output-2.txt"), (2, "a.csv"), (3, "a-2.csv"), (4, "output-3.txt")];
        assert_eq!(names, expected);
        assert_eq!((made[0].text.as_str(), made[2].text.as_str()), (long.as_str(), "a,b"));
    }

    #[test]
    fn what_fits_is_no_file() {
        let rows = |count: usize| (0..count).map(|n| [n.to_string(), "x".repeat(20)]).collect::<Vec<_>>();
        assert_eq!(made_of(&Reply::to_channel("hello").code("a".repeat(2_000)).table(["a", "b"], rows(20))), []);
        assert_eq!(made_of(&Reply::default()), []);
        let empty = Part::File { name: "a.txt".to_owned(), text: String::new() };
        assert_eq!(made_of(&Reply::default().part(empty)), []);
        let table = made_of(&Reply::default().table(["a", "b"], rows(2_000)));
        assert!(table[0].text.contains("1999  xxx"), "{table:?}");
        let many = (0..30).fold(Reply::default(), |reply, n| {
            reply.part(Part::File { name: format!("{n}.txt"), text: "x".to_owned() })
        });
        assert_eq!(made_of(&many).len(), FILES);
    }

    #[test]
    fn forms() {
        assert_eq!(encoded("ü b&c=d.txt"), "%C3%BC%20b%26c%3Dd.txt");
    }
}
