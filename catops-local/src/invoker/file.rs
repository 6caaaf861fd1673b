//! The jobs in the file.

use std::sync::atomic::{AtomicI64, Ordering};

use catops_core::job::SealedJob;
use catops_core::{Error, JobId, Timestamp};
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, Row, named_params, params};

use super::{Counts, Delivery, JobInfo, JobState, KEEP_DEAD, KEEP_DONE, Taken};
use crate::db::Db;
use crate::store::{millis, time};

pub(super) struct FileJobs {
    db: Db,
    /// SQLite's number of the latest change that [`FileJobs::changed`] saw.
    seen: AtomicI64,
}

impl FileJobs {
    pub(super) const fn new(db: Db) -> Self {
        Self { db, seen: AtomicI64::new(0) }
    }

    pub(super) async fn add(&self, job: &SealedJob, now: Timestamp) -> Result<(), Error> {
        let (id, label, sealed) = (job.id().to_string(), job.label().to_owned(), job.as_str().to_owned());
        let add = move |conn: &Connection| {
            let add = "INSERT INTO jobs (id, label, sealed, state, attempts, visible_at, created, updated)
                VALUES (:id, :label, :sealed, 'queued', 0, :now, :now, :now) ON CONFLICT (id) DO NOTHING";
            let values = named_params! { ":id": id, ":label": label, ":sealed": sealed, ":now": millis(now) };
            conn.prepare_cached(add)?.execute(values)
        };
        self.db.write(add).await.map(drop)
    }

    pub(super) async fn take(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Taken, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let take = move |conn: &Connection| {
            let take = "UPDATE jobs SET state = 'running', attempts = attempts + 1, visible_at = :until, updated = :now
                WHERE seq IN (SELECT seq FROM jobs WHERE visible_at <= :now ORDER BY visible_at, seq LIMIT :limit)
                RETURNING seq, id, sealed, attempts";
            let values = named_params! { ":now": millis(now), ":until": millis(until), ":limit": limit };
            let mut query = conn.prepare_cached(take)?;
            let rows = query.query_map(values, |row| Ok((row.get::<_, i64>("seq")?, delivery(row)?)))?;
            let mut jobs = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            jobs.sort_by_key(|(seq, _)| *seq); // RETURNING promises no order
            let next = "SELECT min(visible_at) FROM jobs WHERE visible_at IS NOT NULL";
            let next: Option<i64> = conn.prepare_cached(next)?.query_row([], |row| row.get(0))?;
            Ok(Taken { jobs: jobs.into_iter().map(|(_, job)| job).collect(), next: next.map(time) })
        };
        self.db.write(take).await
    }

    pub(super) async fn extend(&self, ids: Vec<JobId>, until: Timestamp) -> Result<(), Error> {
        self.each(ids, "UPDATE jobs SET visible_at = ?2 WHERE id = ?1 AND state = 'running'", until).await
    }

    pub(super) async fn release(&self, ids: Vec<JobId>, now: Timestamp) -> Result<(), Error> {
        let release = "UPDATE jobs SET state = 'queued', visible_at = ?2, updated = ?2, reason = 'the server ended'
            WHERE id = ?1 AND state = 'running'";
        self.each(ids, release, now).await
    }

    async fn each(&self, ids: Vec<JobId>, change: &'static str, time: Timestamp) -> Result<(), Error> {
        let change = move |conn: &Connection| {
            let mut change = conn.prepare_cached(change)?;
            ids.iter().try_for_each(|id| change.execute(params![id.as_str(), millis(time)]).map(drop))
        };
        self.db.write(change).await
    }

    pub(super) async fn end(
        &self,
        id: &JobId,
        state: JobState,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (id, reason) = (id.to_string(), reason.map(str::to_owned));
        let end = move |conn: &Connection| {
            let end = "UPDATE jobs SET state = ?2, sealed = '', visible_at = NULL, updated = ?3, reason = ?4
                WHERE id = ?1";
            conn.prepare_cached(end)?.execute(params![id, state.as_str(), millis(now), reason])
        };
        self.db.write(end).await.map(drop)
    }

