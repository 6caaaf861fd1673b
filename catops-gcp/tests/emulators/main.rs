//! The adapter against emulators: Google's own of Pub/Sub and Firestore, and gcloud-tasks-emulator.
//!
//! `CATOPS_PUBSUB_EMULATOR`, `CATOPS_FIRESTORE_EMULATOR` and `CATOPS_TASKS_PYTHON` name their programs; without them every
//! test here fails and says so. Two others read what we read: functions-framework (`CATOPS_FUNCTIONS_FRAMEWORK`), and PyJWT
//! (`CATOPS_PYJWT`).

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod emulator;
mod framework;
mod lossy;
#[allow(dead_code, reason = "the other test binary uses all of it")]
#[path = "../it/mint.rs"]
mod mint;
mod pubsub;
#[allow(dead_code, reason = "the other tests use more of it")]
#[path = "../it/sink.rs"]
mod sink;
mod store;
mod tasks;
mod tokens;
