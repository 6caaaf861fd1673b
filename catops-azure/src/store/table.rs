//! The calls to one table, and what their errors mean.

use std::sync::Arc;

use bytes::Bytes;
use catops_core::client::Patience;
use catops_core::store::Put;
use catops_core::{Error, ErrorKind};
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::json;
use super::row::{Next, PARTITION, Range, Row};
use crate::storage::{Answer, Call, Service, Storage, encode};

/// What the service answers with: the entity's properties, and nothing about them.
const ACCEPT: (&str, &str) = ("accept", "application/json;odata=nometadata");
const JSON: (&str, &str) = ("content-type", "application/json");
const NO_CONTENT: (&str, &str) = ("prefer", "return-no-content");

/// The most rows of a page (Microsoft Learn, "Query timeout and pagination").
pub(super) const MAX_PAGE: usize = 1000;

/// A table, and how much trouble a call to it takes.
#[derive(Clone)]
pub(super) struct Table {
    storage: Arc<Storage>,
    name: String,
    patience: Patience,
}

/// A row that was read, with the tag by which it can be changed.
pub(super) struct Seen {
    pub(super) row: Row,
    pub(super) tag: String,
}

/// What a query found: at most [`MAX_PAGE`] rows, and where it goes on.
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    pub(super) next: Option<Next>,
}

#[derive(Deserialize)]
struct Rows {
    value: Vec<Row>,
}

impl Table {
    pub(super) const fn new(storage: Arc<Storage>, name: String, patience: Patience) -> Self {
        Self { storage, name, patience }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// Creates the table unless it is there.
    pub(super) async fn create(&self) -> Result<(), Error> {
        #[derive(Serialize)]
        struct New<'a> {
            #[serde(rename = "TableName")]
            name: &'a str,
        }
        let body = json::write("a table", &New { name: &self.name })?.into();
        let answer = self.send(Method::POST, "/Tables".to_owned(), &[], &[ACCEPT, JSON, NO_CONTENT], body).await?;
        match (answer.status, answer.fault().as_deref()) {
            (StatusCode::CONFLICT, Some("TableAlreadyExists")) => Ok(()),
            _ => self.done("create", &answer),
        }
    }

    /// Reads a row.
    pub(super) async fn get(&self, row_key: &str) -> Result<Option<Seen>, Error> {
        let answer = self.send(Method::GET, self.path(row_key), &[], &[ACCEPT], Bytes::new()).await?;
        if is_absent(&answer) {
            return Ok(None);
        }
        let row = self.read("read", &answer)?;
        let tag = answer.headers.get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let said = || Error::new(ErrorKind::Invalid, format!("{} gave a row without an ETag", self.host()));
        Ok(Some(Seen { row, tag: tag.ok_or_else(said)? }))
    }

    /// Writes a row, whatever is there.
    pub(super) async fn write(&self, row: &Row) -> Result<(), Error> {
        let body = json::write("a row", row)?.into();
        let answer = self.send(Method::PUT, self.path(&row.row_key), &[], &[ACCEPT, JSON], body).await?;
        self.done("write", &answer)
    }

    /// Writes rows, all or none: an entity group transaction. No line of the JSON can be a boundary, as it has but one.
    pub(super) async fn write_all(&self, rows: &[Row]) -> Result<(), Error> {
        let url = self.storage.url(Service::Table)?;
        let mut body = "--batch_catops\r\nContent-Type: multipart/mixed; boundary=changeset_catops\r\n\r\n".to_owned();
        for row in rows {
            let path = self.path(&row.row_key);
            let text = json::write("a row", row)?;
            body.push_str(&format!(
                "--changeset_catops\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
                 PUT {url}{path} HTTP/1.1\r\nContent-Type: application/json\r\n\
                 Accept: application/json;odata=nometadata\r\nDataServiceVersion: 3.0;\r\n\r\n{text}\r\n"
            ));
        }
        body.push_str("--changeset_catops--\r\n--batch_catops--\r\n");
        let headers = [ACCEPT, ("content-type", "multipart/mixed; boundary=batch_catops")];
        let answer = self.send(Method::POST, "/$batch".to_owned(), &[], &headers, body.into()).await?;
        self.done("write", &answer)
    }

    /// Writes a row unless one of its key is there.
    pub(super) async fn insert(&self, row: &Row) -> Result<Put, Error> {
        let path = format!("/{}", encode(&self.name));
        let answer =
            self.send(Method::POST, path, &[], &[ACCEPT, JSON, NO_CONTENT], json::write("a row", row)?.into()).await?;
        match (answer.status, answer.fault().as_deref()) {
            (StatusCode::CONFLICT, Some("EntityAlreadyExists")) => Ok(Put::Conflict),
            _ => self.done("write", &answer).map(|()| Put::Stored),
        }
    }

    /// Writes a row in place of the one that has this tag. If that one is not there any more since the row is, it was a
    /// first attempt that wrote it.
    pub(super) async fn replace(&self, row: &Row, tag: &str) -> Result<Put, Error> {
        let headers = [ACCEPT, JSON, ("if-match", tag)];
        let answer =
            self.send(Method::PUT, self.path(&row.row_key), &[], &headers, json::write("a row", row)?.into()).await?;
        if is_absent(&answer) {
            return Ok(Put::Conflict);
        }
        if answer.status != StatusCode::PRECONDITION_FAILED {
            return self.done("write", &answer).map(|()| Put::Stored);
        }
        let there = self.get(&row.row_key).await?;
        let ours = there.is_some_and(|there| there.row.version == row.version);
        Ok(if ours { Put::Stored } else { Put::Conflict })
    }

