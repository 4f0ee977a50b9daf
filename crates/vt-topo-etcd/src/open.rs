//! From a process's flags to its topology.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use vt_topo::memory::MemoryTopo;
use vt_topo::{Result, Store, StoreFactory, TopoError, TopoOptions, TopoServer};

use crate::client::{EtcdOptions, TlsOptions};
use crate::store::EtcdStore;

/// The topology flags that every program has; a field a flag.
#[derive(Clone, Debug)]
pub struct TopoFlags {
    /// `--topo-implementation`: `etcd2`, or `memorytopo` for one process alone.
    pub implementation: String,
    /// `--topo-global-server-address`: `host:port`, several with commas.
    pub global_server_address: String,
    /// `--topo-global-root`: `/vitess/global`.
    pub global_root: String,
    /// `--topo-etcd-lease-ttl`.
    pub lease_ttl: Duration,
    /// `--topo-etcd-tls-ca`, `-cert`, `-key`: files in PEM form.
    pub tls_ca: Option<PathBuf>,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// `--lock-timeout`.
    pub lock_timeout: Duration,
    /// `--topo-read-concurrency`.
    pub read_concurrency: usize,
    /// `--remote-operation-timeout`: how long one operation may take.
    pub operation_timeout: Duration,
}

impl Default for TopoFlags {
    fn default() -> TopoFlags {
        let topo = TopoOptions::default();
        let etcd = EtcdOptions::default();
        TopoFlags {
            implementation: "etcd2".to_owned(),
            global_server_address: String::new(),
            global_root: String::new(),
            lease_ttl: etcd.lease_ttl,
            tls_ca: None,
            tls_cert: None,
            tls_key: None,
            lock_timeout: topo.lock_timeout,
            read_concurrency: topo.read_concurrency,
            operation_timeout: etcd.operation_timeout,
        }
    }
}

/// Opens stores on etcd; every cell uses the same options.
#[derive(Clone, Debug, Default)]
pub struct EtcdFactory {
    pub options: EtcdOptions,
}

#[async_trait]
impl StoreFactory for EtcdFactory {
    async fn open(&self, cell: &str, server_address: &str, root: &str) -> Result<Arc<dyn Store>> {
        let store = EtcdStore::new(server_address, root, self.options.clone()).map_err(|err| {
            TopoError::Invalid(format!("cannot open the topology of cell {cell}: {err}"))
        })?;
        Ok(Arc::new(store))
    }
}

/// Opens the topology that the flags describe. It need not be reachable yet: a call waits for it
/// as long as an operation may take, and fails with `Unavailable`.
pub async fn open(flags: &TopoFlags) -> Result<Arc<TopoServer>> {
    let options = TopoOptions {
        lock_timeout: flags.lock_timeout,
        read_concurrency: flags.read_concurrency,
        ..TopoOptions::default()
    };
    let factory: Arc<dyn StoreFactory> = match flags.implementation.as_str() {
        "etcd2" => {
            if flags.global_server_address.is_empty() {
                return Err(missing("topo-global-server-address"));
            }
            Arc::new(EtcdFactory { options: etcd_options(flags).await? })
        }
        "memorytopo" => Arc::new(MemoryTopo::new()),
        other => return Err(TopoError::NoImplementation(other.to_owned())),
    };
    if flags.global_root.is_empty() {
        return Err(missing("topo-global-root"));
    }
    let server =
        TopoServer::open(factory, &flags.global_server_address, &flags.global_root, options);
    Ok(Arc::new(server.await?))
}

fn missing(flag: &str) -> TopoError {
    TopoError::Invalid(format!("--{flag} must be given"))
}

async fn etcd_options(flags: &TopoFlags) -> Result<EtcdOptions> {
    let tls = match (&flags.tls_ca, &flags.tls_cert, &flags.tls_key) {
        (None, None, None) => None,
        (ca, cert, key) => {
            let certificate_and_key = match (cert, key) {
                (Some(cert), Some(key)) => Some((load_pem(cert).await?, load_pem(key).await?)),
                (None, None) => None,
                _ => {
                    return Err(TopoError::Invalid(
                        "--topo-etcd-tls-cert and --topo-etcd-tls-key go together".to_owned(),
                    ));
                }
            };
            let ca = match ca {
                Some(path) => Some(load_pem(path).await?),
                None => None,
            };
            Some(TlsOptions { ca, certificate_and_key })
        }
    };
    Ok(EtcdOptions {
        lease_ttl: flags.lease_ttl,
        operation_timeout: flags.operation_timeout,
        attempt_timeout: EtcdOptions::default().attempt_timeout.min(flags.operation_timeout),
        tls,
    })
}

async fn load_pem(path: &Path) -> Result<Vec<u8>> {
    tokio::fs::read(path)
        .await
        .map_err(|err| TopoError::Invalid(format!("cannot read {}: {err}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(implementation: &str, address: &str, root: &str, expect: &str) {
        let flags = TopoFlags {
            implementation: implementation.to_owned(),
            global_server_address: address.to_owned(),
            global_root: root.to_owned(),
            ..TopoFlags::default()
        };
        let text = match open(&flags).await {
            Ok(_) => "ok".to_owned(),
            Err(err) => err.to_string(),
        };
        assert_eq!(text, expect);
    }

    #[tokio::test]
    async fn flags_are_checked_before_anything_is_reached() {
        check("zk2", "h:1", "/r", "no such topology implementation zk2").await;
        check("etcd2", "", "/r", "--topo-global-server-address must be given").await;
        check("etcd2", "h:1", "", "--topo-global-root must be given").await;
        check("etcd2", "h:1,i:2", "/r", "ok").await;
        check("memorytopo", "", "/r", "ok").await;
    }
}
