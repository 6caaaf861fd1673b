//! A relay on loopback between a binary and one of its services, so that the service can be taken away.

use std::net::SocketAddr;

use catops_core::conformance::flow::Failure;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes connections on while it is up. When it is taken down, open ones break and new ones are closed at once.
pub(crate) struct Relay {
    address: SocketAddr,
    up: watch::Sender<bool>,
}

impl Relay {
    pub(crate) async fn start(to: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (up, is_up) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                let mut is_up = is_up.clone();
                if !*is_up.borrow() {
                    continue;
                }
                tokio::spawn(async move {
                    tokio::select! {
                        _ = is_up.wait_for(|up| !up) => {}
                        () = pass(from, to) => {}
                    }
                });
            }
        });
        Ok(Self { address, up })
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn set(&self, up: bool) {
        self.up.send_replace(up);
    }
}

async fn pass(mut from: TcpStream, to: SocketAddr) {
    if let Ok(mut to) = TcpStream::connect(to).await {
        // Without this, what one side sends in two parts waits for the other side's receipt of the first.
        let _ = (from.set_nodelay(true), to.set_nodelay(true));
        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
    }
}
