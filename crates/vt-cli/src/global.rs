//! The flags that every command has.

use crate::flags::{Flag, Kind};

/// The flags with a meaning.
pub(crate) const FLAGS: &[Flag] = &[
    Flag::new(
        "server",
        Kind::Text,
        "host:port of a vtctld, or `internal` to carry the command out here",
    ),
    Flag::new("action-timeout", Kind::Duration, "how long the command may take").or("1h0m0s"),
    Flag::new("compact", Kind::Switch, "print JSON on one line"),
    Flag::new(
        "grpc-max-message-size",
        Kind::Int,
        "largest message that is taken or sent, in bytes",
    )
    .or("16777216"),
    Flag::new("topo-implementation", Kind::Text, "kind of topology, with --server internal")
        .or("etcd2"),
    Flag::new(
        "topo-global-server-address",
        Kind::Text,
        "host:port of the topology, with --server internal",
    )
    .or("localhost:2379"),
    Flag::new(
        "topo-global-root",
        Kind::Text,
        "path of the global data in the topology, with --server internal",
    )
    .or("/vitess/global"),
    Flag::new("topo-etcd-tls-ca", Kind::Text, "file with the CA of the topology's certificate"),
    Flag::new("topo-etcd-tls-cert", Kind::Text, "file with our certificate for the topology"),
    Flag::new("topo-etcd-tls-key", Kind::Text, "file with the key of that certificate"),
    Flag::new("help", Kind::Switch, "describe a command").short('h'),
    Flag::new("version", Kind::Switch, "print the version"),
];

/// Flags of the reference that mean nothing here; they are taken, and a line says so.
pub(crate) const IGNORED: &[Flag] = &[
    Flag::new("alsologtostderr", Kind::Switch, ""),
    Flag::new("grpc-auth-static-client-creds", Kind::Text, ""),
    Flag::new("grpc-compression", Kind::Text, ""),
    Flag::new("grpc-enable-tracing", Kind::Switch, ""),
    Flag::new("grpc-initial-conn-window-size", Kind::Int, ""),
    Flag::new("grpc-initial-window-size", Kind::Int, ""),
    Flag::new("grpc-keepalive-time", Kind::Duration, ""),
    Flag::new("grpc-keepalive-timeout", Kind::Duration, ""),
    Flag::new("grpc-prometheus", Kind::Switch, ""),
    Flag::new("keep-logs", Kind::Duration, ""),
    Flag::new("keep-logs-by-mtime", Kind::Duration, ""),
    Flag::new("log-backtrace-at", Kind::Text, ""),
    Flag::new("log-dir", Kind::Text, ""),
    Flag::new("log-format", Kind::Text, ""),
    Flag::new("log-level", Kind::Text, ""),
    Flag::new("log-link", Kind::Text, ""),
    Flag::new("log-rotate-max-size", Kind::Int, ""),
    Flag::new("log-structured", Kind::Switch, ""),
    Flag::new("logbuflevel", Kind::Int, ""),
    Flag::new("logtostderr", Kind::Switch, ""),
    Flag::new("mysql-server-version", Kind::Text, ""),
    Flag::new("purge-logs-interval", Kind::Duration, ""),
    Flag::new("security-policy", Kind::Text, ""),
    Flag::new("stderrthreshold", Kind::Text, ""),
    Flag::new("tablet-manager-grpc-concurrency", Kind::Int, ""),
    Flag::new("tablet-manager-protocol", Kind::Text, ""),
    Flag::new("v", Kind::Text, ""),
    Flag::new("vmodule", Kind::Text, ""),
    Flag::new("vtctl-client-protocol", Kind::Text, ""),
];

/// Flags that would make the connection safe. To ignore them would be to pretend that it is.
pub(crate) const REFUSED: &[Flag] = &[
    Flag::new("tablet-manager-grpc-ca", Kind::Text, ""),
    Flag::new("tablet-manager-grpc-cert", Kind::Text, ""),
    Flag::new("tablet-manager-grpc-crl", Kind::Text, ""),
    Flag::new("tablet-manager-grpc-key", Kind::Text, ""),
    Flag::new("tablet-manager-grpc-server-name", Kind::Text, ""),
    Flag::new("vtctld-grpc-ca", Kind::Text, ""),
    Flag::new("vtctld-grpc-cert", Kind::Text, ""),
    Flag::new("vtctld-grpc-crl", Kind::Text, ""),
    Flag::new("vtctld-grpc-key", Kind::Text, ""),
    Flag::new("vtctld-grpc-server-name", Kind::Text, ""),
];

/// Returns every global flag.
pub(crate) fn all() -> impl Iterator<Item = Flag> {
    FLAGS.iter().chain(IGNORED).chain(REFUSED).copied()
}
