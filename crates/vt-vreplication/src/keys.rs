//! Secondary keys that wait until a table's rows are there: building them then is faster.
//!
//! What is to be added again is noted before keys are dropped, and the note goes when they are
//! there again; both look at the table as it is, so that either may be done anew.

use serde_json::{Value as Json, json};
use vt_base::{Error, Result};
use vt_mysql::Conn;
use vt_proto::binlogdata::VReplicationWorkflowType as Type;

use crate::store::{number, quote, quote_name, text};
use crate::stream::Stream;
use crate::trouble::{Outcome, Trouble};

/// The kind of action in the notes: a statement.
const SQL_ACTION: i64 = 1;
/// A table has at most so many notes: one a stream.
const NOTES_MAX: usize = 10_000;

/// Returns whether a workflow of a type defers keys.
pub(crate) fn defers(workflow_type: i64) -> bool {
    let types = [Type::MoveTables, Type::Migrate, Type::Reshard];
    types.iter().any(|one| i64::from(*one as i32) == workflow_type)
}

/// Drops the secondary keys of a table, and notes what is to be added again.
pub(crate) async fn stash(stream: &Stream, conn: &mut Conn, table: &str) -> Outcome<()> {
    let notes = stream.store.table("post_copy_action");
    let place = stream.store.target(table);
    conn.query("begin", 0).await?;
    let sql = format!(
        "select vrepl_id, action from {notes} where table_name = {} for update",
        quote(table)
    );
    let found = conn.query(sql, NOTES_MAX).await?;
    let own = found.rows.iter().any(|row| number(row, 0) == i64::from(stream.id));
    let noted = found.rows.iter().next().map(|row| text(row, 1));
    let definition = definition(conn, &place).await?;
    let keys = secondary_keys(&definition);
    let action = match noted {
        // Another stream into this table has dropped them already.
        Some(action) => action,
        None if keys.is_empty() || !may_defer(conn, stream, table, &definition).await? => {
            conn.query("commit", 0).await?;
            return Ok(());
        }
        None => {
            let added: Vec<String> = keys.iter().map(|(_, key)| format!("add {key}")).collect();
            let task = format!("alter table {place} {}", added.join(", "));
            json!({ "type": SQL_ACTION, "task": task }).to_string()
        }
    };
    if !own {
        let sql = format!(
            "insert into {notes} (vrepl_id, table_name, action) values ({}, {}, {})",
            stream.id,
            quote(table),
            quote(&action)
        );
        conn.query(sql, 0).await?;
    }
    conn.query("commit", 0).await?;
    if keys.is_empty() {
        return Ok(());
    }
    let dropped: Vec<String> =
        keys.iter().map(|(name, _)| format!("drop key {}", quote_name(name))).collect();
    let sql = format!("alter table {place} {}", dropped.join(", "));
    conn.query(sql, 0).await.map_err(Trouble::Target)?;
    Ok(())
}

/// Adds the keys again that were noted, if no other stream still copies into the table.
pub(crate) async fn restore(stream: &Stream, conn: &mut Conn, table: &str) -> Outcome<()> {
    let notes = stream.store.table("post_copy_action");
    conn.query("begin", 0).await?;
    let sql = format!(
        "select id, vrepl_id, action from {notes} where table_name = {} for update",
        quote(table)
    );
    let found = conn.query(sql, NOTES_MAX).await?;
    let own: Vec<(i64, String)> = found
        .rows
        .iter()
        .filter(|row| number(*row, 1) == i64::from(stream.id))
        .map(|row| (number(row, 0), text(row, 2)))
        .collect();
    let others = found.rows.len() > own.len();
    let ids: Vec<String> = own.iter().map(|(id, _)| id.to_string()).collect();
    if ids.is_empty() {
        conn.query("commit", 0).await?;
        return Ok(());
    }
    let forget = format!("delete from {notes} where id in ({})", ids.join(", "));
    if others {
        // The last of them adds the keys.
        conn.query(forget, 0).await?;
        conn.query("commit", 0).await?;
        return Ok(());
    }
    conn.query("commit", 0).await?;
    let place = stream.store.target(table);
    let there = secondary_keys(&definition(conn, &place).await?);
    for (_, action) in &own {
        let task = task_of(action).map_err(Trouble::Plan)?;
        // A statement that was run before the note could go is not run again.
        let missing = secondary_keys_of_alter(&task)
            .into_iter()
            .filter(|(name, _)| !there.iter().any(|(other, _)| other == name));
        let added: Vec<String> = missing.map(|(_, key)| format!("add {key}")).collect();
        if !added.is_empty() {
            let sql = format!("alter table {place} {}", added.join(", "));
            stream.store.log(conn, stream.id, "Message", &format!("adding keys: {sql}")).await?;
            alter(stream, conn, &sql).await.map_err(Trouble::Target)?;
        }
    }
    conn.query(forget, 0).await?;
    Ok(())
}

