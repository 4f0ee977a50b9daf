//! What cluster the user wants; kept in the data folder, so that a later start continues it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vt_base::{Code, Error, KeyRange, Result};

use crate::external::External;

/// A whole cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spec {
    /// The lowest port; all others keep their distance to it.
    pub(crate) port_base: u16,
    /// How many replicas each shard has beside its primary.
    pub(crate) replicas: u32,
    pub(crate) keyspaces: Vec<KeyspaceSpec>,
    pub(crate) demo: bool,
    /// The address of an etcd to use in place of a topology of our own.
    #[serde(default)]
    pub(crate) etcd: Option<String>,
    /// Whether gateway and tablets are one process.
    #[serde(default)]
    pub(crate) one_process: bool,
    /// Whether each tablet, and the topology, is reached at an address of its own, where a proxy
    /// listens that whoever started the cluster has put there.
    #[serde(default)]
    pub(crate) proxied: bool,
    /// What every tablet is told besides, `NAME=VALUE`.
    #[serde(default)]
    pub(crate) tablet_flags: Vec<String>,
    /// The schemas and the demo's rows are in.
    pub(crate) loaded: bool,
}

/// A keyspace, what its tables are and how they are sharded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyspaceSpec {
    pub(crate) name: String,
    pub(crate) shards: Vec<String>,
    pub(crate) schema: Option<PathBuf>,
    pub(crate) vschema: Option<PathBuf>,
    /// The number of each shard's first tablet, once shards have come or gone; before that they
    /// are numbered in order.
    #[serde(default)]
    pub(crate) first_uids: Vec<u32>,
    /// The server of somebody else whose tables it has; it has one shard and one tablet then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external: Option<External>,
}

impl KeyspaceSpec {
    /// Reads `NAME`, `NAME:4` (so many shards) and `NAME:-80,80-` (these shards).
    pub(crate) fn parse(text: &str) -> Result<KeyspaceSpec> {
        let (name, shards) = text.split_once(':').unwrap_or((text, "1"));
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return Err(wrong(format!(
                "{text:?}: a keyspace's name has letters, digits and underscores"
            )));
        }
        let shards = parse_shards(text, shards)?;
        let (schema, vschema, first_uids, external) = (None, None, Vec::new(), None);
        Ok(KeyspaceSpec { name: name.to_owned(), shards, schema, vschema, first_uids, external })
    }

    pub(crate) fn is_sharded(&self) -> bool {
        self.shards.len() > 1
    }
}

/// Reads `4` (so many shards) and `-80,80-` (these); `text` is what the user wrote.
pub(crate) fn parse_shards(text: &str, shards: &str) -> Result<Vec<String>> {
    let shards = match shards.parse::<u32>() {
        Ok(count) if count > 64 => {
            return Err(wrong(format!("{text:?}: one machine holds 64 shards at most")));
        }
        Ok(1) => vec!["-".to_owned()],
        Ok(count) => KeyRange::shard_names(count)?,
        Err(_) => shards.split(',').map(str::to_owned).collect(),
    };
    check_cover(text, &shards)?;
    Ok(shards)
}

/// The shards must cover the whole key space once.
fn check_cover(text: &str, shards: &[String]) -> Result<()> {
    let mut ranges =
        shards.iter().map(|name| KeyRange::from_shard_name(name)).collect::<Result<Vec<_>>>()?;
    ranges.sort();
    let starts_open = ranges.first().is_some_and(|first| first.start().is_empty());
    let ends_open = ranges.last().is_some_and(|last| last.end().is_empty());
    let touch =
        ranges.windows(2).all(|pair| !pair[0].end().is_empty() && pair[0].end() == pair[1].start());
    if starts_open && ends_open && touch {
        return Ok(());
    }
    Err(wrong(format!("{text:?}: the shards must cover all keys once, as in NAME:-80,80-")))
}

