//! Region, credentials and endpoints, from the environment.

use std::fmt;
use std::time::Duration;

use catops_core::client::Client;
use catops_core::{Error, ErrorKind, Secret};

/// How long a TCP connection to a service may take. A function and the services of its region are a few milliseconds
/// apart; what takes a second is lost, and a new attempt is sooner.
const CONNECT_TIME: Duration = Duration::from_secs(1);

/// The services that can have an endpoint of their own: the name they are signed under, and the variable.
///
/// The variables' names are those of the AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
const ENDPOINTS: [(&str, &str); 4] = [
    ("dynamodb", "AWS_ENDPOINT_URL_DYNAMODB"),
    ("lambda", "AWS_ENDPOINT_URL_LAMBDA"),
    ("secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
    ("ssm", "AWS_ENDPOINT_URL_SSM"),
];

/// What calls are signed with.
pub(crate) struct Credentials {
    /// The access key's id, which every signature names.
    pub(crate) key: String,
    pub(crate) secret: Secret,
    /// What temporary credentials, as every function has them, come with.
    pub(crate) token: Option<Secret>,
}

/// Region, credentials and endpoints of the function, from Lambda's environment, and the connections to its services.
pub struct Account {
    region: String,
    credentials: Credentials,
    endpoints: Vec<(&'static str, String)>,
    other_endpoint: Option<String>,
    client: Client,
}

/// Shows the region; the rest is secret or follows from it.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Account {
    /// Reads the environment, as Lambda sets it for every function.
    ///
    /// - `AWS_REGION`, or else `AWS_DEFAULT_REGION`;
    /// - `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, and `AWS_SESSION_TOKEN` where there is one. They last as long as the
    ///   process, which Lambda ends before they expire;
    /// - `AWS_ENDPOINT_URL_<SERVICE>`, or else `AWS_ENDPOINT_URL`, for emulators and private endpoints: `http` or `https`,
    ///   a host, and no path.
    ///
    /// An error is of kind [`ErrorKind::Config`] and names the variable.
    pub fn from_env() -> Result<Self, Error> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads the same variables from elsewhere than the environment.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let variable =
            |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let needed =
            |name: &str| variable(name).ok_or_else(|| config(format!("{name} is not set; Lambda sets it itself")));
        let (from, region) = match variable("AWS_REGION") {
            Some(region) => ("AWS_REGION", region),
            None => ("AWS_DEFAULT_REGION", variable("AWS_DEFAULT_REGION").map_or_else(|| needed("AWS_REGION"), Ok)?),
        };
        // It becomes part of a host's name.
        if !region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            return Err(config(format!("{from} is not a region such as eu-west-1")));
        }
        let credentials = Credentials {
            key: needed("AWS_ACCESS_KEY_ID")?,
            secret: Secret::new(needed("AWS_SECRET_ACCESS_KEY")?),
            token: variable("AWS_SESSION_TOKEN").map(Secret::new),
        };
        let mut endpoints = Vec::new();
        for (service, name) in ENDPOINTS {
            if let Some(url) = variable(name) {
                endpoints.push((service, endpoint(name, &url)?));
            }
        }
        let other_endpoint = variable("AWS_ENDPOINT_URL").map(|url| endpoint("AWS_ENDPOINT_URL", &url)).transpose()?;
        Ok(Self { region, credentials, endpoints, other_endpoint, client: Client::with_connect_time(CONNECT_TIME) })
    }

    /// Returns the region, such as `eu-west-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    pub(crate) const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Returns scheme and host of a service.
    pub(crate) fn endpoint(&self, service: &str) -> String {
        let own = self.endpoints.iter().find(|(name, _)| *name == service).map(|(_, url)| url);
        if let Some(url) = own.or(self.other_endpoint.as_ref()) {
            return url.clone();
        }
        // AWS General Reference, "AWS service endpoints": the partition of China has a domain of its own.
        let domain = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://{service}.{}.{domain}", self.region)
    }
}

/// Checks an endpoint from the environment, so that what is signed and called later has a host.
fn endpoint(name: &str, url: &str) -> Result<String, Error> {
    let wrong = || config(format!("{name} is not of the form http://host:port or https://host, without a path"));
    let uri: http::Uri = url.parse().map_err(|_| wrong())?;
    let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    let bare = uri.path() == "/" && uri.query().is_none();
    if !matches!(uri.scheme_str(), Some("http" | "https")) || authority.is_empty() || authority.contains('@') || !bare {
        return Err(wrong());
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[(&str, &str)] = &[
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "the key"),
        ("AWS_SECRET_ACCESS_KEY", "the secret"),
        ("AWS_SESSION_TOKEN", "the token"),
    ];

    /// Reads [`WHOLE`] with `other` in its place.
    fn read(other: &[(&str, &str)]) -> Result<Account, Error> {
        let find =
            |name: &str| other.iter().chain(WHOLE).find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Account::read(find)
    }

    fn refused(name: &str, value: &str, text: &str) {
        let error = read(&[(name, value)]).unwrap_err();
        assert_eq!((error.kind(), error.chain().as_str()), (ErrorKind::Config, text));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        refused("AWS_REGION", " ", "AWS_REGION is not set; Lambda sets it itself");
        refused("AWS_ACCESS_KEY_ID", "", "AWS_ACCESS_KEY_ID is not set; Lambda sets it itself");
        refused("AWS_SECRET_ACCESS_KEY", "", "AWS_SECRET_ACCESS_KEY is not set; Lambda sets it itself");
        refused("AWS_REGION", "evil.example/", "AWS_REGION is not a region such as eu-west-1");
        let form = "is not of the form http://host:port or https://host, without a path";
        for wrong in ["localhost:4566", "ftp://host", "http://host/path", "http://secret@host", "http://", "http:// x"]
        {
            refused("AWS_ENDPOINT_URL", wrong, &format!("AWS_ENDPOINT_URL {form}"));
            refused("AWS_ENDPOINT_URL_SSM", wrong, &format!("AWS_ENDPOINT_URL_SSM {form}"));
        }
    }

    #[test]
    fn endpoints() {
        let check = |other: &[(&str, &str)], service: &str, expected: &str| {
            assert_eq!(read(other).unwrap().endpoint(service), expected);
        };
        let all = [("AWS_ENDPOINT_URL", "http://127.0.0.1:4566/"), ("AWS_ENDPOINT_URL_LAMBDA", "https://l.example")];
        check(&[], "lambda", "https://lambda.eu-west-1.amazonaws.com");
        check(&[("AWS_REGION", "cn-north-1")], "dynamodb", "https://dynamodb.cn-north-1.amazonaws.com.cn");
        check(&[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "us-east-1")], "ssm", "https://ssm.us-east-1.amazonaws.com");
        check(&all, "lambda", "https://l.example");
        check(&all, "secretsmanager", "http://127.0.0.1:4566");
        check(&[("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://s:1")], "secretsmanager", "http://s:1");
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", read(&[]).unwrap()), r#"Account { region: "eu-west-1", .. }"#);
    }
}
