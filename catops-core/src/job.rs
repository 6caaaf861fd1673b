//! The job: the only thing that travels between the legs.

use std::fmt;
use std::time::Duration;

use ring::{digest, hmac};
use serde::{Deserialize, Serialize};

use crate::chat::Incoming;
use crate::error::{Error, ErrorKind};
use crate::request::{ReplyTo, Request};
use crate::secret::Secret;
use crate::time::Timestamp;

/// The version of the job's content that this build writes.
///
/// A new version may add fields; what [`Head`] reads stays as it is for ever, so that any version can answer any other.
pub const VERSION: u32 = 1;

/// The oldest version this build still runs: the one before, so that a deploy loses nothing. Version 0 had no hop
/// count.
pub const OLDEST_VERSION: u32 = VERSION - 1;

/// The largest sealed job, in bytes.
///
/// Azure's storage queue is the smallest carrier: 64 KiB as stored, which leaves 48 KiB before base64.
pub const MAX_SEALED: usize = 48 * 1024;

/// The longest chain of jobs. AWS stops a function that invokes itself after about 16 rounds.
pub const MAX_HOPS: u8 = 8;

/// How long an accepted job may wait before it is started. Somebody who asked for a restart a quarter of an hour ago no
/// longer expects it.
pub const MAX_WAIT: Duration = Duration::from_secs(15 * 60);

/// Names one job; made from the chat's own event id, so that a repeat has the same.
///
/// Up to 64 letters, digits and dashes. It is shown to people and is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct JobId(String);

impl JobId {
    /// Makes the id that belongs to an event: the first 80 bits of SHA-256 over its parts, in 16 letters and digits.
    ///
    /// ```
    /// # use catops_core::JobId;
    /// assert_eq!(JobId::of(&["slack", "T1", "13.7"]), JobId::of(&["slack", "T1", "13.7"]));
    /// assert_ne!(JobId::of(&["slack", "T1", "13.7"]), JobId::of(&["slack", "T11", "3.7"]));
    /// ```
    pub fn of(parts: &[&str]) -> Self {
        const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz"; // Crockford's: no i, l, o, u
        let mut hash = digest::Context::new(&digest::SHA256);
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let hash = hash.finish();
        let mut text = String::with_capacity(16);
        for five in hash.as_ref()[..10].chunks_exact(5) {
            let bits = five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
            text.extend((0..8).rev().map(|at| char::from(LETTERS[(bits >> (5 * at) & 31) as usize])));
        }
        Self(text)
    }

    /// Makes a fresh id, for jobs that come from no chat.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        let _ = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
        Self::of(&[&u128::from_be_bytes(bytes).to_string()])
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for JobId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = (1..=64).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Ok(Self(text));
        }
        Err("a job id is 1 to 64 letters, digits and dashes")
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A request on its way to the second leg. Only [`SealedJob::open`] makes one from outside bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// When it was accepted.
    pub asked: Timestamp,
    /// When it may no longer be started.
    pub expires: Timestamp,
    /// How many jobs came before it in a chain.
    pub hops: u8,
    /// Where its replies go.
    pub reply_to: ReplyTo,
    /// What was asked.
    pub request: Request,
}

impl Job {
    /// Makes the first job of a chain from what a chat received.
    pub fn new(incoming: Incoming, now: Timestamp) -> Self {
        let Incoming { id, request, reply_to, .. } = incoming;
        Self { id, asked: now, expires: now + MAX_WAIT, hops: 0, reply_to, request }
    }

    /// Seals the job for its journey.
    ///
    /// Fails with [`ErrorKind::TooLarge`] if it would exceed [`MAX_SEALED`] bytes.
    pub fn seal(&self, key: &JobKey) -> Result<SealedJob, Error> {
        let content = Content {
            v: VERSION,
            id: &self.id,
            asked: self.asked,
            expires: self.expires,
            hops: self.hops,
            reply_to: &self.reply_to,
            request: &self.request,
        };
        let mut text = Vec::with_capacity(ROOM + self.request.text.len());
        serde_json::to_writer(&mut text, &content)
            .map_err(|error| Error::new(ErrorKind::Invalid, "writing a job").because(error))?;
        SealedJob::new(self.id.clone(), label(&self.request.text), &text, key)
    }
}

