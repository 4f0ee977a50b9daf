//! Runs a plan against the shards.
