//! The queue and the store keep the rules that every adapter keeps.

mod store {
    use std::sync::Arc;

    use async_trait::async_trait;
    use catops_core::conformance::store::Bench;
    use catops_core::store::Store;
    use catops_local::store::SqliteStore;

    use crate::bench::Folder;

    /// Two connections to one file, as a server and a one-shot command have.
    struct Sqlite(Folder);

    #[async_trait]
    impl Bench for Sqlite {
        async fn store(&self) -> Arc<dyn Store> {
            Arc::new(SqliteStore::new(self.0.db()))
        }

        async fn other(&self) -> Arc<dyn Store> {
            Arc::new(SqliteStore::new(self.0.db()))
        }
    }

    catops_core::store_conformance!(Sqlite(Folder::new()));
}

mod invoker {
    use std::sync::Arc;
    use std::time::Duration;

    use async_trait::async_trait;
    use catops_core::Timestamp;
    use catops_core::conformance::invoker::Bench;
    use catops_core::invoker::Invoker;
    use catops_local::invoker::LocalQueue;
    use rusqlite::Connection;

    use crate::bench::Folder;

    /// The durable queue; another process begins with the same file.
    struct Durable {
        folder: Folder,
        lock: std::sync::Mutex<Option<Connection>>,
    }

    impl Durable {
        fn new() -> Self {
            Self { folder: Folder::new(), lock: std::sync::Mutex::default() }
        }
    }

    #[async_trait]
    impl Bench for Durable {
        async fn invoker(&self) -> Arc<dyn Invoker> {
            Arc::new(LocalQueue::new(self.folder.db()))
        }

        /// Takes everything, as a worker of another process would.
        async fn delivered(&self, _count: usize) -> Vec<String> {
            let soon = Timestamp::now() + Duration::from_secs(1);
            let taken = LocalQueue::new(self.folder.db()).take(soon, Duration::from_secs(60), 1000).await.unwrap();
            taken.jobs.into_iter().map(|job| job.sealed).collect()
        }

        async fn restart(&self) -> Arc<dyn Invoker> {
            self.invoker().await
        }

        /// Holds the write lock of the file.
        async fn refuse(&self) {
            let lock = Connection::open(self.folder.db().path()).unwrap();
            lock.execute_batch("BEGIN IMMEDIATE").unwrap();
            *self.lock.lock().unwrap() = Some(lock);
        }
    }

    catops_core::invoker_conformance!(Durable::new());
}
