//! Keys as paths: roots, joins, and the children that a flat listing shows.

use crate::store::{DirEntry, EntryKind};

/// Returns a root as `/vitess/global/`, with a slash at its end.
///
/// A root without a slash in front stays so: its keys have none either.
pub fn normalize_root(root: &str) -> String {
    match root.trim_end_matches('/') {
        "" if root.is_empty() => String::new(),
        "" => "/".to_owned(),
        inner => format!("{inner}/"),
    }
}

/// Returns the key of a path below a normalised root; as a folder it ends with a slash.
pub fn join(root: &str, path: &str, as_folder: bool) -> String {
    let path = path.trim_start_matches('/');
    if !as_folder {
        return format!("{root}{path}");
    }
    match path.trim_end_matches('/') {
        "" => root.to_owned(),
        inner => format!("{root}{inner}/"),
    }
}

/// Returns the first parts of sorted paths below a folder; `true` marks an ephemeral path.
pub fn children<'a>(below: impl Iterator<Item = (&'a str, bool)>) -> Vec<DirEntry> {
    let mut entries: Vec<DirEntry> = Vec::new();
    for (path, ephemeral) in below {
        let (name, kind) = match path.split_once('/') {
            Some((name, _)) => (name, EntryKind::Directory),
            None => (path, EntryKind::File),
        };
        let ephemeral = ephemeral && kind == EntryKind::File;
        let entry = DirEntry { name: name.to_owned(), kind, ephemeral };
        if entries.last() != Some(&entry) {
            entries.push(entry);
        }
    }
    // A name can return after others, since `a-b` lies between `a` and `a/c`.
    entries.sort();
    entries.dedup();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_and_paths_join_with_one_slash() {
        assert_eq!(normalize_root("/vitess/global"), "/vitess/global/");
        assert_eq!(normalize_root("vitess/global/"), "vitess/global/");
        assert_eq!(join(&normalize_root("/"), "cells", true), "/cells/");
        assert_eq!(join(&normalize_root(""), "cells", true), "cells/");
        assert_eq!(join("/r/", "/a/b", false), "/r/a/b");
        assert_eq!(join("/r/", "", true), "/r/");
        assert_eq!(join("/r/", "a/", true), "/r/a/");
    }

    #[test]
    fn a_listing_shows_each_child_once() {
        let below = ["-80", "-80-a/x", "-80/Shard", "-80/locks/7", "Keyspace"];
        let names: Vec<(String, EntryKind)> = children(below.into_iter().map(|path| (path, false)))
            .into_iter()
            .map(|entry| (entry.name, entry.kind))
            .collect();
        let expect = [
            ("-80", EntryKind::File),
            ("-80", EntryKind::Directory),
            ("-80-a", EntryKind::Directory),
            ("Keyspace", EntryKind::File),
        ];
        assert_eq!(names, expect.map(|(name, kind)| (name.to_owned(), kind)));
    }
}
