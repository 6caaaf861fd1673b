//! The flow suite through the custom handler's real process, behind a stand-in for the Functions host, on Azurite.
//!
//! `CATOPS_AZURITE` names Azurite's script, `dist/src/azurite.js` of the npm package; `.ci/run` installs it. The host itself
//! cannot be had without a download from Microsoft at install time: `host` says what stands in for it.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/relay.rs"]
mod relay;

mod azurite;
mod bench;
mod faults;
mod flow;
mod host;
mod queue;
mod rows;
mod standin;
