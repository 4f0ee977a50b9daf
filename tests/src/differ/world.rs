//! Tables and rows that statements are about, and how a sharded keyspace holds them.

use std::path::Path;

use serde_json::{Map, Value as Json};

/// Stands in statements and vschemas for the name of a sharded keyspace.
const KEYSPACE: &str = "{ks}";
/// Begins a statement that only sharded keyspaces need, as for the table of a lookup vindex.
const GATEWAY: &str = "/* gateway */";

/// What is set up before statements are compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// Statements that make tables and fill them.
    pub(crate) statements: Vec<String>,
    /// The vschema of a sharded keyspace, with `{ks}` for its name.
    pub(crate) sharded: Json,
    /// The tables of the vschema of the unsharded one, with `{ks}` in names of those that each
    /// sharded keyspace has for itself.
    pub(crate) unsharded: Json,
}

impl World {
    /// Reads `setup.sql` and `vschema.json` of a folder.
    pub(crate) fn read(folder: &Path) -> Result<World, String> {
        let text = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).map_err(|err| format!("{}: {err}", path.display()))
        };
        let vschema: Json = serde_json::from_str(&text("vschema.json")?)
            .map_err(|err| format!("vschema.json: {err}"))?;
        Ok(World {
            statements: statements(&text("setup.sql")?),
            sharded: vschema["sharded"].clone(),
            unsharded: vschema["unsharded"].clone(),
        })
    }

    /// Returns the statements that the plain server gets.
    pub(crate) fn plain(&self) -> impl Iterator<Item = &String> {
        self.statements.iter().filter(|sql| !sql.starts_with(GATEWAY))
    }

    /// Returns the statements that a keyspace gets; what names the unsharded one goes there once.
    pub(crate) fn of_keyspace(&self, keyspace: &str, is_sharded: bool) -> Vec<String> {
        let concerns = |sql: &&String| {
            if sql.starts_with(GATEWAY) { is_sharded } else { !is_sharded || !names_unsharded(sql) }
        };
        let of_keyspace =
            |sql: &String| sql.trim_start_matches(GATEWAY).trim_start().replace(KEYSPACE, keyspace);
        self.statements.iter().filter(concerns).map(of_keyspace).collect()
    }

    /// Returns the vschema of a sharded keyspace.
    pub(crate) fn vschema_of(&self, keyspace: &str) -> String {
        self.sharded.to_string().replace(KEYSPACE, keyspace)
    }

    /// Returns the vschema of the unsharded keyspace.
    pub(crate) fn vschema_of_unsharded(&self, sharded: &[&str]) -> String {
        let mut tables = Map::new();
        for (name, table) in self.unsharded["tables"].as_object().into_iter().flatten() {
            if name.contains(KEYSPACE) {
                for keyspace in sharded {
                    tables.insert(name.replace(KEYSPACE, keyspace), table.clone());
                }
            } else {
                tables.insert(name.clone(), table.clone());
            }
        }
        serde_json::json!({ "sharded": false, "tables": tables }).to_string()
    }

    /// Returns the tables that all sides have, and that statements may change.
    pub(crate) fn tables(&self) -> Vec<String> {
        self.plain()
            .filter(|sql| !names_unsharded(sql))
            .filter_map(|sql| created(sql))
            .map(str::to_owned)
            .collect()
    }

    /// Returns all that is to be dropped on a gateway's side, tables of lookups too.
    pub(crate) fn drops(&self, keyspace: &str, is_sharded: bool) -> Vec<String> {
        let statements = self.of_keyspace(keyspace, is_sharded);
        let mut names: Vec<&str> = statements.iter().filter_map(|sql| created(sql)).collect();
        // What refers to another goes first.
        names.reverse();
        names.iter().map(|name| format!("drop table if exists {name}")).collect()
    }
}

/// Splits a file: each statement ends with `;` at the end of a line; lines of `--` are comments.
pub(crate) fn statements(text: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut statement = String::new();
    for line in text.lines() {
        if line.starts_with("--") || (line.trim().is_empty() && statement.is_empty()) {
            continue;
        }
        let (part, ends) = match line.trim_end().strip_suffix(';') {
            Some(part) => (part, true),
            None => (line, false),
        };
        statement.push_str(part);
        if ends {
            statements.push(std::mem::take(&mut statement));
        } else {
            statement.push('\n');
        }
    }
    if !statement.trim().is_empty() {
        statements.push(statement.trim().to_owned());
    }
    statements
}

fn names_unsharded(sql: &str) -> bool {
    ["create table one.", "insert into one."].iter().any(|start| sql.starts_with(start))
}

fn created(sql: &str) -> Option<&str> {
    sql.trim_start_matches(GATEWAY)
        .trim_start()
        .strip_prefix("create table ")
        .and_then(|rest| rest.split([' ', '(']).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_gets_what_concerns_it() {
        let text = "-- A comment.\ncreate table t (a int);\ncreate table one.u (a int);\n\
                    /* gateway */ create table one.{ks}_seq (id int);\ninsert into t\nvalues (1);\n";
        let world = World { statements: statements(text), ..World::default() };
        assert_eq!(world.plain().count(), 3);
        let two = world.of_keyspace("two", true);
        let wanted = [
            "create table t (a int)",
            "create table one.two_seq (id int)",
            "insert into t\nvalues (1)",
        ];
        assert_eq!(two, wanted);
        assert_eq!(world.of_keyspace("one", false).len(), 3);
        assert_eq!(world.tables(), ["t"]);
        let drops = ["drop table if exists one.two_seq", "drop table if exists t"];
        assert_eq!(world.drops("two", true), drops);
    }
}