/// Room for a usual job without its line, in bytes, so that writing it moves nothing.
const ROOM: usize = 768;

/// The longest label, in bytes.
const MAX_LABEL: usize = 40;

/// Returns the first word of a line if it looks like a command's name; anything else may be somebody's secret.
fn label(line: &str) -> String {
    let word = line.split_whitespace().next().unwrap_or_default();
    let is_name = word.len() <= MAX_LABEL
        && word.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if is_name { word.to_owned() } else { String::new() }
}

/// What is written into the seal.
#[derive(Serialize)]
struct Content<'a> {
    v: u32,
    id: &'a JobId,
    asked: Timestamp,
    expires: Timestamp,
    hops: u8,
    reply_to: &'a ReplyTo,
    request: &'a Request,
}

/// What is read out of the seal when the version is one of ours.
#[derive(Deserialize)]
struct Opened {
    asked: Timestamp,
    expires: Timestamp,
    #[serde(default)]
    hops: u8,
    request: Request,
}

/// The part of a job that every version has and none may change: enough to answer the asker.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// The version of the content.
    pub v: u32,
    /// The job's id.
    pub id: JobId,
    /// Where its replies go.
    pub reply_to: ReplyTo,
}

/// A job under seal: JSON text that can cross any queue, and that nobody without the key can make or change.
///
/// The content is signed, not encrypted: a carrier that stores it can read it. The text is
/// `{"catops":{"id":…,"job":"<content as a string>","seal":"<hex>"}}`; the content is a string, since carriers take
/// JSON apart and write it anew, and the seal is over its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedJob {
    id: JobId,
    label: String,
    text: String,
}

impl fmt::Debug for SealedJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedJob").field("id", &self.id).field("bytes", &self.text.len()).finish()
    }
}

#[derive(Deserialize)]
struct Outer {
    catops: Envelope,
}

#[derive(Deserialize)]
struct Envelope {
    id: JobId,
    job: String,
    seal: String,
}

/// Writes JSON text into a JSON string. It has no control characters any more, so two characters are left to escape;
/// this is on the way to every acknowledgement, and takes a third of the time of the general way.
fn escape(json: &[u8], out: &mut Vec<u8>) {
    for byte in json {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
}

/// Why a sealed job did not open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// It is no sealed job, or the seal is not ours. Log it without its content; do not retry; answer nobody.
    Seal,
    /// The seal is ours, but the content is of a version this build does not run: tell the asker to try again.
    Version(Box<Head>),
}