impl Spec {
    /// Reads the cluster that lies in a data folder; `None` where there is none yet.
    pub(crate) fn load(path: &Path) -> Result<Option<Spec>> {
        match std::fs::read_to_string(path) {
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(err) => Err(wrong(format!("cannot read {}: {err}", path.display()))),
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|err| wrong(format!("{} is damaged: {err}", path.display()))),
        }
    }

    /// Writes the cluster down, in one step.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|err| Error::bug(format_args!("cluster as JSON: {err}")))?;
        let fresh = path.with_extension("json.new");
        std::fs::write(&fresh, text)
            .and_then(|()| std::fs::rename(&fresh, path))
            .map_err(|err| wrong(format!("cannot write {}: {err}", path.display())))
    }

    /// Returns the tablets: 100, 101 ... for the first shard, 200, 201 ... for the second.
    pub(crate) fn tablets(&self) -> Vec<TabletSpec> {
        let mut tablets = Vec::new();
        let mut in_order = (100u32..).step_by(100);
        for keyspace in &self.keyspaces {
            for (index, shard) in keyspace.shards.iter().enumerate() {
                let next = in_order.next().unwrap_or(u32::MAX - self.replicas);
                let first = keyspace.first_uids.get(index).copied().unwrap_or(next);
                let replicas = if keyspace.external.is_some() { 0 } else { self.replicas };
                for uid in first..=first + replicas {
                    tablets.push(TabletSpec {
                        uid,
                        keyspace: keyspace.name.clone(),
                        shard: shard.clone(),
                        external: keyspace.external.clone(),
                    });
                }
            }
        }
        tablets
    }

    /// Returns the tablets whose servers are ours: the cluster does not wait for those of others.
    pub(crate) fn own_tablets(&self) -> Vec<TabletSpec> {
        self.tablets().into_iter().filter(|one| one.external.is_none()).collect()
    }

    /// Gives every shard the number that it has for good.
    fn pin(&mut self) {
        let mut in_order = (100u32..).step_by(100);
        for keyspace in &mut self.keyspaces {
            for index in 0..keyspace.shards.len() {
                let next = in_order.next().unwrap_or(u32::MAX);
                if keyspace.first_uids.len() == index {
                    keyspace.first_uids.push(next);
                }
            }
        }
    }

    /// Adds a keyspace whose shards are numbered after all others.
    pub(crate) fn add_keyspace(&mut self, mut keyspace: KeyspaceSpec) {
        let shards = std::mem::take(&mut keyspace.shards);
        let name = keyspace.name.clone();
        self.pin();
        self.keyspaces.push(keyspace);
        self.add_shards(&name, &shards);
    }

    /// Adds shards that a keyspace does not have yet, under numbers that nobody has.
    pub(crate) fn add_shards(&mut self, keyspace: &str, shards: &[String]) {
        self.pin();
        for shard in shards {
            let used: Vec<u32> =
                self.keyspaces.iter().flat_map(|one| &one.first_uids).copied().collect();
            let free = (100u32..).step_by(100).find(|uid| !used.contains(uid));
            let wanted = self.keyspaces.iter_mut().find(|one| one.name == keyspace);
            if let (Some(keyspace), Some(uid)) = (wanted, free)
                && !keyspace.shards.contains(shard)
            {
                keyspace.shards.push(shard.clone());
                keyspace.first_uids.push(uid);
            }
        }
    }

    /// Removes a keyspace; the others keep their numbers.
    pub(crate) fn remove_keyspace(&mut self, name: &str) {
        self.pin();
        self.keyspaces.retain(|one| one.name != name);
    }

    /// Removes shards; the others keep their numbers.
    pub(crate) fn remove_shards(&mut self, keyspace: &str, shards: &[String]) {
        self.pin();
        let Some(keyspace) = self.keyspaces.iter_mut().find(|one| one.name == keyspace) else {
            return;
        };
        let kept = keyspace.shards.iter().cloned().zip(keyspace.first_uids.iter().copied());
        (keyspace.shards, keyspace.first_uids) =
            kept.filter(|(shard, _)| !shards.contains(shard)).unzip();
    }
}

/// One tablet of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TabletSpec {
    pub(crate) uid: u32,
    pub(crate) keyspace: String,
    pub(crate) shard: String,
    pub(crate) external: Option<External>,
}

pub(crate) fn wrong(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyspaces_are_read_in_each_form() {
        assert_eq!(KeyspaceSpec::parse("a").unwrap().shards, ["-"]);
        assert_eq!(KeyspaceSpec::parse("a:2").unwrap().shards, ["-80", "80-"]);
        assert_eq!(KeyspaceSpec::parse("a:-40,40-").unwrap().shards, ["-40", "40-"]);
        for text in ["", ":2", "a:0", "a:x", "a:-80", "a:-40,80-", "a:-80,40-", "a b", "a:100"] {
            assert!(KeyspaceSpec::parse(text).is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn tablets_are_numbered_by_shard() {
        let keyspaces =
            vec![KeyspaceSpec::parse("a").unwrap(), KeyspaceSpec::parse("b:2").unwrap()];
        let spec = Spec {
            port_base: 15000,
            replicas: 1,
            keyspaces,
            demo: false,
            etcd: None,
            one_process: false,
            proxied: false,
            tablet_flags: Vec::new(),
            loaded: false,
        };
        let uids: Vec<u32> = spec.tablets().iter().map(|tablet| tablet.uid).collect();
        assert_eq!(uids, [100, 101, 200, 201, 300, 301]);
        assert_eq!(spec.tablets()[4].shard, "80-");
    }

    #[test]
    fn shards_that_come_and_go_leave_the_numbers_of_others() {
        let keyspaces =
            vec![KeyspaceSpec::parse("a").unwrap(), KeyspaceSpec::parse("b:2").unwrap()];
        let mut spec = Spec {
            port_base: 15000,
            replicas: 0,
            keyspaces,
            demo: false,
            etcd: None,
            one_process: false,
            proxied: false,
            tablet_flags: Vec::new(),
            loaded: true,
        };
        let tablets = |spec: &Spec| -> Vec<(u32, String)> {
            spec.tablets().into_iter().map(|one| (one.uid, one.shard)).collect()
        };
        let named = |list: &[(u32, &str)]| -> Vec<(u32, String)> {
            list.iter().map(|(uid, shard)| (*uid, (*shard).to_owned())).collect()
        };
        let four: Vec<String> = KeyRange::shard_names(2).unwrap();
        spec.add_shards("a", &four);
        let both = named(&[(100, "-"), (400, "-80"), (500, "80-"), (200, "-80"), (300, "80-")]);
        assert_eq!(tablets(&spec), both);
        // The same once more changes nothing.
        spec.add_shards("a", &four);
        assert_eq!(tablets(&spec), both);
        spec.remove_shards("a", &["-".to_owned()]);
        assert_eq!(
            tablets(&spec),
            named(&[(400, "-80"), (500, "80-"), (200, "-80"), (300, "80-")])
        );
        spec.add_shards("b", &["-".to_owned()]);
        assert_eq!(tablets(&spec).last(), Some(&(100, "-".to_owned())));
    }
}
