//! How statements come in: MySQL's protocol, and gRPC.

pub mod grpc;
pub mod mysql;
