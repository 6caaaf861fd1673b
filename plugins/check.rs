//! How is that page? Its status, its speed, its certificate.

use std::time::Duration;

use catops_core::{Context, Reply, Result, Timestamp, client, command, usage};
use http::Uri;
use tokio::time::{Instant, timeout_at};

use crate::visit::{Visit, Visitor};
use crate::{address, url};

/// How long all of it may take.
const TOTAL_TIME: Duration = Duration::from_secs(10);

/// What is left of the command's own time for the reply.
const MARGIN: Duration = Duration::from_millis(500);

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 5;

/// A certificate that ends within so many days is worth a warning: renewal runs a month ahead, so it has failed.
const FEW_DAYS: u64 = 14;

/// Look at a page: its status, time, redirects and certificate.
///
/// Nothing is sent but a GET, nothing is logged in to, and at most 5 redirects are followed. Hosts of your own network
/// are fine.
#[command(repeatable, next = ["check {url}"], on_failure = ["check {url}"])]
async fn check(
    ctx: &Context,
    /// The address; `https://` goes without saying
    url: String,
) -> Result<Reply> {
    let target = url::typed(&url).map_err(usage)?;
    let time = TOTAL_TIME.min(ctx.remaining().saturating_sub(MARGIN));
    let visitor = Visitor { tls: client::tls_config(), is_open: address::is_open };
    let checked = Checked::of(&visitor, target, Instant::now() + time).await;
    Ok(checked.reply(ctx.now()))
}

/// What came of a check.
#[derive(Debug)]
struct Checked {
    /// What answered, in order: redirects, then the page.
    visits: Vec<Visit>,
    /// Why that is not the end.
    trouble: Option<String>,
}

impl Checked {
    async fn of(visitor: &Visitor, url: Uri, deadline: Instant) -> Self {
        let mut checked = Self { visits: Vec::new(), trouble: None };
        let mut host = host(&url);
        let looking = checked.follow(visitor, url, &mut host);
        let trouble = match timeout_at(deadline, looking).await {
            Ok(Ok(())) => None,
            Ok(Err(trouble)) => Some(trouble),
            Err(_) => Some(format!("`{host}` takes too long; I gave up")),
        };
        Self { trouble, ..checked }
    }

    /// Goes from redirect to redirect; `host` is where it is.
    async fn follow(&mut self, visitor: &Visitor, mut url: Uri, host: &mut String) -> Result<(), String> {
        loop {
            *host = self::host(&url);
            let visit = visitor.visit(&url).await.map_err(|trouble| format!("`{host}` {trouble}"))?;
            let location = visit.location.clone();
            self.visits.push(visit);
            let Some(location) = location else { return Ok(()) };
            if self.visits.len() > MAX_REDIRECTS {
                return Err(format!("`{host}` is the end of {MAX_REDIRECTS} redirects and redirects again; I stopped"));
            }
            url = url::redirected(&url, &location)
                .map_err(|why| format!("`{host}` redirects to what I cannot follow: {why}"))?;
        }
    }

    fn reply(&self, now: Timestamp) -> Reply {
        let mut reply = match (&self.trouble, self.visits.last()) {
            (None, Some(page)) => page_reply(page, self.took(), now),
            (trouble, _) => Reply::to_channel(trouble.clone().unwrap_or_default()),
        };
        for visit in &self.visits {
            if let Some(days) = visit.certificate.map(|end| days_left(end, now)).filter(|days| *days < FEW_DAYS) {
                reply =
                    reply.and(format!("⚠ The certificate of `{}` ends in {}: renew it.", visit.host, of_days(days)));
            }
        }
        let redirects = self.visits.iter().filter(|visit| visit.location.is_some());
        let rows: Vec<_> = redirects.map(|visit| [visit.status.as_str().to_owned(), visit.host.clone()]).collect();
        if rows.is_empty() { reply } else { reply.table(["redirect", "by"], rows) }
    }

    fn took(&self) -> Duration {
        self.visits.iter().map(|visit| visit.took).sum()
    }
}

fn page_reply(page: &Visit, took: Duration, now: Timestamp) -> Reply {
    let is_fine = page.status.is_success() || page.status.is_redirection();
    let verdict = if is_fine { "is up" } else { "answers, but not well" };
    let reply = Reply::to_channel(format!("`{}` {verdict}.", page.host))
        .field("Status", page.status.to_string())
        .field("Time", format!("{} ms", took.as_millis()));
    match page.certificate {
        Some(end) => reply.field("Certificate", format!("{} left, until {end}", of_days(days_left(end, now)))),
        None => reply,
    }
}