    /// Removes the row that has this tag, which may be `*`; returns whether there was one.
    pub(super) async fn delete(&self, row_key: &str, tag: &str) -> Result<bool, Error> {
        let headers = [ACCEPT, ("if-match", tag)];
        let answer = self.send(Method::DELETE, self.path(row_key), &[], &headers, Bytes::new()).await?;
        if is_absent(&answer) || answer.status == StatusCode::PRECONDITION_FAILED {
            return Ok(false);
        }
        self.done("remove", &answer).map(|()| true)
    }

    /// Removes a row that has expired, unless it was written anew since.
    pub(super) async fn delete_expired(&self, row: Row) -> Result<bool, Error> {
        match self.get(&row.row_key).await? {
            Some(there) if there.row.version == row.version => self.delete(&row.row_key, &there.tag).await,
            _ => Ok(false),
        }
    }

    /// Reads a page, of at most `most` rows; of fewer, if so many are more than an answer may have.
    pub(super) async fn query(&self, range: &Range, most: usize) -> Result<Page, Error> {
        let mut most = most.min(MAX_PAGE);
        loop {
            match self.page(range, most).await {
                Err(error) if error.kind() == ErrorKind::TooLarge && most > 1 => most = most.div_ceil(8),
                page => return page,
            }
        }
    }

    async fn page(&self, range: &Range, most: usize) -> Result<Page, Error> {
        let most = most.to_string();
        let mut query = vec![("$filter", range.filter()), ("$top", most.as_str())];
        query.extend(range.select().map(|select| ("$select", select)));
        if let Some(next) = range.next() {
            query.extend([("NextPartitionKey", next.partition.as_str()), ("NextRowKey", next.row.as_str())]);
        }
        let path = format!("/{}()", encode(&self.name));
        let answer = self.send(Method::GET, path, &query, &[ACCEPT], Bytes::new()).await?;
        let Rows { value: rows } = self.read("query", &answer)?;
        let header = |name: &str| answer.headers.get(name)?.to_str().ok().map(str::to_owned);
        let next = header("x-ms-continuation-nextpartitionkey").map(|partition| {
            // The row may be left out: then the partition begins.
            Next { partition, row: header("x-ms-continuation-nextrowkey").unwrap_or_default() }
        });
        Ok(Page { rows, next })
    }

    fn path(&self, row_key: &str) -> String {
        // Neither key has a character that a path would have to escape.
        format!("/{}(PartitionKey='{PARTITION}',RowKey='{row_key}')", encode(&self.name))
    }

    fn host(&self) -> &str {
        self.storage.host(Service::Table)
    }

    async fn send(
        &self,
        method: Method,
        path: String,
        query: &[(&str, &str)],
        headers: &[(&'static str, &str)],
        body: Bytes,
    ) -> Result<Answer, Error> {
        let mut all = vec![("dataserviceversion", "3.0"), ("maxdataserviceversion", "3.0;NetFx")];
        all.extend(headers);
        let call = Call { service: Service::Table, method, path: path.into(), query, headers: &all, body };
        self.storage.send(&call, &self.patience).await
    }

    fn read<T: DeserializeOwned>(&self, action: &str, answer: &Answer) -> Result<T, Error> {
        self.done(action, answer)?;
        serde_json::from_slice(&answer.body).map_err(|error| {
            // The parser's own text can quote the body; the place is enough to find the fault.
            let (host, line, column) = (self.host(), error.line(), error.column());
            let said = format!("{host} did not answer with the expected JSON: line {line}, column {column}");
            Error::new(ErrorKind::Invalid, said)
        })
    }

    fn done(&self, action: &str, answer: &Answer) -> Result<(), Error> {
        if answer.status.is_success() { Ok(()) } else { Err(self.refusal(action, answer)) }
    }

    /// Says what an error means and what to do about it.
    fn refusal(&self, action: &str, answer: &Answer) -> Error {
        let (name, host) = (&self.name, self.host());
        let fault = answer.fault().unwrap_or_else(|| "an error without a code".to_owned());
        let (kind, said) = match (answer.status, fault.as_str()) {
            (_, "TableNotFound") => {
                let said = format!("{host} has no table {name}: create it, or name another one in CATOPS_STORE");
                (ErrorKind::Config, said)
            }
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
                let said = format!(
                    "{host} refused to {action} with {fault}: the app's identity needs the role Storage Table Data \
                     Contributor, or its connection string a key or SAS that is still good"
                );
                (ErrorKind::Refused, said)
            }
            (StatusCode::BAD_REQUEST, "InvalidResourceName" | "OutOfRangeInput") => {
                let said = format!(
                    "{host} takes no table called {name}: a name has 3 to 63 letters and digits and begins with a letter"
                );
                (ErrorKind::Config, said)
            }
            (StatusCode::PAYLOAD_TOO_LARGE, _)
            | (_, "EntityTooLarge" | "PropertyValueTooLarge" | "RequestBodyTooLarge") => {
                (ErrorKind::TooLarge, format!("the table {name} takes no row of this size: {fault}"))
            }
            (status, _) => {
                let said =
                    format!("{host} answered {} {fault} when asked to {action} in the table {name}", status.as_u16());
                (ErrorKind::Refused, said)
            }
        };
        Error::new(kind, said)
    }
}

/// Returns whether there is a table, but not such a row (Microsoft Learn, "Table service error codes" and "Common REST API
/// error codes").
fn is_absent(answer: &Answer) -> bool {
    matches!(answer.fault().as_deref(), Some("ResourceNotFound" | "EntityNotFound"))
}
