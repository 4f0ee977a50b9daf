//! Streams of other workflows that come from shards which are to go: they follow the journal to the
//! new shards by themselves, and the old ones have to stay until they have.

use std::time::Duration;

use tokio::time::Instant;
use vt_base::Result;
use vt_proto::binlogdata::VReplicationWorkflowState as State;
use vt_proto::tabletmanagerdata as tm;
use vt_workflow::Kind;

use super::observe::Observed;
use crate::Control;
use crate::control::refused;

/// How long streams may take to follow.
const FOLLOW_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A stream that comes from a shard which is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Follower {
    keyspace: String,
    workflow: String,
    id: i32,
    shard: String,
    state: State,
}

impl Control {
    /// Waits until the streams of other workflows have left the shards that are replaced.
    ///
    /// # Errors
    /// One does not leave, or is stopped; the error names it and what helps.
    pub(super) async fn wait_for_followers(&self, seen: &Observed) -> Result<()> {
        if seen.view.kind != Kind::Shards {
            return Ok(());
        }
        let until = Instant::now() + FOLLOW_MAX;
        loop {
            let left = self.followers(seen).await?;
            let Some(first) = left.first() else { return Ok(()) };
            let stopped = left.iter().find(|one| is_stopped(one.state));
            if let Some(stopped) = stopped {
                return Err(refused(in_the_way(&seen.view.source_keyspace, stopped)));
            }
            if Instant::now() >= until {
                return Err(refused(in_the_way(&seen.view.source_keyspace, first)));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Finds the streams of all keyspaces that come from shards which are to go.
    async fn followers(&self, seen: &Observed) -> Result<Vec<Follower>> {
        let own = [seen.view.workflow.clone(), seen.view.reverse_name()];
        let request =
            tm::ReadVReplicationWorkflowsRequest { exclude_frozen: true, ..Default::default() };
        let mut found = Vec::new();
        for keyspace in self.topo.get_keyspaces().await? {
            let shards = match self.read_workflows(&keyspace, &[], &request).await {
                Ok(shards) => shards,
                // One that does not answer is no reason to keep shards for ever; its streams stop
                // with an error that says from where they come.
                Err(error) => {
                    tracing::warn!(keyspace, %error, "cannot see which streams have followed");
                    continue;
                }
            };
            for workflow in shards.iter().flat_map(|shard| &shard.workflows) {
                if keyspace == seen.view.source_keyspace && own.contains(&workflow.workflow) {
                    continue;
                }
                found.extend(workflow.streams.iter().filter_map(|stream| {
                    let source = stream.bls.as_ref()?;
                    let comes = source.external_cluster.is_empty()
                        && source.keyspace == seen.view.source_keyspace
                        && seen.found.source.shards.contains_key(&source.shard);
                    comes.then(|| Follower {
                        keyspace: keyspace.clone(),
                        workflow: workflow.workflow.clone(),
                        id: stream.id,
                        shard: source.shard.clone(),
                        state: stream.state(),
                    })
                }));
            }
        }
        Ok(found)
    }
}

fn is_stopped(state: State) -> bool {
    matches!(state, State::Stopped | State::Error)
}

/// Says which stream keeps a shard, and what helps.
fn in_the_way(source: &str, stream: &Follower) -> String {
    let Follower { keyspace, workflow, id, shard, state } = stream;
    let command = format!("Workflow --keyspace {keyspace}");
    let helps = match is_stopped(*state) {
        true => format!(
            "start it with `{command} start --workflow {workflow}`, so that it follows to the new \
             shards, or end it with `{command} delete --workflow {workflow}`"
        ),
        false => format!(
            "it has not followed to the new shards yet: `{command} show --workflow {workflow}` says \
             why; run complete again then"
        ),
    };
    let state = state.as_str_name();
    format!(
        "stream {id} of workflow {keyspace}.{workflow} ({state}) comes from shard {source}/{shard}, \
         which is to go: {helps}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_in_the_way_is_named_with_what_helps() {
        let stream = |state| Follower {
            keyspace: "stats".to_owned(),
            workflow: "sums".to_owned(),
            id: 3,
            shard: "-80".to_owned(),
            state,
        };
        let text = in_the_way("customer", &stream(State::Stopped));
        assert!(text.contains("comes from shard customer/-80"), "{text}");
        assert!(text.contains("`Workflow --keyspace stats start --workflow sums`"), "{text}");
        let text = in_the_way("customer", &stream(State::Running));
        assert!(text.contains("`Workflow --keyspace stats show --workflow sums`"), "{text}");
    }
}
