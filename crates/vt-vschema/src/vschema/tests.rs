//! Building a vschema, and finding names in it.

use std::collections::BTreeMap;

use vt_value::Type;

use super::*;
use crate::spec::{
    AutoIncrementSpec, ColumnSpec, ColumnVindexSpec, KeyspaceRoutingRuleSpec, KeyspaceSpec,
    RoutingRuleSpec, ShardRoutingRuleSpec, TableSpec, TrackedTable, VindexSpec,
};
use crate::{Found, TableKind};

fn vindex(typ: &str) -> VindexSpec {
    VindexSpec { typ: typ.to_owned(), ..VindexSpec::default() }
}

fn on(column: &str, name: &str) -> ColumnVindexSpec {
    ColumnVindexSpec { column: column.to_owned(), columns: Vec::new(), name: name.to_owned() }
}

fn table(column_vindexes: Vec<ColumnVindexSpec>) -> TableSpec {
    TableSpec { column_vindexes, ..TableSpec::default() }
}

fn map<T>(entries: impl IntoIterator<Item = (&'static str, T)>) -> BTreeMap<String, T> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn sharded(tables: BTreeMap<String, TableSpec>) -> KeyspaceSpec {
    let region = VindexSpec {
        typ: "multicol".to_owned(),
        params: map([("column_count", "3".to_owned())]),
        owner: String::new(),
    };
    let owned = VindexSpec { owner: "user".to_owned(), ..vindex("lookup_unique") };
    let vindexes = map([
        ("hash", vindex("hash")),
        ("region", region),
        ("names", vindex("lookup")),
        ("mail", owned),
    ]);
    KeyspaceSpec { sharded: true, vindexes, tables, ..KeyspaceSpec::default() }
}

fn unsharded(tables: BTreeMap<String, TableSpec>) -> KeyspaceSpec {
    KeyspaceSpec { tables, ..KeyspaceSpec::default() }
}

fn spec(keyspaces: BTreeMap<String, KeyspaceSpec>) -> SrvVSchemaSpec {
    SrvVSchemaSpec { keyspaces, ..SrvVSchemaSpec::default() }
}

/// A keyspace `user` of shards and a keyspace `main` without.
fn both() -> SrvVSchemaSpec {
    let auto = AutoIncrementSpec { column: "id".into(), sequence: "seq".into() };
    let user = TableSpec { auto_increment: Some(auto), ..table(vec![on("id", "hash")]) };
    let seq = TableSpec { typ: "sequence".into(), ..TableSpec::default() };
    let copy = TableSpec {
        typ: "reference".into(),
        source: "main.country".into(),
        ..TableSpec::default()
    };
    spec(map([
        (
            "user",
            sharded(map([
                ("user", user),
                ("twice", table(vec![on("id", "hash")])),
                ("country", copy),
            ])),
        ),
        (
            "main",
            unsharded(map([
                ("seq", seq),
                ("twice", TableSpec::default()),
                ("country", TableSpec::default()),
            ])),
        ),
    ]))
}

fn find(vschema: &VSchema, name: &str) -> Result<Arc<Table>, Error> {
    let (keyspace, table) = match name.split_once('.') {
        Some((keyspace, table)) => (Some(keyspace), table),
        None => (None, name),
    };
    vschema.find_table(keyspace, table, TabletType::Primary)
}

fn found(vschema: &VSchema, name: &str) -> String {
    match find(vschema, name) {
        Ok(table) => table.qualified_name(),
        Err(error) => error.message().to_owned(),
    }
}

#[test]
fn names_are_found_with_and_without_their_keyspace() {
    let vschema = VSchema::build(&both());
    for (name, want) in [
        ("user", "user.user"),
        ("user.user", "user.user"),
        ("seq", "main.seq"),
        ("country", "main.country"),
        ("user.country", "user.country"),
        ("main.anything", "main.anything"),
        ("twice", "ambiguous table reference: twice"),
        ("nothing", "VT05004: table 'nothing' does not exist"),
        ("user.nothing", "VT05005: table 'nothing' does not exist in keyspace 'user'"),
        ("no.user", "VT05003: unknown database 'no' in vschema"),
    ] {
        assert_eq!(found(&vschema, name), want, "{name}");
    }
    let sequence = find(&vschema, "user").unwrap().auto_increment.clone().unwrap().sequence;
    assert_eq!(
        (sequence.qualified_name().as_str(), sequence.kind),
        ("main.seq", TableKind::Sequence)
    );
}

#[test]
fn a_lone_unsharded_keyspace_has_every_table() {
    let vschema = VSchema::build(&spec(map([("main", unsharded(map([])))])));
    assert_eq!(found(&vschema, "anything"), "main.anything");
}

#[test]
fn explicit_routing_hides_bare_names() {
    let mut both = both();
    both.keyspaces.get_mut("main").unwrap().require_explicit_routing = true;
    let vschema = VSchema::build(&both);
    assert_eq!(found(&vschema, "twice"), "user.twice");
    assert_eq!(found(&vschema, "main.twice"), "main.twice");
}

#[test]
fn vindexes_are_found_behind_tables() {
    let vschema = VSchema::build(&both());
    let found = vschema.find(Some("user"), "hash", TabletType::Primary).unwrap();
    assert!(matches!(found, Found::Vindex { vindex, .. } if &*vindex.typ == "hash"));
    let found = vschema.find(None, "hash", TabletType::Primary).unwrap();
    assert!(matches!(found, Found::Vindex { keyspace, .. } if &*keyspace == "user"));
}

#[test]
fn rules_route_by_tablet_type_first() {
    let mut both = both();
    let rule = |from: &str, to: &[&str]| RoutingRuleSpec {
        from_table: from.to_owned(),
        to_tables: to.iter().map(|to| (*to).to_owned()).collect(),
    };
    both.routing_rules = vec![
        rule("customer", &["main.customer"]),
        rule("main.customer@replica", &["user.user"]),
        rule("gone", &[]),
        rule("many", &["main.a", "main.b"]),
        rule("dup", &["main.a"]),
        rule("dup", &["main.a"]),
        rule("bare", &["a"]),
        rule("lost", &["user.none"]),
    ];
    let vschema = VSchema::build(&both);
    for (name, want) in [
        ("customer", "main.customer"),
        ("main.customer", "main.customer"),
        ("gone", "table gone has been disabled"),
        ("many", "table many has more than one target: [main.a main.b]"),
        ("dup", "duplicate rule for entry dup"),
        ("lost", "table none not found"),
        (
            "bare",
            "invalid table name: 'a', it must be of the qualified form \
             <keyspace_name>.<table_name> (dots are not allowed in either name)",
        ),
    ] {
        assert_eq!(found(&vschema, name), want, "{name}");
    }
    let replica = vschema.find_table(Some("main"), "customer", TabletType::Replica).unwrap();
    assert_eq!(replica.qualified_name(), "user.user");
}

#[test]
fn keyspaces_and_shards_are_routed() {
    let mut both = both();
    both.keyspace_routing_rules.push(KeyspaceRoutingRuleSpec {
        from_keyspace: "old@replica".into(),
        to_keyspace: "main".into(),
    });
    both.shard_routing_rules.push(ShardRoutingRuleSpec {
        from_keyspace: "user".into(),
        to_keyspace: "user2".into(),
        shard: "-80".into(),
    });
    let vschema = VSchema::build(&both);
    assert_eq!(vschema.route_keyspace("old", TabletType::Replica), "main");
    assert_eq!(vschema.route_keyspace("old", TabletType::Primary), "old");
    assert_eq!(vschema.route_shard("user", "-80"), "user2");
    assert_eq!(vschema.route_shard("user", "80-"), "user");
}

#[test]
fn a_prefix_of_columns_costs_more() {
    let columns = ["a", "b", "c"].map(str::to_owned).to_vec();
    let whole = ColumnVindexSpec { column: String::new(), columns, name: "region".into() };
    let vschema = VSchema::build(&spec(map([("user", sharded(map([("t", table(vec![whole]))])))])));
    let table = find(&vschema, "user.t").unwrap();
    let costs: Vec<_> = table
        .column_vindexes
        .iter()
        .map(|one| (one.columns.len(), one.cost, one.partial))
        .collect();
    assert_eq!(costs, [(3, 3, false), (2, 4, true), (1, 5, true)]);
    assert_eq!(table.whole_vindexes().count(), 1);
}

#[test]
fn errors_stay_with_their_keyspace() {
    let multi = |columns: &[&str]| ColumnVindexSpec {
        column: String::new(),
        columns: columns.iter().map(|one| (*one).to_owned()).collect(),
        name: "region".into(),
    };
    for (bad, want) in [
        (table(vec![]), "missing primary col vindex for table: t"),
        (table(vec![on("id", "none")]), "vindex none not found for table t"),
        (table(vec![on("id", "names")]), "primary vindex names is not Unique for table t"),
        (
            table(vec![multi(&[])]),
            "must specify at least one column for vindex (region) and table (t)",
        ),
        (
            table(vec![on("id", "hash"), multi(&["a", "b", "c"])]),
            "multi-column vindex region should be a primary vindex for table t",
        ),
        (
            table(vec![ColumnVindexSpec { column: "id".into(), ..multi(&["a"]) }]),
            "can't use column and columns at the same time in vindex (region) and table (t)",
        ),
        (TableSpec { typ: "odd".into(), ..TableSpec::default() }, "unidentified table type odd"),
        (
            TableSpec { typ: "sequence".into(), ..TableSpec::default() },
            "sequence table has to be in an unsharded keyspace or must be pinned: t",
        ),
        (
            TableSpec { pinned: "8".into(), ..TableSpec::default() },
            "could not decode the keyspace id for pin: 8",
        ),
        (
            TableSpec {
                auto_increment: Some(AutoIncrementSpec {
                    column: "id".into(),
                    sequence: "main.none".into(),
                }),
                ..table(vec![on("id", "hash")])
            },
            "cannot resolve sequence main.none: table none not found",
        ),
    ] {
        let mut both = both();
        let user = both.keyspaces.get_mut("user").unwrap();
        user.tables.insert("t".to_owned(), bad);
        let vschema = VSchema::build(&both);
        assert_eq!(vschema.keyspaces["user"].error.as_ref().unwrap().message(), want);
        assert_eq!(found(&vschema, "user.t"), want, "the keyspace's error tells why");
        assert_eq!(found(&vschema, "user.user"), "user.user");
        assert!(vschema.keyspaces["main"].error.is_none());
    }
}

#[test]
fn an_owner_must_not_own_its_primary_vindex() {
    let owner = table(vec![on("id", "mail")]);
    let vschema = VSchema::build(&spec(map([("user", sharded(map([("user", owner)])))])));
    let error = vschema.keyspaces["user"].error.as_ref().unwrap();
    assert_eq!(error.message(), "primary vindex mail cannot be owned for table user");
}

#[test]
fn tracked_columns_make_tables_authoritative() {
    let columns = |names: &[&str]| {
        let column = |name: &&str| ColumnSpec {
            name: (*name).to_owned(),
            typ: Type::INT64,
            ..ColumnSpec::default()
        };
        let columns = names.iter().map(column).collect::<Vec<_>>();
        TrackedTable { columns, ..TrackedTable::default() }
    };
    let vschema = VSchema::build(&both())
        .with_tables(
            "user",
            &[("user".into(), columns(&["id", "name"])), ("new".into(), columns(&["x"]))],
        )
        .with_tables(
            "main",
            &[("plain".into(), columns(&["x"])), ("user".into(), columns(&["x"]))],
        );
    let user = find(&vschema, "user").unwrap();
    assert_eq!((user.qualified_name().as_str(), user.authoritative), ("user.user", true));
    assert!(user.column("NAME").unwrap().is_typed());
    assert!(user.auto_increment.is_some());
    assert_eq!(found(&vschema, "plain"), "main.plain", "tracked tables are found by bare name");
    assert_eq!(found(&vschema, "user"), "user.user", "the vschema's own come first");
    assert_eq!(
        found(&vschema, "user.new"),
        "VT05005: table 'new' does not exist in keyspace 'user'"
    );
}
