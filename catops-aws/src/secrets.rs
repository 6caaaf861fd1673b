//! Secrets that are not in the function's environment: from Secrets Manager, or from the Parameter Store of Systems
//! Manager.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use catops_core::client::Patience;
use catops_core::{Error, ErrorKind, Secret};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::service::{Answer, Call, Service};

/// How much trouble a call takes: it is made at a cold start, and somebody waits for an acknowledgement.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(2),
    total: Duration::from_secs(8),
    pause: Duration::from_millis(50),
    longest_pause: Duration::from_secs(1),
};

/// Where secrets are fetched from: `CATOPS_SECRETS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `secretsmanager:<name or ARN>`: one secret, a JSON object whose keys are variables' names, its values texts.
    SecretsManager(String),
    /// `ssm:<path>`: the parameters directly below the path, each named like the variable it gives a value to.
    Ssm(String),
}

impl FromStr for Source {
    type Err = Error;

    /// Reads the setting. An error names it and says what it can be.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text.split_once(':') {
            Some(("secretsmanager", id)) if !id.is_empty() => Ok(Self::SecretsManager(id.to_owned())),
            Some(("ssm", path)) if path.starts_with('/') => Ok(Self::Ssm(path.to_owned())),
            _ => {
                let said = format!(
                    "CATOPS_SECRETS cannot be `{text}`: it is `secretsmanager:<name or ARN>` or `ssm:</path>` here"
                );
                Err(Error::new(ErrorKind::Config, said))
            }
        }
    }
}

/// Fetches the secrets, under the names of the variables that they give values to.
///
/// The role needs `secretsmanager:GetSecretValue` on the secret, or `ssm:GetParametersByPath` on the path; and
/// `kms:Decrypt` where they are encrypted with a key of one's own. Errors:
///
/// - [`ErrorKind::Config`]: there is no such secret, nothing below the path, or not of the form that [`Source`] says.
/// - [`ErrorKind::Refused`]: the role may not.
/// - [`ErrorKind::Unavailable`], [`ErrorKind::Timeout`]: the service could not be reached.
pub async fn fetch(account: Arc<Account>, from: &Source) -> Result<BTreeMap<String, Secret>, Error> {
    match from {
        Source::SecretsManager(id) => secret(&Service::new(account, "secretsmanager"), id).await,
        Source::Ssm(path) => parameters(&Service::new(account, "ssm"), path).await,
    }
}

async fn secret(service: &Service, id: &str) -> Result<BTreeMap<String, Secret>, Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct GetSecretValue<'a> {
        secret_id: &'a str,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct SecretValue {
        /// Absent where the secret is binary.
        #[serde(default)]
        secret_string: String,
    }
    let answer = ask(service, "secretsmanager.GetSecretValue", &GetSecretValue { secret_id: id }).await?;
    let what = format!("the secret {id}");
    let value: SecretValue = read(service, &what, "secretsmanager:GetSecretValue", &answer)?;
    let values: BTreeMap<String, String> = serde_json::from_str(&value.secret_string).map_err(|_| {
        // The parser's own text can quote the secret.
        let said = format!("{what} is not a JSON object of texts, such as {{\"CATOPS_SLACK_SIGNING_SECRET\": \"…\"}}");
        Error::new(ErrorKind::Config, said)
    })?;
    Ok(values.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
}

async fn parameters(service: &Service, path: &str) -> Result<BTreeMap<String, Secret>, Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct GetParametersByPath<'a> {
        path: &'a str,
        with_decryption: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Page {
        parameters: Vec<Parameter>,
        #[serde(default)]
        next_token: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Parameter {
        name: String,
        value: String,
    }
    let what = format!("the parameters below {path}");
    let mut found = BTreeMap::new();
    let mut next_token = None;
    loop {
        // A page has at most ten, and can have none though there are more (API reference, "GetParametersByPath").
        let request = GetParametersByPath { path, with_decryption: true, next_token };
        let answer = ask(service, "AmazonSSM.GetParametersByPath", &request).await?;
        let page: Page = read(service, &what, "ssm:GetParametersByPath", &answer)?;
        for Parameter { name, value } in page.parameters {
            let name = name.rsplit('/').next().unwrap_or_default().to_owned();
            found.insert(name, Secret::new(value));
        }
        next_token = page.next_token.filter(|token| !token.is_empty());
        if next_token.is_none() {
            break;
        }
    }
    if found.is_empty() {
        let said = format!("{} has no parameter below {path}, which CATOPS_SECRETS names", service.host());
        return Err(Error::new(ErrorKind::Config, said));
    }
    Ok(found)
}

async fn ask(service: &Service, target: &str, request: &impl Serialize) -> Result<Answer, Error> {
    let body = serde_json::to_vec(request)
        .map_err(|error| Error::new(ErrorKind::Invalid, format!("writing a {target}")).because(error))?;
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
    let call = Call { method: http::Method::POST, path: "/".into(), headers: &headers, body: body.into() };
    service.send(&call, &PATIENCE).await
}

/// Reads an answer, or says what its error means for `what`, which needs the IAM action `action`.
fn read<T: DeserializeOwned>(service: &Service, what: &str, action: &str, answer: &Answer) -> Result<T, Error> {
    if answer.status.is_success() {
        return serde_json::from_slice(&answer.body).map_err(|_| {
            let said = format!("{} did not answer {action} with the expected JSON", service.host());
            Error::new(ErrorKind::Invalid, said)
        });
    }
    let host = service.host();
    let fault = answer.fault().unwrap_or_else(|| "an error without a name".to_owned());
    let (kind, said) = match fault.as_str() {
        "ResourceNotFoundException" => {
            (ErrorKind::Config, format!("{host} does not have {what}, which CATOPS_SECRETS names"))
        }
        "AccessDeniedException" => {
            let key = "and kms:Decrypt on its key if that is one of your own";
            (ErrorKind::Refused, format!("the function's role may not read {what}: allow it {action}, {key}"))
        }
        _ => (ErrorKind::Refused, format!("reading {what}: {host} answered {} {fault}", answer.status.as_u16())),
    };
    Err(Error::new(kind, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings() {
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:catops-AbCdEf";
        let read = |text: &str| text.parse::<Source>();
        assert_eq!(read(&format!("secretsmanager:{arn}")).unwrap(), Source::SecretsManager(arn.to_owned()));
        assert_eq!(read("secretsmanager:catops").unwrap(), Source::SecretsManager("catops".to_owned()));
        assert_eq!(read("ssm:/catops/prod").unwrap(), Source::Ssm("/catops/prod".to_owned()));
        for wrong in ["", "catops", "ssm:", "ssm:catops", "secretsmanager:", "vault:x", ":x"] {
            let error = read(wrong).unwrap_err();
            let said = "it is `secretsmanager:<name or ARN>` or `ssm:</path>` here";
            assert_eq!(error.kind(), ErrorKind::Config);
            assert_eq!(error.to_string(), format!("CATOPS_SECRETS cannot be `{wrong}`: {said}"));
        }
    }
}
