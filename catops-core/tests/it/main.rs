//! Core as its users see it: only what is public, over real sockets.

#![allow(clippy::unwrap_used)] // clippy.toml allows it in test functions; what they call here is test code as well

mod audit;
mod client;
mod conformance;
mod flow;
mod forms;
mod groups;
mod hearing;
mod own_words;
mod schedule;
mod secrets;
mod sink;
mod slack;
mod slack_api;
mod slack_check;
mod slack_decision;
mod slack_events;
mod slack_files;
mod slack_form;
mod slack_golden;
mod slack_interactions;
mod slack_kit;
mod slack_limits;
mod slack_manifest;
mod slack_payloads;
mod slack_press;
mod slack_progress;
mod slack_reply;
