//! What rows 41 to 58 have in common: people do something in the workspace, and look at what comes of it.

use http::StatusCode;

use super::bench::Stage;
use super::{Failure, ensure};
use crate::audit::Record;
use crate::http::HttpResponse;
use crate::testing::slack::{Call, Message, Taken, in_time};

impl Stage<'_> {
    /// Makes the name of a channel that no other row uses; without a dash, as Slack's own are.
    pub(super) fn channel(&self) -> String {
        format!("C{}", self.name().replace("row", "").replace('-', ""))
    }

    /// Sends what somebody did, and returns the answer as it came.
    pub(super) async fn told(&self, call: &Call) -> Result<HttpResponse, Failure> {
        in_time(self.bench.send(self.bench.workspace().sign(call))).await
    }

    /// Sends what somebody did, and lets the workspace take the answer as Slack does.
    pub(super) async fn does(&self, call: Call) -> Result<Taken, Failure> {
        let response = self.told(&call).await?;
        Ok(self.bench.workspace().take(&call, &response)?)
    }

    /// Sends what somebody did and expects it to be refused.
    pub(super) async fn refused(&self, call: &Call, what: &str) -> Result<(), Failure> {
        let status = self.told(call).await?.status();
        ensure!(status == StatusCode::BAD_REQUEST, "{what} was answered {status}");
        Ok(())
    }

    /// Waits for a message in `channel` that says `words`.
    pub(super) async fn message(&self, channel: &str, words: &str) -> Result<Message, Failure> {
        let find = |workspace: &crate::testing::slack::Workspace| {
            workspace.messages(channel).into_iter().rev().find(|message| message.all().contains(words))
        };
        let workspace = self.bench.workspace();
        let found = workspace.until(self.bench.patience(), find).await;
        found.ok_or_else(|| {
            let all: Vec<_> = workspace.messages(channel).iter().map(Message::all).collect();
            format!(
                "no message in {channel} says {words:?}; there are {all:?}, and refused were {:?}",
                workspace.refusals()
            )
            .into()
        })
    }

    /// Waits for the record of the one job whose command line holds `mark`.
    pub(super) async fn recorded(&self, mark: &str) -> Result<Record, Failure> {
        let mut all = self.records_with(mark, 1).await?;
        ensure!(all.len() == 1, "{} records hold {mark}: {all:?}", all.len());
        all.pop().ok_or_else(|| "there is no record".into())
    }

    /// Waits until there are `count` records whose command line holds `mark`; the latest first.
    pub(super) async fn records_with(&self, mark: &str, count: usize) -> Result<Vec<Record>, Failure> {
        let find = async || -> Result<Option<Vec<Record>>, Failure> {
            let all = self.bench.records().await?;
            let found: Vec<_> = all.into_iter().filter(|record| record.arguments.contains(mark)).collect();
            Ok((found.len() >= count).then_some(found))
        };
        self.until(find).await?.ok_or_else(|| format!("there are no {count} records with {mark}").into())
    }
}
