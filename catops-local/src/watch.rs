//! Watch mode: a supervisor holds the socket, builds when a plugin is saved, and swaps the bot behind it.
//!
//! The port never closes: while a new bot starts, connections wait in its backlog. A build that fails prints its errors
//! and leaves the old bot running.

use std::net::TcpListener as StdListener;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use catops_core::{Commands, Error, ErrorKind};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::bot::State;
use crate::config::Config;
use crate::key;
use crate::serve::bind;
use crate::terminal::{complain, say};

/// Tells the child that its standard input is the socket.
const INHERIT: &str = "CATOPS_INHERITED_SOCKET";

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How often the child looks whether its supervisor is still there.
const LOOK_UP: Duration = Duration::from_millis(500);

/// Returns the socket that a supervisor handed down, if this process is the bot behind one.
pub(crate) fn inherited() -> Result<Option<TcpListener>, Error> {
    if std::env::var_os(INHERIT).is_none() {
        return Ok(None);
    }
    let listener = || {
        let socket: OwnedFd = std::io::stdin().as_fd().try_clone_to_owned()?;
        let listener = StdListener::from(socket);
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    };
    let said =
        format!("{INHERIT} is set, but standard input is no socket; `serve --watch` sets it for its child alone");
    listener().map(Some).map_err(|error| Error::new(ErrorKind::Config, said).because(error))
}

/// Resolves when the process that started this one has ended.
pub(crate) async fn orphaned() {
    let parent = std::os::unix::process::parent_id();
    while std::os::unix::process::parent_id() == parent {
        sleep(LOOK_UP).await;
    }
}

/// What is watched and how it is built.
struct Project {
    cargo: PathBuf,
    manifest: PathBuf,
    plugins: PathBuf,
    /// The program, by the path it had before the first build: afterwards the running file is gone.
    program: PathBuf,
}

impl Project {
    /// Finds the project that `cargo run` started this process from.
    fn find(commands: &'static Commands) -> Result<Self, Error> {
        let wrong = |why: &str| Error::new(ErrorKind::Config, format!("--watch {why}"));
        let variable = |name| std::env::var_os(name).map(PathBuf::from);
        let (Some(cargo), Some(folder)) = (variable("CARGO"), variable("CARGO_MANIFEST_DIR")) else {
            return Err(wrong("builds with cargo: start it by `cargo run -- serve --watch`"));
        };
        let file = commands.all().next().map(|command| command.file());
        let name = file.and_then(|file| file.split('/').next()).unwrap_or("plugins");
        let plugins = folder.ancestors().map(|above| above.join(name)).find(|plugins| plugins.is_dir());
        let plugins = plugins.ok_or_else(|| wrong(&format!("finds no folder {name}/ above {}", folder.display())))?;
        let program = std::env::current_exe().map_err(|error| wrong("cannot find its own program").because(error))?;
        Ok(Self { cargo, manifest: folder.join("Cargo.toml"), plugins, program })
    }

    /// Returns what changes when a file is saved, added or removed: the newest time and the number of files.
    fn state(&self) -> (SystemTime, usize) {
        fn look(folder: &Path, newest: &mut SystemTime, count: &mut usize) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let Ok(about) = entry.metadata() else { continue };
                if about.is_dir() {
                    look(&entry.path(), newest, count);
                } else {
                    *newest = (*newest).max(about.modified().unwrap_or(SystemTime::UNIX_EPOCH));
                    *count += 1;
                }
            }
        }
        let (mut newest, mut count) = (SystemTime::UNIX_EPOCH, 0);
        look(&self.plugins, &mut newest, &mut count);
        (newest, count)
    }

    /// Builds, and returns whether it went well; cargo prints what is wrong.
    async fn build(&self) -> bool {
        let mut build = Command::new(&self.cargo);
        build.arg("build").arg("--quiet").arg("--manifest-path").arg(&self.manifest);
        // What `cargo run` told this process about its package is not for the builds: build scripts that look at it, such
        // as ring's, would run anew, and all that depends on them.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                build.env_remove(name);
            }
        }
        if self.program.components().any(|part| part.as_os_str() == "release") {
            build.arg("--release");
        }
        build.stdin(Stdio::null()).status().await.is_ok_and(|status| status.success())
    }
}

/// Serves with a bot that is built and swapped each time a plugin is saved, until a signal.
pub(crate) async fn supervise(commands: &'static Commands, config: Config) -> Result<(), Error> {
    let project = Project::find(commands)?;
    let failed = |doing: &str| Error::new(ErrorKind::Unavailable, doing.to_owned());
    let socket = bind(config.addr).await?.into_std().map_err(|error| failed("passing the socket on").because(error))?;
    let address = socket.local_addr().map_err(|error| failed("asking for the address").because(error))?;
    State::make_folder(&config)?;
    let mut settings = config.shared.clone();
    if let (true, Some(secret)) = (key::complete(&mut settings, &config)?, &settings.slack_signing_secret) {
        say(&format!("secret: {} (made for this run; CATOPS_SLACK_SIGNING_SECRET sets yours)", secret.expose()));
    }
    let secrets =
        [("CATOPS_SLACK_SIGNING_SECRET", &settings.slack_signing_secret), ("CATOPS_JOB_KEY", &settings.job_key)];
    let start = || -> std::io::Result<Child> {
        Command::new(&project.program)
            .arg("serve")
            .env(INHERIT, "1")
            .envs(secrets.iter().filter_map(|(name, secret)| Some((name, secret.as_ref()?.expose()))))
            .stdin(Stdio::from(OwnedFd::from(socket.try_clone()?)))
            // Ctrl-C is for the supervisor, which then tells the bot; from both it would count as two.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    };
    let start = || start().map_err(|error| failed("starting the bot").because(error));

    let listen = |kind| signal(kind).map_err(|error| failed("listening for signals").because(error));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let mut seen = project.state();
    let mut bot = start()?;
    say(&format!("CatOps is here: http://{address}; save a file in {} and it answers anew", project.plugins.display()));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = bot.wait() => {
                complain("the bot has ended; save a file to start it again");
                sleep_until_changed(&project, &mut seen).await;
            }
            () = sleep_until_changed(&project, &mut seen) => {}
        }
        if project.build().await {
            stop(&mut bot).await;
            bot = start()?;
            say("swapped");
        } else {
            complain("the build failed; the bot before it goes on");
        }
    }
    stop(&mut bot).await;
    Ok(())
}

async fn sleep_until_changed(project: &Project, seen: &mut (SystemTime, usize)) {
    loop {
        let state = project.state();
        if state != *seen {
            *seen = state;
            return;
        }
        sleep(LOOK).await;
    }
}

/// Lets the bot drain. It gets its signal by `kill`, which needs no unsafe code.
async fn stop(bot: &mut Child) {
    if let Some(pid) = bot.id() {
        let told = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await;
        if !told.is_ok_and(|status| status.success()) {
            let _ = bot.start_kill();
        }
        let _ = bot.wait().await;
    }
}
