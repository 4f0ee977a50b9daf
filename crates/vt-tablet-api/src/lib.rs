//! The seam between gateway and tablet: the query service, over our own types.
//!
//! Start at [`QueryService`]. A gateway holds one per tablet; `vt-rpc` implements it over gRPC and
//! over the framed transport, `vt-tablet` answers it, and tests stand in for either. One request
//! type covers what the wire splits into eight calls (with or without BEGIN, reserving a
//! connection, streaming): the state that a call opens comes back even when its query fails.

pub mod health;
pub mod query;
pub mod service;
pub mod throttle;

pub use health::{HealthState, HealthStream, RealtimeStats};
pub use query::{
    Begin, Caller, ExecuteOptions, ExecuteReply, ExecuteRequest, Isolation, Reserve, SchemaReply,
    SchemaTables, TxState, Workload,
};
pub use service::QueryService;
pub use vt_value::StreamPart;
