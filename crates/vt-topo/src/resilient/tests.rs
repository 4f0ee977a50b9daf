use super::*;
use crate::memory::MemoryTopo;
use crate::records::srv_keyspace::Gaps;
use vt_proto::{topodata, vschema};

async fn cluster() -> (MemoryTopo, Arc<TopoServer>) {
    let (memory, topo) = MemoryTopo::with_cells(&["zone1"]).await.unwrap();
    topo.create_keyspace("ks", &topodata::Keyspace::default()).await.unwrap();
    topo.create_shard("ks", "-80").await.unwrap();
    topo.create_shard("ks", "80-").await.unwrap();
    topo.rebuild_srv_keyspace("ks", &[], Gaps::Refused).await.unwrap();
    topo.rebuild_srv_vschema(&[]).await.unwrap();
    (memory, topo)
}

#[tokio::test(start_paused = true)]
async fn an_outage_keeps_what_was_read_and_ends_by_itself() {
    let (memory, topo) = cluster().await;
    let reader = ResilientServer::new(topo.clone(), CacheOptions::default());
    let before = reader.get_srv_keyspace("zone1", "ks").await.unwrap();
    assert_eq!(before.partitions.len(), 3);
    assert_eq!(reader.get_srv_keyspace_names("zone1").await.unwrap(), ["ks"]);
    assert!(reader.is_current());

    memory.set_down(true);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let during = reader.get_srv_keyspace("zone1", "ks").await.unwrap();
    assert_eq!(before, during);
    assert_eq!(reader.get_srv_keyspace_names("zone1").await.unwrap(), ["ks"]);
    assert!(!reader.is_current());
    // A record that was never read cannot be had.
    assert!(reader.get_srv_vschema("zone1").await.unwrap_err().is_outage());

    memory.set_down(false);
    topo.update_srv_keyspace_fields("ks", &[], |srv| {
        srv.partitions.truncate(1);
        Ok(())
    })
    .await
    .unwrap();
    let mut changes = reader.watch_srv_keyspace("zone1", "ks").unwrap();
    changes
        .wait_for(|srv| srv.as_ref().is_some_and(|srv| srv.partitions.len() == 1))
        .await
        .unwrap();
    let mut vschemas = reader.watch_srv_vschema("zone1");
    vschemas.wait_for(Option::is_some).await.unwrap();
    assert!(reader.is_current());
}

#[tokio::test(start_paused = true)]
async fn the_vschema_is_followed() {
    let (_memory, topo) = cluster().await;
    let reader = ResilientServer::new(topo.clone(), CacheOptions::default());
    let mut vschemas = reader.watch_srv_vschema("zone1");
    vschemas.wait_for(Option::is_some).await.unwrap();
    let sharded = vschema::Keyspace { sharded: true, ..vschema::Keyspace::default() };
    topo.save_vschema("ks", &sharded).await.unwrap();
    topo.rebuild_srv_vschema(&[]).await.unwrap();
    vschemas
        .wait_for(|srv| srv.as_ref().is_some_and(|srv| srv.keyspaces["ks"].sharded))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn names_that_do_not_exist_are_not_kept() {
    let (_memory, topo) = cluster().await;
    let reader = ResilientServer::new(topo, CacheOptions::default());
    for index in 0..100 {
        let err = reader.get_srv_keyspace("zone1", &format!("made_up_{index}")).await.unwrap_err();
        assert!(err.is_no_node(), "{err}");
    }
    assert_eq!(reader.states().len(), 0);
}
