//! The rules that every adapter keeps: each promise written in a trait's doc comment is a rule of the same name here.
//!
//! An adapter writes a bench (how to build the thing, how to see what arrived) and one line, such as
//! `catops_core::store_conformance!(Bench::new());`, which declares a named `#[test]` for each rule. Nothing is
//! skipped: a bench that cannot support a rule says so in [`Gap`], and the test prints the reason.

pub mod flow;
pub mod invoker;
pub mod payloads;
pub mod store;

/// A rule that a bench cannot support, and why.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// The name of the rule.
    pub rule: &'static str,
    /// Why the bench, not the adapter, cannot show it.
    pub reason: &'static str,
}

/// Runs one rule to its end on a runtime of its own, unless `gaps` names it; called by the macros.
#[doc(hidden)]
#[allow(clippy::print_stderr, reason = "a test says what it leaves out where the person running it looks")]
pub fn run(rule: &str, gaps: &[Gap], work: impl Future<Output = ()>) {
    if let Some(gap) = gaps.iter().find(|gap| gap.rule == rule) {
        eprintln!("not shown here: {rule}: {}", gap.reason);
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime can be built").block_on(work);
}

/// Declares one `#[test]` for each rule of a suite.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($suite:ident, $bench:expr, [$($rule:ident),* $(,)?]) => {
        $(
            #[test]
            fn $rule() {
                let bench = $bench;
                let gaps = $crate::conformance::$suite::Bench::gaps(&bench);
                $crate::conformance::run(stringify!($rule), gaps, $crate::conformance::$suite::$rule(&bench));
            }
        )*
    };
}
