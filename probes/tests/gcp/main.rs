//! The flow suite through the container's real process, between Google's Pub/Sub and Firestore emulators.
//!
//! `CATOPS_PUBSUB_EMULATOR` and `CATOPS_FIRESTORE_EMULATOR` name the scripts that start them, of the packages
//! `google-cloud-cli-pubsub-emulator` and `google-cloud-cli-firestore-emulator`.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/relay.rs"]
mod relay;

mod bench;
mod deliveries;
mod documents;
mod emulators;
mod flow;
mod guard;
mod watch;