    pub(super) async fn retry(&self, id: &JobId, at: Timestamp, reason: &str, now: Timestamp) -> Result<(), Error> {
        let (id, reason) = (id.to_string(), reason.to_owned());
        let retry = move |conn: &Connection| {
            let retry = "UPDATE jobs SET state = 'queued', visible_at = ?2, updated = ?3, reason = ?4
                WHERE id = ?1 AND state = 'running'";
            conn.prepare_cached(retry)?.execute(params![id, millis(at), millis(now), reason])
        };
        self.db.write(retry).await.map(drop)
    }

    pub(super) async fn list(&self, state: Option<JobState>, limit: usize) -> Result<Vec<JobInfo>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let list = move |conn: &Connection| {
            let list = "SELECT id, label, state, attempts, visible_at, created, updated, reason FROM jobs
                WHERE ?1 IS NULL OR state = ?1 ORDER BY seq DESC LIMIT ?2";
            let mut query = conn.prepare_cached(list)?;
            query.query_map(params![state.map(JobState::as_str), limit], info)?.collect()
        };
        self.db.read(list).await
    }

    pub(super) async fn counts(&self) -> Result<Counts, Error> {
        let count = |conn: &Connection| {
            let mut counts = Counts::default();
            let mut query = conn.prepare_cached("SELECT state, count(*) FROM jobs GROUP BY state")?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                *counts.of(state(row, 0)?) = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
            }
            Ok(counts)
        };
        self.db.read(count).await
    }

    pub(super) async fn running(&self) -> Result<Vec<JobId>, Error> {
        let running = |conn: &Connection| {
            let mut query = conn.prepare_cached("SELECT id FROM jobs WHERE state = 'running'")?;
            query.query_map([], id)?.collect()
        };
        self.db.read(running).await
    }

    pub(super) async fn changed(&self) -> Result<bool, Error> {
        let version = |conn: &Connection| conn.pragma_query_value(None, "data_version", |row| row.get(0));
        let now = self.db.read(version).await?;
        Ok(self.seen.swap(now, Ordering::Relaxed) != now)
    }

    pub(super) async fn sweep(&self, now: Timestamp) -> Result<(), Error> {
        let before =
            |keep: std::time::Duration| millis(now).saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(0));
        let (done, dead) = (before(KEEP_DONE), before(KEEP_DEAD));
        let sweep = move |conn: &Connection| {
            let sweep = "DELETE FROM jobs WHERE updated <= CASE state WHEN 'done' THEN ?1 WHEN 'dead' THEN ?2 END";
            conn.prepare_cached(sweep)?.execute([done, dead])
        };
        self.db.write(sweep).await.map(drop)
    }
}

fn id(row: &Row<'_>) -> rusqlite::Result<JobId> {
    let text: String = row.get("id")?;
    JobId::try_from(text).map_err(|error| unreadable(0, error))
}

fn state(row: &Row<'_>, at: usize) -> rusqlite::Result<JobState> {
    let name: String = row.get(at)?;
    JobState::from_name(&name).ok_or_else(|| unreadable(at, "not the name of a state"))
}

fn unreadable(column: usize, why: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, FromSqlError::Other(why.into()).into())
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery { id: id(row)?, sealed: row.get("sealed")?, attempt: row.get("attempts")? })
}

fn info(row: &Row<'_>) -> rusqlite::Result<JobInfo> {
    Ok(JobInfo {
        id: id(row)?,
        label: row.get("label")?,
        state: state(row, 2)?,
        attempts: row.get("attempts")?,
        visible_at: row.get::<_, Option<i64>>("visible_at")?.map(time),
        created: time(row.get("created")?),
        updated: time(row.get("updated")?),
        reason: row.get("reason")?,
    })
}
