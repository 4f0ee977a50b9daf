//! The schema as the control reads, compares and changes it.

use std::sync::Arc;

use regex::Regex;
use vt_base::{Code, Error, Result};
use vt_mysql::{Capabilities, Conn};
use vt_proto::tabletmanagerdata::*;
use vt_rpc::convert::{Included, field_to_proto};

use super::Call;
use crate::core::Core;
use crate::db::{Role, quote_name, quote_text};
use crate::schema::{self, TableKind, text};

/// The database that changes are tried out in.
const PREFLIGHT: &str = "_vt_preflight";

/// What stands for the database's name in definitions, so that those of shards compare.
const DATABASE_MARK: &str = "`{{.DatabaseName}}`";

pub(super) async fn get(
    core: &Arc<Core>,
    request: GetSchemaRequest,
    _: Call,
) -> Result<GetSchemaResponse> {
    let mut conn = core.db.connect(Role::Dba, None).await?;
    let definition = read(&mut conn, core.db.name(), &request).await;
    conn.close().await;
    Ok(GetSchemaResponse { schema_definition: Some(definition?) })
}

/// Which tables a request means: names, or patterns between slashes.
struct Filter {
    names: Vec<String>,
    patterns: Vec<Regex>,
}

impl Filter {
    fn new(items: &[String]) -> Result<Filter> {
        let mut filter = Filter { names: Vec::new(), patterns: Vec::new() };
        for item in items {
            match item.strip_prefix('/') {
                Some(pattern) => {
                    let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
                    let regex = Regex::new(pattern).map_err(|err| {
                        let text = format!("cannot compile regexp {pattern}: {err}");
                        Error::new(Code::InvalidArgument, text)
                    })?;
                    filter.patterns.push(regex);
                }
                None => filter.names.push(item.clone()),
            }
        }
        Ok(filter)
    }

    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.patterns.is_empty()
    }

    fn holds(&self, name: &str) -> bool {
        self.names.iter().any(|one| one == name)
            || self.patterns.iter().any(|one| one.is_match(name))
    }
}

