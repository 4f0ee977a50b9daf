//! The protobuf messages of the cluster's services and records, a module a package.
//!
//! The messages are generated from `proto/`; [`json`] gives their JSON form. Services (clients and
//! servers) are generated in `vt-rpc`, so that a record can be read without gRPC.

pub mod convert;
pub mod json;
pub mod text;

macro_rules! packages {
    ($($name:ident),* $(,)?) => {
        $(
            #[allow(clippy::all, clippy::pedantic, missing_docs)]
            pub mod $name {
                include!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".rs"));
            }
        )*
    };
}

packages!(
    binlogdata,
    logutil,
    mysqlctl,
    query,
    querythrottler,
    replicationdata,
    tableacl,
    tabletmanagerdata,
    throttlerdata,
    topodata,
    vschema,
    vtctldata,
    vtgate,
    vtorcdata,
    vtrpc,
    vttest,
    vttime,
);
