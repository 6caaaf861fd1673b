//! Addresses that come from outside: the `response_url`, which is a bearer secret and which a forged job could point
//! anywhere, and where the bytes of a file go.

/// The hosts on which Slack makes reply addresses: commercial, and for the United States government.
const HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// The hosts that take the bytes of files. docs.slack.dev, "files.getUploadURLExternal"; GovSlack has its own of each.
const FILE_HOSTS: [&str; 2] = ["files.slack.com", "files.slack-gov.com"];

/// How the path of an address begins that came with the press of a button, or the choice in a menu, and not with a slash
/// command.
const PRESSES: &str = "/actions/";

/// Checks addresses.
pub(super) struct Address;

impl Address {
    /// Returns `Err` unless `url` is on a host of Slack's over https, or on one of `others` over https or http.
    ///
    /// The authority must be one of the list to the letter: no port that is not listed, no user, no capital, no dot at
    /// the end. Two parsers have to agree on it, since the one that checks and the one that connects are not the same.
    pub(super) fn check(url: &str, others: &[String]) -> Result<(), ()> {
        check(url, HOSTS, others)
    }

    /// Returns `Err` unless files may be sent to `url`; as strict as [`Address::check`].
    pub(super) fn check_upload(url: &str, others: &[String]) -> Result<(), ()> {
        check(url, FILE_HOSTS, others)
    }

    /// Returns whether the original message of this address, which has been checked, is the one that holds a button, and
    /// so none of the replies to the press of it.
    pub(super) fn is_of_press(url: &str) -> bool {
        url.parse::<http::Uri>().is_ok_and(|url| url.path().starts_with(PRESSES))
    }
}

fn check(url: &str, hosts: [&str; 2], others: &[String]) -> Result<(), ()> {
    let (secure, rest) = match url.strip_prefix("https://") {
        Some(rest) => (true, rest),
        None => (false, url.strip_prefix("http://").ok_or(())?),
    };
    // Anything a lenient parser would drop or read as a slash.
    if !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err(());
    }
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let known = secure && hosts.contains(&authority) || others.iter().any(|other| other == authority);
    let parsed: http::Uri = url.parse().map_err(|_| ())?;
    let agreed = parsed.authority().is_some_and(|parsed| parsed.as_str() == authority);
    if known && agreed { Ok(()) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn others() -> Vec<String> {
        ["127.0.0.1:4000", "proxy.example.com", "[::1]:4000"].map(str::to_owned).to_vec()
    }

    #[test]
    fn taken() {
        for url in [
            "https://hooks.slack.com/commands/T1/2/x",
            "https://hooks.slack.com/actions/T1/2/x?y=z",
            "https://hooks.slack-gov.com/commands/T1/2/x",
            "https://hooks.slack.com",
            "http://127.0.0.1:4000/x",
            "https://127.0.0.1:4000/x",
            "http://proxy.example.com/x",
            "http://[::1]:4000/x",
        ] {
            assert_eq!(Address::check(url, &others()), Ok(()), "{url}");
        }
    }

    #[test]
    fn those_of_presses() {
        assert!(Address::is_of_press("https://hooks.slack.com/actions/T1/2/x?y=z"));
        for url in ["https://hooks.slack.com/commands/T1/2/x", "https://hooks.slack.com/app/T1/2/x?/actions/"] {
            assert!(!Address::is_of_press(url), "{url}");
        }
    }

    #[test]
    fn files() {
        for url in ["https://files.slack.com/upload/v1/x", "https://files.slack-gov.com/x", "http://127.0.0.1:4000/x"] {
            assert_eq!(Address::check_upload(url, &others()), Ok(()), "{url}");
        }
        for url in [
            "",
            "http://files.slack.com/upload/v1/x",
            "https://files.slack.com.evil.example/x",
            "https://files.slack.com@evil.example/x",
            "https://hooks.slack.com/x",
            "https://slack.com/x",
            "https://169.254.169.254/latest",
        ] {
            assert_eq!(Address::check_upload(url, &others()), Err(()), "{url}");
        }
    }

    #[test]
    fn refused() {
        for url in [
            "",
            "https://",
            "https:///commands",
            "hooks.slack.com/x",
            "//hooks.slack.com/x",
            "http://hooks.slack.com/x",
            "HTTPS://hooks.slack.com/x",
            "https://HOOKS.slack.com/x",
            "https://hooks.slack.com./x",
            "https://hooks.slack.com:443/x",
            "https://hooks.slack.com:8443/x",
            "https://hooks.slack.com:/x",
            "https://hooks.slack.com@evil.example/x",
            "https://hooks.slack.com:x@evil.example/x",
            "https://user@hooks.slack.com/x",
            "https://user:word@hooks.slack.com/x",
            "https://@hooks.slack.com/x",
            "https://evil.example/https://hooks.slack.com/x",
            "https://evil.example#hooks.slack.com/x",
            "https://evil.example?hooks.slack.com/x",
            "https://evil.example\\hooks.slack.com/x",
            "https://hooks.slack.com\\@evil.example/x",
            "https://hooks.slack.com\\.evil.example/x",
            "https:\\\\hooks.slack.com/x",
            "https:/hooks.slack.com/x",
            "https:hooks.slack.com/x",
            "https://hooks.slack.com.evil.example/x",
            "https://evilhooks.slack.com/x",
            "https://hooks.slack.com%2eevil.example/x",
            "https://hooks%2eslack.com/x",
            "https://hooks.slack.com%00.evil.example/x",
            "https://hooks.slack.com\0.evil.example/x",
            "https://hooks.slack.com\t/x",
            "https://hoo\tks.slack.com/x",
            "https://hooks.slack.com/x\n",
            "https://hooks.slack.com/x y",
            " https://hooks.slack.com/x",
            "https://hooks.slack.com/\r\nhost: evil.example",
            "https://hooks\u{3002}slack\u{3002}com/x",
            "https://hooks.sl\u{430}ck.com/x",
            "https://hooks.slack.com\u{ff0f}evil.example/x",
            "https://[::1]/x",
            "https://[::1]:4001/x",
            "https://[::ffff:127.0.0.1]:4000/x",
            "https://2130706433/x",
            "https://0x7f.1:4000/x",
            "http://127.0.0.1/x",
            "http://127.0.0.1:4000@evil.example/x",
            "http://127.0.0.1:40000/x",
            "http://proxy.example.com:80/x",
            "ftp://hooks.slack.com/x",
            "file:///etc/passwd",
            "javascript:https://hooks.slack.com/x",
        ] {
            assert_eq!(Address::check(url, &others()), Err(()), "{url}");
        }
    }
}
