//! What a request is for, and the trace it belongs to.

use catops_core::Timestamp;
use catops_core::http::HttpRequest;
use http::Method;

/// What a path is for, besides those of the chats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /push`: a message of the topic, or an event that holds one.
    Push,
    /// `POST /task`: a sealed job as Cloud Tasks sends it.
    Task,
    /// `POST /dead`: a message of the dead-letter topic.
    Dead,
    /// `POST /tick/<command>`: the scheduler's call of a command, its path with `%20` between the words.
    Tick(String),
    /// `GET /healthz`.
    Health,
    /// None of these.
    Other,
}

impl Route {
    /// Finds what a request is for by its path; the method is looked at where it is served.
    pub fn of(http: &HttpRequest) -> Self {
        match http.uri().path() {
            "/push" => Self::Push,
            "/task" => Self::Task,
            "/dead" => Self::Dead,
            "/healthz" if http.method() == Method::GET => Self::Health,
            path => path.strip_prefix("/tick/").and_then(decode).map_or(Self::Other, Self::Tick),
        }
    }
}

/// Returns the time that a call of Cloud Scheduler is for: the same in each retry of one tick.
///
/// <https://cloud.google.com/scheduler/docs/reference/rpc/google.cloud.scheduler.v1#httptarget>
pub fn due(http: &HttpRequest) -> Option<Timestamp> {
    http.headers().get("x-cloudscheduler-scheduletime")?.to_str().ok()?.trim().parse().ok()
}

/// Reads a percent-encoded path; `None` if it is none, or not UTF-8.
fn decode(path: &str) -> Option<String> {
    let mut bytes = path.bytes();
    let mut text = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        text.push(match byte {
            b'%' => u8::try_from(digit(bytes.next())? * 16 + digit(bytes.next())?).ok()?,
            byte => byte,
        });
    }
    String::from_utf8(text).ok()
}

/// Returns the trace of a request as Cloud Logging names it, `projects/<project>/traces/<32 hex digits>`; empty without one.
///
/// `traceparent` is the W3C's header, `X-Cloud-Trace-Context` Google's own before it; Cloud Run sends both.
/// <https://cloud.google.com/trace/docs/trace-context>
pub fn trace(http: &HttpRequest, project: &str) -> String {
    let header = |name: &str| http.headers().get(name)?.to_str().ok();
    let is_id = |id: &&str| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = header("traceparent").and_then(|value| value.split('-').nth(1)).filter(is_id);
    let id = id.or_else(|| header("x-cloud-trace-context").and_then(|value| value.split('/').next()).filter(is_id));
    id.map(|id| format!("projects/{project}/traces/{id}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn with(headers: &[(&'static str, &str)]) -> HttpRequest {
        let mut http = HttpRequest::new(Bytes::new());
        for (name, value) in headers {
            http.headers_mut().insert(*name, value.parse().unwrap());
        }
        http
    }

    #[test]
    fn routes() {
        let of = |method: Method, path: &str| {
            let mut http = with(&[]);
            *http.method_mut() = method;
            *http.uri_mut() = path.parse().unwrap();
            Route::of(&http)
        };
        assert_eq!(of(Method::POST, "/push"), Route::Push);
        assert_eq!(of(Method::POST, "/task"), Route::Task);
        assert_eq!(of(Method::POST, "/dead"), Route::Dead);
        assert_eq!(of(Method::GET, "/healthz"), Route::Health);
        assert_eq!(of(Method::POST, "/tick/oncall%20rotate"), Route::Tick("oncall rotate".to_owned()));
        assert_eq!(of(Method::POST, "/tick/caf%C3%A9"), Route::Tick("café".to_owned()));
        for path in ["/", "/pushy", "/push/", "/tick", "/tick/%2", "/tick/%zz", "/tick/%ff", "/tick/%+1"] {
            assert_eq!(of(Method::POST, path), Route::Other, "{path}");
        }
        assert_eq!(of(Method::POST, "/healthz"), Route::Other);
    }

    #[test]
    fn the_time_of_a_tick() {
        let at = |value: &str| due(&with(&[("x-cloudscheduler-scheduletime", value)]));
        assert_eq!(at("1970-01-01T01:00:05+01:00"), Some(Timestamp::from_secs(5)));
        assert_eq!(at("soon"), None);
        assert_eq!(due(&with(&[])), None);
    }

    #[test]
    fn traces() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let (new, old) = (format!("00-{id}-00f067aa0ba902b7-01"), format!("{id}/12345;o=1"));
        let expected = format!("projects/p/traces/{id}");
        assert_eq!(trace(&with(&[("traceparent", &new)]), "p"), expected);
        assert_eq!(trace(&with(&[("x-cloud-trace-context", &old)]), "p"), expected);
        assert_eq!(trace(&with(&[("traceparent", "00-xyz-1-01"), ("x-cloud-trace-context", &old)]), "p"), expected);
        assert_eq!(trace(&with(&[("x-cloud-trace-context", "../../etc")]), "p"), "");
        assert_eq!(trace(&with(&[]), "p"), "");
    }
}
