//! The server and the client over real sockets, against each other and against independent peers.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod auth;
mod broken_off;
mod fake;
mod hostile;
mod prepared;
mod results;
mod session;
