//! The calls to one database, and what its errors mean.

use std::sync::Arc;

use catops_core::client::Patience;
use catops_core::store::Put;
use catops_core::{Error, ErrorKind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::document::{Fields, Found};
use crate::credentials::Credentials;
use crate::percent::encode;
use crate::service::{Answer, Call, Service};

const ENDPOINT: &str = "https://firestore.googleapis.com";

/// A database, and how much trouble a call to it takes.
pub(super) struct Firestore {
    service: Service,
    project: String,
    patience: Patience,
}

/// What must hold for a write.
pub(super) enum Guard {
    Nothing,
    /// There is no document.
    Absent,
    /// The document was last written at this time.
    Unchanged(String),
}

/// What became of a commit.
pub(super) enum Done {
    /// The first write was done at this time.
    At(String),
    /// The guard did not hold, and nothing was written; or it did, and an attempt before did the write.
    Conflict,
}

impl Done {
    /// Returns what a write without a guard comes to.
    pub(super) fn always(self) -> Result<Put, Error> {
        match self {
            Self::At(_) => Ok(Put::Stored),
            Self::Conflict => Err(Error::new(ErrorKind::Refused, "Firestore refused a write that has no condition")),
        }
    }
}

/// `google.firestore.v1.Write`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Write<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    update: Option<Update<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_document: Option<Precondition>,
}

#[derive(Serialize)]
struct Update<'a> {
    name: &'a str,
    fields: &'a Fields,
}

/// `google.firestore.v1.Precondition`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Precondition {
    Exists(bool),
    UpdateTime(String),
}

impl From<Guard> for Option<Precondition> {
    fn from(guard: Guard) -> Self {
        match guard {
            Guard::Nothing => None,
            Guard::Absent => Some(Precondition::Exists(false)),
            Guard::Unchanged(time) => Some(Precondition::UpdateTime(time)),
        }
    }
}

impl<'a> Write<'a> {
    pub(super) fn put(name: &'a str, fields: &'a Fields, guard: Guard) -> Self {
        Self { update: Some(Update { name, fields }), delete: None, current_document: guard.into() }
    }

    pub(super) fn delete(name: &'a str, guard: Guard) -> Self {
        Self { update: None, delete: Some(name), current_document: guard.into() }
    }
}

