//! What the source sends of its log, gathered while what came before is written.

use tokio::sync::mpsc;
use vt_base::{Code, Error, Result};
use vt_proto::binlogdata::{VEvent, VStreamResponse};
use vt_rpc::status::from_status;

/// So many parts may wait; what comes meanwhile becomes one part, so that a stream that is behind
/// writes many transactions at once.
pub(crate) const PARTS_MAX: usize = 4;
/// A part grows no more once its rows have so many bytes.
const PART_BYTES: usize = 1 << 20;

/// Hands on what the source sends; ends with nothing but its own end.
pub(crate) async fn read_parts(
    mut messages: tonic::Streaming<VStreamResponse>,
    sender: mpsc::Sender<Result<Vec<VEvent>>>,
) {
    let (mut part, mut bytes, mut failure) = (Vec::new(), 0, None);
    while failure.is_none() || !part.is_empty() {
        tokio::select! {
            biased;
            permit = sender.reserve(), if !part.is_empty() => {
                let Ok(permit) = permit else { return std::future::pending().await };
                permit.send(Ok(std::mem::take(&mut part)));
                bytes = 0;
            }
            got = messages.message(), if failure.is_none() && bytes < PART_BYTES => match got {
                Ok(Some(message)) => {
                    bytes += message.events.iter().map(size).sum::<usize>();
                    part.extend(message.events);
                }
                Ok(None) => {
                    let ended = Error::new(Code::Unavailable, "the source ended its stream");
                    failure = Some(ended);
                }
                Err(status) => failure = Some(from_status(&status)),
            }
        }
    }
    // What has come is applied before the failure counts; a receiver that is gone needs neither.
    if let Some(failure) = failure {
        drop(sender.send(Err(failure)).await);
    }
    std::future::pending().await
}

/// Returns about how much an event takes.
fn size(event: &VEvent) -> usize {
    let changes = event.row_event.iter().flat_map(|one| &one.row_changes);
    let rows = changes.flat_map(|one| [&one.before, &one.after]).flatten();
    rows.map(|row| row.values.len() + row.lengths.len() * 8).sum::<usize>() + 128
}
