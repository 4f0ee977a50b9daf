//! Packets in a stream of bytes.

/// Longest payload of one frame; a longer packet lies in several.
pub const FRAME_MAX: usize = 0xff_ffff;
