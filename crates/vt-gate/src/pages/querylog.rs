//! The statements as they come, for as long as somebody reads them.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::BroadcastStream;

use crate::gate::Gate;

/// A line a statement; a reader that is too slow misses some.
pub(super) async fn stream(State(gate): State<Arc<Gate>>) -> Response {
    let is_json = gate.querylog.is_json();
    let lines = BroadcastStream::new(gate.querylog.subscribe())
        .filter_map(Result::ok)
        .map(move |entry| Ok::<String, Infallible>(entry.line(is_json) + "\n"));
    Response::new(Body::from_stream(lines))
}
