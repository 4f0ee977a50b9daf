//! `ALTER VSCHEMA`: one change to a keyspace's vschema.

use std::collections::BTreeMap;

use vt_base::{Code, Error};

use crate::spec::{AutoIncrementSpec, ColumnVindexSpec, KeyspaceSpec, TableSpec, VindexSpec};

/// A change to one keyspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VSchemaChange {
    CreateVindex {
        name: String,
        spec: VindexSpec,
    },
    DropVindex {
        name: String,
    },
    AddTable {
        table: String,
    },
    DropTable {
        table: String,
    },
    AddSequence {
        table: String,
    },
    DropSequence {
        table: String,
    },
    /// `spec.typ` is empty where the statement names none: then the vindex must exist.
    AddColumnVindex {
        table: String,
        name: String,
        columns: Vec<String>,
        spec: VindexSpec,
    },
    DropColumnVindex {
        table: String,
        name: String,
    },
    AddAutoIncrement {
        table: String,
        column: String,
        sequence: String,
    },
    DropAutoIncrement {
        table: String,
    },
}

/// Returns the vschema of keyspace `name` with a change made.
///
/// # Errors
/// What the change names is missing, or there already.
pub fn apply(
    name: &str,
    keyspace: &KeyspaceSpec,
    change: &VSchemaChange,
) -> Result<KeyspaceSpec, Error> {
    let mut next = keyspace.clone();
    match change {
        VSchemaChange::CreateVindex { name: vindex, spec } => {
            create_vindex(name, &mut next, vindex, spec)?;
        }
        VSchemaChange::DropVindex { name: vindex } => drop_vindex(name, &mut next, vindex)?,
        VSchemaChange::AddTable { table } => {
            unsharded_only("add vschema table", name, &next)?;
            add_table(name, &mut next, table, "table", TableSpec::default())?;
        }
        VSchemaChange::DropTable { table } => {
            remove_table(name, &mut next, table, "table")?;
        }
        VSchemaChange::AddSequence { table } => {
            unsharded_only("add sequence table", name, &next)?;
            let spec = TableSpec { typ: "sequence".to_owned(), ..TableSpec::default() };
            add_table(name, &mut next, table, "sequence", spec)?;
        }
        VSchemaChange::DropSequence { table } => {
            unsharded_only("drop sequence table", name, &next)?;
            remove_table(name, &mut next, table, "sequence")?;
        }
        VSchemaChange::AddColumnVindex { table, name: vindex, columns, spec } => {
            let reference = ColumnVindexSpec {
                column: String::new(),
                columns: columns.clone(),
                name: vindex.clone(),
            };
            add_column_vindex(name, &mut next, table, reference, spec)?;
        }
        VSchemaChange::DropColumnVindex { table, name: vindex } => {
            drop_column_vindex(name, &mut next, table, vindex)?;
        }
        VSchemaChange::AddAutoIncrement { table, column, sequence } => {
            let spec = find_table(name, &mut next.tables, table)?;
            if spec.auto_increment.is_some() {
                return Err(refused(format!(
                    "vschema already contains auto inc {column} on table {table} in keyspace {name}"
                )));
            }
            let (column, sequence) = (column.clone(), sequence.clone());
            spec.auto_increment = Some(AutoIncrementSpec { column, sequence });
        }
        VSchemaChange::DropAutoIncrement { table } => {
            let spec = find_table(name, &mut next.tables, table)?;
            if spec.auto_increment.take().is_none() {
                return Err(refused(format!(
                    "vschema does not contain auto increment on table {table} in keyspace {name}"
                )));
            }
        }
    }
    Ok(next)
}

fn refused(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}

fn unsharded_only(what: &str, name: &str, keyspace: &KeyspaceSpec) -> Result<(), Error> {
    match keyspace.sharded {
        true => Err(refused(format!("{what}: unsupported on sharded keyspace {name}"))),
        false => Ok(()),
    }
}

fn create_vindex(
    name: &str,
    keyspace: &mut KeyspaceSpec,
    vindex: &str,
    spec: &VindexSpec,
) -> Result<(), Error> {
    if keyspace.vindexes.contains_key(vindex) {
        return Err(refused(format!("vindex {vindex} already exists in keyspace {name}")));
    }
    // The first vindex makes the keyspace a sharded one.
    if keyspace.vindexes.is_empty() {
        keyspace.sharded = true;
    }
    keyspace.vindexes.insert(vindex.to_owned(), spec.clone());
    Ok(())
}

fn drop_vindex(name: &str, keyspace: &mut KeyspaceSpec, vindex: &str) -> Result<(), Error> {
    if !keyspace.vindexes.contains_key(vindex) {
        return Err(refused(format!("vindex {vindex} does not exist in keyspace {name}")));
    }
    let user = keyspace
        .tables
        .iter()
        .find(|(_, table)| table.column_vindexes.iter().any(|one| one.name == vindex));
    if let Some((table, _)) = user {
        return Err(refused(format!(
            "can not drop vindex cause {vindex} still defined on table {table}"
        )));
    }
    keyspace.vindexes.remove(vindex);
    Ok(())
}

fn add_table(
    name: &str,
    keyspace: &mut KeyspaceSpec,
    table: &str,
    noun: &str,
    spec: TableSpec,
) -> Result<(), Error> {
    if keyspace.tables.contains_key(table) {
        return Err(refused(format!("vschema already contains {noun} {table} in keyspace {name}")));
    }
    keyspace.tables.insert(table.to_owned(), spec);
    Ok(())
}