impl SealedJob {
    fn new(id: JobId, label: String, content: &[u8], key: &JobKey) -> Result<Self, Error> {
        let mut text = Vec::with_capacity(content.len() + content.len() / 4 + 160);
        text.extend_from_slice(br#"{"catops":{"id":""#);
        text.extend_from_slice(id.as_str().as_bytes());
        text.extend_from_slice(br#"","job":""#);
        escape(content, &mut text);
        text.extend_from_slice(br#"","seal":""#);
        text.extend_from_slice(hex(key.sign(content).as_ref()).as_bytes());
        text.extend_from_slice(br#""}}"#);
        let text = String::from_utf8(text).expect("JSON is UTF-8");
        if text.len() > MAX_SEALED {
            let size = text.len();
            let said = format!("the job has {size} bytes, more than the {MAX_SEALED} that every queue carries");
            return Err(Error::new(ErrorKind::TooLarge, said));
        }
        Ok(Self { id, label, text })
    }

    /// Seals content of any version, so that tests can play an older or a newer build.
    #[cfg(any(test, feature = "conformance"))]
    pub fn of_content(id: JobId, content: &serde_json::Value, key: &JobKey) -> Result<Self, Error> {
        Self::new(id, String::new(), content.to_string().as_bytes(), key)
    }

    /// Takes what a carrier delivered. Nothing is checked before [`SealedJob::open`], save that it looks like a job.
    pub fn from_text(text: impl Into<String>) -> Result<Self, OpenError> {
        let text = text.into();
        if text.len() > MAX_SEALED * 2 {
            return Err(OpenError::Seal); // a carrier may have written it anew with spaces, but not this many
        }
        let outer: Outer = serde_json::from_str(&text).map_err(|_| OpenError::Seal)?;
        Ok(Self { id: outer.catops.id, label: String::new(), text })
    }

    /// Returns the id the sealed job claims; trust it only after [`SealedJob::open`].
    pub const fn id(&self) -> &JobId {
        &self.id
    }

    /// Returns the name of the command, for lists of jobs: known to whoever sealed the job, empty for what a carrier
    /// delivered, and for a line that does not begin like a name.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the text that travels: a JSON object of at most [`MAX_SEALED`] bytes.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Checks the seal and reads the job.
    pub fn open(&self, key: &JobKey) -> Result<Job, OpenError> {
        let outer: Outer = serde_json::from_str(&self.text).map_err(|_| OpenError::Seal)?;
        let Envelope { id, job: content, seal } = outer.catops;
        let seal = unhex(&seal).ok_or(OpenError::Seal)?;
        key.verify(&content, &seal)?;
        let head: Head = serde_json::from_str(&content).map_err(|_| OpenError::Seal)?;
        if head.id != id {
            return Err(OpenError::Seal);
        }
        if !(OLDEST_VERSION..=VERSION).contains(&head.v) {
            return Err(OpenError::Version(Box::new(head)));
        }
        match serde_json::from_str(&content) {
            Ok(Opened { asked, expires, hops, request }) => {
                Ok(Job { id, asked, expires, hops, reply_to: head.reply_to, request })
            }
            Err(_) => Err(OpenError::Version(Box::new(head))),
        }
    }
}

/// The key that seals jobs.
#[derive(Clone)]
pub struct JobKey(hmac::Key);

impl fmt::Debug for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobKey(…)")
    }
}

impl JobKey {
    /// Derives the key from the bot's secrets, or from `CATOPS_JOB_KEY` alone where that is set.
    ///
    /// The secrets must be given in the same order every time. Changing one makes waiting jobs unreadable.
    pub fn derive<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let base = hmac::Key::new(hmac::HMAC_SHA256, b"catops sealed job");
        let mut context = hmac::Context::with_key(&base);
        for secret in secrets {
            context.update(&(secret.expose().len() as u64).to_be_bytes());
            context.update(secret.expose().as_bytes());
        }
        Self(hmac::Key::new(hmac::HMAC_SHA256, context.sign().as_ref()))
    }

    /// Signs a text that is no job, for one `purpose`: in lower-case hex, 64 characters.
    ///
    /// A job is JSON and begins with `{`, so no purpose's text can be taken for one.
    pub(crate) fn tag(&self, purpose: &str, text: &str) -> String {
        hex(hmac::sign(&self.0, &signed(purpose, text)).as_ref())
    }

    /// Returns whether `tag` is what [`JobKey::tag`] makes of the two, in constant time.
    pub(crate) fn is_tag(&self, tag: &str, purpose: &str, text: &str) -> bool {
        unhex(tag).is_some_and(|tag| hmac::verify(&self.0, &signed(purpose, text), &tag).is_ok())
    }

    fn sign(&self, content: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, content)
    }

    fn verify(&self, content: &str, seal: &[u8]) -> Result<(), OpenError> {
        hmac::verify(&self.0, content.as_bytes(), seal).map_err(|_| OpenError::Seal)
    }
}

fn signed(purpose: &str, text: &str) -> Vec<u8> {
    [purpose.as_bytes(), b"\n", text.as_bytes()].concat()
}

