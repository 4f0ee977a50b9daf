//! The store against real servers: what every store does, and what only a store with a network
//! between must do.

mod conformance;
mod embedded;
mod etcd;
mod outages;
mod reader;
mod tls;
