//! Who may use the console.
//!
//! - *No rebinding*: without a token the `Host` must be a loopback name with our port, so a name on the web that was
//!   made to point here gets nothing. With a token the name is free, since the cookie belongs to one name alone.
//! - *No other sites*: what comes from a page of another origin is refused, save a plain visit to `/`.
//! - *The token once*: `/?token=…` trades it for a cookie that scripts cannot read and other sites cannot send. All else
//!   but the bot's own ways in is refused without it.
//! - *The bot's own ways in*: a reply or upload address is a secret in itself, and a call of the Web API brings the
//!   workspace's token. None of them is for browsers.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use catops_core::app::random_secret;
use catops_core::{Error, Secret};
use ring::hmac;

use super::api;
use super::workspace::Workspace;

const COOKIE: &str = "catops_console";

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Scripts, styles and connections from this server alone; pictures in replies may come from the web.
const POLICY: &str = "default-src 'self'; img-src 'self' https: data:; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

const NO_TOKEN: &str = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport \
    content=\"width=device-width\"><meta name=color-scheme content=\"light dark\"><title>CatOps</title>\
    <h1>This console needs its key</h1><p>The bot printed an address with <code>?token=…</code> when it started. \
    Please open that one; after that this browser is known.</p><p><a href=\"/\">Try again</a></p></html>";

/// The rules of one console.
pub(super) struct Guard {
    /// The names it answers to, if there is no token.
    hosts: Vec<String>,
    lock: Option<Lock>,
    /// What a call of the Web API brings.
    bearer: Known,
}

/// A secret that others are compared with.
struct Known {
    /// Fresh at each start. Two values are compared by their tags under it, which takes the same time wherever they
    /// differ, and however long they are.
    key: hmac::Key,
    secret: Secret,
}

/// A token and the cookie made from it.
struct Lock {
    token: Known,
    cookie: Known,
}

impl Known {
    fn new(secret: Secret) -> Result<Self, Error> {
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, random_secret()?.expose().as_bytes()), secret })
    }

    fn is(&self, given: &str) -> bool {
        let tag = hmac::sign(&self.key, given.as_bytes());
        hmac::verify(&self.key, self.secret.expose().as_bytes(), tag.as_ref()).is_ok()
    }
}

impl Guard {
    pub(super) fn new(workspace: &Workspace, token: Option<Secret>) -> Result<Self, Error> {
        let authority = workspace.authority();
        let port = authority.rsplit_once(':').map_or("80", |(_, port)| port);
        let mut hosts = vec![authority.to_owned()];
        for name in ["127.0.0.1", "localhost", "[::1]"] {
            hosts.push(format!("{name}:{port}"));
            if port == "80" {
                hosts.push(name.to_owned());
            }
        }
        let lock = token.map(Lock::new).transpose()?;
        Ok(Self { hosts, lock, bearer: Known::new(workspace.token().clone())? })
    }

    /// Returns why the request is refused, or how it is answered without asking further.
    fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let host = text(header::HOST).or(uri.authority().map(|authority| authority.as_str())).unwrap_or_default();
        if self.lock.is_none() && !self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
            return Some(refuse("host", "this address is not known here: open the one that the bot printed"));
        }
        let is_browser = headers.contains_key(header::ORIGIN) || headers.contains_key(FETCH_SITE);
        let is_call = uri.path().starts_with("/console/api/");
        if is_call || ["/console/reply/", "/console/upload/"].iter().any(|way| uri.path().starts_with(way)) {
            return match is_browser {
                true => Some(refuse("browser", "this address is not for browsers")),
                false => is_call.then(|| self.unauthorised(text(header::AUTHORIZATION))).flatten(),
            };
        }
        let is_visit = method == Method::GET && uri.path() == "/";
        let origin_is_own = !headers.contains_key(header::ORIGIN)
            || text(header::ORIGIN)
                .and_then(|origin| origin.split_once("://"))
                .is_some_and(|(_, own)| own.eq_ignore_ascii_case(host));
        let site_is_own = !headers.contains_key(FETCH_SITE) || matches!(text(FETCH_SITE), Some("same-origin" | "none"));
        if !origin_is_own || !(site_is_own || is_visit) {
            return Some(refuse("origin", "this request comes from another site"));
        }
        self.lock.as_ref().and_then(|lock| lock.answer(uri, text(header::COOKIE).unwrap_or_default()))
    }

    /// Answers a call of the Web API that does not bring its token.
    fn unauthorised(&self, authorization: Option<&str>) -> Option<Response> {
        match authorization.map(|value| value.strip_prefix("Bearer ").is_some_and(|token| self.bearer.is(token))) {
            Some(true) => None,
            Some(false) => Some(api::unauthorised("invalid_auth")),
            None => Some(api::unauthorised("not_authed")),
        }
    }
}

impl Lock {
    fn new(token: Secret) -> Result<Self, Error> {
        // Cookies do not keep ports apart: another service of the host sees ours, so it must not hold the token. It is
        // the same after a restart, and ends with the token.
        let of = hmac::Key::new(hmac::HMAC_SHA256, token.expose().as_bytes());
        let mut cookie = String::new();
        for byte in hmac::sign(&of, b"catops console cookie").as_ref() {
            let _ = write!(cookie, "{byte:02x}");
        }
        Ok(Self { token: Known::new(token)?, cookie: Known::new(Secret::new(cookie))? })
    }

    fn answer(&self, uri: &Uri, cookies: &str) -> Option<Response> {
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        if uri.path() == "/"
            && let Some((_, token)) = query.into_iter().find(|(name, _)| name == "token")
            && self.token.is(&token)
        {
            let cookie = format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/", self.cookie.secret.expose());
            return Some(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response());
        }
        let mut cookies = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
        if cookies.any(|(name, value)| name == COOKIE && self.cookie.is(value)) {
            return None;
        }
        Some((StatusCode::UNAUTHORIZED, Html(NO_TOKEN)).into_response())
    }
}

fn refuse(reason: &str, words: &'static str) -> Response {
    tracing::warn!(reason, "the console refused a request");
    (StatusCode::FORBIDDEN, words).into_response()
}

/// Lets a request through, or answers it.
pub(super) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.answer(request.method(), request.uri(), request.headers()) {
        Some(response) => response,
        None => next.run(request).await,
    }
}

/// Tells the browser what the page may do.
pub(super) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
