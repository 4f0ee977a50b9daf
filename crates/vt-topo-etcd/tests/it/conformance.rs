//! The suite that every store passes, on a real etcd.

use std::sync::Arc;

use vt_proto::topodata::CellInfo;
use vt_topo::conformance::{store_suite, typed_suite};
use vt_topo_etcd::{TopoFlags, open};

use crate::etcd::Etcd;

/// Runs both suites against a server of etcd's API.
pub(crate) async fn conforms(address: &str) {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_conforms() {
    let etcd = Etcd::start().await;
    conforms(&etcd.address()).await;
    let keys = etcd.etcdctl(&["get", "/vitess/", "--prefix", "--keys-only"]);
    let keys: Vec<&str> = keys.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(
        keys,
        [
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
        ]
    );
}
