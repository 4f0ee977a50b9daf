//! A cluster's life through the typed functions, on any store.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use vt_base::{TabletAlias, TabletType};
use vt_proto::{topodata, vschema};

use super::{not_yet, soon};
use crate::records::lock::LockTarget;
use crate::records::shard::to_proto_time;
use crate::records::shard_replication::ReplicationProblem;
use crate::records::srv_keyspace::{Gaps, partition};
use crate::{TopoError, TopoServer};

/// Runs a cluster's records through their life. The topology must be empty.
///
/// `cell` says where the cells' own records shall lie.
pub async fn typed_suite(topo: &Arc<TopoServer>, cell: &dyn Fn(&str) -> topodata::CellInfo) {
    cells_and_aliases(topo, cell).await;
    keyspaces_and_shards(topo).await;
    tablets(topo).await;
    serving(topo).await;
    locks(topo).await;
    elections(topo).await;
    the_rest(topo).await;
    browsing(topo).await;
}

async fn cells_and_aliases(topo: &TopoServer, cell: &dyn Fn(&str) -> topodata::CellInfo) {
    assert!(topo.get_cell_names().await.unwrap().is_empty());
    for name in ["zone1", "zone2"] {
        topo.create_cell_info(name, &cell(name)).await.unwrap();
    }
    assert_eq!(topo.get_cell_names().await.unwrap(), ["zone1", "zone2"]);
    assert!(topo.create_cell_info("zone1", &cell("zone1")).await.unwrap_err().is_node_exists());
    let unknown = topo.cell("nowhere").await.err().unwrap();
    assert_eq!(unknown.to_string(), "node doesn't exist: cells/nowhere/CellInfo");

    let both = topodata::CellsAlias { cells: vec!["zone1".into(), "zone2".into()] };
    topo.create_cells_alias("near", &both).await.unwrap();
    topo.create_cells_alias("far", &both).await.unwrap_err();
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(topo.expand_cells(&names(&["near"])).await.unwrap(), ["zone1", "zone2"]);
    assert_eq!(topo.expand_cells(&names(&["zone2", "near"])).await.unwrap(), ["zone2", "zone1"]);
    assert!(topo.expand_cells(&names(&["nowhere"])).await.is_err());
    assert_eq!(topo.get_alias_by_cell("zone2").await.unwrap(), "near");
    topo.delete_cells_alias("near").await.unwrap();
}

async fn keyspaces_and_shards(topo: &TopoServer) {
    let semi_sync =
        topodata::Keyspace { durability_policy: "semi_sync".into(), ..Default::default() };
    topo.create_keyspace("customer", &semi_sync).await.unwrap();
    assert!(topo.create_keyspace("customer", &semi_sync).await.unwrap_err().is_node_exists());
    topo.create_keyspace("a/b", &semi_sync).await.unwrap_err();
    let record = topo.get_keyspace("customer").await.unwrap();
    assert_eq!(record.durability_policy(), "semi_sync");
    assert_eq!(record.sidecar_db_name(), "_vt");
    assert!(topo.get_shard_names("customer").await.unwrap().is_empty());
    assert!(topo.get_shard_names("none").await.unwrap_err().is_no_node());

    for (name, serves) in [("-", true), ("-80", false), ("80-", false)] {
        let shard = topo.create_shard("customer", name).await.unwrap();
        assert_eq!(shard.is_primary_serving(), serves, "{name}");
    }
    assert!(topo.create_shard("customer", "-80").await.unwrap_err().is_node_exists());
    assert!(topo.create_shard("none", "-").await.unwrap_err().is_no_node());
    let shard = topo.get_shard("customer", "-80").await.unwrap();
    assert_eq!(shard.key_range().to_string(), "-80");
    assert_eq!(shard.primary_alias(), None);
    for (name, serves) in [("-", false), ("-80", true), ("80-", true)] {
        topo.update_shard_fields("customer", name, |shard| {
            shard.is_primary_serving = serves;
            Ok(())
        })
        .await
        .unwrap();
    }
    topo.delete_shard("customer", "-").await.unwrap();
    let names: Vec<String> = topo
        .find_all_shards_in_keyspace("customer")
        .await
        .unwrap()
        .into_iter()
        .map(|shard| shard.name)
        .collect();
    assert_eq!(names, ["-80", "80-"]);
    let shard = topo.get_or_create_shard("commerce", "0").await.unwrap();
    assert_eq!(shard.message.key_range, None);
    assert_eq!(topo.get_keyspaces().await.unwrap(), ["commerce", "customer"]);
}

fn tablet(cell: &str, uid: u32, shard: &str, kind: TabletType) -> topodata::Tablet {
    topodata::Tablet {
        alias: Some(topodata::TabletAlias { cell: cell.into(), uid }),
        hostname: "127.0.0.1".into(),
        port_map: [("vt".to_owned(), 15_000), ("grpc".to_owned(), 16_000)].into(),
        keyspace: "customer".into(),
        shard: shard.into(),
        r#type: kind as i32,
        mysql_hostname: "127.0.0.1".into(),
        mysql_port: 17_000,
        ..topodata::Tablet::default()
    }
}

