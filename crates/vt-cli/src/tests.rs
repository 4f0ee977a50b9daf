//! Command lines and what they print, on a topology in memory.
