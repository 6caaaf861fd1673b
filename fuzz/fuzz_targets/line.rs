//! Splitting and decoding a line never panics, and every token is where it says.
#![no_main]

use catops_core::line;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let split = line::split(text);
    let mut end = 0;
    for token in &split.tokens {
        assert!(token.start >= end && text.is_char_boundary(token.start), "a token begins inside another");
        end = token.start;
        let _ = line::plain(&token.text);
    }
    assert!(split.unclosed.is_none_or(|at| text.is_char_boundary(at)));
    // What was escaped comes back.
    assert_eq!(line::plain(&line::escape(text)), text);
});
