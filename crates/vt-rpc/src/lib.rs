//! gRPC clients and servers of the cluster's services, and conversions at the seam to a tablet.
//!
//! Start at [`dial::TabletDialer`], which turns a tablet's record into a `QueryService` or a client
//! of its manager; [`query_server`] is the other end, [`framed`] the faster way between our own two. Services are generated from the .proto files
//! of `vt-proto`, a module a package. [`status`] carries errors over gRPC with MySQL's errno and
//! SQLSTATE in their text, [`convert`] carries rows, bind variables and options.
//!
//! The crate decides nothing: it knows no SQL, no plan, no choice of tablets.

pub mod convert;
pub mod copy_progress;
pub mod dial;
pub mod framed;
pub mod query_client;
pub mod query_server;
pub mod row_streams;
pub mod server;
pub mod status;
pub mod vschema;

macro_rules! services {
    ($($name:ident),* $(,)?) => {
        $(
            #[allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub)]
            pub mod $name {
                include!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".rs"));
            }
        )*
    };
}

services!(
    binlogservice,
    mysqlctl,
    queryservice,
    tabletmanagerservice,
    throttlerservice,
    vtctlservice,
    vtgateservice,
);

/// The largest message that is taken or sent unless configured otherwise, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

#[cfg(test)]
mod transport_tests;
