//! Groups of flags that several programs have: topology, listeners, dialling of tablets.

use std::path::PathBuf;
use std::time::Duration;

use vt_base::{Code, Error, Result};
use vt_rpc::dial::DialConfig;
use vt_topo_etcd::TopoFlags;

use crate::flags::Flags;

/// Reads `--topo-*`.
pub(super) fn topo_flags(flags: &Flags) -> TopoFlags {
    let defaults = TopoFlags::default();
    let path = |name: &str| flags.optional(name).map(PathBuf::from);
    TopoFlags {
        implementation: flags.optional("topo-implementation").unwrap_or_else(|| "etcd2".to_owned()),
        global_server_address: flags.string("topo-global-server-address"),
        global_root: flags.string("topo-global-root"),
        lease_ttl: match flags.number::<u64>("topo-etcd-lease-ttl") {
            0 => defaults.lease_ttl,
            seconds => Duration::from_secs(seconds),
        },
        tls_ca: path("topo-etcd-tls-ca"),
        tls_cert: path("topo-etcd-tls-cert"),
        tls_key: path("topo-etcd-tls-key"),
        lock_timeout: or(flags.duration("lock-timeout"), defaults.lock_timeout),
        read_concurrency: match flags.number("topo-read-concurrency") {
            0 => defaults.read_concurrency,
            count => count,
        },
        operation_timeout: or(
            flags.duration("remote-operation-timeout"),
            defaults.operation_timeout,
        ),
    }
}

/// Takes a duration unless it is zero.
pub(super) fn or(given: Duration, otherwise: Duration) -> Duration {
    if given.is_zero() { otherwise } else { given }
}

/// The loopback, unless the user says what to listen on.
pub(super) fn bind_address(flags: &Flags, name: &str) -> String {
    flags.optional(name).unwrap_or_else(|| "127.0.0.1".to_owned())
}

/// How tablets are reached.
pub(super) fn dial(flags: &Flags) -> DialConfig {
    let defaults = DialConfig::default();
    DialConfig {
        message_bytes_max: message_bytes(flags, defaults.message_bytes_max),
        keepalive_time: or(flags.duration("grpc-keepalive-time"), defaults.keepalive_time),
        keepalive_timeout: or(flags.duration("grpc-keepalive-timeout"), defaults.keepalive_timeout),
        ..defaults
    }
}

pub(super) fn message_bytes(flags: &Flags, otherwise: usize) -> usize {
    match flags.number("grpc-max-message-size") {
        0 => otherwise,
        bytes => bytes,
    }
}

/// Fails unless a flag that the program cannot do without is given.
pub(super) fn required(flags: &Flags, name: &str) -> Result<String> {
    flags
        .optional(name)
        .ok_or_else(|| Error::new(Code::InvalidArgument, format!("--{name} is required")))
}
