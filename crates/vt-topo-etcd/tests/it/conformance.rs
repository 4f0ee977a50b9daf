//! The suite that every store passes, on a real etcd and on the embedded server.

use std::sync::Arc;

use vt_proto::topodata::CellInfo;
use vt_topo::conformance::{store_suite, typed_suite};
use vt_topo_etcd::{TopoFlags, open};

use crate::embedded::Embedded;
use crate::etcd::{Etcd, etcdctl};

/// Runs both suites against a server of etcd's API.
async fn conforms(address: &str) {
    let options = crate::etcd::quick();
    store_suite("/conformance", &|root| {
        Arc::new(vt_topo_etcd::EtcdStore::new(address, root, options.clone()).expect("an address"))
    })
    .await;
    let flags = TopoFlags {
        global_server_address: address.to_owned(),
        global_root: "/vitess/global".to_owned(),
        ..TopoFlags::default()
    };
    let topo = open(&flags).await.expect("flags that open");
    let cell = |name: &str| CellInfo {
        server_address: address.to_owned(),
        root: format!("/vitess/{name}"),
    };
    typed_suite(&topo, &cell).await;
}

/// The keys that the typed suite leaves behind.
const KEYS: [&str; 18] = [
    "/vitess/global/cells/zone1/CellInfo",
    "/vitess/global/cells/zone2/CellInfo",
    "/vitess/global/keyspaces/commerce/Keyspace",
    "/vitess/global/keyspaces/commerce/shards/0/Shard",
    "/vitess/global/keyspaces/customer/Keyspace",
    "/vitess/global/keyspaces/customer/VSchema",
    "/vitess/global/keyspaces/customer/shards/-80/Shard",
    "/vitess/global/keyspaces/customer/shards/80-/Shard",
    "/vitess/global/metadata/x",
    "/vitess/zone1/SrvVSchema",
    "/vitess/zone1/keyspaces/customer/SrvKeyspace",
    "/vitess/zone1/keyspaces/customer/shards/-80/ShardReplication",
    "/vitess/zone1/keyspaces/customer/shards/80-/ShardReplication",
    "/vitess/zone1/tablets/zone1-0000000100/Tablet",
    "/vitess/zone2/SrvVSchema",
    "/vitess/zone2/keyspaces/customer/SrvKeyspace",
    "/vitess/zone2/keyspaces/customer/shards/-80/ShardReplication",
    "/vitess/zone2/tablets/zone2-0000000101/Tablet",
];

fn lines(keys: &str) -> Vec<&str> {
    keys.lines().filter(|line| !line.is_empty()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_conforms() {
    let etcd = Etcd::start().await;
    conforms(&etcd.address()).await;
    let keys = etcd.etcdctl(&["get", "/vitess/", "--prefix", "--keys-only"]);
    assert_eq!(lines(&keys), KEYS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_server_conforms() {
    let embedded = Embedded::start().await;
    conforms(&embedded.address()).await;
    let address = embedded.address();
    let keys = tokio::task::spawn_blocking(move || {
        etcdctl(&address, &["get", "/vitess/", "--prefix", "--keys-only"])
    });
    assert_eq!(lines(&keys.await.expect("no panic")), KEYS);
    embedded.stop().await;
}
