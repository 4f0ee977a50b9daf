//! Opening a socket and logging in.
