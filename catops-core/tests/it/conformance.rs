//! Core's own in-memory versions keep the rules that adapters keep.

mod memory_store {
    use std::sync::Arc;

    use async_trait::async_trait;
    use catops_core::conformance::store::Bench;
    use catops_core::store::{MemoryStore, Store};

    #[derive(Default)]
    struct Memory(Arc<MemoryStore>);

    #[async_trait]
    impl Bench for Memory {
        async fn store(&self) -> Arc<dyn Store> {
            self.0.clone()
        }

        async fn other(&self) -> Arc<dyn Store> {
            self.0.clone()
        }
    }

    catops_core::store_conformance!(Memory::default());
}

mod memory_invoker {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use catops_core::conformance::Gap;
    use catops_core::conformance::invoker::Bench;
    use catops_core::invoker::{Invoker, MemoryInvoker};

    struct Memory {
        queue: Arc<MemoryInvoker>,
        taken: Mutex<Vec<String>>,
    }

    impl Memory {
        fn new() -> Self {
            Self { queue: Arc::new(MemoryInvoker::new(100)), taken: Mutex::default() }
        }
    }

    #[async_trait]
    impl Bench for Memory {
        async fn invoker(&self) -> Arc<dyn Invoker> {
            self.queue.clone()
        }

        async fn delivered(&self, _count: usize) -> Vec<String> {
            let mut taken = self.taken.lock().unwrap();
            taken.extend(self.queue.take().iter().map(|job| job.as_str().to_owned()));
            taken.clone()
        }

        async fn restart(&self) -> Arc<dyn Invoker> {
            unreachable!("a gap names this rule")
        }

        /// Fills it up.
        async fn refuse(&self) {
            while self.queue.invoke(&catops_core::conformance::invoker::sealed("fill")).await.is_ok() {}
        }

        fn gaps(&self) -> &[Gap] {
            &[Gap { rule: "accepted_means_kept", reason: "what is in memory ends with the process, as its page says" }]
        }
    }

    catops_core::invoker_conformance!(Memory::new());
}
