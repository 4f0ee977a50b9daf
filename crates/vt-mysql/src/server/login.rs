//! The server's half of the handshake.
