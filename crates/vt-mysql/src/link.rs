//! Packets over a socket: one buffer to read, one to write.
