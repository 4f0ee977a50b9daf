//! GetVersion, ValidateVersionShard, ValidateVersionKeyspace: which build each tablet runs.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vt_base::{Code, Error, Result};
use vt_proto::vtctldata::*;
use vt_topo::TabletRecord;

use crate::Control;
use crate::control::{refused, required_alias, shard_of};
use vt_reparent::tablets::all;

/// The variables that tell a build, in the order in which they are printed.
const BUILD_VARS: [&str; 5] =
    ["Version", "BuildGitRev", "BuildTimestamp", "BuildUser", "BuildHost"];
/// The largest page of variables that is read, in bytes.
const PAGE_BYTES_MAX: u64 = 16 << 20;

impl Control {
    pub async fn get_version(&self, request: GetVersionRequest) -> Result<GetVersionResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let record = self.topo.get_tablet(&alias).await?;
        Ok(GetVersionResponse { version: version_of(&record, self.options.tablet_timeout).await? })
    }

    pub async fn validate_version_shard(
        &self,
        request: ValidateVersionShardRequest,
    ) -> Result<ValidateVersionShardResponse> {
        let shards = [request.shard.clone()];
        shard_of(&request.keyspace, &request.shard)?;
        let mut found = self.compare_versions(&request.keyspace, &shards).await?;
        Ok(ValidateVersionShardResponse {
            results: found.remove(&request.shard).unwrap_or_default(),
        })
    }

    pub async fn validate_version_keyspace(
        &self,
        request: ValidateVersionKeyspaceRequest,
    ) -> Result<ValidateVersionKeyspaceResponse> {
        let shards = self.wanted_shards(&request.keyspace, &[]).await?;
        let found = self.compare_versions(&request.keyspace, &shards).await?;
        let results = found.values().flatten().cloned().collect();
        let results_by_shard = found
            .into_iter()
            .map(|(shard, results)| (shard, ValidateShardResponse { results }))
            .collect();
        Ok(ValidateVersionKeyspaceResponse { results, results_by_shard })
    }

    /// Compares each tablet of some shards with the primary of the first.
    async fn compare_versions(
        &self,
        keyspace: &str,
        shards: &[String],
    ) -> Result<BTreeMap<String, Vec<String>>> {
        let first = shards.first().map(String::as_str).unwrap_or_default();
        let record = self.topo.get_shard(keyspace, first).await?;
        let Some(primary) = record.primary_alias() else {
            return Err(refused(format!("no primary in shard {keyspace}/{first}")));
        };
        let timeout = self.options.tablet_timeout;
        let expected = version_of(&self.topo.get_tablet(&primary).await?, timeout).await?;
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut others = Vec::new();
        for shard in shards {
            found.insert(shard.clone(), Vec::new());
            let tablets = self.shard_tablets(&shard_of(keyspace, shard)?).await?;
            others.extend(tablets.into_iter().filter(|one| one.alias() != primary));
        }
        let calls = all(
            self.options.concurrency,
            others.into_iter().map(async |record| (version_of(&record, timeout).await, record)),
        );
        for (version, record) in calls.await {
            let alias = record.alias();
            let text = match version {
                Ok(version) if version == expected => continue,
                Ok(version) => format!(
                    "primary {primary} version {expected} is different than replica {alias} version {version}"
                ),
                Err(err) => format!("unable to get version for tablet {alias}: {err}"),
            };
            found.entry(record.message.shard).or_default().push(text);
        }
        found.values_mut().for_each(|texts| texts.sort());
        Ok(found)
    }
}

/// Reads a tablet's build from its web page of variables.
async fn version_of(record: &TabletRecord, timeout: Duration) -> Result<String> {
    let alias = record.alias();
    let Some(address) = record.address("vt") else {
        return Err(refused(format!("tablet {alias} has no web port")));
    };
    let unreachable = |detail: String| {
        Error::new(
            Code::Unavailable,
            format!("cannot read http://{address}/debug/vars of tablet {alias}: {detail}"),
        )
    };
    let page = tokio::time::timeout(timeout, fetch(&address, "/debug/vars"))
        .await
        .map_err(|_elapsed| unreachable(format!("no answer within {timeout:?}")))?
        .map_err(|err| unreachable(err.to_string()))?;
    build_text(&page).map_err(|detail| unreachable(detail.to_owned()))
}

/// Fetches a page of a process of the cluster by HTTP/1.0, which ends it with the connection.
async fn fetch(address: &str, path: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut page = Vec::new();
    stream.take(PAGE_BYTES_MAX).read_to_end(&mut page).await?;
    Ok(page)
}

/// Returns the build of a page of variables, `Version=... BuildGitRev=...`.
fn build_text(page: &[u8]) -> Result<String, &'static str> {
    let text = String::from_utf8_lossy(page);
    let (head, body) = text.split_once("\r\n\r\n").ok_or("it is no HTTP answer")?;
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if status != "200" {
        return Err("its status is not 200");
    }
    let vars: serde_json::Value = serde_json::from_str(body).map_err(|_| "it is no JSON")?;
    let parts: Vec<String> = BUILD_VARS
        .iter()
        .filter_map(|name| {
            let value = vars.get(*name)?;
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (!value.is_empty()).then(|| format!("{name}={value}"))
        })
        .collect();
    if parts.is_empty() { Err("it names no build") } else { Ok(parts.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_is_read_out_of_the_page() {
        let page = b"HTTP/1.0 200 OK\r\nx: y\r\n\r\n{\"BuildGitRev\": \"abc\", \"Version\": \"24\", \"n\": 1}";
        assert_eq!(build_text(page).unwrap(), "Version=24 BuildGitRev=abc");
        assert!(build_text(b"HTTP/1.0 404 Not Found\r\n\r\n{}").is_err());
        assert!(build_text(b"HTTP/1.0 200 OK\r\n\r\n{}").is_err());
        assert!(build_text(b"garbage").is_err());
    }
}
