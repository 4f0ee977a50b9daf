//! From the stored form to the vschema: every check, worded as users of such vschemas know it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use vt_base::key_range::decode_hex;
use vt_base::{Code, Error, TabletType};

use crate::spec::{KeyspaceSpec, SrvVSchemaSpec, TableSpec};
use crate::table::same_name;
use crate::vschema::RoutingRule;
use crate::{
    AutoIncrement, Column, ColumnVindex, Keyspace, KeyspaceSchema, Table, TableKind, VSchema,
    Vindex,
};

pub(crate) fn build(spec: &SrvVSchemaSpec) -> VSchema {
    let mut vschema = VSchema::empty(spec);
    for (name, keyspace) in &spec.keyspaces {
        let schema = build_keyspace(name, keyspace);
        vschema.keyspaces.insert(schema.keyspace.name.clone(), Arc::new(schema));
    }
    for rule in &spec.shard_routing_rules {
        let from = (rule.from_keyspace.clone(), rule.shard.clone());
        vschema.shard_routing_rules.insert(from, rule.to_keyspace.as_str().into());
    }
    for rule in &spec.keyspace_routing_rules {
        let to = rule.to_keyspace.as_str().into();
        vschema.keyspace_routing_rules.insert(rule.from_keyspace.clone(), to);
    }
    vschema.mirror_rules.clone_from(&spec.mirror_rules);
    vschema.link();
    resolve_sequences(&mut vschema, spec);
    vschema.link();
    vschema.link_lookups();
    vschema
}

fn build_keyspace(name: &str, spec: &KeyspaceSpec) -> KeyspaceSchema {
    let keyspace = Arc::new(Keyspace { name: name.into(), sharded: spec.sharded });
    let mut schema = KeyspaceSchema {
        keyspace,
        tables: BTreeMap::new(),
        vindexes: BTreeMap::new(),
        views: BTreeMap::new(),
        require_explicit_routing: spec.require_explicit_routing,
        foreign_key_mode: spec.foreign_key_mode,
        multi_tenant: spec.multi_tenant.clone(),
        error: None,
    };
    for (vindex_name, vindex) in &spec.vindexes {
        match Vindex::new(vindex_name, vindex) {
            Ok(vindex) => {
                schema.vindexes.insert(vindex.name.clone(), Arc::new(vindex));
            }
            Err(error) => {
                schema.error.get_or_insert(error);
            }
        }
    }
    for (table_name, table) in &spec.tables {
        match build_table(table_name, table, &schema) {
            Ok(table) => {
                schema.tables.insert(table.name.clone(), Arc::new(table));
            }
            Err(error) => {
                schema.error.get_or_insert(error);
            }
        }
    }
    schema
}

fn build_table(name: &str, spec: &TableSpec, schema: &KeyspaceSchema) -> Result<Table, Error> {
    let sharded = schema.keyspace.sharded;
    let mut table = Table::unknown(schema.keyspace.clone(), name);
    table.authoritative = spec.column_list_authoritative;
    table.kind = table_kind(name, spec, sharded)?;
    if table.is_reference() && !spec.source.is_empty() {
        let (keyspace, source) = qualified(&spec.source)?;
        table.source = Some((keyspace.into(), source.into()));
    }
    if !spec.pinned.is_empty() {
        let pinned = decode_hex(&spec.pinned).ok_or_else(|| {
            invalid(format!("could not decode the keyspace id for pin: {}", spec.pinned))
        })?;
        table.pinned = Some(pinned);
    }
    let needs_vindex = sharded && !table.is_reference() && table.pinned.is_none();
    if needs_vindex && spec.column_vindexes.is_empty() {
        let message = format!("missing primary col vindex for table: {name}");
        return Err(Error::new(Code::NotFound, message));
    }
    for column in &spec.columns {
        if table.column(&column.name).is_some() {
            let column = &column.name;
            return Err(invalid(format!("duplicate column name '{column}' for table: {name}")));
        }
        table.columns.push(Column::from(column));
    }
    add_vindexes(&mut table, spec, schema)?;
    Ok(table)
}