async fn tablets(topo: &TopoServer) {
    let alias = TabletAlias::new("zone1", 100);
    let first = tablet("zone1", 100, "-80", TabletType::Primary);
    topo.create_tablet(&first).await.unwrap();
    assert!(topo.create_tablet(&first).await.unwrap_err().is_node_exists());
    topo.create_tablet(&tablet("zone2", 101, "-80", TabletType::Replica)).await.unwrap();
    topo.create_tablet(&tablet("zone1", 200, "80-", TabletType::Replica)).await.unwrap();
    let record = topo.get_tablet(&alias).await.unwrap();
    assert_eq!(record.address("grpc").unwrap(), "127.0.0.1:16000");
    assert_eq!(record.db_name(), "vt_customer");

    let now = SystemTime::now();
    topo.update_tablet_fields(&alias, |tablet| {
        tablet.primary_term_start_time = Some(to_proto_time(now));
        Ok(())
    })
    .await
    .unwrap();
    let record = topo.init_tablet(&first).await.unwrap();
    assert_eq!(record.primary_term_start(), Some(now), "a restart keeps the term");
    let moved = tablet("zone1", 100, "80-", TabletType::Replica);
    assert!(matches!(topo.init_tablet(&moved).await, Err(TopoError::Refused(_))));

    let of_shard = topo.get_tablets_by_shard("customer", "-80").await.unwrap();
    let aliases: Vec<String> = of_shard.iter().map(|one| one.alias().to_string()).collect();
    assert_eq!(aliases, ["zone1-0000000100", "zone2-0000000101"]);
    assert_eq!(topo.get_tablets_by_keyspace("customer").await.unwrap().len(), 3);
    assert_eq!(topo.get_all_tablets().await.unwrap().len(), 3);
    assert_eq!(topo.get_tablets_by_cell("zone2").await.unwrap().len(), 1);
    let list = topo.get_shard_replication("zone1", "customer", "-80").await.unwrap();
    assert_eq!(list.nodes.len(), 1);

    assert_eq!(topo.validate_shard("customer", "-80").await.unwrap().len(), 3);
    topo.update_shard_fields("customer", "-80", |shard| {
        shard.primary_alias = Some((&alias).into());
        Ok(())
    })
    .await
    .unwrap();
    let problems = topo.validate_shard("customer", "-80").await.unwrap();
    assert!(problems.iter().all(|one| one.contains("key range")), "{problems:?}");

    let gone = TabletAlias::new("zone1", 999);
    topo.add_shard_replication("customer", "-80", &gone).await.unwrap();
    let fixed = topo.fix_shard_replication("zone1", "customer", "-80").await.unwrap();
    assert_eq!(fixed, Some(ReplicationProblem::NotFound(gone)));
    assert_eq!(topo.fix_shard_replication("zone1", "customer", "-80").await.unwrap(), None);
    topo.delete_tablet(&TabletAlias::new("zone1", 200)).await.unwrap();
    let list = topo.get_shard_replication("zone1", "customer", "80-").await.unwrap();
    assert!(list.nodes.is_empty());
}

async fn serving(topo: &TopoServer) {
    topo.rebuild_srv_keyspace("customer", &[], Gaps::Refused).await.unwrap();
    for cell in ["zone1", "zone2"] {
        let srv = topo.get_srv_keyspace(cell, "customer").await.unwrap();
        let part = partition(&srv, topodata::TabletType::Replica).unwrap();
        let names: Vec<&str> = part.shard_references.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["-80", "80-"]);
        assert_eq!(topo.get_srv_keyspace_names(cell).await.unwrap(), ["customer"]);
    }
    assert!(matches!(topo.delete_cell_info("zone2", false).await, Err(TopoError::Refused(_))));

    let lock = topo.lock_keyspace("customer", "SwitchWrites").await.unwrap();
    let shards = topo.get_serving_shards("customer").await.unwrap();
    let target = ("customer", topodata::TabletType::Primary);
    topo.set_query_service_disabled(target, &shards, &[], true, &lock).await.unwrap();
    let refused =
        topo.rebuild_srv_keyspace_locked("customer", &[], Gaps::Refused, &lock).await.unwrap_err();
    assert!(refused.to_string().contains("migration is on going"), "{refused}");
    topo.set_query_service_disabled(target, &shards, &[], false, &lock).await.unwrap();
    topo.rebuild_srv_keyspace_locked("customer", &[], Gaps::Refused, &lock).await.unwrap();
    let other = topo.rebuild_srv_keyspace_locked("commerce", &[], Gaps::Refused, &lock).await;
    assert!(matches!(other, Err(TopoError::Refused(_))), "the lock is of another keyspace");
    lock.unlock().await.unwrap();

    let sharded = vschema::Keyspace { sharded: true, ..vschema::Keyspace::default() };
    topo.save_vschema("customer", &sharded).await.unwrap();
    let rule = vschema::RoutingRule {
        from_table: "customer".into(),
        to_tables: vec!["customer.customer".into()],
    };
    topo.save_routing_rules(&vschema::RoutingRules { rules: vec![rule] }).await.unwrap();
    topo.rebuild_srv_vschema(&[]).await.unwrap();
    let srv = topo.get_srv_vschema("zone2").await.unwrap();
    assert!(srv.keyspaces["customer"].sharded);
    assert!(!srv.keyspaces["commerce"].sharded);
    assert_eq!(srv.routing_rules.unwrap().rules.len(), 1);
    topo.save_routing_rules(&vschema::RoutingRules::default()).await.unwrap();
    assert!(topo.get_routing_rules().await.unwrap().rules.is_empty());
    let (read, version) = topo.get_vschema_version("customer").await.unwrap();
    topo.update_vschema("customer", &read, version).await.unwrap();
    assert!(topo.update_vschema("customer", &read, version).await.unwrap_err().is_bad_version());
}

