//! Which shards there are: each that is to be watched has a watcher, and only those.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use vt_base::{KeyspaceShard, Result};
use vt_reparent::Cluster;
use vt_service::Tasks;

use crate::Config;
use crate::board::Board;
use crate::shard::Watcher;

/// How soon the topology is read again after it could not be.
const RETRY: Duration = Duration::from_secs(1);
/// How long a watcher of a shard that is gone may take to end.
const LEAVE: Duration = Duration::from_secs(60);

/// Reads the topology again and again until told to stop.
pub(crate) async fn keep(config: Arc<Config>, cluster: Cluster, board: Board, tasks: Tasks) {
    let mut watched: BTreeMap<KeyspaceShard, Tasks> = BTreeMap::new();
    while !tasks.is_cancelled() {
        let pause = match shards(&config, &cluster).await {
            Ok(found) => {
                adjust(&found, &mut watched, (&config, &cluster, &board), &tasks).await;
                board.set_discovered();
                config.refresh
            }
            Err(err) => {
                tracing::warn!(%err, "cannot read which shards there are");
                RETRY.min(config.refresh)
            }
        };
        tasks.token().run_until_cancelled(tokio::time::sleep(pause)).await;
    }
    for (_, watcher) in watched {
        watcher.shutdown(config.shutdown_wait).await;
    }
}

/// Returns the shards that are to be watched.
async fn shards(config: &Config, cluster: &Cluster) -> Result<Vec<KeyspaceShard>> {
    let mut found = Vec::new();
    for keyspace in cluster.topo.get_keyspaces().await? {
        if cluster.topo.get_keyspace(&keyspace).await?.is_snapshot() {
            continue;
        }
        for record in cluster.topo.find_all_shards_in_keyspace(&keyspace).await? {
            let shard: KeyspaceShard = format!("{keyspace}/{}", record.name).parse()?;
            if config.watches(&shard, &record.key_range()) {
                found.push(shard);
            }
        }
    }
    Ok(found)
}

async fn adjust(
    found: &[KeyspaceShard],
    watched: &mut BTreeMap<KeyspaceShard, Tasks>,
    (config, cluster, board): (&Arc<Config>, &Cluster, &Board),
    tasks: &Tasks,
) {
    let gone: Vec<KeyspaceShard> =
        watched.keys().filter(|shard| !found.contains(shard)).cloned().collect();
    for shard in gone {
        if let Some(watcher) = watched.remove(&shard) {
            tracing::info!(%shard, "no longer watched");
            watcher.shutdown(LEAVE).await;
            board.forget(&shard);
        }
    }
    for shard in found {
        if !watched.contains_key(shard) {
            tracing::info!(%shard, "watched");
            let group = tasks.child();
            let watcher =
                Watcher::new(config.clone(), cluster.clone(), board.clone(), shard.clone());
            group.spawn("shard", watcher.run(group.token().clone()));
            watched.insert(shard.clone(), group);
        }
    }
}
