//! MySQL connections: server, client, pools, TLS.
