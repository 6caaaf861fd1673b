//! No bytes but ours open.
#![no_main]

use catops_core::Secret;
use catops_core::job::{JobKey, OpenError, SealedJob};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let key = JobKey::derive([&Secret::new("a key that no input can know".to_owned())]);
    if let Ok(sealed) = SealedJob::from_text(text) {
        assert_eq!(sealed.open(&key), Err(OpenError::Seal), "a forged job opened");
    }
});
