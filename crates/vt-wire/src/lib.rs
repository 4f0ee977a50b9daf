//! MySQL's protocol without I/O: packets, handshakes, commands, results.
