//! A short way of writing a vschema.
//!
//! ```text
//! keyspace user sharded
//! vindex hash hash
//! table user vindex=id:hash auto=id:main.user_seq columns=id:INT64,name:VARCHAR authoritative
//! table music vindex=user_id:hash vindex=id:music_lookup
//! keyspace main
//! table user_seq sequence columns=id:INT64,name:VARCHAR/utf8mb4_bin
//! rule t to=main.other
//! view grown create view grown as select id from user
//! ```
//!
//! `fk=a>parent.id/cascade/setnull` is a foreign key, `managed` behind a keyspace's name the mode in
//! which the gateway looks after them. `pk=id` is what schema tracking found: with it the columns are those of the table.

use std::collections::BTreeMap;

use vt_value::Type;
use vt_vschema::spec::{
    AutoIncrementSpec, ColumnSpec, ColumnVindexSpec, ForeignKeySpec, KeyspaceSpec, ReferenceAction,
    RoutingRuleSpec, SrvVSchemaSpec, TableSpec, TrackedTable, VindexSpec,
};
use vt_vschema::{ForeignKeyMode, VSchema};

pub(crate) fn parse(text: &str) -> VSchema {
    let mut spec = SrvVSchemaSpec::default();
    let mut current = String::new();
    let mut views: Vec<(String, String, String)> = Vec::new();
    let mut tracked: BTreeMap<String, Vec<(String, TrackedTable)>> = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [kind, name, rest @ ..] = words.as_slice() else { panic!("a bare word: {line}") };
        match *kind {
            "keyspace" => {
                current = (*name).to_owned();
                let foreign_key_mode = match rest.contains(&"managed") {
                    true => ForeignKeyMode::Managed,
                    false => ForeignKeyMode::Unspecified,
                };
                let sharded = rest.contains(&"sharded");
                let keyspace =
                    KeyspaceSpec { sharded, foreign_key_mode, ..KeyspaceSpec::default() };
                spec.keyspaces.insert(current.clone(), keyspace);
            }
            "vindex" => {
                let keyspace = spec.keyspaces.get_mut(&current).expect("a keyspace comes first");
                keyspace.vindexes.insert((*name).to_owned(), vindex(rest));
            }
            "table" => {
                let keyspace = spec.keyspaces.get_mut(&current).expect("a keyspace comes first");
                let (table, key) = table(rest);
                if !key.is_empty() {
                    let columns = table.columns.clone();
                    let foreign_keys = rest.iter().filter_map(|word| foreign_key(word)).collect();
                    let found = TrackedTable {
                        columns,
                        primary_key: key,
                        foreign_keys,
                        ..TrackedTable::default()
                    };
                    let known = tracked.entry(current.clone()).or_default();
                    known.push(((*name).to_owned(), found));
                }
                keyspace.tables.insert((*name).to_owned(), table);
            }
            "view" => views.push((current.clone(), (*name).to_owned(), rest.join(" "))),
            "rule" => spec.routing_rules.push(RoutingRuleSpec {
                from_table: (*name).to_owned(),
                to_tables: rest
                    .iter()
                    .filter_map(|to| to.strip_prefix("to="))
                    .map(str::to_owned)
                    .collect(),
            }),
            other => panic!("unknown word {other} in {line}"),
        }
    }
    let mut vschema = VSchema::build(&spec);
    for name in spec.keyspaces.keys() {
        let own = views.iter().filter(|(keyspace, ..)| keyspace == name);
        let own: Vec<_> = own.map(|(_, view, text)| (view.clone(), text.clone())).collect();
        vschema = vschema.with_views(name, &own);
    }
    for (keyspace, tables) in &tracked {
        vschema = vschema.with_tables(keyspace, tables);
    }
    for keyspace in vschema.keyspaces.values() {
        assert!(keyspace.error.is_none(), "{:?}", keyspace.error);
    }
    vschema
}

fn vindex(words: &[&str]) -> VindexSpec {
    let mut spec = VindexSpec { typ: words[0].to_owned(), ..VindexSpec::default() };
    for word in &words[1..] {
        let (key, value) = word.split_once('=').expect("a parameter has a value");
        match key {
            "owner" => spec.owner = value.to_owned(),
            _ => {
                spec.params.insert(key.to_owned(), value.to_owned());
            }
        }
    }
    spec
}

fn table(words: &[&str]) -> (TableSpec, Vec<String>) {
    let mut spec = TableSpec::default();
    let mut key = Vec::new();
    for word in words {
        match word.split_once('=') {
            None if *word == "authoritative" => spec.column_list_authoritative = true,
            None => spec.typ = (*word).to_owned(),
            Some(("vindex", value)) => {
                let (columns, name) = value.split_once(':').expect("columns:vindex");
                let columns = columns.split(',').map(str::to_owned).collect();
                let name = name.to_owned();
                spec.column_vindexes.push(ColumnVindexSpec {
                    column: String::new(),
                    columns,
                    name,
                });
            }
            Some(("auto", value)) => {
                let (column, sequence) = value.split_once(':').expect("column:sequence");
                let (column, sequence) = (column.to_owned(), sequence.to_owned());
                spec.auto_increment = Some(AutoIncrementSpec { column, sequence });
            }
            Some(("columns", value)) => spec.columns.extend(value.split(',').map(column)),
            Some(("pk", value)) => key = value.split(',').map(str::to_owned).collect(),
            Some(("fk", _)) => {}
            Some(("pinned", value)) => spec.pinned = value.to_owned(),
            Some(("source", value)) => spec.source = value.to_owned(),
            Some((key, _)) => panic!("unknown word {key}"),
        }
    }
    (spec, key)
}

/// Reads `fk=a,b>parent.x,y/cascade/setnull`: what a row of the parent that goes, or whose key
/// changes, does.
fn foreign_key(word: &str) -> Option<ForeignKeySpec> {
    let (columns, rest) = word.strip_prefix("fk=")?.split_once('>').expect("columns>parent");
    let mut parts = rest.split('/');
    let (parent, parent_columns) =
        parts.next().and_then(|parent| parent.split_once('.')).expect("parent.columns");
    let mut action = || match parts.next() {
        Some("cascade") => ReferenceAction::Cascade,
        Some("setnull") => ReferenceAction::SetNull,
        _ => ReferenceAction::Restrict,
    };
    let names = |list: &str| list.split(',').map(str::to_owned).collect();
    Some(ForeignKeySpec {
        name: format!("fk_{columns}"),
        columns: names(columns),
        parent_keyspace: None,
        parent_table: parent.to_owned(),
        parent_columns: names(parent_columns),
        on_delete: action(),
        on_update: action(),
    })
}

fn column(text: &str) -> ColumnSpec {
    let (text, collation) = text.split_once('/').unwrap_or((text, ""));
    let (name, typ) = text.split_once(':').unwrap_or((text, ""));
    let typ = Type::from_name(typ).unwrap_or(Type::NULL_TYPE);
    let collation_name = collation.to_owned();
    ColumnSpec { name: name.to_owned(), typ, collation_name, ..ColumnSpec::default() }
}
