//! What a gateway reads, while the topology is away and after.

use std::sync::Arc;
use std::time::Duration;

use vt_proto::topodata::{CellInfo, Keyspace};
use vt_topo::records::srv_keyspace::Gaps;
use vt_topo::{CacheOptions, ResilientServer, TopoServer};
use vt_topo_etcd::{TopoFlags, open};

use crate::etcd::Etcd;

const PATIENCE: Duration = Duration::from_secs(30);

async fn cluster(etcd: &Etcd) -> Arc<TopoServer> {
    let flags = TopoFlags {
        global_server_address: etcd.address(),
        global_root: "/vitess/global".to_owned(),
        operation_timeout: Duration::from_secs(2),
        ..TopoFlags::default()
    };
    let topo = open(&flags).await.expect("flags that open");
    let cell = CellInfo { server_address: etcd.address(), root: "/vitess/zone1".to_owned() };
    topo.create_cell_info("zone1", &cell).await.expect("a cell");
    topo.create_keyspace("ks", &Keyspace::default()).await.expect("a keyspace");
    topo.create_shard("ks", "-").await.expect("a shard");
    topo.rebuild_srv_keyspace("ks", &[], Gaps::Refused).await.expect("a serving graph");
    topo.rebuild_srv_vschema(&[]).await.expect("a serving vschema");
    topo
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_serves_from_what_it_knows_and_catches_up() {
    let mut etcd = Etcd::start().await;
    let topo = cluster(&etcd).await;
    let options = CacheOptions { timeout: Duration::from_secs(3), ..CacheOptions::default() };
    let reader = ResilientServer::new(topo.clone(), options);
    let known = reader.get_srv_keyspace("zone1", "ks").await.expect("a reading");
    assert_eq!(reader.get_srv_keyspace_names("zone1").await.expect("names"), ["ks"]);
    let mut vschemas = reader.watch_srv_vschema("zone1");
    vschemas.wait_for(Option::is_some).await.expect("a vschema");

    etcd.kill();
    tokio::time::timeout(PATIENCE, async {
        while reader.is_current() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the outage is noticed");
    assert_eq!(reader.get_srv_keyspace("zone1", "ks").await.expect("the last state"), known);
    assert_eq!(reader.get_srv_keyspace_names("zone1").await.expect("the last names"), ["ks"]);
    assert!(vschemas.borrow().is_some());
    assert!(reader.states().iter().all(|state| state.has_value), "{:?}", reader.states());

    etcd.run().await;
    topo.create_keyspace("more", &Keyspace::default()).await.expect("a write after the outage");
    topo.rebuild_srv_vschema(&[]).await.expect("a serving vschema");
    let newer =
        vschemas.wait_for(|srv| srv.as_ref().is_some_and(|srv| srv.keyspaces.contains_key("more")));
    tokio::time::timeout(PATIENCE, newer).await.expect("in time").expect("the change arrives");
    tokio::time::timeout(PATIENCE, async {
        while !reader.is_current() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the reader is current again");
}
