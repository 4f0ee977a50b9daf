//! A streamed call as one stream of events, without a task of its own.

use std::sync::Arc;

use futures::{Stream, stream};
use tokio::sync::mpsc;
use vt_proto::query;
use vt_tablet_api::{ExecuteReply, ExecuteRequest, QueryService, StreamPart};

use crate::convert::{Included, field_to_proto, rows_to_proto};

/// How many pieces of a result may wait for a slow client.
const PARTS_QUEUE: usize = 2;

/// What happens in a streamed call.
pub(super) enum Event {
    Part(StreamPart),
    /// The last: the call is over.
    End(ExecuteReply),
}

/// Runs a streamed call while its events are asked for; dropping the stream drops the call.
pub(super) fn events(
    service: Arc<dyn QueryService>,
    request: ExecuteRequest,
) -> impl Stream<Item = Event> + Send {
    let (sender, receiver) = mpsc::channel(PARTS_QUEUE);
    let running = Box::pin(async move { service.stream_execute(request, sender).await });
    stream::unfold((Some(running), None, receiver), async |(mut running, mut reply, mut parts)| {
        loop {
            let Some(call) = running.as_mut() else {
                // The call is over: what it sent before it ended comes first.
                return match parts.recv().await {
                    Some(part) => Some((Event::Part(part), (running, reply, parts))),
                    None => {
                        let end: Option<ExecuteReply> = reply.take();
                        end.map(|end| (Event::End(end), (running, None, parts)))
                    }
                };
            };
            tokio::select! {
                biased;
                Some(part) = parts.recv() => {
                    return Some((Event::Part(part), (running, reply, parts)));
                }
                end = call => reply = Some(end),
            }
            running = None;
        }
    })
}

/// Makes the message's result of a piece of a stream.
pub(super) fn part_to_proto(part: StreamPart, included: Included) -> query::QueryResult {
    let fields = part.fields.iter().flat_map(|fields| fields.iter());
    query::QueryResult {
        fields: fields.map(|field| field_to_proto(field, included)).collect(),
        rows: rows_to_proto(&part.rows),
        ..query::QueryResult::default()
    }
}
