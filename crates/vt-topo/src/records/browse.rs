//! The topology as a tree to look at: any path of any cell, its children or its contents.

use bytes::Bytes;
use vt_proto::json;

use crate::paths::{self, GLOBAL_CELL};
use crate::store::Version;
use crate::{Result, TopoError, TopoServer};

/// One node of the tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopoNode {
    /// The last part of the path.
    pub name: String,
    pub path: String,
    /// Empty for folders.
    pub children: Vec<String>,
    /// The contents of a file.
    pub contents: Option<Bytes>,
    pub version: Option<Version>,
}

impl TopoNode {
    /// Returns the contents as JSON where the path tells what they are, else as text.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        decode_json(&self.path, self.contents.as_ref()?)
    }
}

/// Returns the type of the message at a path, by its last part.
pub fn message_type(path: &str) -> Option<&'static str> {
    let path = path.trim_matches('/');
    let file = path.rsplit('/').next().unwrap_or(path);
    if path.ends_with(paths::KEYSPACE_ROUTING_RULES) {
        return Some("vschema.KeyspaceRoutingRules");
    }
    if path.contains(&format!("{}/", paths::EXTERNAL_CLUSTERS)) {
        return Some("topodata.ExternalVitessCluster");
    }
    Some(match file {
        paths::CELL_INFO_FILE => "topodata.CellInfo",
        paths::CELLS_ALIAS_FILE => "topodata.CellsAlias",
        paths::KEYSPACE_FILE => "topodata.Keyspace",
        paths::SHARD_FILE => "topodata.Shard",
        paths::TABLET_FILE => "topodata.Tablet",
        paths::VSCHEMA_FILE => "vschema.Keyspace",
        paths::SHARD_REPLICATION_FILE => "topodata.ShardReplication",
        paths::SRV_KEYSPACE_FILE => "topodata.SrvKeyspace",
        paths::SRV_VSCHEMA => "vschema.SrvVSchema",
        paths::ROUTING_RULES => "vschema.RoutingRules",
        paths::SHARD_ROUTING_RULES => "vschema.ShardRoutingRules",
        paths::MIRROR_RULES => "vschema.MirrorRules",
        _ => return None,
    })
}

/// Returns contents as JSON: a message by the path's type, else JSON or text as it is.
pub fn decode_json(path: &str, contents: &Bytes) -> Option<serde_json::Value> {
    if let Some(name) = message_type(path) {
        return json::bytes_to_json(name, contents);
    }
    match serde_json::from_slice(contents) {
        Ok(value) => Some(value),
        Err(_) => String::from_utf8(contents.to_vec()).ok().map(serde_json::Value::String),
    }
}

impl TopoServer {
    /// Looks at `/CELL/PATH`; `/` lists the cells, `global` first.
    ///
    /// With a version, the contents are those of that version, where the store remembers it.
    pub async fn get_topology_path(
        &self,
        path: &str,
        version: Option<Version>,
    ) -> Result<TopoNode> {
        if path == "/" {
            let mut children = vec![GLOBAL_CELL.to_owned()];
            children.extend(self.get_cell_names().await?);
            return Ok(TopoNode { path: path.to_owned(), children, ..TopoNode::default() });
        }
        let Some(rest) = path.strip_prefix('/') else {
            return Err(TopoError::Invalid(format!("invalid path: {path}")));
        };
        let rest = rest.trim_end_matches('/');
        let (cell, inner) = rest.split_once('/').unwrap_or((rest, ""));
        let name = rest.rsplit('/').next().unwrap_or(rest).to_owned();
        let node = TopoNode { name, path: path.to_owned(), ..TopoNode::default() };
        let store = self.cell(cell).await?;
        if let Some(version) = version {
            let contents = store.get_version(inner, version).await?;
            return Ok(TopoNode { contents: Some(contents), version: Some(version), ..node });
        }
        let read = match inner {
            "" => Err(TopoError::NoNode(path.to_owned())),
            inner => store.get(inner).await,
        };
        match read {
            Ok(value) => Ok(TopoNode {
                contents: Some(value.contents),
                version: Some(value.version),
                ..node
            }),
            Err(err) if err.is_no_node() => {
                let entries = match store.list_dir(inner).await {
                    // A cell of which nothing is stored yet is an empty folder.
                    Err(err) if err.is_no_node() && inner.is_empty() => Vec::new(),
                    other => other?,
                };
                let mut children: Vec<String> =
                    entries.into_iter().map(|entry| entry.name).collect();
                children.dedup();
                Ok(TopoNode { children, ..node })
            }
            Err(err) => Err(err),
        }
    }

    /// Writes a file at `/CELL/PATH` as it is, and returns its version; for repair by hand.
    pub async fn write_topology_path(&self, path: &str, contents: Bytes) -> Result<Version> {
        let parts = path.strip_prefix('/').and_then(|rest| rest.split_once('/'));
        let Some((cell, inner)) = parts.filter(|(_, inner)| !inner.is_empty()) else {
            return Err(TopoError::Invalid(format!("invalid path: {path}")));
        };
        let store = self.cell(cell).await?;
        store.update(inner, contents, crate::store::Expect::Any).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_names_the_message() {
        let check = |path: &str, expect: Option<&str>| assert_eq!(message_type(path), expect);
        check("/global/keyspaces/ks/Keyspace", Some("topodata.Keyspace"));
        check("/global/keyspaces/ks/VSchema", Some("vschema.Keyspace"));
        check("/zone1/SrvVSchema", Some("vschema.SrvVSchema"));
        check("/global/routing_rules/keyspace/Rules", Some("vschema.KeyspaceRoutingRules"));
        check("/global/ExternalClusters/vitess/e", Some("topodata.ExternalVitessCluster"));
        check("/global/metadata/key", None);
    }

    #[test]
    fn unknown_contents_show_as_they_are() {
        let text = decode_json("/global/metadata/key", &Bytes::from_static(b"value")).unwrap();
        assert_eq!(text, serde_json::json!("value"));
        assert!(decode_json("/global/metadata/key", &Bytes::from_static(b"\xff")).is_none());
    }
}
