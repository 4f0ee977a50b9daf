//! The password under RSA, for connections without TLS.
