//! One line a tablet, the form that scripts cut up with awk.

use std::collections::BTreeMap;
use std::fmt::Write;

use vt_base::{TabletAlias, TabletType};
use vt_proto::topodata::Tablet;
use vt_topo::TabletRecord;
use vt_topo::records::lock::rfc3339;
use vt_topo::store::Version;

/// What stands where there is no value.
const NULL: &str = "<null>";

/// Returns `alias keyspace shard type host:web host:mysql [tags] term`.
pub fn tablet_line(tablet: &Tablet) -> String {
    let record = TabletRecord { message: tablet.clone(), version: Version(0) };
    let alias =
        tablet.alias.as_ref().map_or(NULL.to_owned(), |alias| TabletAlias::from(alias).to_string());
    let or_null = |text: &str| if text.is_empty() { NULL.to_owned() } else { text.to_owned() };
    let term = tablet
        .primary_term_start_time
        .as_ref()
        .and_then(|time| u64::try_from(time.seconds).ok())
        .filter(|seconds| *seconds > 0)
        .map_or(NULL.to_owned(), rfc3339);
    format!(
        "{alias} {} {} {} {} {} {} {term}",
        or_null(&tablet.keyspace),
        or_null(&tablet.shard),
        TabletType::from_i32(tablet.r#type),
        record.address("vt").unwrap_or_else(|| tablet.hostname.clone()),
        record.mysql_address(),
        tags_text(&tablet.tags),
    )
}

/// Returns `[a: "1" b: "2"]`.
pub fn tags_text(tags: &BTreeMap<String, String>) -> String {
    let mut out = String::from("[");
    for (index, (name, value)) in tags.iter().enumerate() {
        let gap = if index == 0 { "" } else { " " };
        let _infallible = write!(out, "{gap}{name}: {value:?}");
    }
    out + "]"
}

#[cfg(test)]
mod tests {
    use vt_proto::{topodata, vttime};

    use super::*;

    #[test]
    fn lines_are_those_of_the_walkthrough() {
        let mut tablet = Tablet {
            alias: Some(topodata::TabletAlias { cell: "zone1".into(), uid: 100 }),
            hostname: "127.0.0.1".into(),
            port_map: [("vt".to_owned(), 15100), ("grpc".to_owned(), 16100)].into(),
            keyspace: "commerce".into(),
            shard: "-".into(),
            r#type: TabletType::Primary as i32,
            mysql_port: 17100,
            primary_term_start_time: Some(vttime::Time { seconds: 1_773_048_875, nanoseconds: 1 }),
            ..Tablet::default()
        };
        assert_eq!(
            tablet_line(&tablet),
            "zone1-0000000100 commerce - primary 127.0.0.1:15100 127.0.0.1:17100 [] 2026-03-09T09:34:35Z"
        );
        tablet.r#type = TabletType::Replica as i32;
        tablet.primary_term_start_time = None;
        tablet.tags =
            [("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1 \"".to_owned())].into();
        assert_eq!(
            tablet_line(&tablet),
            r#"zone1-0000000100 commerce - replica 127.0.0.1:15100 127.0.0.1:17100 [a: "1 \"" b: "2"] <null>"#
        );
    }
}