/// Reads the definition of a database.
async fn read(
    conn: &mut Conn,
    database: &str,
    request: &GetSchemaRequest,
) -> Result<SchemaDefinition> {
    let (wanted, unwanted) = (Filter::new(&request.tables)?, Filter::new(&request.exclude_tables)?);
    let sql = format!("show create database if not exists {}", quote_name(database));
    let created = match conn.query(&sql, 1).await {
        // A server that nobody has prepared has nothing.
        Err(error) if error.errno() == 1049 => return Ok(SchemaDefinition::default()),
        created => created?,
    };
    let created = created.rows.iter().next().map(|row| text(row, 1)).unwrap_or_default();
    let mut out = SchemaDefinition {
        database_schema: created.replacen(&quote_name(database), DATABASE_MARK, 1),
        table_definitions: Vec::new(),
    };
    for (name, table) in schema::load(conn, database).await? {
        let is_view = table.kind == TableKind::View;
        if (!wanted.is_empty() && !wanted.holds(&name))
            || unwanted.holds(&name)
            || (is_view && !request.include_views)
        {
            continue;
        }
        let definition = schema::definition(conn, database, &name).await?;
        let mut message = TableDefinition {
            name: name.clone(),
            schema: if is_view { definition } else { without_auto_increment(&definition) },
            r#type: if is_view { "VIEW".to_owned() } else { "BASE TABLE".to_owned() },
            ..TableDefinition::default()
        };
        if !request.table_schema_only {
            message.columns = table.columns.iter().map(|(name, _)| name.clone()).collect();
            message.primary_key_columns = table.primary_key;
            message.data_length = table.data_length;
            message.row_count = table.row_count;
            let fields = schema::fields(conn, database, &name).await?.fields;
            message.fields =
                fields.iter().map(|field| field_to_proto(field, Included::All)).collect();
        }
        out.table_definitions.push(message);
    }
    // Tables first, so that views can be made after what they read.
    out.table_definitions.sort_by_key(|table| table.r#type == "VIEW");
    Ok(out)
}

/// Leaves out how far a table's counter has come, which is no part of its definition.
fn without_auto_increment(definition: &str) -> String {
    const MARK: &str = " AUTO_INCREMENT=";
    // Only among the table's options, behind the last parenthesis at the start of a line.
    let options = definition.rfind("\n)").unwrap_or(0);
    match definition[options..].find(MARK) {
        None => definition.to_owned(),
        Some(at) => {
            let at = options + at;
            let rest =
                definition[at + MARK.len()..].trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{}{rest}", &definition[..at])
        }
    }
}

pub(super) async fn reload(
    core: &Arc<Core>,
    request: ReloadSchemaRequest,
    call: Call,
) -> Result<ReloadSchemaResponse> {
    if !request.wait_position.is_empty() {
        let patience = call.patience(core.config.replication.wait_timeout);
        core.wait_for_position(&request.wait_position.parse()?, patience).await?;
    }
    core.reload_schema().await?;
    Ok(ReloadSchemaResponse {})
}

fn whole() -> GetSchemaRequest {
    GetSchemaRequest { include_views: true, ..GetSchemaRequest::default() }
}

async fn connect(core: &Core, database: Option<&str>) -> Result<Conn> {
    let mut params = core.db.params(Role::Dba);
    params.flags |= Capabilities::MULTI_STATEMENTS;
    params.database = database.map(str::to_owned);
    Conn::connect(params).await
}

/// Tries changes out on an empty copy of the schema, and tells what each would do.
pub(super) async fn preflight(
    core: &Arc<Core>,
    request: PreflightSchemaRequest,
    _: Call,
) -> Result<PreflightSchemaResponse> {
    let mut conn = connect(core, None).await?;
    let results = try_out(core, &mut conn, &request.changes).await;
    drop(conn.query(format!("drop database if exists {PREFLIGHT}"), 0).await);
    conn.close().await;
    Ok(PreflightSchemaResponse { change_results: results? })
}

async fn try_out(
    core: &Core,
    conn: &mut Conn,
    changes: &[String],
) -> Result<Vec<SchemaChangeResult>> {
    let original = read(conn, core.db.name(), &whole()).await?;
    let prepare = format!(
        "set sql_log_bin = off; set foreign_key_checks = off; drop database if exists {PREFLIGHT}; \
         create database {PREFLIGHT}; use {PREFLIGHT}"
    );
    conn.query_multi(&prepare, 0).await?;
    for table in &original.table_definitions {
        conn.query(&table.schema, 0).await?;
    }
    let mut results = Vec::with_capacity(changes.len());
    for change in changes {
        let before = read(conn, PREFLIGHT, &whole()).await?;
        conn.query_multi(change, 0).await?;
        let after = read(conn, PREFLIGHT, &whole()).await?;
        results.push(SchemaChangeResult { before_schema: Some(before), after_schema: Some(after) });
    }
    Ok(results)
}

/// Changes the schema, if it is what the caller believes.
pub(super) async fn apply(
    core: &Arc<Core>,
    request: ApplySchemaRequest,
    _: Call,
) -> Result<ApplySchemaResponse> {
    let mut conn = connect(core, Some(core.db.name())).await?;
    let applied = change(core, &mut conn, &request).await;
    conn.close().await;
    let (before, after) = applied?;
    core.reload_schema().await?;
    Ok(ApplySchemaResponse { before_schema: Some(before), after_schema: Some(after) })
}

async fn change(
    core: &Core,
    conn: &mut Conn,
    request: &ApplySchemaRequest,
) -> Result<(SchemaDefinition, SchemaDefinition)> {
    let before = read(conn, core.db.name(), &whole()).await?;
    if let Some(expected) = &request.before_schema
        && !same(expected, &before)
        && !request.force
    {
        // Perhaps the change has come by replication already.
        if request.after_schema.as_ref().is_some_and(|after| same(after, &before)) {
            return Ok((before.clone(), before));
        }
        let text = "schema is not what the change was made for";
        return Err(Error::new(Code::FailedPrecondition, text));
    }
    if !request.allow_replication {
        conn.query("set sql_log_bin = off", 0).await?;
    }
    if !request.sql_mode.is_empty() {
        conn.query(format!("set sql_mode = {}", quote_text(&request.sql_mode)), 0).await?;
    }
    if request.disable_foreign_key_checks {
        conn.query("set foreign_key_checks = off", 0).await?;
    }
    conn.query_multi(&request.sql, 0).await?;
    let after = read(conn, core.db.name(), &whole()).await?;
    if let Some(expected) = &request.after_schema
        && !same(expected, &after)
        && !request.force
    {
        let text = "schema is not what the change should have made of it";
        return Err(Error::new(Code::FailedPrecondition, text));
    }
    Ok((before, after))
}

/// Returns whether two schemas have the same definitions.
fn same(left: &SchemaDefinition, right: &SchemaDefinition) -> bool {
    let texts = |schema: &SchemaDefinition| {
        let mut texts: Vec<(String, String)> = schema
            .table_definitions
            .iter()
            .map(|table| (table.name.clone(), table.schema.clone()))
            .collect();
        texts.sort();
        texts
    };
    texts(left) == texts(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_no_part_of_a_definition() {
        let with = "CREATE TABLE `t` (\n  `a` int COMMENT ' AUTO_INCREMENT=5'\n) ENGINE=InnoDB \
                    AUTO_INCREMENT=12 DEFAULT CHARSET=utf8mb4";
        assert_eq!(without_auto_increment(with), with.replace(" AUTO_INCREMENT=12", ""));
        let without = "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB";
        assert_eq!(without_auto_increment(without), without);
    }

    #[test]
    fn tables_are_meant_by_name_or_pattern() {
        let filter = Filter::new(&["t1".to_owned(), "/^c.*r$/".to_owned()]).unwrap();
        assert!(filter.holds("t1") && filter.holds("corder") && !filter.holds("t11"));
        assert!(Filter::new(&["/(/".to_owned()]).is_err());
    }
}
