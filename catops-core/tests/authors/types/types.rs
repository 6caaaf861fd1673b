use catops_core::{Context, Result, command};

struct Summary;
struct Region;
#[derive(Debug)]
struct Oops;

/// Returns what is no reply.
#[command]
async fn summary() -> Result<Summary> { //~ a command cannot return `Summary`
    Ok(Summary)
}

/// Takes what cannot be read.
#[command]
fn region(
    name: String,
    region: Region, //~ a command cannot take a parameter of type `Region`
    regions: Vec<Region>, //~ a command cannot take a parameter of type `Region`
) {
}

/// Fails with what is no error.
#[command]
fn oops() -> Result<(), Oops> { //~ a command's error must be a `std::error::Error`, which `Oops` is not
    Err(Oops)
}

/// Completes with bytes.
#[command]
fn completed(
    #[arg(complete = bytes)] name: String, //~ a completer gives `Vec<String>`, not `Vec<u8>`
) {
}

async fn bytes(_: &Context, _: &str) -> Vec<u8> {
    Vec::new()
}

/// Holds what cannot cross threads.
#[command] //~ future cannot be sent between threads safely
async fn held() {
    let held = std::rc::Rc::new(1);
    std::future::ready(()).await;
    drop(held);
}
