//! How the tables of a server might be sharded: a VSchema to begin with, by their keys.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use vt_base::Result;

use crate::external::External;

/// Columns of keys of more than this are not looked at.
const COLUMNS_MAX: usize = 1_000_000;

/// Prints a VSchema for the tables of a server, or some of them.
pub(crate) async fn propose(
    (external, password): &(External, String),
    tables: &[String],
) -> Result<String> {
    let mut conn = external.connect(password).await?;
    let sql = "select s.table_name, c.column_name, c.data_type from information_schema.statistics s \
               join information_schema.columns c on c.table_schema = s.table_schema and \
               c.table_name = s.table_name and c.column_name = s.column_name \
               where s.table_schema = database() and s.index_name = 'PRIMARY' \
               and s.seq_in_index = 1 order by 1";
    let found = conn.query(sql, COLUMNS_MAX).await?;
    conn.close().await;
    let text = |row: vt_value::Row<'_>, column: usize| {
        String::from_utf8_lossy(row.column(column).unwrap_or_default()).into_owned()
    };
    let keys: BTreeMap<String, (String, String)> = found
        .rows
        .iter()
        .map(|row| (text(row, 0), (text(row, 1), text(row, 2))))
        .filter(|(table, _)| tables.is_empty() || tables.contains(table))
        .collect();
    Ok(format!("{:#}\n", vschema(&keys)))
}

/// Shards each table by the first column of its primary key.
fn vschema(keys: &BTreeMap<String, (String, String)>) -> Json {
    let mut used = BTreeSet::new();
    let tables: serde_json::Map<String, Json> = keys
        .iter()
        .map(|(table, (column, data_type))| {
            let vindex = vindex(data_type);
            used.insert(vindex);
            let columns = json!([{ "column": column, "name": vindex }]);
            (table.clone(), json!({ "column_vindexes": columns }))
        })
        .collect();
    let vindexes: serde_json::Map<String, Json> =
        used.into_iter().map(|name| (name.to_owned(), json!({ "type": name }))).collect();
    json!({ "sharded": true, "vindexes": vindexes, "tables": tables })
}

/// Texts that compare as equal must lie on one shard.
fn vindex(data_type: &str) -> &'static str {
    match data_type {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => "hash",
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" => {
            "unicode_loose_xxhash"
        }
        _ => "xxhash",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sharded_by_their_keys() {
        let key = |column: &str, typ: &str| (column.to_owned(), typ.to_owned());
        let keys = BTreeMap::from([
            ("orders".to_owned(), key("id", "bigint")),
            ("users".to_owned(), key("email", "varchar")),
        ]);
        let proposed = vschema(&keys);
        assert_eq!(proposed["tables"]["orders"]["column_vindexes"][0]["name"], "hash");
        assert_eq!(
            proposed["tables"]["users"]["column_vindexes"][0],
            json!({ "column": "email", "name": "unicode_loose_xxhash" })
        );
        assert_eq!(proposed["vindexes"]["hash"]["type"], "hash");
        assert_eq!(proposed["vindexes"].as_object().unwrap().len(), 2);
    }
}
