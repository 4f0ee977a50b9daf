//! Validate, ValidateKeyspace, ValidateShard: do the records of the topology agree?

use std::collections::BTreeMap;

use vt_base::{KeyspaceShard, Result};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::*;

use crate::Control;
use crate::control::shard_of;
use vt_reparent::tablets::all;

impl Control {
    pub async fn validate(&self, request: ValidateRequest) -> Result<ValidateResponse> {
        let mut results = self.topo.validate_orphans().await?;
        let mut results_by_keyspace = BTreeMap::new();
        for keyspace in self.topo.get_keyspaces().await? {
            let of_keyspace = ValidateKeyspaceRequest {
                keyspace: keyspace.clone(),
                ping_tablets: request.ping_tablets,
            };
            match self.validate_keyspace(of_keyspace).await {
                Ok(found) => drop(results_by_keyspace.insert(keyspace, found)),
                Err(err) => results.push(format!("keyspace {keyspace}: {err}")),
            }
        }
        Ok(ValidateResponse { results, results_by_keyspace })
    }

    pub async fn validate_keyspace(
        &self,
        request: ValidateKeyspaceRequest,
    ) -> Result<ValidateKeyspaceResponse> {
        let mut results = Vec::new();
        let mut results_by_shard = BTreeMap::new();
        let shards = self.topo.get_shard_names(&request.keyspace).await?;
        if shards.is_empty() {
            results.push(format!("no shards in keyspace {}", request.keyspace));
        }
        for shard in shards {
            let of_shard = ValidateShardRequest {
                keyspace: request.keyspace.clone(),
                shard: shard.clone(),
                ping_tablets: request.ping_tablets,
            };
            match self.validate_shard(of_shard).await {
                Ok(found) => drop(results_by_shard.insert(shard, found)),
                Err(err) => results.push(format!("shard {}/{shard}: {err}", request.keyspace)),
            }
        }
        Ok(ValidateKeyspaceResponse { results, results_by_shard })
    }

    pub async fn validate_shard(
        &self,
        request: ValidateShardRequest,
    ) -> Result<ValidateShardResponse> {
        let shard = shard_of(&request.keyspace, &request.shard)?;
        let mut results = self.topo.validate_shard(&request.keyspace, &request.shard).await?;
        if request.ping_tablets {
            results.extend(self.ping_shard(&shard).await?);
        }
        Ok(ValidateShardResponse { results })
    }

    /// Pings each tablet of a shard; returns what went wrong.
    async fn ping_shard(&self, shard: &KeyspaceShard) -> Result<Vec<String>> {
        let calls = all(
            self.options.concurrency,
            self.shard_tablets(shard).await?.into_iter().map(async |record| {
                self.connect(record)?.ping(tm::PingRequest { payload: String::new() }).await
            }),
        );
        let mut failures = Vec::new();
        for result in calls.await {
            failures.extend(result.err().map(|err| err.to_string()));
        }
        failures.sort();
        Ok(failures)
    }
}
