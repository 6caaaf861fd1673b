//! The bot beside what others made to speak with Slack: Slack's own SDK and Bolt for Python, and emulate, which stands
//! in for the Web API.
//!
//! `CATOPS_SLACK_SDK` and `CATOPS_EMULATE` name them; without them every test that needs them fails and says so.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[allow(dead_code, reason = "the other suites use more of it")]
#[path = "../common/mod.rs"]
mod common;

mod arrivals;
mod bot;
mod emulate;
mod files;
mod forms;
mod kit;
mod limits;
mod models;
mod people;
mod presses;
mod requests;
mod rivals;
mod sdk;
mod signatures;
mod threads;
mod web_api;
