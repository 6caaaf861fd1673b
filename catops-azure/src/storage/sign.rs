//! Shared Key: what a call is signed with where there is an account key.
//!
//! Microsoft Learn, "Authorize with Shared Key": queues sign the method, eleven headers, those that begin with `x-ms-`, and
//! the resource with its query; tables sign the method, three headers and the resource.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use catops_core::{Secret, Timestamp};
use ring::hmac;

use super::{API_VERSION, Call, Endpoint, Service};

/// The name of an account and one of its two keys.
pub(super) struct AccountKey {
    name: String,
    key: hmac::Key,
}

impl AccountKey {
    /// Reads a key, which is base64; `None` if it is not.
    pub(super) fn new(name: String, key: &str) -> Option<Self> {
        let key = STANDARD.decode(key).ok().filter(|key| !key.is_empty())?;
        Some(Self { name, key: hmac::Key::new(hmac::HMAC_SHA256, &key) })
    }

    /// Makes the header `authorization` of a call that is sent with this date.
    pub(super) fn authorize(&self, endpoint: &Endpoint, call: &Call<'_>, date: &str) -> Secret {
        let text = match call.service {
            Service::Queue => self.of_queue(endpoint, call, date),
            Service::Table => self.of_table(endpoint, call, date),
        };
        let signature = STANDARD.encode(hmac::sign(&self.key, text.as_bytes()));
        Secret::new(format!("SharedKey {}:{signature}", self.name))
    }

    fn of_queue(&self, endpoint: &Endpoint, call: &Call<'_>, date: &str) -> String {
        let mut text = format!("{}\n", call.method);
        let length = Some(call.body.len()).filter(|length| *length > 0).map(|length| length.to_string());
        for name in [
            "content-encoding",
            "content-language",
            "content-length",
            "content-md5",
            "content-type",
            "date",
            "if-modified-since",
            "if-match",
            "if-none-match",
            "if-unmodified-since",
            "range",
        ] {
            let value = if name == "content-length" { length.as_deref() } else { header(call, name) };
            text.push_str(value.unwrap_or_default());
            text.push('\n');
        }
        let _ = write!(text, "x-ms-date:{date}\nx-ms-version:{API_VERSION}\n{}", self.resource(endpoint, call));
        let mut query: Vec<_> = call.query.iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        query.sort();
        for (name, value) in query {
            let _ = write!(text, "\n{name}:{value}");
        }
        text
    }

    fn of_table(&self, endpoint: &Endpoint, call: &Call<'_>, date: &str) -> String {
        let [md5, kind] = ["content-md5", "content-type"].map(|name| header(call, name).unwrap_or_default());
        let mut text = format!("{}\n{md5}\n{kind}\n{date}\n{}", call.method, self.resource(endpoint, call));
        if let Some((_, value)) = call.query.iter().find(|(name, _)| *name == "comp") {
            let _ = write!(text, "?comp={value}");
        }
        text
    }

    fn resource(&self, endpoint: &Endpoint, call: &Call<'_>) -> String {
        format!("/{}{}{}", self.name, endpoint.path, call.path)
    }
}

fn header<'a>(call: &Call<'a>, name: &str) -> Option<&'a str> {
    call.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
}

