//! Azurite: started once for this process, on ports of its own, and ended with it.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use catops_azure::storage::Storage;

/// How long Azurite may take to listen. It takes 3 seconds on a quiet machine.
const START_TIME: Duration = Duration::from_secs(60);

/// The account of every emulator and its key, which Microsoft publishes.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A running Azurite. The pipe to its watcher stays open as long as this process lives.
struct Server {
    queue: String,
    table: String,
    _watcher: Child,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

/// Returns `host:port` of the queues.
pub(crate) fn queue_host() -> &'static str {
    &server().queue
}

/// Returns `host:port` of the tables.
pub(crate) fn table_host() -> &'static str {
    &server().table
}

/// Returns the connection string of an account with these hosts and this access.
pub(crate) fn connection(queue: &str, table: &str, access: &str) -> String {
    format!(
        "AccountName={ACCOUNT};{access};QueueEndpoint=http://{queue}/{ACCOUNT};TableEndpoint=http://{table}/{ACCOUNT}"
    )
}

/// Returns the connection string with the account's key.
pub(crate) fn with_key(queue: &str, table: &str) -> String {
    connection(queue, table, &format!("AccountKey={KEY}"))
}

/// Returns a handle on the account, with connections of its own.
pub(crate) fn storage() -> Arc<Storage> {
    storage_of(&with_key(queue_host(), table_host()))
}

pub(crate) fn storage_of(connection: &str) -> Arc<Storage> {
    let read = |name: &str| (name == "AzureWebJobsStorage").then(|| connection.to_owned());
    Arc::new(Storage::read(read).unwrap())
}

/// Returns a name that no other test has: letters and digits, as tables need.
pub(crate) fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("catops{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn start() -> Server {
    let program = std::env::var("CATOPS_AZURITE").unwrap_or_default();
    assert!(
        !program.is_empty(),
        "CATOPS_AZURITE is not set: it is the path of dist/src/azurite.js of the npm package azurite 3.35.0, and this test \
         needs it"
    );
    // Held together, so that they differ.
    let free = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [blob, queue, table] = free.map(|listener| listener.local_addr().unwrap());
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("azurite-{}", queue.port()));
    std::fs::create_dir_all(&place).unwrap();
    let log = place.join("log");
    let out = File::create(&log).unwrap();
    // A static is not dropped, and a test process can be killed. So a shell holds the emulator, and ends it when the pipe
    // from this process closes, whatever the reason.
    let mut shell = Command::new("sh");
    shell.args(["-c", r#""$@" & server=$!; read -r _; kill "$server"; wait "$server""#, "watcher", "node", &program]);
    shell.args(["--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]);
    for (service, addr) in [("blob", blob), ("queue", queue), ("table", table)] {
        shell.args([
            format!("--{service}Host"),
            "127.0.0.1".to_owned(),
            format!("--{service}Port"),
            addr.port().to_string(),
        ]);
    }
    shell.current_dir(&place).stdin(Stdio::piped()).stdout(out.try_clone().unwrap()).stderr(out);
    let watcher = shell.spawn().unwrap();
    let started = Instant::now();
    while !(listens(queue) && listens(table)) {
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        assert!(started.elapsed() < START_TIME, "{program} does not listen on {queue}; it said: {}", said());
        std::thread::sleep(Duration::from_millis(50)); // between two looks; what is waited for is the connection
    }
    Server { queue: queue.to_string(), table: table.to_string(), _watcher: watcher }
}

fn listens(addr: SocketAddr) -> bool {
    TcpStream::connect(addr).is_ok()
}
