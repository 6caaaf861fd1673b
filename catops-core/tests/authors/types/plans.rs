use catops_core::{Context, command};

/// Has a plan of another kind.
#[command(plan = calm)] //~ the plan of an `async` command is an `async fn` too, and returns what a command may; this gives `String`
async fn hasty(service: String) {}

fn calm(service: String) -> String {
    service
}

/// Has a plan of another kind.
#[command(plan = later)] //~ the plan of a command that is no `async fn` is none either, and returns what a command may, not `impl Future<Output = String>`
fn now(service: String) {}

async fn later(service: String) -> String {
    service
}

/// Has a plan that is no reply.
#[command(plan = count)] //~ the plan of a command that is no `async fn` is none either, and returns what a command may, not `u8`
fn counted() {}

fn count() -> u8 {
    1
}

/// Has a plan that takes another type.
#[command(plan = of_number)] //~ mismatched types
async fn of_text(ctx: &Context, service: String, #[arg(long)] zone: Option<String>) {}

async fn of_number(ctx: &Context, service: u8, zone: Option<String>) -> String {
    format!("{service} {zone:?} {}", ctx.actor())
}

/// Has a plan that takes less.
#[command(plan = less)] //~ this function takes 1 argument but 2 arguments were supplied
fn more(ctx: &Context, service: String) {}

fn less(service: String) -> String {
    service
}

/// Has no plan.
#[command(plan = nowhere)] //~ cannot find function `nowhere` in this scope
fn lost() {}

/// Has a plan that stays on one thread.
#[command(plan = held)] //~ future cannot be sent between threads safely
async fn free() {}

async fn held() -> String {
    let held = std::rc::Rc::new(());
    std::future::ready(()).await;
    format!("{held:?}")
}
