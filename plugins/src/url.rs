//! The addresses that people type and servers redirect to.

use http::Uri;

/// Reads what somebody typed; `https://` goes without saying.
pub(crate) fn typed(text: &str) -> Result<Uri, &'static str> {
    // Only a scheme before it makes it one: a query may hold a whole address.
    let is_scheme = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric());
    match text.split_once("://") {
        Some((scheme, _)) if is_scheme(scheme) => absolute(text),
        _ => absolute(&format!("https://{text}")),
    }
}

/// Reads a `Location`, which may leave out what is as in `from` (RFC 9110, 10.2.2).
pub(crate) fn redirected(from: &Uri, location: &str) -> Result<Uri, &'static str> {
    let scheme = from.scheme_str().unwrap_or_default();
    let authority = from.authority().map_or("", |authority| authority.as_str());
    let path = from.path();
    let folder = path.rfind('/').map_or("/", |slash| &path[..=slash]);
    match location.chars().next() {
        Some('/') if location.starts_with("//") => absolute(&format!("{scheme}:{location}")),
        Some('/') => absolute(&format!("{scheme}://{authority}{location}")),
        Some('?') => absolute(&format!("{scheme}://{authority}{path}{location}")),
        // A colon before the first slash ends a scheme.
        _ if location.split(['/', '?', '#']).next().is_some_and(|head| head.contains(':')) => absolute(location),
        _ => absolute(&format!("{scheme}://{authority}{folder}{location}")),
    }
}

fn absolute(text: &str) -> Result<Uri, &'static str> {
    let (text, _fragment) = text.split_once('#').unwrap_or((text, ""));
    let uri: Uri =
        text.parse().map_err(|_| "that is not an address I can read; I look at ones like `example.com/health`")?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("I look at `http` and `https` addresses only");
    }
    let authority =
        uri.authority().filter(|authority| !authority.host().is_empty()).ok_or("that address names no host")?;
    if authority.as_str().contains('@') {
        return Err("please leave out the user name and the password");
    }
    // A `Uri` takes a port that is no number, or too large a one, and then says that it has none.
    if authority.port_u16().is_none() && authority.as_str() != authority.host() {
        return Err("a port is a number up to 65535");
    }
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(read: Result<Uri, &'static str>, url: &str) {
        assert_eq!(read.map(|uri| uri.to_string()).as_deref(), Ok(url));
    }

    #[test]
    fn what_people_type() {
        check(typed("example.com"), "https://example.com/");
        check(typed("example.com:8443/health#top"), "https://example.com:8443/health");
        check(typed("http://example.com"), "http://example.com/");
        check(typed("HTTPS://example.com/A"), "https://example.com/A");
        check(typed("example.com/?to=http://b.example"), "https://example.com/?to=http://b.example");
        check(typed("[fd12::1]:80"), "https://[fd12::1]:80/");
    }

    #[test]
    fn what_is_not_looked_at() {
        for (text, why) in [
            ("", "not an address"),
            ("https://", "not an address"),
            ("https://exa%mple", "not an address"),
            ("http://bücher.example", "not an address"),
            ("http://example.com:99999", "up to 65535"),
            ("http://example.com:", "up to 65535"),
            (":80", "no host"),
            ("ftp://example.com", "`http` and `https`"),
            ("https://ann:secret@example.com", "leave out the user name"),
        ] {
            let refused = typed(text).unwrap_err();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }

    #[test]
    fn locations() {
        let from: Uri = "https://a.example:8443/b/c?d".parse().unwrap();
        for (location, to) in [
            ("http://b.example/", "http://b.example/"),
            ("HTTPS://b.example/x#y", "https://b.example/x"),
            ("//b.example/x", "https://b.example/x"),
            ("/x", "https://a.example:8443/x"),
            ("x?u=http://c.example", "https://a.example:8443/b/x?u=http://c.example"),
            ("?x", "https://a.example:8443/b/c?x"),
            ("", "https://a.example:8443/b/"),
        ] {
            check(redirected(&from, location), to);
        }
        for location in ["ftp://b.example/", "mailto:ann", "javascript:alert(1)", "//", "http://u:p@b.example/"] {
            assert!(redirected(&from, location).is_err(), "{location}");
        }
    }
}
