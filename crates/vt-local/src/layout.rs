//! Where things lie: files in the data folder, ports on the loopback.

use std::path::{Path, PathBuf};

use vt_base::{Result, TabletAlias};
use vt_mysqld::Instance;

use crate::spec::{Spec, TabletSpec, wrong};

/// The cell of a cluster on one machine.
pub(crate) const CELL: &str = "zone1";
/// The lowest port unless the user says another.
pub(crate) const PORT_BASE: u16 = 15000;

/// The files of a cluster.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) root: PathBuf,
}

impl Files {
    /// Names the files under a data folder, which is made absolute.
    pub(crate) fn new(root: &Path) -> Result<Files> {
        let root = std::path::absolute(root)
            .map_err(|err| wrong(format!("data folder {}: {err}", root.display())))?;
        Ok(Files { root })
    }

    pub(crate) fn spec(&self) -> PathBuf {
        self.root.join("cluster.json")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.logs().join("state.json")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.logs().join("supervisor.lock")
    }

    pub(crate) fn log_of(&self, part: &str) -> PathBuf {
        self.logs().join(format!("{part}.log"))
    }

    pub(crate) fn topo(&self) -> PathBuf {
        self.root.join("topo")
    }

    /// A server's data made once, from which each tablet's is copied.
    pub(crate) fn seed(&self) -> PathBuf {
        self.root.join("tmp").join("seed")
    }

    /// The accounts of a server of somebody else, by the keyspace that it is.
    pub(crate) fn credentials(&self, keyspace: &str) -> PathBuf {
        self.root.join(format!("{keyspace}.credentials.json"))
    }

    pub(crate) fn small_cnf(&self) -> PathBuf {
        self.root.join("tmp").join("small.cnf")
    }
}

/// The ports of a cluster: the usual ones, moved together by `--port-base`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    base: u16,
}

impl Ports {
    pub(crate) fn new(base: u16) -> Ports {
        Ports { base }
    }

    /// Moves a usual port by the distance of the base; checked beforehand by [`Ports::check`].
    fn moved(self, usual: u32) -> u16 {
        let port = i64::from(usual) + i64::from(self.base) - i64::from(PORT_BASE);
        u16::try_from(port).unwrap_or_default()
    }

    /// Fails where a port would lie outside the numbers that ports have.
    pub(crate) fn check(self, spec: &Spec) -> Result<()> {
        let highest = spec.tablets().iter().map(|tablet| 17000 + tablet.uid).max().unwrap_or(17000);
        let shift = i64::from(self.base) - i64::from(PORT_BASE);
        if i64::from(highest) + shift > 65535 || 2379 + shift < 1024 {
            return Err(wrong(format!(
                "--port-base {}: ports {} to {} would be needed; use 13700 to {}",
                self.base,
                2379 + shift,
                i64::from(highest) + shift,
                65535 - highest + u32::from(PORT_BASE)
            )));
        }
        Ok(())
    }

    /// Returns the address of the topology's store: ours, or the one that the user has.
    pub(crate) fn topo_address(self, spec: &Spec) -> String {
        let host = if spec.proxied { "127.1.0.1" } else { "localhost" };
        spec.etcd.clone().unwrap_or_else(|| format!("{host}:{}", self.topo()))
    }

    pub(crate) fn topo(self) -> u16 {
        self.moved(2379)
    }

    pub(crate) fn vtctld_web(self) -> u16 {
        self.moved(15000)
    }

    pub(crate) fn vtctld_grpc(self) -> u16 {
        self.moved(15999)
    }

    pub(crate) fn orchestrator_web(self) -> u16 {
        self.moved(16000)
    }

    pub(crate) fn gate_web(self) -> u16 {
        self.moved(15001)
    }

    pub(crate) fn gate_grpc(self) -> u16 {
        self.moved(15991)
    }

    pub(crate) fn gate_mysql(self) -> u16 {
        self.moved(15306)
    }

    pub(crate) fn tablet_web(self, uid: u32) -> u16 {
        self.moved(15000 + uid)
    }

    pub(crate) fn tablet_grpc(self, uid: u32) -> u16 {
        self.moved(16000 + uid)
    }

    pub(crate) fn tablet_mysql(self, uid: u32) -> u16 {
        self.moved(17000 + uid)
    }

    /// Returns the port of gateways' own transport where it has to be known beforehand.
    pub(crate) fn tablet_framed(self, uid: u32) -> u16 {
        self.moved(18000 + uid)
    }

    /// Returns every port with what it is for.
    pub(crate) fn all(self, spec: &Spec) -> Vec<(u16, String)> {
        let mut all = vec![
            (self.vtctld_web(), "vtctld's pages".to_owned()),
            (self.vtctld_grpc(), "vtctld".to_owned()),
            (self.orchestrator_web(), "vtorc's pages".to_owned()),
            (self.gate_web(), "vtgate's pages".to_owned()),
            (self.gate_grpc(), "vtgate's gRPC".to_owned()),
            (self.gate_mysql(), "vtgate's MySQL".to_owned()),
        ];
        if spec.etcd.is_none() {
            all.push((self.topo(), "the topology".to_owned()));
        }
        for TabletSpec { uid, external, .. } in spec.tablets() {
            all.push((self.tablet_web(uid), format!("the pages of tablet {uid}")));
            all.push((self.tablet_grpc(uid), format!("the gRPC of tablet {uid}")));
            if external.is_none() {
                all.push((self.tablet_mysql(uid), format!("the mysqld of tablet {uid}")));
            }
        }
        all
    }
}

/// Returns where others reach a tablet and its server.
pub(crate) fn tablet_host(spec: &Spec, uid: u32) -> String {
    match spec.proxied {
        true => format!("127.1.{}.{}", 1 + uid / 100 % 200, uid % 100),
        false => "127.0.0.1".to_owned(),
    }
}

pub(crate) fn alias(uid: u32) -> TabletAlias {
    TabletAlias::new(CELL, uid)
}

pub(crate) fn instance(files: &Files, ports: Ports, uid: u32) -> Instance {
    Instance::new(&files.root, uid, ports.tablet_mysql(uid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::KeyspaceSpec;

    #[test]
    fn ports_are_the_usual_ones_moved_together() {
        let keyspaces = vec![KeyspaceSpec::parse("a:2").unwrap()];
        let spec = Spec {
            port_base: PORT_BASE,
            replicas: 1,
            keyspaces,
            demo: false,
            etcd: None,
            one_process: false,
            proxied: false,
            tablet_flags: Vec::new(),
            loaded: false,
        };
        let usual = Ports::new(PORT_BASE);
        assert_eq!(usual.gate_mysql(), 15306);
        assert_eq!(usual.tablet_mysql(200), 17200);
        assert_eq!(Ports::new(25000).topo(), 12379);
        assert!(usual.check(&spec).is_ok());
        assert!(Ports::new(65000).check(&spec).is_err());
        assert!(Ports::new(100).check(&spec).is_err());
        let mut all: Vec<u16> = usual.all(&spec).into_iter().map(|(port, _)| port).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 7 + 3 * 4, "two parts share a port");
    }
}
