//! The base of the Web API: where the token may go.

use std::net::IpAddr;

/// Returns the address with a slash at its end, or what is wrong with it.
pub(super) fn checked(url: &str, others: &[String]) -> Result<String, &'static str> {
    let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err("does not begin with `https://`"),
    };
    let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '\\' | '?' | '#' | '@');
    let parsed: http::Uri = match url.parse() {
        Ok(parsed) if !url.contains(odd) => parsed,
        _ => return Err("is not a plain address"),
    };
    let authority = &rest[..rest.find('/').unwrap_or(rest.len())];
    // The parser that checks and the one that connects have to agree on the host.
    if parsed.authority().is_none_or(|parsed| parsed.as_str() != authority) {
        return Err("is not a plain address");
    }
    let host = parsed.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    if !secure && !is_loopback && !others.iter().any(|other| other == authority) {
        return Err("begins with `http://`, which is for loopback and for what CATOPS_REPLY_HOSTS lists");
    }
    Ok(if url.ends_with('/') { url.to_owned() } else { format!("{url}/") })
}

#[cfg(test)]
mod tests {
    use super::super::BASE;
    use super::*;

    fn check(url: &str, expected: Result<&str, &str>) {
        let others = ["proxy.example.com:8080".to_owned()];
        assert_eq!(checked(url, &others).as_deref().map_err(|wrong| *wrong), expected, "{url}");
    }

    #[test]
    fn addresses() {
        check(BASE, Ok(BASE));
        check("https://slack-gov.com/api", Ok("https://slack-gov.com/api/"));
        check("http://127.0.0.1:4000/api", Ok("http://127.0.0.1:4000/api/"));
        check("http://[::1]:4000", Ok("http://[::1]:4000/"));
        check("http://localhost/api/", Ok("http://localhost/api/"));
        check("http://proxy.example.com:8080/api/", Ok("http://proxy.example.com:8080/api/"));
        let clear = Err("begins with `http://`, which is for loopback and for what CATOPS_REPLY_HOSTS lists");
        check("http://slack.com/api/", clear);
        check("http://proxy.example.com/api/", clear);
        check("http://127.0.0.1.evil.example/api/", clear);
        check("http://localhost.evil.example/api/", clear);
        check("slack.com/api/", Err("does not begin with `https://`"));
        check("", Err("does not begin with `https://`"));
        check("ftp://slack.com/", Err("does not begin with `https://`"));
        for url in [
            "https://",
            "https:///api/",
            "https://user@slack.com/api/",
            "https://slack.com/api/?x=",
            "https://slack.com/api/#x",
            "https://slack.com\\evil.example/",
            "https://sl ack.com/",
            "https://sl\u{e4}ck.com/",
            "http://127.0.0.1:4000@evil.example/",
        ] {
            check(url, Err("is not a plain address"));
        }
    }
}
