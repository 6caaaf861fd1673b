//! The upload of files, in three steps. docs.slack.dev, "files.getUploadURLExternal", "files.completeUploadExternal".

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::post::Said;
use super::super::server::{Asked, UPLOADS};
use super::super::workspace::Workspace;
use super::{needed, refuse};

/// A file that the bot uploads.
#[derive(Clone, Debug)]
pub struct File {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What stands over it where it is shared.
    pub title: String,
    /// Its content.
    pub content: Bytes,
    /// The channel it was shared in.
    pub channel: Option<String>,
    /// The message whose thread it was shared in.
    pub thread_ts: Option<String>,
    /// The words it was shared with.
    pub comment: String,
    pub(in super::super) length: u64,
    pub(in super::super) is_uploaded: bool,
    pub(in super::super) is_shared: bool,
}

/// The first step: a place to upload to.
pub(super) fn begin(workspace: &Workspace, body: &Value) -> Result<Value, Said> {
    let name = needed(body, "filename")?.to_owned();
    // In a form it is digits, and in JSON a number.
    let length = body["length"].as_u64().or_else(|| body["length"].as_str()?.parse().ok()).filter(|length| *length > 0);
    let Some(length) = length else {
        return Err(Said::refused("invalid_arguments", &["missing required field: length".to_owned()]));
    };
    let mut state = workspace.state();
    let id = format!("F{:04}", state.next());
    let file = File {
        id: id.clone(),
        title: name.clone(),
        name,
        content: Bytes::new(),
        channel: None,
        thread_ts: None,
        comment: String::new(),
        length,
        is_uploaded: false,
        is_shared: false,
    };
    state.files.push(file);
    Ok(json!({"file_id": id, "upload_url": workspace.url(&format!("{UPLOADS}{id}"))}))
}

/// The second step: the content, as it is or as the one part of a multipart form.
pub(in super::super) fn upload(workspace: &Workspace, id: &str, asked: &Asked) -> Said {
    let mut state = workspace.state();
    let Some(file) = state.files.iter_mut().find(|file| file.id == id && !file.is_uploaded) else {
        return Said::status(404, "no such upload");
    };
    let content = part(&asked.bytes).unwrap_or_else(|| asked.bytes.clone());
    if content.len() as u64 != file.length {
        return Said::status(400, &format!("{} bytes came, and {} were announced", content.len(), file.length));
    }
    file.content = content;
    file.is_uploaded = true;
    Said::text(format!("OK - {}", file.length))
}

/// Returns the content of the first part of a multipart form.
fn part(bytes: &Bytes) -> Option<Bytes> {
    let find = |from: usize, what: &[u8]| {
        bytes[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
    };
    let line = find(0, b"\r\n").filter(|_| bytes.starts_with(b"--"))?;
    let begin = find(line, b"\r\n\r\n")? + 4;
    let end = find(begin, &[b"\r\n", &bytes[..line]].concat())?;
    Some(bytes.slice(begin..end))
}

/// The last step: shares what was uploaded.
pub(super) fn complete(workspace: &Workspace, body: &Value) -> Result<Value, Said> {
    let mut state = workspace.state();
    let channel = body["channel_id"].as_str().or_else(|| body["channels"].as_str()).map(str::to_owned);
    if let Some(code) = channel.as_ref().and_then(|channel| state.refusing.get(channel)) {
        return refuse(code);
    }
    let Some(files) = body["files"].as_array().filter(|files| !files.is_empty()) else {
        return Err(Said::refused("invalid_arguments", &["missing required field: files".to_owned()]));
    };
    let uploaded =
        |id: &Value| state.files.iter().position(|file| *id == file.id && file.is_uploaded && !file.is_shared);
    let places: Option<Vec<usize>> = files.iter().map(|file| uploaded(&file["id"])).collect();
    let Some(places) = places else { return refuse("file_not_found") };
    for (at, given) in places.iter().zip(files) {
        let file = &mut state.files[*at];
        file.is_shared = true;
        file.channel.clone_from(&channel);
        file.thread_ts = body["thread_ts"].as_str().map(str::to_owned);
        body["initial_comment"].as_str().unwrap_or_default().clone_into(&mut file.comment);
        if let Some(title) = given["title"].as_str() {
            title.clone_into(&mut file.title);
        }
    }
    let done: Vec<_> =
        places.iter().map(|at| &state.files[*at]).map(|f| json!({"id": f.id, "title": f.title})).collect();
    Ok(json!({"files": done}))
}