#[derive(Serialize)]
struct Commit<'a> {
    writes: &'a [Write<'a>],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Committed {
    commit_time: String,
    #[serde(default)]
    write_results: Vec<WriteResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WriteResult {
    /// A delete has none.
    update_time: Option<String>,
}

#[derive(Serialize)]
struct BatchGet<'a> {
    documents: [&'a str; 1],
}

/// One of the answers to a `batchGet`, of which those besides `found` and `missing` say nothing here.
#[derive(Deserialize)]
struct Got {
    found: Option<Found>,
    missing: Option<String>,
}

/// A place between two documents in the order of their names.
#[derive(Serialize)]
pub(super) struct Cursor {
    values: [Reference; 1],
    before: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    reference_value: String,
}

impl Cursor {
    /// Just before the document of this name, or where it would be.
    pub(super) const fn at(name: String) -> Self {
        Self { values: [Reference { reference_value: name }], before: true }
    }

    /// Just behind it.
    pub(super) const fn behind(name: String) -> Self {
        Self { values: [Reference { reference_value: name }], before: false }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunQuery<'a> {
    structured_query: Query<'a>,
}

/// `google.firestore.v1.StructuredQuery`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Query<'a> {
    from: [From_<'a>; 1],
    order_by: [Order; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    start_at: Option<&'a Cursor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_at: Option<&'a Cursor>,
    limit: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct From_<'a> {
    collection_id: &'a str,
}

#[derive(Serialize)]
struct Order {
    field: Field,
    direction: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Field {
    field_path: &'static str,
}

const BY_NAME: Order = Order { field: Field { field_path: "__name__" }, direction: "ASCENDING" };

/// One of the answers to a query; the last may have no document.
#[derive(Deserialize)]
struct Row {
    document: Option<Found>,
}

impl Firestore {
    pub(super) fn new(
        credentials: Arc<Credentials>,
        project: &str,
        endpoint: Option<String>,
        patience: Patience,
    ) -> Self {
        let service = Service::new(credentials, endpoint.unwrap_or_else(|| ENDPOINT.to_owned()));
        Self { service, project: project.to_owned(), patience }
    }

    pub(super) const fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// Returns a document's name.
    pub(super) fn name(&self, collection: &str, id: &str) -> String {
        format!("projects/{}/databases/(default)/documents/{collection}/{id}", self.project)
    }

    /// Reads a document, with what every finished write left.
    pub(super) async fn get(&self, name: &str) -> Result<Option<Found>, Error> {
        let answer = self.ask("batchGet", &BatchGet { documents: [name] }).await?;
        let got: Vec<Got> = self.read("batchGet", &answer)?;
        let missing = got.iter().any(|got| got.missing.is_some());
        match got.into_iter().find_map(|got| got.found) {
            None if !missing => {
                let said =
                    format!("{} said neither that a document is there nor that it is missing", self.service.host());
                Err(Error::new(ErrorKind::Invalid, said))
            }
            found => Ok(found),
        }
    }

    /// Does all writes or none.
    pub(super) async fn commit(&self, writes: &[Write<'_>]) -> Result<Done, Error> {
        let answer = self.ask("commit", &Commit { writes }).await?;
        let is_guarded = writes.iter().any(|write| write.current_document.is_some());
        // Other faults have these names too, a missing database among them. Who gets a conflict reads the document next, and
        // then meets them again. A delete is the only one that does not read, and needs not to know.
        if is_guarded
            && matches!(answer.fault().as_deref(), Some("ALREADY_EXISTS" | "FAILED_PRECONDITION" | "NOT_FOUND"))
        {
            return Ok(Done::Conflict);
        }
        let committed: Committed = self.read("commit", &answer)?;
        let first = committed.write_results.into_iter().next().and_then(|result| result.update_time);
        Ok(Done::At(first.unwrap_or(committed.commit_time)))
    }

    /// Reads the first documents of a collection between two places, by their names, and returns whether there may be more.
    ///
    /// `page` is how many; it is lowered for good if so many are more than an answer may have.
    pub(super) async fn page(
        &self,
        collection: &str,
        start_at: Option<&Cursor>,
        end_at: Option<&Cursor>,
        page: &mut usize,
    ) -> Result<(Vec<Found>, bool), Error> {
        loop {
            let (from, order_by) = ([From_ { collection_id: collection }], [BY_NAME]);
            let query = RunQuery { structured_query: Query { from, order_by, start_at, end_at, limit: *page } };
            match self.ask("runQuery", &query).await {
                Ok(answer) => {
                    let rows: Vec<Row> = self.read("runQuery", &answer)?;
                    let found: Vec<Found> = rows.into_iter().filter_map(|row| row.document).collect();
                    let more = found.len() >= *page;
                    return Ok((found, more));
                }
                Err(error) if error.kind() == ErrorKind::TooLarge && *page > 1 => *page = (*page / 4).max(1),
                Err(error) => return Err(error),
            }
        }
    }

    async fn ask(&self, action: &str, request: &impl Serialize) -> Result<Answer, Error> {
        let body = serde_json::to_vec(request)
            .map_err(|error| Error::new(ErrorKind::Invalid, format!("writing a {action}")).because(error))?;
        let path = format!("/v1/projects/{}/databases/(default)/documents:{action}", encode(&self.project));
        let call = Call { method: http::Method::POST, path: path.into(), body: body.into() };
        self.service.send(&call, &self.patience).await
    }

    fn read<T: DeserializeOwned>(&self, action: &str, answer: &Answer) -> Result<T, Error> {
        if !answer.status.is_success() {
            return Err(self.refusal(action, answer));
        }
        serde_json::from_slice(&answer.body).map_err(|error| {
            // The parser's own text can quote the body; the place is enough to find the fault.
            let (line, column) = (error.line(), error.column());
            let said =
                format!("Firestore's answer to {action} is not of the expected form: line {line}, column {column}");
            Error::new(ErrorKind::Invalid, said)
        })
    }

    /// Says what an error means and what to do about it.
    fn refusal(&self, action: &str, answer: &Answer) -> Error {
        let (project, host) = (&self.project, self.service.host());
        match answer.fault().as_deref() {
            Some("NOT_FOUND") => {
                let said = format!(
                    "{host} has no database (default) in the project {project}: create it in native mode, or name another \
                     project in GOOGLE_CLOUD_PROJECT"
                );
                Error::new(ErrorKind::Config, said)
            }
            Some("FAILED_PRECONDITION") => {
                let said = format!("the database (default) of the project {project} is not in Firestore's native mode");
                Error::new(ErrorKind::Config, said)
            }
            Some("PERMISSION_DENIED") => {
                let said = format!(
                    "the service's account may not use Firestore in the project {project}: enable the API and grant \
                     roles/datastore.user"
                );
                Error::new(ErrorKind::Refused, said)
            }
            Some("UNAUTHENTICATED") => {
                Error::new(ErrorKind::Refused, format!("{host} does not take the service's access token"))
            }
            _ => Error::new(ErrorKind::Refused, format!("{host} answered {} to {action}", answer.words())),
        }
    }
}