fn table_kind(name: &str, spec: &TableSpec, sharded: bool) -> Result<TableKind, Error> {
    match spec.typ.as_str() {
        "" => Ok(TableKind::Plain),
        "reference" => Ok(TableKind::Reference),
        "sequence" if sharded && spec.pinned.is_empty() => Err(Error::new(
            Code::FailedPrecondition,
            format!("sequence table has to be in an unsharded keyspace or must be pinned: {name}"),
        )),
        "sequence" => Ok(TableKind::Sequence),
        kind => Err(Error::new(Code::NotFound, format!("unidentified table type {kind}"))),
    }
}

fn add_vindexes(table: &mut Table, spec: &TableSpec, schema: &KeyspaceSchema) -> Result<(), Error> {
    let name = table.name.clone();
    for (index, one) in spec.column_vindexes.iter().enumerate() {
        let vindex = schema.vindexes.get(one.name.as_str()).ok_or_else(|| {
            let message = format!("vindex {} not found for table {name}", one.name);
            Error::new(Code::NotFound, message)
        })?;
        let owned = vindex.lookup().is_some() && vindex.owner.as_deref() == Some(&*name);
        let columns: Vec<Arc<str>> = match (one.column.as_str(), one.columns.as_slice()) {
            ("", []) => {
                let message = "must specify at least one column for vindex";
                return Err(invalid(format!("{message} ({}) and table ({name})", one.name)));
            }
            ("", columns) => columns.iter().map(|column| column.as_str().into()).collect(),
            (column, []) => vec![column.into()],
            _ => {
                let message = "can't use column and columns at the same time in vindex";
                return Err(invalid(format!("{message} ({}) and table ({name})", one.name)));
            }
        };
        if index == 0 && !vindex.unique {
            let message = format!("primary vindex {} is not Unique for table {name}", one.name);
            return Err(invalid(message));
        }
        if index == 0 && owned {
            let message = format!("primary vindex {} cannot be owned for table {name}", one.name);
            return Err(invalid(message));
        }
        if index != 0 && vindex.is_multi_column() {
            let message = format!(
                "multi-column vindex {} should be a primary vindex for table {name}",
                one.name
            );
            return Err(Error::new(Code::Unimplemented, message));
        }
        push_with_prefixes(
            table,
            ColumnVindex {
                columns,
                vindex: vindex.clone(),
                owned,
                partial: false,
                cost: vindex.cost,
            },
        );
    }
    Ok(())
}

/// Adds a vindex, and after it one for each prefix of its columns that it can map.
fn push_with_prefixes(table: &mut Table, whole: ColumnVindex) {
    let prefixes = if whole.vindex.takes_prefix() { whole.columns.len() } else { 1 };
    let shorter: Vec<ColumnVindex> = (1..prefixes)
        .rev()
        .map(|count| ColumnVindex {
            columns: whole.columns[..count].to_vec(),
            partial: true,
            cost: whole.cost + (whole.columns.len() - count) as u32,
            ..whole.clone()
        })
        .collect();
    table.column_vindexes.push(whole);
    table.column_vindexes.extend(shorter);
}

/// Gives tables their sequences; a table whose sequence is missing is taken out.
fn resolve_sequences(vschema: &mut VSchema, spec: &SrvVSchemaSpec) {
    for (keyspace, keyspace_spec) in &spec.keyspaces {
        for (name, table_spec) in &keyspace_spec.tables {
            let Some(auto) = &table_spec.auto_increment else { continue };
            let Some(old) = vschema.keyspaces.get(keyspace.as_str()) else { continue };
            let Some(table) = old.tables.get(name.as_str()) else { continue };
            let (table, mut schema) = (Table::clone(table), KeyspaceSchema::clone(old));
            match find_sequence(vschema, &auto.sequence) {
                Ok(sequence) => {
                    let column = auto.column.as_str().into();
                    let auto_increment = Some(AutoIncrement { column, sequence });
                    let table = Arc::new(Table { auto_increment, ..table });
                    schema.tables.insert(table.name.clone(), table);
                }
                Err(error) => {
                    schema.tables.remove(&table.name);
                    let message =
                        format!("cannot resolve sequence {}: {}", auto.sequence, error.message());
                    schema.error.get_or_insert(Error::new(Code::NotFound, message));
                }
            }
            vschema.keyspaces.insert(schema.keyspace.name.clone(), Arc::new(schema));
        }
    }
}