/// Writes a time as HTTP does: `Sun, 22 Nov 2026 12:03:09 GMT`.
pub(super) fn http_date(time: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]; // 1970 began on a Thursday
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let shown = time.to_string(); // 2026-11-22 12:03:09 UTC
    let mut parts = shown.split(['-', ' ']);
    let mut next = || parts.next().unwrap_or_default();
    let (year, month, day, clock) = (next(), next(), next(), next());
    let month = month.parse().ok().and_then(|month: usize| MONTHS.get(month.checked_sub(1)?)).unwrap_or(&"");
    let weekday = DAYS[(time.as_secs() / 86_400 % 7) as usize];
    format!("{weekday}, {day} {month} {year} {clock} GMT")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Method;

    use super::*;

    /// The emulators' key, which Microsoft publishes.
    const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    const DATE: &str = "Sun, 22 Nov 2026 12:03:09 GMT";

    /// Checks a signature for an account in Azure, and for one in an emulator, whose paths begin with its name.
    ///
    /// The signatures are those of Microsoft's packages for Python: azure-storage-queue 12.18.1, azure-data-tables 12.7.0.
    fn check(call: &Call<'_>, expected: [&str; 2]) {
        for ((account, path), expected) in
            [("catops", ""), ("devstoreaccount1", "/devstoreaccount1")].iter().zip(expected)
        {
            let endpoint = Endpoint { url: String::new(), host: String::new(), path: (*path).to_owned() };
            let key = AccountKey::new((*account).to_owned(), KEY).unwrap();
            let header = key.authorize(&endpoint, call, DATE);
            assert_eq!(*header.expose(), format!("SharedKey {account}:{expected}"), "{} {}", call.method, call.path);
        }
    }

    #[test]
    fn queues() {
        let call = |method, path: &'static str| Call {
            service: Service::Queue,
            method,
            path: path.into(),
            query: &[],
            headers: &[],
            body: Bytes::new(),
        };
        check(
            &Call {
                query: &[("messagettl", "604800")],
                headers: &[("content-type", "application/xml")],
                body: vec![b'x'; 73].into(),
                ..call(Method::POST, "/catops-jobs/messages")
            },
            ["0nwtnSWBdVwhWmaw0S1CFGMhUwwaRpSuaR44LyT2QtE=", "ze/jDx4kJiOQ9dBu03RGigpp4z15kU0xyh7pgOwjSwQ="],
        );
        check(
            &Call { query: &[("comp", "metadata")], ..call(Method::GET, "/catops-jobs") },
            ["WvvUjTon01aZT9W7LnpwxZizH65TZtuegDMtAB1Af74=", "QScwxCEnxlMWFc1O4tWOGjgvyRk8Z+W4sLlpzSWDp3c="],
        );
    }

    #[test]
    fn tables() {
        let call = |method, path: &'static str| Call {
            service: Service::Table,
            method,
            path: path.into(),
            query: &[],
            headers: &[],
            body: Bytes::new(),
        };
        let row = "/catops(PartitionKey='catops',RowKey='entry-61')";
        check(
            &Call { headers: &[("accept", "application/json;odata=nometadata")], ..call(Method::GET, row) },
            ["/+weGy8kYsBqsBVrcmQvW/8Ox0Ke7+KTgGGs3aEMHeg=", "0QLaGhV+HFVaaW3mNLrH+ngXYteBReG/ZVDozvtJkgo="],
        );
        check(
            &Call {
                headers: &[("content-type", "application/json"), ("if-match", "*")],
                body: "{\"a\":\"b\"}".into(),
                ..call(Method::PUT, row)
            },
            ["G0HYrd0YkRh+EOIxdsj1J/V7QC6m2u5Da4ulZui5MeI=", "OnqMynWOcvByNGshNq7vhfo/RZwI2K29UnObyomPKRk="],
        );
        check(
            &Call { query: &[("$filter", "RowKey eq 'a'"), ("$top", "9")], ..call(Method::GET, "/catops()") },
            ["D4d/zBrG++PdtXzU5+gzTEilALAQ11KFzyfYHscNifs=", "VuYwV7jre29fJxIvVELgrP4bIqbQaHIeZaHHbkU3bco="],
        );
        check(
            &Call { query: &[("comp", "properties"), ("restype", "service")], ..call(Method::GET, "/") },
            ["YAqXHrYKc8WtLUXltVCdRFwas69JsdmEyTexNrr8wQc=", "cq2lgroJS5LH1iXdjZ3dHTx7RpO1M/cWLo/ValIXVJk="],
        );
    }

    #[test]
    fn keys_are_base64() {
        for wrong in ["", "secret!", "Eby8vdM02xNOcqFlqUwJP"] {
            assert!(AccountKey::new("catops".to_owned(), wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn dates() {
        let check = |secs, expected: &str| assert_eq!(http_date(Timestamp::from_secs(secs)), expected);
        check(0, "Thu, 01 Jan 1970 00:00:00 GMT");
        check(784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"); // the example of RFC 9110, 5.6.7
        check(951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT");
        check(1_795_348_989, "Sun, 22 Nov 2026 12:03:09 GMT");
        let _ = http_date(Timestamp::from_millis(u64::MAX));
    }
}