async fn locks(topo: &TopoServer) {
    let lock = topo.lock_shard("customer", "-80", "PlannedReparentShard").await.unwrap();
    let target = LockTarget::shard("customer", "-80");
    lock.check_locked(&target).await.unwrap();
    lock.check_locked(&LockTarget::shard("customer", "80-")).await.unwrap_err();
    let holder = topo.lock_holder(&target).await.unwrap().unwrap();
    assert_eq!(holder.action, "PlannedReparentShard");
    let busy = topo.try_lock_shard("customer", "-80", "again").await.unwrap_err();
    assert!(busy.is_node_exists(), "{busy}");
    lock.unlock().await.unwrap();
    assert_eq!(topo.lock_holder(&target).await.unwrap(), None);
    assert!(topo.lock_shard("customer", "c0-", "none").await.unwrap_err().is_no_node());
    topo.lock_name("workflow", "test").await.unwrap().unlock().await.unwrap();
    topo.lock_routing_rules("test").await.unwrap().unlock().await.unwrap();
    let names = topo.get_shard_names("customer").await.unwrap();
    assert_eq!(names, ["-80", "80-"], "locks are no shards");
}

async fn elections(topo: &TopoServer) {
    let (one, two) =
        (topo.candidate("vtctld", "one").unwrap(), topo.candidate("vtctld", "two").unwrap());
    assert_eq!(topo.current_leader("vtctld").await.unwrap(), None);
    let leading = soon("the first leader", one.lead()).await.unwrap();
    let (now, mut leaders) = two.watch_leader().await.unwrap();
    assert_eq!(now.as_deref(), Some("one"));
    let mut second = Box::pin(two.lead());
    not_yet("a second leader", &mut second).await;
    assert_eq!(topo.current_leader("vtctld").await.unwrap().as_deref(), Some("one"));
    leading.check().await.unwrap();
    leading.resign().await.unwrap();
    let leading = soon("the second leader", second).await.unwrap();
    assert_eq!(soon("news", leaders.next()).await.unwrap().as_deref(), Some("two"));
    leading.resign().await.unwrap();
    assert_eq!(soon("news", leaders.next()).await.unwrap(), None);
}

async fn the_rest(topo: &TopoServer) {
    topo.set_metadata("key", "value").await.unwrap();
    assert_eq!(topo.get_metadata("key").await.unwrap(), "value");
    assert_eq!(topo.get_all_metadata().await.unwrap().len(), 1);
    topo.delete_metadata("key").await.unwrap();
    assert!(topo.get_metadata("key").await.unwrap_err().is_no_node());
    let config = topodata::TopoConfig { server: "h:2379".into(), ..Default::default() };
    let cluster = topodata::ExternalVitessCluster { topo_config: Some(config) };
    topo.create_external_cluster("other", &cluster).await.unwrap();
    assert_eq!(topo.get_external_clusters().await.unwrap(), ["other"]);
    assert_eq!(topo.get_external_cluster("other").await.unwrap(), cluster);
    topo.delete_external_cluster("other").await.unwrap();
}

async fn browsing(topo: &TopoServer) {
    let at = |path: &'static str| async move { topo.get_topology_path(path, None).await.unwrap() };
    assert_eq!(at("/").await.children, ["global", "zone1", "zone2"]);
    assert_eq!(at("/global/keyspaces").await.children, ["commerce", "customer"]);
    let node = at("/global/keyspaces/customer/Keyspace").await;
    assert_eq!(node.name, "Keyspace");
    assert_eq!(node.to_json().unwrap()["durability_policy"], "semi_sync");
    let node = at("/zone1/tablets/zone1-0000000100/Tablet").await;
    assert_eq!(node.to_json().unwrap()["hostname"], "127.0.0.1");
    let missing = topo.get_topology_path("/global/none", None).await.unwrap_err();
    assert!(missing.is_no_node(), "{missing}");
    topo.get_topology_path("global", None).await.unwrap_err();
    let first = topo.write_topology_path("/global/metadata/x", Bytes::from("1")).await.unwrap();
    topo.write_topology_path("/global/metadata/x", Bytes::from("2")).await.unwrap();
    let old = topo.get_topology_path("/global/metadata/x", Some(first)).await.unwrap();
    assert_eq!(old.contents.unwrap(), Bytes::from("1"));
}
