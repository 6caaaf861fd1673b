//! All scenarios, row by row.

use catops_core::conformance::flow;

use crate::bench::Local;

/// Prints the report, and writes it to the file that `CATOPS_FLOW_REPORT` names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_passes() {
    let _alone = crate::ALONE.lock().await;
    let bench = Local::start().await.expect("the local bot starts");
    let report = flow::run(&bench).await;
    println!("{report}");
    if let Some(file) = std::env::var_os("CATOPS_FLOW_REPORT") {
        std::fs::write(file, format!("{report}\n")).expect("the report can be written");
    }
    let failed = report.failed();
    assert!(failed.is_empty(), "{} rows failed: {failed:#?}", failed.len());
}
