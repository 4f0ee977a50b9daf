//! Whether the ports are free, and who has those that are not.

use std::net::{Ipv4Addr, TcpListener};

use vt_base::{Code, Error, Result};

use crate::layout::Ports;
use crate::spec::Spec;

/// Fails with the list of ports that something else listens on.
pub(crate) fn check_free(ports: Ports, spec: &Spec) -> Result<()> {
    let taken: Vec<String> = ports
        .all(spec)
        .into_iter()
        .filter(|(port, _)| !is_free(*port))
        .map(|(port, what)| match owner(port) {
            Some(owner) => format!("{port} ({what}) is taken by {owner}"),
            None => format!("{port} ({what}) is taken"),
        })
        .collect();
    if taken.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        Code::Unavailable,
        format!(
            "ports are in use: {}\nstop what has them, or choose others with --port-base \
             (for example --port-base 25000)",
            taken.join("; ")
        ),
    ))
}

/// A port is free if it can be bound; the standard library sets SO_REUSEADDR, so that connections
/// that are only waiting to be forgotten do not count.
fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Returns the process that listens on a port, as far as `/proc` tells.
fn owner(port: u16) -> Option<String> {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default()
        + &std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    let needle = format!(":{port:04X}");
    let inode = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let listens = fields.get(3) == Some(&"0A") && fields.get(1)?.ends_with(&needle);
        listens.then(|| fields.get(9).map(|inode| (*inode).to_owned())).flatten()
    })?;
    let socket = format!("socket:[{inode}]");
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        if !process.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        let Ok(open) = std::fs::read_dir(process.path().join("fd")) else { continue };
        let has = |file: std::fs::DirEntry| {
            std::fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == socket.as_str())
        };
        if open.flatten().any(has) {
            let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            let pid = process.file_name();
            return Some(format!("{} (process {})", name.trim(), pid.to_string_lossy()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::KeyspaceSpec;

    #[test]
    fn a_taken_port_is_named_with_its_owner() {
        let base = 31_000 + (std::process::id() % 2_000) as u16;
        let keyspaces = vec![KeyspaceSpec::parse("a").unwrap()];
        let spec = Spec {
            port_base: base,
            replicas: 0,
            keyspaces,
            demo: false,
            etcd: None,
            one_process: false,
            proxied: false,
            tablet_flags: Vec::new(),
            loaded: false,
        };
        let ports = Ports::new(base);
        let _held = TcpListener::bind((Ipv4Addr::LOCALHOST, ports.gate_mysql())).unwrap();
        let err = check_free(ports, &spec).unwrap_err();
        assert!(err.message().contains("vtgate's MySQL"), "{err}");
        assert!(err.message().contains(&format!("process {}", std::process::id())), "{err}");
    }
}