fn remove_table(
    name: &str,
    keyspace: &mut KeyspaceSpec,
    table: &str,
    noun: &str,
) -> Result<(), Error> {
    let is_sequence = |spec: &TableSpec| spec.typ == "sequence";
    match keyspace.tables.get(table) {
        Some(spec) if noun == "table" || is_sequence(spec) => {
            keyspace.tables.remove(table);
            Ok(())
        }
        _ => Err(refused(format!("vschema does not contain {noun} {table} in keyspace {name}"))),
    }
}

fn find_table<'a>(
    name: &str,
    tables: &'a mut BTreeMap<String, TableSpec>,
    table: &str,
) -> Result<&'a mut TableSpec, Error> {
    tables.get_mut(table).ok_or_else(|| {
        refused(format!("vschema does not contain table {table} in keyspace {name}"))
    })
}

fn add_column_vindex(
    name: &str,
    keyspace: &mut KeyspaceSpec,
    table: &str,
    reference: ColumnVindexSpec,
    spec: &VindexSpec,
) -> Result<(), Error> {
    let vindex = reference.name.clone();
    match keyspace.vindexes.get(&vindex) {
        // A vindex that is described again must be the one that is there.
        Some(held) if !spec.typ.is_empty() => {
            if held.typ != spec.typ {
                let (held, given) = (&held.typ, &spec.typ);
                return Err(refused(format!(
                    "vindex {vindex} defined with type {held} not {given}"
                )));
            }
            if held.owner != spec.owner && !spec.owner.is_empty() {
                let (held, given) = (&held.owner, &spec.owner);
                return Err(refused(format!(
                    "vindex {vindex} defined with owner {held} not {given}"
                )));
            }
            if !spec.params.is_empty() && held.params != spec.params {
                return Err(refused(format!("vindex {vindex} defined with different parameters")));
            }
        }
        Some(_) => {}
        None if spec.typ.is_empty() => {
            return Err(refused(format!("vindex {vindex} does not exist in keyspace {name}")));
        }
        None => create_vindex(name, keyspace, &vindex, spec)?,
    }
    let table_spec = keyspace.tables.entry(table.to_owned()).or_default();
    if table_spec.column_vindexes.iter().any(|one| one.name == vindex) {
        return Err(refused(format!("vindex {vindex} already defined on table {table}")));
    }
    table_spec.column_vindexes.push(reference);
    Ok(())
}

fn drop_column_vindex(
    name: &str,
    keyspace: &mut KeyspaceSpec,
    table: &str,
    vindex: &str,
) -> Result<(), Error> {
    let Some(spec) = keyspace.tables.get_mut(table) else {
        return Err(refused(format!("table {name}.{table} not defined in vschema")));
    };
    let Some(index) = spec.column_vindexes.iter().position(|one| one.name == vindex) else {
        return Err(refused(format!("vindex {vindex} not defined in table {name}.{table}")));
    };
    spec.column_vindexes.remove(index);
    // A table of a sharded keyspace without a vindex is none.
    if spec.column_vindexes.is_empty() {
        keyspace.tables.remove(table);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vindex(typ: &str) -> VindexSpec {
        VindexSpec { typ: typ.to_owned(), ..VindexSpec::default() }
    }

    fn add(typ: &str) -> VSchemaChange {
        VSchemaChange::AddColumnVindex {
            table: "t".to_owned(),
            name: "h".to_owned(),
            columns: vec!["id".to_owned()],
            spec: vindex(typ),
        }
    }

    #[test]
    fn the_first_vindex_shards_the_keyspace_and_the_last_takes_the_table_away() {
        let keyspace = apply("ks", &KeyspaceSpec::default(), &add("hash")).unwrap();
        assert!(keyspace.sharded);
        assert_eq!(keyspace.tables["t"].column_vindexes[0].columns, ["id"]);
        let drop = VSchemaChange::DropColumnVindex { table: "t".into(), name: "h".into() };
        let keyspace = apply("ks", &keyspace, &drop).unwrap();
        assert!(keyspace.tables.is_empty());
        let keyspace =
            apply("ks", &keyspace, &VSchemaChange::DropVindex { name: "h".into() }).unwrap();
        assert!(keyspace.vindexes.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let sharded = apply("ks", &KeyspaceSpec::default(), &add("hash")).unwrap();
        for (change, want) in [
            (add("hash"), "vindex h already defined on table t"),
            (add("xxhash"), "vindex h defined with type hash not xxhash"),
            (
                VSchemaChange::CreateVindex { name: "h".into(), spec: vindex("hash") },
                "vindex h already exists in keyspace ks",
            ),
            (
                VSchemaChange::DropVindex { name: "h".into() },
                "can not drop vindex cause h still defined on table t",
            ),
            (
                VSchemaChange::AddTable { table: "x".into() },
                "add vschema table: unsupported on sharded keyspace ks",
            ),
            (
                VSchemaChange::DropTable { table: "x".into() },
                "vschema does not contain table x in keyspace ks",
            ),
            (
                VSchemaChange::DropAutoIncrement { table: "t".into() },
                "vschema does not contain auto increment on table t in keyspace ks",
            ),
        ] {
            assert_eq!(apply("ks", &sharded, &change).unwrap_err().message(), want);
        }
    }

    #[test]
    fn sequences_are_tables_of_an_unsharded_keyspace() {
        let add = VSchemaChange::AddSequence { table: "s".into() };
        let keyspace = apply("ks", &KeyspaceSpec::default(), &add).unwrap();
        assert_eq!(keyspace.tables["s"].typ, "sequence");
        assert!(apply("ks", &keyspace, &add).is_err());
        let drop = VSchemaChange::DropSequence { table: "s".into() };
        assert!(apply("ks", &keyspace, &drop).unwrap().tables.is_empty());
    }
}
