//! The server and the client over real sockets, against each other and against independent peers.

mod auth;
mod fake;
mod hostile;
mod prepared;
mod results;
mod session;
