//! The records of the topology, a file a noun; each adds its functions to the topology server.

pub mod browse;
pub mod cell;
pub mod election;
pub mod external;
pub mod gateway;
pub mod keyspace;
pub mod lock;
pub mod metadata;
pub mod routing_rules;
pub mod shard;
pub mod shard_replication;
pub mod srv_keyspace;
pub mod srv_vschema;
pub mod tablet;
pub mod validate;
pub mod vschema;
