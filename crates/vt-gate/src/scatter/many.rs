//! Several calls at the same time.

use std::collections::HashMap;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use vt_base::{Code, Error, Result};
use vt_exec::{CallOptions, ShardCall};
use vt_value::QueryResult;

use super::Scatter;

impl Scatter<'_> {
    /// Runs calls at the same time, those to the same shard one after the other.
    ///
    /// Within a transaction all calls are waited for, since a call that is broken off leaves its
    /// shard in doubt; else the first failure ends the others.
    pub(super) async fn execute_many(
        &self,
        calls: &[ShardCall],
        how: CallOptions,
    ) -> Vec<Result<QueryResult>> {
        let may_break_off = how.read_only && !how.keep_going && !self.is_in_transaction();
        let mut results: Vec<Option<Result<QueryResult>>> = calls.iter().map(|_| None).collect();
        let mut running: FuturesUnordered<_> =
            by_shard(calls).into_iter().map(|places| self.in_turn(calls, places, how)).collect();
        'running: while let Some(done) = running.next().await {
            for (place, result) in done {
                let failed = result.is_err();
                results[place] = Some(result);
                if failed && may_break_off {
                    break 'running;
                }
            }
        }
        drop(running);
        results.into_iter().map(|result| result.unwrap_or_else(|| Err(broken_off()))).collect()
    }

    async fn in_turn(
        &self,
        calls: &[ShardCall],
        places: Vec<usize>,
        how: CallOptions,
    ) -> Vec<(usize, Result<QueryResult>)> {
        let mut done = Vec::with_capacity(places.len());
        for place in places {
            let result = self.call(&calls[place], how).await;
            let failed = result.is_err();
            done.push((place, result));
            if failed && !how.keep_going {
                break;
            }
        }
        done
    }

    pub(super) fn is_in_transaction(&self) -> bool {
        self.session.lock().transaction.is_open
    }
}

/// Groups the places of calls by shard.
fn by_shard(calls: &[ShardCall]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::with_capacity(calls.len());
    let mut known: HashMap<(&str, &str), usize> = HashMap::with_capacity(calls.len());
    for (place, call) in calls.iter().enumerate() {
        let group = *known.entry((&call.keyspace, &call.shard)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(place);
    }
    groups
}

/// The error of a call that another's failure ended.
pub(super) fn broken_off() -> Error {
    Error::new(Code::Canceled, "context canceled")
}
