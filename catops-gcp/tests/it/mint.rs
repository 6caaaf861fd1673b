//! Tokens as Google makes them, by keys made for these tests, and a server that publishes the public halves.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use catops_core::chat::Rejection;
use catops_core::http::{HttpRequest, HttpResponse};
use catops_core::server::{self, Handler, Limits};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RsaKeyPair};
use serde_json::{Value, json};

pub(crate) const AUDIENCE: &str = "https://bot.example.run.app";
pub(crate) const ACCOUNT: &str = "pusher@example-project.iam.gserviceaccount.com";

/// A key pair under the id that the header names it by.
pub(crate) struct Mint {
    pub(crate) id: &'static str,
    pair: RsaKeyPair,
}

impl Mint {
    fn new(id: &'static str, pkcs8: &str) -> Self {
        let der = STANDARD.decode(pkcs8.split_whitespace().collect::<String>()).unwrap();
        Self { id, pair: RsaKeyPair::from_pkcs8(&der).unwrap() }
    }

    /// The key that Google signs with.
    pub(crate) fn google() -> Self {
        Self::new("google-1", include_str!("../fixtures/rsa-google.pkcs8.base64"))
    }

    /// The key that Google signs with next.
    pub(crate) fn rotated() -> Self {
        Self::new("google-2", include_str!("../fixtures/rsa-rotated.pkcs8.base64"))
    }

    /// A key that is not Google's, which claims to be.
    pub(crate) fn stranger() -> Self {
        Self::new("google-1", include_str!("../fixtures/rsa-stranger.pkcs8.base64"))
    }

    /// Returns the public half as a JSON web key.
    pub(crate) fn public(&self) -> Value {
        let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(self.pair.public());
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": encode(&n), "e": encode(&e)})
    }

    /// Returns the modulus, for what is signed with it as if it were a shared secret.
    pub(crate) fn modulus(&self) -> Vec<u8> {
        PublicKeyComponents::<Vec<u8>>::from(self.pair.public()).n
    }

    pub(crate) fn header(&self) -> Value {
        json!({"alg": "RS256", "kid": self.id, "typ": "JWT"})
    }

    /// Signs a token by RS256, whatever its header says.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = format!("{}.{}", encode(header), encode(claims));
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(self.raw(&text, false)))
    }

    /// Signs a token by RS384.
    pub(crate) fn sign_384(&self, header: &Value, claims: &Value) -> String {
        let text = format!("{}.{}", encode(header), encode(claims));
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(self.raw(&text, true)))
    }

    fn raw(&self, text: &str, is_384: bool) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let padding: &dyn ring::signature::RsaEncoding = if is_384 { &RSA_PKCS1_SHA384 } else { &RSA_PKCS1_SHA256 };
        self.pair.sign(padding, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        signature
    }

    /// Makes a token that is good at `now`, in seconds.
    pub(crate) fn good(&self, now: u64) -> String {
        self.sign(&self.header(), &claims(now))
    }
}

pub(crate) fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Returns what Google says of the pusher at `now`, in seconds.
pub(crate) fn claims(now: u64) -> Value {
    json!({
        "aud": AUDIENCE, "azp": "1137", "sub": "1137", "email": ACCOUNT, "email_verified": true,
        "iss": "https://accounts.google.com", "iat": now, "exp": now + 3600,
    })
}

/// Publishes keys as Google does.
pub(crate) struct Published {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    /// The status, the `Cache-Control` and the keys of the next answers.
    answer: Mutex<(u16, String, Value)>,
    asked: Mutex<usize>,
}

impl Published {
    pub(crate) async fn new(keys: &[&Mint]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { answer: Mutex::default(), asked: Mutex::default() });
        let published = Self { address, shared: shared.clone() };
        published.set(200, "public, max-age=3600", keys);
        tokio::spawn(server::serve(listener, shared, Limits::default(), std::future::pending()));
        published
    }

    pub(crate) fn set(&self, status: u16, cache: &str, keys: &[&Mint]) {
        let keys: Vec<_> = keys.iter().map(|mint| mint.public()).collect();
        *self.shared.answer.lock().unwrap() = (status, cache.to_owned(), json!({ "keys": keys }));
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/oauth2/v3/certs", self.address)
    }

    /// Returns how often the keys were asked for.
    pub(crate) fn asked(&self) -> usize {
        *self.shared.asked.lock().unwrap()
    }
}

impl Handler for Shared {
    async fn handle(&self, _: HttpRequest) -> HttpResponse {
        *self.asked.lock().unwrap() += 1;
        let (status, cache, keys) = self.answer.lock().unwrap().clone();
        let response = http::Response::builder().status(status).header("cache-control", cache);
        response.body(keys.to_string().into()).unwrap()
    }

    fn refuse(&self, rejection: Rejection) -> HttpResponse {
        rejection.response()
    }
}
