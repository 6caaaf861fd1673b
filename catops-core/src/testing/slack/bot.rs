//! A bot that is installed in the workspace: both legs, with everything in memory.

use std::sync::Arc;
use std::time::Duration;

use super::call::Call;
use super::taken::{Taken, in_time};
use super::workspace::Workspace;
use crate::app::App;
use crate::command::Commands;
use crate::dispatcher::Dispatcher;
use crate::error::Error;
use crate::ingress::Ingress;
use crate::invoker::MemoryInvoker;
use crate::job::JobKey;
use crate::store::{MemoryStore, Store};

/// How many jobs may wait.
const CAPACITY: usize = 1000;

/// A bot in a [`Workspace`]: takes requests, runs their jobs, and answers by the workspace's addresses and Web API.
#[derive(Debug)]
pub struct Installed {
    workspace: Workspace,
    ingress: Ingress,
    dispatcher: Arc<Dispatcher>,
    queue: Arc<MemoryInvoker>,
    store: Arc<MemoryStore>,
    limit: Duration,
}

impl Workspace {
    /// Installs a bot with these commands here. A command may run for 10 s.
    pub fn install(&self, commands: &'static Commands) -> Result<Installed, Error> {
        let key = JobKey::derive([self.signer().secret()]);
        let app = Arc::new(App::new(commands, vec![Arc::new(self.chat()?)], key));
        let (queue, store) = (Arc::new(MemoryInvoker::new(CAPACITY)), Arc::new(MemoryStore::default()));
        let dispatcher = Arc::new(Dispatcher::new(app.clone(), store.clone()));
        let ingress = Ingress::new(app, queue.clone(), dispatcher.clone());
        let (workspace, limit) = (self.clone(), Duration::from_secs(10));
        Ok(Installed { workspace, ingress, dispatcher, queue, store, limit })
    }
}

impl Installed {
    /// Sends a request, takes the answer as Slack does, and runs what was to be run, to its end.
    ///
    /// # Panics
    ///
    /// Fails the test when the answer took longer than Slack waits, or was not one that Slack can take.
    pub async fn send(&self, call: Call) -> Taken {
        let taken = self.hear(&call).await;
        self.work().await;
        taken
    }

    /// Sends a request and takes the answer, as [`Installed::send`] does, and leaves what is to be run in the queue.
    ///
    /// # Panics
    ///
    /// Fails the test as [`Installed::send`] does.
    pub async fn hear(&self, call: &Call) -> Taken {
        let http = self.workspace.sign(call);
        let answer = in_time(self.ingress.accept(&http, self.workspace.now())).await;
        match self.workspace.take(call, &answer) {
            Ok(taken) => taken,
            Err(why) => panic!("Slack cannot take the answer: {why}"),
        }
    }

    /// Runs what is in the queue, to its end.
    pub async fn work(&self) {
        loop {
            let jobs = self.queue.take();
            if jobs.is_empty() {
                return;
            }
            for job in jobs {
                self.dispatcher.dispatch(job.as_str(), self.workspace.now(), self.limit).await;
            }
        }
    }

    /// Returns the store behind it: claims, state, records.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }
}
