//! Commands that have a secret in hand, and fail with it in many ways.

use std::time::Duration;

use catops_core::policy::{Kind, Member, Place, Role, Rules, Text};
use catops_core::{Commands, Context, Reply, Result, command, usage};

/// What the state holds where it should hold something smaller.
pub(super) const NUMBER: &str = "8675309867530986753";

/// Sign in.
#[command]
async fn login(ctx: &Context, user: String, #[arg(long, secret)] password: String) -> String {
    ctx.log("somebody signs in");
    ctx.progress(1, 2, "signing in").await;
    format!("{user} is in, with {} letters", password.len())
}

/// Sign in at once.
#[command(inline)]
fn peek(#[arg(secret)] password: String) -> String {
    format!("{} letters", password.len())
}

/// Take a number.
#[command]
fn pin(#[arg(secret)] code: u32, #[arg(long, secret)] more: Vec<u8>) -> String {
    format!("{}", code + u32::from(more.len() as u8))
}

/// Keep all of it.
#[command]
fn note(#[arg(rest, secret)] text: String) -> String {
    format!("{} letters", text.len())
}

/// One at a time.
#[command]
async fn guarded(ctx: &Context, #[arg(secret)] token: String) -> Result<String> {
    while ctx.state().get::<bool>("open").await?.is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(format!("{} letters", token.len()))
}

/// Is closed.
#[command(requires = "ops.nobody")]
fn closed(#[arg(secret)] token: String) -> String {
    format!("{} letters", token.len())
}

/// Fail with the plugin's secret in hand.
#[command]
async fn pager(ctx: &Context, how: String, #[arg(long, secret)] token: Option<String>) -> Result<String> {
    let secret = ctx.secret("pager-token")?;
    let secret = secret.expose();
    let _ = token;
    let http = ctx.http();
    match how.as_str() {
        "missing" => drop(ctx.secret("no-such-token")?),
        "address" => drop(http.get(format!("http://127.0.0.1:1/{secret}?q={secret}")).send().await?),
        "user" => drop(http.get(format!("http://me:{secret}@127.0.0.1:1/")).send().await?),
        "host" => drop(http.get(format!("no address {secret}")).send().await?),
        "header" => drop(http.get("http://127.0.0.1:1/").header("x", format!("{secret}\n")).send().await?),
        "header name" => drop(http.get("http://127.0.0.1:1/").header(format!("x {secret}"), "1").send().await?),
        "state" => {
            ctx.state().set("kept", &secret).await?;
            _ = ctx.state().get::<u32>("kept").await?;
        }
        "number" => {
            ctx.state().set("kept", &NUMBER.parse::<u64>()?).await?;
            _ = ctx.state().get::<u32>("kept").await?;
        }
        "update" => drop(ctx.state().update("kept", |old: Option<u32>| old).await?),
        "list" => drop(ctx.state().list::<u32>("").await?),
        "failed" => return Err(std::io::Error::other("it does not start").into()),
        "usage" => return Err(usage("there is no such pager")),
        "panic" => panic!("at the pager"),
        "slow" => std::future::pending().await,
        _ => ctx.log("paged"),
    }
    Ok("paged".to_owned())
}

/// Hold a thread for longer than there is time.
#[command]
fn grind(ctx: &Context, #[arg(secret)] token: String) -> String {
    ctx.log("from another thread");
    std::thread::sleep(ctx.remaining() + Duration::from_millis(50));
    format!("{} letters", token.len())
}

/// Offer what comes next.
#[command(next = ["login {who}"])]
fn offer(who: String, #[arg(long, secret)] token: Option<String>) -> Reply {
    let _ = token;
    Reply::to_channel("Up.").button("Again", format!("offer {who}"))
}

/// Work by night.
#[command(schedule = "0 3 * * *")]
async fn nightly(ctx: &Context) -> Result<String> {
    Ok(format!("{} letters", ctx.secret("pager-token")?.expose().len()))
}

/// Deploy, with the approval of another.
#[command]
fn deploy(version: String, #[arg(long, secret)] token: Option<String>) -> String {
    format!("{version}, with {} letters", token.map_or(0, |token| token.len()))
}

/// Say what a deploy would do.
#[command]
fn deploy_plan(version: String, #[arg(long, secret)] token: Option<String>) -> String {
    format!("{version} replaces v6, with {} letters", token.map_or(0, |token| token.len()))
}

const AT: Place = Place { line: 1, column: 1 };

static RULES: Rules = Rules {
    file: "catops.toml",
    roles: &[Role {
        name: Text { text: "leads", at: AT },
        members: &[Member { kind: Kind::User, id: "U0002", at: AT }],
        allow: &[],
    }],
    ..Rules::NONE
};

fn find(path: &str) -> Option<catops_core::Command> {
    Some(match path {
        "closed" => __catops_closed(),
        "deploy" => __catops_deploy().set_plan(__catops_deploy_plan().run()).set_approve("leads", 1),
        "grind" => __catops_grind(),
        "guarded" => __catops_guarded().set_exclusive("token").from_file("ops", "plugins/ops.rs"),
        "login" => __catops_login(),
        "nightly" => __catops_nightly(),
        "note" => __catops_note(),
        "offer" => __catops_offer(),
        "pager" => __catops_pager().from_file("ops", "plugins/ops.rs"),
        "peek" => __catops_peek(),
        "pin" => __catops_pin(),
        _ => return None,
    })
}

pub(super) static COMMANDS: Commands =
    Commands::new("closed\ndeploy\ngrind\nguarded\nlogin\nnightly\nnote\noffer\npager\npeek\npin", |_| "", find)
        .with_policy(&RULES);