/// Writes bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Reads lower-case hex; anything else is `None`.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key() -> JobKey {
        JobKey::derive([&Secret::new("8f742231b10e8888abcd99yyyzzz85a5".to_owned())])
    }

    fn job(text: &str) -> Job {
        let request = Request { prefix: "/meow".into(), text: text.into(), ..Request::default() };
        let reply_to = ReplyTo {
            chat: "slack".into(),
            url: Some(Secret::new("https://hooks.slack.com/x".into())),
            ..Default::default()
        };
        let now = Timestamp::from_secs(1_700_000_000);
        Job::new(Incoming::new(JobId::of(&["t"]), request, reply_to), now)
    }

    #[test]
    fn a_sealed_job_opens_to_itself() {
        let sealed = job("restart “api” 🐈").seal(&key()).unwrap();
        let arrived = SealedJob::from_text(sealed.as_str()).unwrap();
        assert_eq!(arrived.id(), sealed.id());
        assert_eq!((sealed.label(), arrived.label()), ("restart", ""));
        assert_eq!(arrived.open(&key()), Ok(job("restart “api” 🐈")));
    }

    #[test]
    fn a_carrier_may_write_the_json_anew() {
        let sealed = job("ping").seal(&key()).unwrap();
        let value: serde_json::Value = serde_json::from_str(sealed.as_str()).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(SealedJob::from_text(pretty).unwrap().open(&key()), Ok(job("ping")));
    }

    #[test]
    fn every_altered_byte_is_noticed() {
        let sealed = job("ping").seal(&key()).unwrap();
        for at in 0..sealed.as_str().len() {
            let mut bytes = sealed.as_str().as_bytes().to_vec();
            bytes[at] ^= 1;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let opened = SealedJob::from_text(text).and_then(|sealed| sealed.open(&key()));
            assert_eq!(opened, Err(OpenError::Seal), "byte {at}");
        }
    }

    #[test]
    fn another_key_does_not_open_it() {
        let sealed = job("ping").seal(&key()).unwrap();
        let other = JobKey::derive([&Secret::new("another".to_owned())]);
        assert_eq!(sealed.open(&other), Err(OpenError::Seal));
    }

    #[test]
    fn a_job_over_the_cap_is_refused_with_both_sizes() {
        let error = job(&"x".repeat(MAX_SEALED)).seal(&key()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.to_string().contains("49152"), "{error}");
    }

    #[test]
    fn the_previous_version_runs_and_a_newer_one_can_be_answered() {
        let id = JobId::of(&["t"]);
        let mut content = json!({
            "v": 0, "id": id, "asked": 1_700_000_000_000_u64, "expires": 1_700_000_900_000_u64,
            "reply_to": {"chat": "slack", "url": "https://hooks.slack.com/x"},
            "request": {"actor": {"id": ""}, "channel": {"id": ""}, "prefix": "/meow", "text": "ping"},
        });
        let sealed = SealedJob::of_content(id.clone(), &content, &key()).unwrap();
        assert_eq!(sealed.open(&key()), Ok(job("ping")));

        content["v"] = json!(VERSION + 1);
        content["request"] = json!(["of a shape", "not known today"]);
        let sealed = SealedJob::of_content(id.clone(), &content, &key()).unwrap();
        let Err(OpenError::Version(head)) = sealed.open(&key()) else { panic!("a newer version must not open") };
        assert_eq!((head.v, head.id, head.reply_to), (VERSION + 1, id, job("").reply_to));
    }

    #[test]
    fn neither_form_shows_its_content() {
        let job = job("restart secret-thing");
        let sealed = job.seal(&key()).unwrap();
        assert!(!format!("{sealed:?}{:?}{:?}", key(), job.reply_to).contains("hooks.slack.com"));
        assert!(!format!("{sealed:?}").contains("secret-thing"));
    }

    #[test]
    fn a_label_is_a_name_or_nothing() {
        assert_eq!(label(" disk_usage x"), "disk_usage");
        assert_eq!(label("hunter2! x"), "");
        assert_eq!(label(&"x".repeat(41)), "");
        assert_eq!(label(""), "");
    }

    #[test]
    fn ids() {
        assert_eq!(JobId::of(&["x"]).as_str().len(), 16);
        assert_ne!(JobId::random(), JobId::random());
        assert!(JobId::try_from("../etc".to_owned()).is_err());
        assert!(JobId::try_from(String::new()).is_err());
    }
}