fn host(url: &Uri) -> String {
    url.host().unwrap_or_default().to_owned()
}

fn days_left(end: Timestamp, now: Timestamp) -> u64 {
    end.since(now).as_secs() / 86_400
}

fn of_days(days: u64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::time::SystemTime;

    use catops_core::testing::Outcome;
    use rcgen::{CertificateParams, KeyPair};
    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::crypto::ring::default_provider;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

    use super::*;
    use crate::bot;

    const DAY: Duration = Duration::from_secs(86_400);

    /// A certificate that is valid for some days from now, and the key to it.
    fn certificate(days: i32) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let (now, length) = (SystemTime::now(), DAY * days.unsigned_abs());
        params.not_after = if days < 0 { now - length } else { now + length }.into();
        let key = KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }

    /// Looks like the real one, except that the loopback interface is open and `trusted` is a root.
    fn visitor(trusted: &CertificateDer<'static>) -> Visitor {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let is_open = |address: IpAddr| address == IpAddr::from([127, 0, 0, 1]) || address::is_open(address);
        Visitor { tls: Arc::new(config), is_open }
    }

    /// Answers one request by what `make` makes of its target.
    async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, port: u16, make: fn(&str) -> String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.to_lowercase().contains(&format!("\r\nhost: 127.0.0.1:{port}\r\n")), "{head}");
        let target = head.split(' ').nth(1).unwrap().to_owned();
        let _ = stream.write_all(make(&target).as_bytes()).await;
        let _ = stream.shutdown().await;
    }

    /// Serves HTTP until the test ends, and returns its port.
    async fn plain(make: fn(&str) -> String) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, port, make));
            }
        });
        port
    }

    /// Serves HTTPS until the test ends, and returns its port.
    async fn tls((chain, key): (CertificateDer<'static>, PrivateKeyDer<'static>), make: fn(&str) -> String) -> u16 {
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        answer(stream, port, make).await;
                    }
                });
            }
        });
        port
    }

    async fn checked(visitor: &Visitor, url: &str) -> Checked {
        Checked::of(visitor, url::typed(url).unwrap(), Instant::now() + TOTAL_TIME).await
    }

    fn ok(_: &str) -> String {
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()
    }

    /// `/2` redirects to `/1`, that to `/0`, which is not there.
    fn countdown(target: &str) -> String {
        match target.trim_start_matches('/').parse::<u32>().unwrap() {
            0 => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
            n => format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", n - 1),
        }
    }

    async fn text(visitor: &Visitor, url: &str) -> String {
        checked(visitor, url).await.reply(Timestamp::now()).text()
    }

    #[tokio::test]
    async fn a_page_with_a_good_certificate() {
        let (chain, key) = certificate(40);
        let visitor = visitor(&chain);
        let port = tls((chain, key), ok).await;
        // Without a scheme it is https.
        let text = text(&visitor, &format!("127.0.0.1:{port}/health?deep=1#top")).await;
        assert!(text.starts_with("`127.0.0.1` is up.\nStatus: 200 OK\nTime: "), "{text}");
        assert!(text.contains("\nCertificate: 39 days left, until 2"), "{text}");
        assert!(!text.contains('⚠'), "{text}");
    }

    #[tokio::test]
    async fn a_certificate_that_soon_ends_is_warned_of() {
        let (chain, key) = certificate(14);
        let visitor = visitor(&chain);
        let port = tls((chain, key), ok).await;
        let text = text(&visitor, &format!("https://127.0.0.1:{port}")).await;
        assert!(text.contains("⚠ The certificate of `127.0.0.1` ends in 13 days"), "{text}");
    }

    #[tokio::test]
    async fn a_certificate_that_has_ended_is_said_so() {
        let (chain, key) = certificate(-2);
        let visitor = visitor(&chain);
        let port = tls((chain, key), ok).await;
        let text = text(&visitor, &format!("https://127.0.0.1:{port}")).await;
        assert!(text.starts_with("`127.0.0.1` cannot be trusted: its certificate expired on 2"), "{text}");
    }

    #[tokio::test]
    async fn a_certificate_of_nobody_known_is_said_so() {
        let visitor = visitor(&certificate(40).0);
        let port = tls(certificate(40), ok).await;
        let text = text(&visitor, &format!("https://127.0.0.1:{port}")).await;
        assert!(text.starts_with("`127.0.0.1` cannot be trusted: its certificate "), "{text}");
    }

    #[tokio::test]
    async fn redirects_are_followed_and_shown() {
        let visitor = visitor(&certificate(40).0);
        let port = plain(countdown).await;
        let checked = checked(&visitor, &format!("http://127.0.0.1:{port}/5")).await;
        assert_eq!(checked.visits.len(), 6);
        let text = checked.reply(Timestamp::now()).text();
        assert!(text.starts_with("`127.0.0.1` answers, but not well.\nStatus: 404 Not Found\nTime: "), "{text}");
        assert_eq!(text.matches("302       127.0.0.1").count(), 5, "{text}");
        assert!(!text.contains("Certificate"), "{text}");
    }

    #[tokio::test]
    async fn a_sixth_redirect_is_not_followed() {
        let visitor = visitor(&certificate(40).0);
        let port = plain(countdown).await;
        let checked = checked(&visitor, &format!("http://127.0.0.1:{port}/6")).await;
        assert_eq!(checked.visits.len(), 6);
        assert!(checked.trouble.unwrap().contains("redirects again"));
    }

    #[tokio::test]
    async fn a_redirect_to_a_closed_address_is_not_followed() {
        fn to_metadata(_: &str) -> String {
            "HTTP/1.1 301 Moved\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n".to_owned()
        }
        let visitor = visitor(&certificate(40).0);
        let port = plain(to_metadata).await;
        let text = text(&visitor, &format!("http://127.0.0.1:{port}")).await;
        assert!(text.starts_with("`169.254.169.254` is an address on my own machine"), "{text}");
        assert!(text.contains("301       127.0.0.1"), "{text}");
    }

    #[tokio::test]
    async fn what_is_not_a_web_server() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        let visitor = visitor(&certificate(40).0);
        assert!(text(&visitor, &format!("http://127.0.0.1:{port}")).await.contains("does not answer as HTTP should"));
        // TLS spoken to one that has none.
        assert!(text(&visitor, &format!("https://127.0.0.1:{port}")).await.contains("cannot be trusted: TLS failed"));
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert_eq!(text(&visitor, &format!("http://{free}")).await, "`127.0.0.1` refuses the connection");
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_given_up() {
        let visitor = visitor(&certificate(40).0);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = url::typed(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let soon = Instant::now() + Duration::from_millis(200);
        let checked = Checked::of(&visitor, url, soon).await;
        assert_eq!(checked.trouble.as_deref(), Some("`127.0.0.1` takes too long; I gave up"));
    }

    #[tokio::test]
    async fn what_is_not_looked_at() {
        for (url, why) in [
            ("localhost", "`localhost` is an address on my own machine"),
            ("http://127.0.0.1:9001/2018-06-01/runtime/invocation/next", "`127.0.0.1` is an address on my own machine"),
            ("http://169.254.169.254/latest/meta-data", "`169.254.169.254` is an address on my own machine"),
            ("http://[::1]/", "`[::1]` is an address on my own machine"),
            ("http://2130706433/", "`2130706433` is an address on my own machine"),
            ("nowhere.invalid", "`nowhere.invalid` has no address that I can find; is the name right?"),
        ] {
            let (outcome, reply) = bot().run(&format!("check {url}")).outcome().await;
            assert_eq!(outcome, Outcome::Ran, "{url}");
            assert!(reply.text().starts_with(why), "{url}: {}", reply.text());
        }
    }

    #[tokio::test]
    async fn what_is_no_address() {
        for (url, why) in [
            ("ftp://example.com", "`http` and `https`"),
            ("https://ann:secret@example.com", "leave out the user name"),
            ("https://", "not an address"),
            ("https://exa%mple", "not an address"),
            ("http://bücher.example", "not an address"),
        ] {
            let (outcome, reply) = bot().run(&format!("check {url}")).outcome().await;
            assert_eq!(outcome, Outcome::Usage, "{url}");
            assert!(reply.text().contains(why), "{url}: {}", reply.text());
        }
    }
}
