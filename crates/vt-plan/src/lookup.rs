//! The statements that read and maintain the table behind a lookup vindex.
//!
//! Values are bound as `f0_0`, `f1_0` (columns of row 0) and `t_0` (its keyspace id); a list of
//! values to look up as `vals`.

use std::fmt::Write;

use vt_vschema::vindex::{Lookup, ReadLock};
use vt_vschema::{Backing, Owner};

/// The list of values that [`select`] looks up.
pub const VALUES: &str = "vals";

/// Returns the variable of a row's value of a `from` column.
pub fn from_var(column: usize, row: usize) -> String {
    format!("f{column}_{row}")
}

/// Returns the variable of a row's keyspace id.
pub fn to_var(row: usize) -> String {
    format!("t_{row}")
}

/// Returns the statement that finds values and their keyspace ids; `locked` inside a transaction
/// that changes rows.
pub fn select(lookup: &Lookup, backing: &Backing, locked: bool) -> String {
    let (first, to, table) = (first(backing), quoted(&backing.to), quoted(&backing.table));
    let lock = match lookup.read_lock {
        _ if !locked => "",
        ReadLock::Exclusive => " for update",
        ReadLock::Shared => " lock in share mode",
        ReadLock::None => "",
    };
    format!("select {first}, {to} from {table} where {first} in ::{VALUES}{lock}")
}

/// Returns the statement that adds rows.
pub fn insert(lookup: &Lookup, backing: &Backing, rows: usize, how: InsertHow) -> String {
    let mut sql = String::from("insert ");
    if lookup.multi_shard_autocommit {
        sql.push_str("/*vt+ MULTI_SHARD_AUTOCOMMIT=1 */ ");
    }
    if how == InsertHow::Ignore {
        sql.push_str("ignore ");
    }
    let columns = columns(backing).collect::<Vec<_>>();
    // Writing to a String cannot fail.
    let _ = write!(sql, "into {}({}) values ", quoted(&backing.table), columns.join(", "));
    sql.push_str(&row_list(backing, rows));
    if how == InsertHow::Upsert {
        let sets = columns.iter().map(|column| format!("{column} = values({column})"));
        let _ = write!(sql, " on duplicate key update {}", sets.collect::<Vec<_>>().join(", "));
    }
    sql
}

/// What [`insert`] does about a row that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertHow {
    Plain,
    Ignore,
    /// It is written over: entries that commit by themselves may be left of rows that never came.
    Upsert,
}

/// Returns the statement that removes rows.
pub fn delete(backing: &Backing, rows: usize) -> String {
    let columns = columns(backing).collect::<Vec<_>>();
    if rows == 1 {
        let from = (0..backing.from.len()).map(|column| from_var(column, 0));
        let vars = from.chain([to_var(0)]);
        let parts = columns.iter().zip(vars).map(|(column, var)| format!("{column} = :{var}"));
        let parts = parts.collect::<Vec<_>>().join(" and ");
        return format!("delete from {} where {parts}", quoted(&backing.table));
    }
    let list = row_list(backing, rows);
    format!("delete from {} where ({}) in ({list})", quoted(&backing.table), columns.join(", "))
}

/// Returns the statement that gives a row if there is the entry of row 0.
pub fn verify(backing: &Backing) -> String {
    let (to, table) = (quoted(&backing.to), quoted(&backing.table));
    let from = is_row(&backing.from);
    format!("select 1 from {table} where {from} and {to} = :{} limit 1", to_var(0))
}

/// Returns the statement that locks the entry of row 0 and gives its keyspace id.
pub fn lock_entry(backing: &Backing) -> String {
    let (to, table) = (quoted(&backing.to), quoted(&backing.table));
    format!("select {to} from {table} where {} for update", is_row(&backing.from))
}

