//! Tablets beside real mysqlds, reached over gRPC as gateways and control reach them.

mod harness;
mod queries;
mod replication;
mod sessions;
