//! The table of the store: created when it is first needed, swept by the timer.

use std::sync::Arc;

use catops_core::{Error, Timestamp};
use tokio::sync::OnceCell;

use crate::storage::Storage;
use crate::store::{MAX_SWEEP, TableStore};

/// A [`TableStore`] and whether its table is known to be there.
#[derive(Debug)]
pub struct Table {
    store: Arc<TableStore>,
    is_there: OnceCell<()>,
}

impl Table {
    /// Makes the one that the environment describes. Nothing is sent yet.
    pub fn from_env(name: &str) -> Result<Self, Error> {
        let store = Arc::new(TableStore::new(Arc::new(Storage::from_env()?), name));
        Ok(Self { store, is_there: OnceCell::new() })
    }

    /// Returns the store.
    pub const fn store(&self) -> &Arc<TableStore> {
        &self.store
    }

    /// Creates the table, unless it is there. After the first success this does nothing.
    ///
    /// It is for the second leg: an acknowledgement never waits for it.
    pub async fn prepare(&self) -> Result<(), Error> {
        self.is_there.get_or_try_init(|| self.store.create()).await.map(|_| ())
    }

    /// Deletes all expired rows, and returns how many there were.
    pub async fn sweep(&self, now: Timestamp) -> Result<usize, Error> {
        self.prepare().await?;
        let mut count = 0;
        loop {
            let more = self.store.sweep(now).await?;
            count += more;
            if more < MAX_SWEEP {
                return Ok(count);
            }
        }
    }
}
