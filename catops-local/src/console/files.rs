//! Files that the bot puts up, by the way Slack has for it: an address to upload to, then a word that it is done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use catops_core::app::random_secret;
use catops_core::{Error, JobId};
use serde_json::{Value, json};

use super::Shared;

/// The largest file, in bytes.
pub(super) const MAX_FILE: usize = 8 * 1024 * 1024;

/// How much is kept, in files and bytes; of more, the oldest go.
const MAX_FILES: usize = 200;
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// How much of a file is shown on the page, in bytes.
const PREVIEW: usize = 2000;

/// The files by their ids, the oldest first.
#[derive(Default)]
pub(super) struct Files {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    count: u64,
    files: BTreeMap<String, File>,
}

#[derive(Clone)]
struct File {
    name: String,
    /// The secret of the address to upload to, until it was used.
    token: Option<String>,
    content: Bytes,
}

impl Files {
    /// Makes room for a file of that name and returns its id and the secret of its upload address.
    pub(super) fn expect(&self, name: &str) -> Result<(String, String), Error> {
        let token = random_secret()?.expose().clone();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.count += 1;
        let id = format!("F{:08}-{}", kept.count, JobId::random());
        let file = File { name: name.to_owned(), token: Some(token.clone()), content: Bytes::new() };
        kept.files.insert(id.clone(), file);
        let size = |kept: &Kept| kept.files.values().map(|file| file.content.len()).sum::<usize>();
        while kept.files.len() > MAX_FILES || size(&kept) > MAX_BYTES {
            kept.files.pop_first();
        }
        Ok((id, token))
    }

    /// Takes the content for an upload address, once; returns whether there is such an address.
    fn fill(&self, token: &str, content: Bytes) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = kept.files.values_mut().find(|file| file.token.as_deref() == Some(token)) else {
            return false;
        };
        file.token = None;
        file.content = content;
        true
    }

    fn get(&self, id: &str) -> Option<File> {
        let file = self.kept.lock().unwrap_or_else(PoisonError::into_inner).files.get(id).cloned();
        file.filter(|file| file.token.is_none())
    }

    /// Returns what a message says of a file; nothing unless it is here.
    pub(super) fn describe(&self, id: &str, title: Option<&str>) -> Option<Value> {
        let file = self.get(id)?;
        let start = &file.content[..file.content.len().min(PREVIEW)];
        let preview = match std::str::from_utf8(start) {
            Ok(text) => Some(text),
            // The cut may have gone through a character.
            Err(error) if error.error_len().is_none() => std::str::from_utf8(&start[..error.valid_up_to()]).ok(),
            Err(_) => None,
        };
        Some(json!({
            "id": id,
            "name": file.name,
            "title": title.unwrap_or(&file.name),
            "size": file.content.len(),
            "preview": preview,
            "preview_is_truncated": file.content.len() > PREVIEW,
        }))
    }
}

pub(super) async fn upload(State(shared): State<Arc<Shared>>, Path(token): Path<String>, content: Bytes) -> Response {
    let length = content.len();
    match shared.files.fill(&token, content) {
        true => format!("OK - {length}").into_response(),
        false => (StatusCode::NOT_FOUND, "no such address").into_response(),
    }
}

/// Gives a file to be saved: the browser must never show it as a page of ours.
pub(super) async fn download(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let Some(file) = shared.files.get(&id) else {
        return (StatusCode::NOT_FOUND, "This file is no longer there.").into_response();
    };
    let name: String = form_urlencoded::byte_serialize(file.name.as_bytes()).collect();
    // `filename*` has no plus sign for a space.
    let disposition = format!("attachment; filename*=UTF-8''{}", name.replace('+', "%20"));
    let kind = "application/octet-stream".to_owned();
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], file.content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_once_it_is_filled() {
        let files = Files::default();
        let (id, token) = files.expect("log.txt").unwrap();
        assert_eq!(files.describe(&id, None), None);
        assert!(!files.fill("guess", Bytes::new()) && files.fill(&token, Bytes::from("lines")));
        assert!(!files.fill(&token, Bytes::from("other")));
        let told = files.describe(&id, Some("The log")).unwrap();
        assert_eq!((&told["preview"], &told["title"], &told["size"]), (&json!("lines"), &json!("The log"), &json!(5)));
    }

    #[test]
    fn a_preview_is_the_start_of_a_text() {
        let preview = |content: Vec<u8>| {
            let files = Files::default();
            let (id, token) = files.expect("x").unwrap();
            assert!(files.fill(&token, content.into()));
            files.describe(&id, None).unwrap()["preview"].as_str().map(str::len)
        };
        assert_eq!(preview("ü".repeat(2000).into()), Some(PREVIEW));
        assert_eq!(preview(format!("x{}", "ü".repeat(2000)).into()), Some(PREVIEW - 1));
        assert_eq!(preview(vec![0xff, 0xfe]), None);
    }

    #[test]
    fn the_oldest_of_too_much_goes() {
        let files = Files::default();
        let ids: Vec<_> = (0..12)
            .map(|_| {
                let (id, token) = files.expect("x").unwrap();
                assert!(files.fill(&token, vec![b'x'; MAX_FILE].into()));
                id
            })
            .collect();
        assert!(files.describe(&ids[0], None).is_none() && files.describe(&ids[11], None).is_some());
    }
}
