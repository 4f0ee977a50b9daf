//! What a watch has told its reader, so that after a gap only the differences follow.

use std::collections::BTreeMap;

use crate::store::{KeyValue, Version, WatchEvent};

/// The paths and versions that a reader knows of.
#[derive(Clone, Debug, Default)]
pub struct KnownPaths {
    versions: BTreeMap<String, Version>,
}

impl KnownPaths {
    pub fn new(read: &[KeyValue]) -> KnownPaths {
        let versions = read.iter().map(|one| (one.path.clone(), one.value.version)).collect();
        KnownPaths { versions }
    }

    /// Takes in one change; `None` if the reader has seen it or a later one already.
    pub fn change(&mut self, path: String, value: Option<KeyValue>) -> Option<WatchEvent> {
        match value {
            Some(one) => {
                if self.versions.get(&path).is_some_and(|known| *known >= one.value.version) {
                    return None;
                }
                self.versions.insert(path.clone(), one.value.version);
                Some(WatchEvent::Changed { path, value: Some(one.value) })
            }
            None => {
                self.versions.remove(&path)?;
                Some(WatchEvent::Changed { path, value: None })
            }
        }
    }

    /// Takes in a whole reading: what is new or changed, and what has gone.
    pub fn reread(&mut self, now: Vec<KeyValue>) -> Vec<WatchEvent> {
        let fresh = KnownPaths::new(&now);
        let mut events: Vec<WatchEvent> = self
            .versions
            .keys()
            .filter(|path| !fresh.versions.contains_key(*path))
            .map(|path| WatchEvent::Changed { path: path.clone(), value: None })
            .collect();
        for one in now {
            if self.versions.get(&one.path) != Some(&one.value.version) {
                events.push(WatchEvent::Changed { path: one.path, value: Some(one.value) });
            }
        }
        *self = fresh;
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Value;

    fn at(path: &str, version: u64) -> KeyValue {
        KeyValue {
            path: path.to_owned(),
            value: Value { contents: "x".into(), version: Version(version) },
            created: Version(1),
        }
    }

    fn check(events: &[WatchEvent], expect: &[&str]) {
        let texts: Vec<String> = events
            .iter()
            .map(|event| match event {
                WatchEvent::Changed { path, value: Some(value) } => {
                    format!("{path}@{}", value.version)
                }
                WatchEvent::Changed { path, value: None } => format!("{path} gone"),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(texts, expect);
    }

    #[test]
    fn a_second_reading_reports_only_what_differs() {
        let mut known = KnownPaths::new(&[at("a", 1), at("b", 2), at("c", 3)]);
        check(&known.reread(vec![at("a", 1), at("c", 9), at("d", 4)]), &["b gone", "c@9", "d@4"]);
        check(&known.reread(vec![at("a", 1), at("c", 9), at("d", 4)]), &[]);
    }

    #[test]
    fn a_change_seen_already_is_not_repeated() {
        let mut known = KnownPaths::new(&[at("a", 5)]);
        assert!(known.change("a".into(), Some(at("a", 5))).is_none());
        assert!(known.change("a".into(), Some(at("a", 6))).is_some());
        assert!(known.change("a".into(), None).is_some());
        assert!(known.change("a".into(), None).is_none());
    }
}
