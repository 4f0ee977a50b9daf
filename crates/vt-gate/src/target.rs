//! What a session is aimed at: the forms of `USE` and of a login's database.

use std::fmt;
use std::sync::Arc;

use vt_base::key_range::decode_hex;
use vt_base::{Code, Error, KeyRange, Result, TabletAlias, TabletType};
use vt_vschema::Destination;

/// `keyspace`, `keyspace:shard`, `keyspace/shard`, `keyspace[range]`, `keyspace[keyspace id]`, each
/// with `@type`, and behind it `|alias`; every part may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTarget {
    /// Empty while no keyspace is selected.
    pub keyspace: Arc<str>,
    pub destination: Option<Destination>,
    pub tablet_type: TabletType,
    /// The one tablet that everything goes to.
    pub alias: Option<TabletAlias>,
    /// The target as it was written.
    text: Arc<str>,
}

impl SessionTarget {
    /// Reads a target; `default_type` stands where the text names none.
    pub fn parse(text: &str, default_type: TabletType) -> Result<SessionTarget> {
        let (place, kind) = match text.rsplit_once('@') {
            Some((place, kind)) => (place, Some(kind)),
            None => (text, None),
        };
        let (kind, alias) = match kind.and_then(|kind| kind.split_once('|')) {
            Some((kind, alias)) => (Some(kind), Some(alias.parse()?)),
            None => (kind, None),
        };
        let tablet_type = match kind {
            Some(kind) => kind.parse()?,
            None => default_type,
        };
        let (keyspace, destination) = read_place(place)?;
        let keyspace = keyspace.into();
        Ok(SessionTarget { keyspace, destination, tablet_type, alias, text: text.into() })
    }

    /// Makes the target of a session that has selected nothing.
    pub fn nothing(tablet_type: TabletType) -> SessionTarget {
        let (keyspace, text) = (Arc::from(""), Arc::from(""));
        SessionTarget { keyspace, destination: None, tablet_type, alias: None, text }
    }

    /// Returns the keyspace, if one is selected.
    pub fn keyspace(&self) -> Option<&str> {
        (!self.keyspace.is_empty()).then_some(&*self.keyspace)
    }

    /// Returns the target as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the target as it was written, to be kept.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }
}

impl fmt::Display for SessionTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn read_place(place: &str) -> Result<(&str, Option<Destination>)> {
    if let Some((keyspace, inner)) = place.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        let destination = if inner.contains('-') {
            Destination::KeyRange(inner.parse::<KeyRange>()?)
        } else {
            let wrong = || {
                let message = format!("expected valid hex in keyspace id {inner}");
                Error::new(Code::InvalidArgument, message)
            };
            Destination::KeyspaceId(decode_hex(inner).ok_or_else(wrong)?)
        };
        return Ok((keyspace, Some(destination)));
    }
    // Shards may not hold either sign, so the last one parts keyspace from shard.
    match place.rsplit_once([':', '/']) {
        Some((keyspace, "")) => Ok((keyspace, None)),
        Some((keyspace, shard)) => Ok((keyspace, Some(Destination::Shard(shard.into())))),
        None => Ok((place, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (String, Option<Destination>, TabletType) {
        let target = SessionTarget::parse(text, TabletType::Primary).unwrap();
        assert_eq!(target.as_str(), text);
        (target.keyspace.to_string(), target.destination, target.tablet_type)
    }

    #[test]
    fn all_forms_are_read() {
        let shard = |name: &str| Some(Destination::Shard(name.into()));
        let ks = || "ks".to_owned();
        let (primary, replica) = (TabletType::Primary, TabletType::Replica);
        assert_eq!(parse(""), (String::new(), None, primary));
        assert_eq!(parse("ks"), (ks(), None, primary));
        assert_eq!(parse("@replica"), (String::new(), None, replica));
        assert_eq!(parse("ks:-80"), (ks(), shard("-80"), primary));
        assert_eq!(parse("ks/80-@replica"), (ks(), shard("80-"), replica));
        assert_eq!(parse("ks@RDONLY"), (ks(), None, TabletType::Rdonly));
        assert_eq!(parse("ks:-"), (ks(), shard("-"), primary));
        let range = Some(Destination::KeyRange("-80".parse().unwrap()));
        assert_eq!(parse("ks[-80]@replica"), (ks(), range, replica));
        let id = Some(Destination::KeyspaceId(vec![0xde, 0xad, 0xbe, 0xef]));
        assert_eq!(parse("ks[deadbeef]"), (ks(), id, primary));
        let pinned = SessionTarget::parse("ks:-80@replica|zone1-101", primary).unwrap();
        assert_eq!(pinned.alias, Some(TabletAlias::new("zone1", 101)));
    }

    #[test]
    fn nonsense_is_refused() {
        for wrong in ["ks@king", "ks[xyz]", "ks[90-80]", "ks@replica|here"] {
            assert!(SessionTarget::parse(wrong, TabletType::Primary).is_err(), "{wrong} was taken");
        }
    }
}