/// Returns the statement that gives the entry of row 0 another keyspace id.
pub fn update_entry(backing: &Backing) -> String {
    let (to, table) = (quoted(&backing.to), quoted(&backing.table));
    format!("update {table} set {to} = :{} where {}", to_var(0), is_row(&backing.from))
}

/// Returns the statement that waits for, and shows, rows of the owner with the values of row 0.
pub fn lock_owner(owner: &Owner) -> String {
    let column = owner.columns.first().map_or_else(|| "1".to_owned(), |one| quoted(one));
    let table = quoted(&owner.table);
    format!("select {column} from {table} where {} lock in share mode", is_row(&owner.columns))
}

fn is_row(columns: &[std::sync::Arc<str>]) -> String {
    let parts = columns
        .iter()
        .enumerate()
        .map(|(place, column)| format!("{} = :{}", quoted(column), from_var(place, 0)));
    parts.collect::<Vec<_>>().join(" and ")
}

fn first(backing: &Backing) -> String {
    backing.from.first().map(|column| quoted(column)).unwrap_or_default()
}

fn columns(backing: &Backing) -> impl Iterator<Item = String> {
    backing.from.iter().chain([&backing.to]).map(|column| quoted(column))
}

/// Writes `(:f0_0, :t_0), (:f0_1, :t_1)`.
fn row_list(backing: &Backing, rows: usize) -> String {
    let row = |row: usize| {
        let from = (0..backing.from.len()).map(|column| format!(":{}", from_var(column, row)));
        let all = from.chain([format!(":{}", to_var(row))]).collect::<Vec<_>>();
        format!("({})", all.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// Returns a name between backticks.
pub fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use vt_vschema::{Keyspace, Vindex, spec::VindexSpec};

    #[test]
    fn the_statements_of_a_lookup() {
        let keyspace = Arc::new(Keyspace { name: "ks".into(), sharded: false });
        let owner = Owner {
            keyspace: keyspace.clone(),
            table: "t".into(),
            columns: vec!["x".into(), "y".into()],
        };
        let backing = Backing {
            keyspace,
            table: "m`p".into(),
            primary: None,
            pinned: None,
            from: vec!["a".into(), "b".into()],
            to: "id".into(),
            owner: Some(owner),
        };
        let vindex = |typ: &str| {
            let spec = VindexSpec { typ: typ.into(), ..VindexSpec::default() };
            Vindex::new("v", &spec).unwrap()
        };
        let vindex = vindex("lookup");
        let lookup = vindex.lookup().unwrap();
        assert_eq!(
            select(lookup, &backing, true),
            "select `a`, `id` from `m``p` where `a` in ::vals for update"
        );
        assert_eq!(
            insert(lookup, &backing, 2, InsertHow::Ignore),
            "insert ignore into `m``p`(`a`, `b`, `id`) values (:f0_0, :f1_0, :t_0), (:f0_1, :f1_1, :t_1)"
        );
        assert!(insert(lookup, &backing, 1, InsertHow::Upsert).ends_with(
            " on duplicate key update `a` = values(`a`), `b` = values(`b`), `id` = values(`id`)"
        ));
        assert_eq!(
            delete(&backing, 1),
            "delete from `m``p` where `a` = :f0_0 and `b` = :f1_0 and `id` = :t_0"
        );
        assert_eq!(
            delete(&backing, 2),
            "delete from `m``p` where (`a`, `b`, `id`) in ((:f0_0, :f1_0, :t_0), (:f0_1, :f1_1, :t_1))"
        );
        assert_eq!(
            lock_entry(&backing),
            "select `id` from `m``p` where `a` = :f0_0 and `b` = :f1_0 for update"
        );
        assert_eq!(
            update_entry(&backing),
            "update `m``p` set `id` = :t_0 where `a` = :f0_0 and `b` = :f1_0"
        );
        assert_eq!(
            lock_owner(backing.owner.as_ref().unwrap()),
            "select `x` from `t` where `x` = :f0_0 and `y` = :f1_0 lock in share mode"
        );
    }
}
