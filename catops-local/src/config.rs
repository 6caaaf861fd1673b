//! What the environment says.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use catops_core::log::{self, Format};
use catops_core::settings::{Settings, variable, wrong};
use catops_core::{Error, Secret};
use tracing::Level;

use crate::worker::CONCURRENCY;

/// The settings of the local bot, one field for each variable.
#[derive(Clone, Debug)]
pub struct Config {
    /// `CATOPS_ADDR`: where the server listens, `127.0.0.1:3000` unless set.
    pub addr: SocketAddr,
    /// `CATOPS_LOCAL_DIR`: the folder with the queue and the state, `.catops` in the current one unless set.
    pub folder: PathBuf,
    /// `CATOPS_LOCAL_QUEUE`: `durable` (on disk) unless set, or `memory`.
    pub queue: QueueKind,
    /// `CATOPS_STORE`: the queue's file unless set, or `memory`, or `sqlite:<path>`.
    pub store: StoreKind,
    /// `CATOPS_TIME_LIMIT`: how many seconds a command may run, 900 unless set.
    pub limit: Duration,
    /// `CATOPS_WORKERS`: how many commands the server runs at once, 16 unless set. With 0 it takes jobs and runs none.
    pub workers: usize,
    /// `CATOPS_LOG`: what is logged and how, if it is set.
    pub log: Option<(Level, Format)>,
    /// `CATOPS_CONSOLE_TOKEN`: what opens the console on an address that others reach too.
    pub console_token: Option<Secret>,
    /// What every adapter shares.
    pub shared: Settings,
}

/// Where jobs wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueKind {
    /// On disk: an accepted job survives everything.
    Durable,
    /// In memory: an accepted job is lost with the process.
    Memory,
}

/// Where claims, state and the audit are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// In the file of the queue.
    Shared,
    /// In memory.
    Memory,
    /// In a file of its own.
    File(PathBuf),
}

/// Where the server listens unless told otherwise.
const ADDR: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 3000);

const FOLDER: &str = ".catops";

/// As long as a function may run on AWS, the shortest limit of the clouds, so that what works here works there.
const LIMIT: Duration = Duration::from_secs(900);

impl Config {
    /// Reads the environment. An error names the variable, what is wrong with it, and what it can be.
    pub fn from_env() -> Result<Self, Error> {
        Self::read(&variable, Settings::from_env()?)
    }

    fn read(get: &dyn Fn(&str) -> Result<Option<String>, Error>, shared: Settings) -> Result<Self, Error> {
        Ok(Self {
            addr: get("CATOPS_ADDR")?.map_or(Ok(ADDR), |text| addr("CATOPS_ADDR", &text))?,
            folder: get("CATOPS_LOCAL_DIR")?.unwrap_or_else(|| FOLDER.to_owned()).into(),
            queue: match get("CATOPS_LOCAL_QUEUE")?.as_deref() {
                None | Some("durable") => QueueKind::Durable,
                Some("memory") => QueueKind::Memory,
                Some(other) => return Err(wrong("CATOPS_LOCAL_QUEUE", other, "`durable` or `memory`")),
            },
            store: match get("CATOPS_STORE")?.as_deref() {
                None => StoreKind::Shared,
                Some("memory") => StoreKind::Memory,
                Some(text) => match text.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
                    Some(path) => StoreKind::File(path.into()),
                    None => return Err(wrong("CATOPS_STORE", text, "`memory` or `sqlite:<path>` here")),
                },
            },
            limit: match get("CATOPS_TIME_LIMIT")? {
                None => LIMIT,
                Some(text) => match text.parse::<u32>() {
                    Ok(seconds) if seconds > 0 => Duration::from_secs(seconds.into()),
                    _ => return Err(wrong("CATOPS_TIME_LIMIT", &text, "a whole number of seconds, such as `900`")),
                },
            },
            workers: match get("CATOPS_WORKERS")? {
                None => CONCURRENCY,
                Some(text) => match text.parse::<u16>() {
                    Ok(count) => count.into(),
                    Err(_) => return Err(wrong("CATOPS_WORKERS", &text, "a whole number, such as `16`")),
                },
            },
            log: get("CATOPS_LOG")?.map(|text| log::parse(&text)).transpose()?,
            console_token: get("CATOPS_CONSOLE_TOKEN")?.map(Secret::new),
            shared,
        })
    }

    /// Returns where the queue's file is.
    pub fn file(&self) -> PathBuf {
        self.folder.join("catops.db")
    }
}

/// Reads an address such as `127.0.0.1:3000`, `localhost:3000`, or a port alone; `name` is for the error.
pub fn addr(name: &str, text: &str) -> Result<SocketAddr, Error> {
    if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
        return Ok(SocketAddr::new(ADDR.ip(), port));
    }
    let found = text.to_socket_addrs().ok().and_then(|mut found| found.next());
    found.ok_or_else(|| wrong(name, text, "an address and a port, such as `127.0.0.1:3000`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &'static str, value: &'static str) -> Result<Config, String> {
        let get = |wanted: &str| Ok((wanted == name).then(|| value.to_owned()));
        Config::read(&get, Settings::default()).map_err(|error| error.to_string())
    }

    fn refuses(name: &'static str, value: &'static str) {
        let error = read(name, value).expect_err(value);
        assert!(error.starts_with(&format!("{name} cannot be `{value}`: it is ")), "{error}");
    }

    #[test]
    fn nothing_need_be_set() {
        let config = read("", "").unwrap();
        assert_eq!((config.addr, config.limit), (ADDR, LIMIT));
        assert_eq!((config.queue, config.store.clone()), (QueueKind::Durable, StoreKind::Shared));
        assert_eq!(config.file(), PathBuf::from(".catops/catops.db"));
    }

    #[test]
    fn addresses() {
        for (text, addr) in [
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("8080", "127.0.0.1:8080"),
            (":8080", "127.0.0.1:8080"),
            ("[::1]:3000", "[::1]:3000"),
        ] {
            assert_eq!(read("CATOPS_ADDR", text).unwrap().addr.to_string(), addr);
        }
        refuses("CATOPS_ADDR", "70000");
        refuses("CATOPS_ADDR", "127.0.0.1");
    }

    #[test]
    fn places() {
        assert_eq!(read("CATOPS_LOCAL_QUEUE", "memory").unwrap().queue, QueueKind::Memory);
        assert_eq!(read("CATOPS_STORE", "memory").unwrap().store, StoreKind::Memory);
        assert_eq!(read("CATOPS_STORE", "sqlite:/x/y.db").unwrap().store, StoreKind::File("/x/y.db".into()));
        refuses("CATOPS_LOCAL_QUEUE", "redis");
        refuses("CATOPS_STORE", "sqlite:");
        refuses("CATOPS_STORE", "dynamodb:table");
    }

    #[test]
    fn limits() {
        assert_eq!(read("CATOPS_TIME_LIMIT", "4").unwrap().limit, Duration::from_secs(4));
        for wrong in ["0", "-1", "15m", "99999999999"] {
            refuses("CATOPS_TIME_LIMIT", wrong);
        }
    }
}