fn find_sequence(vschema: &VSchema, name: &str) -> Result<Arc<Table>, Error> {
    let unquoted = name.replace('`', "");
    let (keyspace, table) = match unquoted.split_once('.') {
        Some((keyspace, table)) => (Some(keyspace), table),
        None => (None, unquoted.as_str()),
    };
    let not_found = || Error::new(Code::NotFound, format!("table {table} not found"));
    vschema.find_known_table(keyspace, table, TabletType::Primary)?.ok_or_else(not_found)
}

impl VSchema {
    /// Makes the look-up tables by bare name, and the rules' targets, out of the keyspaces.
    pub(crate) fn link(&mut self) {
        self.link_names();
        let spec = self.spec().clone();
        self.routing_rules.clear();
        let mut seen = HashSet::new();
        for rule in &spec.routing_rules {
            let from = &rule.from_table;
            let twice = !seen.insert(from.as_str());
            let target = match rule.to_tables.as_slice() {
                _ if twice => {
                    let message = format!("duplicate rule for entry {from}");
                    RoutingRule::Wrong(Error::new(Code::AlreadyExists, message))
                }
                [] => RoutingRule::Disabled,
                [to] => match self.rule_target(to) {
                    Ok(table) => RoutingRule::To(table),
                    Err(error) => RoutingRule::Wrong(error),
                },
                many => RoutingRule::Wrong(invalid(format!(
                    "table {from} has more than one target: [{}]",
                    many.join(" ")
                ))),
            };
            self.routing_rules.insert(rule.from_table.clone(), target);
        }
    }

    pub(crate) fn rule_target(&self, to: &str) -> Result<Arc<Table>, Error> {
        let (keyspace, name) = qualified(to)?;
        let schema = self.keyspace(keyspace)?;
        match schema.tables.get(name) {
            Some(table) => Ok(table.clone()),
            None if !schema.keyspace.sharded => {
                Ok(Arc::new(Table::unknown(schema.keyspace.clone(), name)))
            }
            None => Err(Error::new(Code::NotFound, format!("table {name} not found"))),
        }
    }

    /// Fills the tables and vindexes that are found by bare name.
    ///
    /// Tables that the vschema names come first; a table known only from schema tracking is found
    /// where no vschema names one like it.
    fn link_names(&mut self) {
        self.global_tables.clear();
        self.global_vindexes.clear();
        let spec = self.spec().clone();
        let open = self.keyspaces.values().filter(|one| !one.require_explicit_routing);
        let open: Vec<Arc<KeyspaceSchema>> = open.cloned().collect();
        let declared = |schema: &KeyspaceSchema, name: &str| {
            let keyspace = spec.keyspaces.get(&*schema.keyspace.name);
            keyspace.is_some_and(|keyspace| keyspace.tables.contains_key(name))
        };
        for tracked in [false, true] {
            let taken: HashSet<Arc<str>> = match tracked {
                false => HashSet::new(),
                true => self.global_tables.keys().cloned().collect(),
            };
            for schema in &open {
                for (name, table) in &schema.tables {
                    if declared(schema, name) == tracked
                        || taken.contains(name)
                        || copies_its_namesake(table)
                    {
                        continue;
                    }
                    self.global_tables
                        .entry(name.clone())
                        .and_modify(|held| *held = None)
                        .or_insert_with(|| Some(table.clone()));
                }
            }
        }
        for schema in &open {
            for (name, vindex) in &schema.vindexes {
                self.global_vindexes
                    .entry(name.clone())
                    .and_modify(|held| *held = None)
                    .or_insert_with(|| Some(vindex.clone()));
            }
        }
    }
}

/// A reference table is found by bare name where its source is.
fn copies_its_namesake(table: &Table) -> bool {
    table.source.as_ref().is_some_and(|(keyspace, name)| {
        *keyspace != table.keyspace.name && same_name(name, &table.name)
    })
}

fn invalid(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}

/// Splits `keyspace.table`.
fn qualified(name: &str) -> Result<(&str, &str), Error> {
    match name.split_once('.') {
        Some((keyspace, table))
            if !keyspace.is_empty() && !table.is_empty() && !table.contains('.') =>
        {
            Ok((keyspace, table))
        }
        _ => Err(invalid(format!(
            "invalid table name: '{name}', it must be of the qualified form \
             <keyspace_name>.<table_name> (dots are not allowed in either name)"
        ))),
    }
}
