//! Whatever a server sends as its certificate, reading its end never panics.
#![no_main]

#[path = "../../plugins/src/certificate.rs"]
mod certificate;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(end) = certificate::not_after(bytes) {
        // Both forms of a date in a certificate end with the year 9999.
        assert!(end < catops_core::Timestamp::from_secs(253_402_300_800), "{end}");
    }
});
