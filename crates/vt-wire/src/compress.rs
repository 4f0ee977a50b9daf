//! Compressed packets.
