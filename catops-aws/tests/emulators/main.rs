//! The adapter against programs that speak AWS's protocols: MiniStack and moto.
//!
//! `CATOPS_MINISTACK` and `CATOPS_MOTO` name their programs; without them every test here fails and says so.

#![allow(clippy::unwrap_used, reason = "these are tests")]

/// Declares a test for each rule with each emulator that can show it.
macro_rules! with_emulators {
    ($($rule:ident: $($emulator:ident)*;)*) => {
        $(mod $rule {
            $(#[tokio::test]
            #[allow(non_snake_case)]
            async fn $emulator() {
                super::$rule(super::Emulator::$emulator).await;
            })*
        })*
    };
}

pub(crate) use with_emulators;

mod dynamo;
mod emulator;
mod invoker;
mod lossy;
mod secrets;
mod store;
