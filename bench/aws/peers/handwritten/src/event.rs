//! What arrives, and what goes back.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// One invocation.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// The second leg.
    Job {
        /// What is to be done.
        job: Job,
    },
    /// From the Function URL.
    Http(Http),
}

/// A command on its way to the second leg.
#[derive(Deserialize, Serialize)]
pub struct Job {
    /// What stands after the command's name.
    pub text: String,
    /// Where the reply goes.
    pub response_url: String,
}

/// The part of a payload 2.0 that is looked at.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    /// With names in lower case.
    pub headers: HashMap<String, String>,
    /// Absent when it is empty.
    #[serde(default)]
    body: String,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl Http {
    /// Returns the bytes as Slack sent them.
    pub fn body(&self) -> Result<Vec<u8>, base64::DecodeError> {
        if self.is_base64_encoded { STANDARD.decode(&self.body) } else { Ok(self.body.clone().into_bytes()) }
    }
}

/// What the Function URL answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    status_code: u16,
    headers: HashMap<&'static str, &'static str>,
    body: &'static str,
}

impl Answer {
    /// Makes one of JSON.
    pub fn new(status_code: u16, body: &'static str) -> Self {
        Self { status_code, headers: HashMap::from([("content-type", "application/json")]), body }
    }
}
