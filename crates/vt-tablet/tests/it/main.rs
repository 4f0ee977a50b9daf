//! Tablets beside real mysqlds, reached over gRPC as gateways and control reach them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;
mod queries;
mod replication;
mod sessions;
