//! What there is to compare: lookup vindexes, their owners and tables, and the shards.

use std::collections::BTreeMap;

use vt_base::{Code, Error, KeyRange, KeyspaceId, Result};
use vt_mysql::client::Conn;
use vt_value::TypedBytes;
use vt_vschema::spec::VindexSpec;
use vt_vschema::{Destination, Lookup, Vindex};

use super::{sql, wrong};

/// A lookup vindex with the table that owns it.
pub(super) struct Subject {
    pub(super) keyspace: String,
    pub(super) vindex: Vindex,
    pub(super) owner: String,
    /// The owner's columns that have entries.
    pub(super) columns: Vec<String>,
    pub(super) primary: Vindex,
    pub(super) primary_columns: Vec<String>,
    /// The table behind the vindex, as statements name it.
    pub(super) backing: String,
}

/// A shard of the keyspace.
pub(super) struct Shard {
    pub(super) name: String,
    pub(super) range: KeyRange,
}

impl Subject {
    pub(super) fn lookup(&self) -> &Lookup {
        self.vindex.lookup().expect("subjects are made of lookup vindexes alone")
    }

    /// Returns where the values of the primary vindex's columns put a row.
    pub(super) fn keyspace_id(&self, values: &[TypedBytes]) -> Result<Option<KeyspaceId>> {
        Ok(match self.primary.map_row(values)? {
            Destination::KeyspaceId(id) => Some(id),
            _ => None,
        })
    }
}

/// Finds the owned lookup vindexes of a keyspace, or those of some names.
pub(super) async fn find(
    conn: &mut Conn,
    keyspace: &str,
    names: &[String],
) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    let known = sql::texts(conn, "show vschema vindexes").await?;
    for row in &known {
        let [of, name, typ, params, owner] = row.as_slice() else {
            return Err(wrong("SHOW VSCHEMA VINDEXES has other columns than it should"));
        };
        if of != keyspace || !names.is_empty() && !names.contains(name) {
            continue;
        }
        let vindex = vindex(name, typ, params, owner)?;
        if vindex.lookup().is_none() || owner.is_empty() {
            match names.contains(name) {
                true => return Err(wrong(format!("{name} is no lookup vindex with an owner"))),
                false => continue,
            }
        }
        subjects.push(subject(conn, keyspace, vindex, owner).await?);
    }
    let missing = names.iter().find(|name| !known.iter().any(|row| row.get(1) == Some(name)));
    match missing {
        Some(name) => Err(wrong(format!("keyspace {keyspace} has no vindex {name}"))),
        None => Ok(subjects),
    }
}

async fn subject(conn: &mut Conn, keyspace: &str, vindex: Vindex, owner: &str) -> Result<Subject> {
    let of_owner = format!("show vschema vindexes on {}", sql::quoted(owner));
    let mut primary = None;
    let mut columns = Vec::new();
    for row in sql::texts(conn, &of_owner).await? {
        let [own, name, typ, params, owner] = row.as_slice() else {
            return Err(wrong("SHOW VSCHEMA VINDEXES ON has other columns than it should"));
        };
        let own: Vec<String> = own.split(", ").map(str::to_owned).collect();
        if primary.is_none() {
            primary = Some((self::vindex(name, typ, params, owner)?, own.clone()));
        }
        if *name == *vindex.name {
            columns = own;
        }
    }
    let Some((primary, primary_columns)) = primary.filter(|_| !columns.is_empty()) else {
        return Err(wrong(format!("table {owner} has no vindex {}", vindex.name)));
    };
    if primary.lookup().is_some() {
        return Err(wrong(format!("the primary vindex of table {owner} is a lookup")));
    }
    let table = vindex.lookup().map(|lookup| lookup.table.clone()).unwrap_or_default();
    let backing = backing(conn, keyspace, &table).await?;
    let (keyspace, owner) = (keyspace.to_owned(), owner.to_owned());
    Ok(Subject { keyspace, vindex, owner, columns, primary, primary_columns, backing })
}

/// Returns how statements name the table behind a vindex.
async fn backing(conn: &mut Conn, keyspace: &str, table: &str) -> Result<String> {
    let table = table.replace('`', "");
    if let Some((keyspace, name)) = table.split_once('.') {
        return Ok(format!("{}.{}", sql::quoted(keyspace), sql::quoted(name)));
    }
    // A bare name is a table of any keyspace, if only one has it.
    for row in sql::texts(conn, "show vschema keyspaces").await? {
        let Some(other) = row.first() else { continue };
        conn.init_db(other).await?;
        let has = sql::texts(conn, "show vschema tables").await?;
        if has.iter().any(|row| row.first() == Some(&table)) {
            conn.init_db(keyspace).await?;
            return Ok(format!("{}.{}", sql::quoted(other), sql::quoted(&table)));
        }
    }
    Err(wrong(format!("no keyspace has table {table}")))
}

fn vindex(name: &str, typ: &str, params: &str, owner: &str) -> Result<Vindex> {
    let pairs = params.split("; ").filter_map(|pair| pair.split_once('='));
    let params: BTreeMap<String, String> =
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let spec = VindexSpec { typ: typ.to_owned(), params, owner: owner.to_owned() };
    Vindex::new(name, &spec)
}

/// Returns the shards of a keyspace.
pub(super) async fn shards(conn: &mut Conn, keyspace: &str) -> Result<Vec<Shard>> {
    let mut shards = Vec::new();
    for row in sql::texts(conn, "show vitess_shards").await? {
        let Some((of, name)) = row.first().and_then(|name| name.split_once('/')) else { continue };
        if of == keyspace {
            let range = KeyRange::from_shard_name(name)?;
            shards.push(Shard { name: name.to_owned(), range });
        }
    }
    match shards.is_empty() {
        true => Err(Error::new(Code::NotFound, format!("keyspace {keyspace} has no shards"))),
        false => Ok(shards),
    }
}
