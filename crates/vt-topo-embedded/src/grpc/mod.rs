//! The services of etcd's API, each a thin face of the engine.

pub(crate) mod cluster;
pub(crate) mod kv;
pub(crate) mod lease;
pub(crate) mod watch;

/// The largest request that is taken in.
pub(crate) const REQUEST_BYTES_MAX: usize = 12 << 20;