/// Runs a statement that may take long; it is ended when the stream is to stop.
async fn alter(stream: &Stream, conn: &mut Conn, sql: &str) -> Result<()> {
    let killer = conn.kill_handle();
    let mut running = std::pin::pin!(conn.query(sql, 0));
    tokio::select! {
        biased;
        done = &mut running => return done.map(drop),
        () = stream.token.cancelled() => {}
    }
    killer.kill_query().await?;
    running.await.map(drop)
}

fn task_of(action: &str) -> Result<String> {
    let action: Json = serde_json::from_str(action)
        .map_err(|error| Error::bug(format!("a note of keys is no JSON: {error}")))?;
    let task = action.get("task").and_then(Json::as_str);
    task.map(str::to_owned).ok_or_else(|| Error::bug("a note of keys has no statement"))
}

async fn definition(conn: &mut Conn, place: &str) -> Outcome<String> {
    let shown = conn.query(format!("show create table {place}"), 1).await?;
    Ok(shown.rows.iter().next().map(|row| text(row, 1)).unwrap_or_default())
}

/// Foreign keys and counters need the keys that they have.
async fn may_defer(
    conn: &mut Conn,
    stream: &Stream,
    table: &str,
    definition: &str,
) -> Outcome<bool> {
    let lines = || definition.lines().map(str::trim_start);
    if lines().any(|line| line.starts_with("CONSTRAINT ") && line.contains(" FOREIGN KEY ")) {
        return Ok(false);
    }
    let sql = format!(
        "select 1 from information_schema.key_column_usage where referenced_table_schema = {} \
         and referenced_table_name = {} limit 1",
        quote(&stream.store.database),
        quote(table)
    );
    if !conn.query(sql, 1).await?.rows.is_empty() {
        return Ok(false);
    }
    let counted = lines().find(|line| line.starts_with('`') && line.contains(" AUTO_INCREMENT"));
    let Some(counted) = counted.and_then(|line| line.split('`').nth(1)) else { return Ok(true) };
    let first = format!("PRIMARY KEY ({}", quote_name(counted));
    Ok(lines().any(|line| line.starts_with(&first)))
}

/// Returns the names and definitions of the keys that are neither primary nor unique.
fn secondary_keys(definition: &str) -> Vec<(String, String)> {
    let keys = definition.lines().map(|line| line.trim().trim_end_matches(','));
    keys.filter(|line| line.starts_with("KEY `"))
        .filter_map(|line| Some((name_of(line)?, line.to_owned())))
        .collect()
}

/// Returns the keys that a noted statement adds.
fn secondary_keys_of_alter(task: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for part in task.split("add KEY `").skip(1) {
        let key = format!("KEY `{}", part.trim_end().trim_end_matches(','));
        out.extend(name_of(&key).map(|name| (name, key)));
    }
    out
}

/// Reads the name behind the first backquote; a doubled one stands for itself.
fn name_of(key: &str) -> Option<String> {
    let rest = key.split_once('`')?.1;
    let mut name = String::new();
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '`' if chars.peek() == Some(&'`') => {
                chars.next();
                name.push('`');
            }
            '`' => return Some(name),
            c => name.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = "CREATE TABLE `t` (\n  `id` bigint NOT NULL AUTO_INCREMENT,\n  \
        `a` int DEFAULT NULL,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`a`),\n  \
        KEY `a` (`a`),\n  KEY `b``c` (`a`,`id`) COMMENT 'x, y'\n) ENGINE=InnoDB";

    #[test]
    fn keys_that_are_not_unique_are_found_and_found_again() {
        let keys = secondary_keys(DEFINITION);
        let names: Vec<&str> = keys.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b`c"]);
        let added: Vec<String> = keys.iter().map(|(_, key)| format!("add {key}")).collect();
        let task = format!("alter table `d`.`t` {}", added.join(", "));
        assert_eq!(secondary_keys_of_alter(&task), keys);
    }

    #[test]
    fn only_moves_and_reshards_defer_keys() {
        assert!(defers(Type::MoveTables as i64) && defers(Type::Reshard as i64));
        assert!(!defers(Type::Materialize as i64) && !defers(Type::OnlineDdl as i64));
    }
}
