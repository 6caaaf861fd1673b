//! What the settings of the Functions host say about the app's storage.

use catops_core::{Error, ErrorKind, Secret};

use super::identity::Identity;
use super::sign::AccountKey;
use super::{Access, Endpoint, Storage};

const CONNECTION: &str = "AzureWebJobsStorage";

/// What `UseDevelopmentStorage=true` stands for: the account of every emulator, whose key is published (Microsoft Learn,
/// "Use the Azurite emulator for local Azure Storage development").
const EMULATOR: &str = "AccountName=devstoreaccount1;\
    AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;\
    QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;TableEndpoint=http://127.0.0.1:10002/devstoreaccount1";

/// Gives the value of a variable, unless it is empty.
type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) fn read(variable: Variable<'_>) -> Result<Storage, Error> {
    match variable(CONNECTION) {
        Some(text) => of_connection_string(&text),
        None => of_identity(variable),
    }
}

/// The parts of a connection string (Microsoft Learn, "Configure Azure Storage connection strings").
struct Parts<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Result<Self, Error> {
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let parts: Option<_> = parts.map(|part| part.split_once('=')).collect();
        parts.map(Self).ok_or_else(|| {
            config("is not a connection string of the form AccountName=…;AccountKey=…, as the portal shows it")
        })
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// Returns the endpoint of a service: the one that is named, or else the one that account and suffix make.
    fn endpoint(&self, name: &'static str, service: &str) -> Result<Option<Endpoint>, Error> {
        let named =
            |url: &str| endpoint(url).ok_or_else(|| config(&format!("has a {name} that is no http or https URL")));
        if let Some(url) = self.get(name) {
            return named(url).map(Some);
        }
        let Some(account) = self.get("AccountName") else { return Ok(None) };
        let protocol = self.get("DefaultEndpointsProtocol").unwrap_or("https");
        let suffix = self.get("EndpointSuffix").unwrap_or("core.windows.net");
        let url = format!("{protocol}://{account}.{service}.{suffix}");
        let wrong = || config("has an AccountName, EndpointSuffix or DefaultEndpointsProtocol that makes no URL");
        endpoint(&url).map(Some).ok_or_else(wrong)
    }
}

fn of_connection_string(text: &str) -> Result<Storage, Error> {
    let mut parts = Parts::read(text)?;
    if parts.get("UseDevelopmentStorage").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        parts = Parts::read(EMULATOR)?;
    }
    let access = match (parts.get("SharedAccessSignature"), parts.get("AccountKey")) {
        (Some(signature), _) => Access::Sas(Secret::new(signature.trim_start_matches('?').to_owned())),
        (None, Some(key)) => {
            let name = parts.get("AccountName").ok_or_else(|| config("has an AccountKey and no AccountName"))?;
            let key = AccountKey::new(name.to_owned(), key);
            Access::Key(key.ok_or_else(|| config("has an AccountKey that is not base64; copy the whole of it"))?)
        }
        (None, None) => {
            let said = "has neither an AccountKey nor a SharedAccessSignature; for access by managed identity, remove it \
                        and set AzureWebJobsStorage__accountName";
            return Err(config(said));
        }
    };
    let (queue, table) = (parts.endpoint("QueueEndpoint", "queue")?, parts.endpoint("TableEndpoint", "table")?);
    if queue.is_none() && table.is_none() {
        return Err(config("has no AccountName, and no QueueEndpoint or TableEndpoint either"));
    }
    Ok(Storage::new(queue, table, access))
}

fn of_identity(variable: Variable<'_>) -> Result<Storage, Error> {
    let account = variable("AzureWebJobsStorage__accountName");
    let find = |name: &str, service: &str| match (variable(name), &account) {
        (Some(url), _) => match endpoint(&url) {
            Some(endpoint) => Ok(Some(endpoint)),
            None => Err(wrong(format!("{name} is no URL such as https://catops.{service}.core.windows.net"))),
        },
        (None, Some(account)) => match endpoint(&format!("https://{account}.{service}.core.windows.net")) {
            Some(endpoint) => Ok(Some(endpoint)),
            None => Err(wrong("AzureWebJobsStorage__accountName is not the name of a storage account".to_owned())),
        },
        (None, None) => Ok(None),
    };
    let queue = find("AzureWebJobsStorage__queueServiceUri", "queue")?;
    let table = find("AzureWebJobsStorage__tableServiceUri", "table")?;
    if queue.is_none() && table.is_none() {
        let said = "AzureWebJobsStorage is not set, nor AzureWebJobsStorage__accountName: one of them says which storage \
                    account the app has (UseDevelopmentStorage=true is an emulator on this machine)";
        return Err(wrong(said.to_owned()));
    }
    let needed = |name: &str| {
        variable(name).ok_or_else(|| {
            wrong(format!("{name} is not set; Azure sets it once the app has a managed identity, so switch that on"))
        })
    };
    let url = needed("IDENTITY_ENDPOINT")?;
    let host = endpoint(&url).ok_or_else(|| wrong("IDENTITY_ENDPOINT is no http or https URL".to_owned()))?.host;
    let header = Secret::new(needed("IDENTITY_HEADER")?);
    let client = variable("AzureWebJobsStorage__clientId").or_else(|| variable("AZURE_CLIENT_ID"));
    Ok(Storage::new(queue, table, Access::Identity(Identity::new(&url, host, header, client.as_deref()))))
}

/// Reads the URL of a service, without a query.
fn endpoint(url: &str) -> Option<Endpoint> {
    let url = url.trim_end_matches('/');
    let uri: http::Uri = url.parse().ok()?;
    let host = uri.authority()?.as_str();
    if !matches!(uri.scheme_str(), Some("http" | "https"))
        || host.is_empty()
        || host.contains('@')
        || uri.query().is_some()
    {
        return None;
    }
    let path = uri.path().trim_end_matches('/').to_owned();
    Some(Endpoint { url: url.to_owned(), host: host.to_owned(), path })
}

/// Says what is wrong with the connection string, which is never quoted: it is secret.
fn config(text: &str) -> Error {
    wrong(format!("{CONNECTION} {text}"))
}

fn wrong(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}
