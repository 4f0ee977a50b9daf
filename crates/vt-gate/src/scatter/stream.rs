//! Calls whose rows come in pieces.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use vt_base::{Result, TabletAlias};
use vt_exec::{CallOptions, ShardCall};
use vt_tablet_api::StreamPart;
use vt_value::QueryResult;

use super::Scatter;
use super::many::broken_off;
use crate::tablets::may_retry;

impl Scatter<'_> {
    /// Runs streaming calls at the same time; each sends to the sender of its place.
    pub(super) async fn stream_many(
        &self,
        calls: &[ShardCall],
        how: CallOptions,
        out: Vec<mpsc::Sender<StreamPart>>,
    ) -> Vec<Result<QueryResult>> {
        let may_break_off = how.read_only && !how.keep_going && !self.is_in_transaction();
        let mut results: Vec<Option<Result<QueryResult>>> = calls.iter().map(|_| None).collect();
        let mut running: FuturesUnordered<_> =
            calls
                .iter()
                .zip(out)
                .enumerate()
                .map(|(place, (call, out))| async move {
                    (place, self.stream_call(call, how, out).await)
                })
                .collect();
        while let Some((place, result)) = running.next().await {
            let failed = result.is_err();
            results[place] = Some(result);
            if failed && may_break_off {
                break;
            }
        }
        drop(running);
        results.into_iter().map(|result| result.unwrap_or_else(|| Err(broken_off()))).collect()
    }

    async fn stream_call(
        &self,
        call: &ShardCall,
        how: CallOptions,
        out: mpsc::Sender<StreamPart>,
    ) -> Result<QueryResult> {
        let mut place = self.place(call, how);
        let mut refused: Vec<TabletAlias> = Vec::new();
        let until = self.patience(&place);
        loop {
            let tablet = self.reach_fresh(&mut place, &refused, until).await?;
            let request = self.request(call, &place);
            let sending = tablet.service.stream_execute(request, out.clone());
            let reply = self.before_deadline(&place, sending).await;
            let error = match self.take(&place, &tablet, reply) {
                Ok(result) => {
                    self.note_position(&place, &tablet.alias, &result.session_state_changes).await;
                    return Ok(result);
                }
                // Who has seen enough goes away, as LIMIT does; that is no failure.
                Err(_) if out.is_closed() => return Ok(QueryResult::default()),
                Err(error) => error,
            };
            let tries_left = refused.len() < self.tablets.retry_count as usize;
            // Rows may have gone out before a connection broke, so only a refusal is tried again.
            if !place.is_free() || !tries_left || !may_retry(&error, false) {
                return Err(error.context(format!("target: {}", place.target)));
            }
            refused.push(tablet.alias);
        }
    }
}
