//! The one binary: every program of the cluster, by name or by first word.

mod flags;

fn main() {}
