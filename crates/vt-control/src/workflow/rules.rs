//! The rules of streams that copy tables: which rows of which source shard a target shard takes.

use vt_base::Result;
use vt_proto::binlogdata::{BinlogSource, Filter, OnDdlAction, Rule};
use vt_proto::vschema;
use vt_sql::ast::{Expr, Query, QueryBody, Select, Statement};
use vt_sql::print::{Printer, to_sql};
use vt_sql::{Arena, Modes};

use crate::control::{invalid, refused};

/// What the streams of a workflow have in common.
#[derive(Clone, Debug, Default)]
pub(super) struct SourceOptions {
    pub(super) keyspace: String,
    pub(super) on_ddl: i32,
    pub(super) stop_after_copy: bool,
    pub(super) external_cluster: String,
    pub(super) source_time_zone: String,
}

/// Returns a name as SQL has it, in quotes where it needs them.
pub(super) fn sql_name(name: &str) -> String {
    let mut printer = Printer::new();
    printer.name(name);
    printer.out
}

/// Returns a text as a literal of SQL.
pub(super) fn sql_string(text: &str) -> String {
    let mut printer = Printer::new();
    printer.string(text);
    printer.out
}

/// Reads what is done with a DDL statement of the source; an empty text is `IGNORE`.
pub(super) fn on_ddl(text: &str) -> Result<i32> {
    match text.to_ascii_uppercase().as_str() {
        "" => Ok(OnDdlAction::Ignore as i32),
        name => OnDdlAction::from_str_name(name).map(|one| one as i32).ok_or_else(|| {
            invalid(format!("on-ddl is one of IGNORE, STOP, EXEC and EXEC_IGNORE, not {text}"))
        }),
    }
}

impl SourceOptions {
    /// Makes the source of one stream.
    pub(super) fn source(&self, shard: &str, rules: Vec<Rule>) -> BinlogSource {
        let zoned = !self.source_time_zone.is_empty();
        BinlogSource {
            keyspace: self.keyspace.clone(),
            shard: shard.to_owned(),
            filter: Some(Filter { rules, ..Default::default() }),
            on_ddl: self.on_ddl,
            stop_after_copy: self.stop_after_copy,
            external_cluster: self.external_cluster.clone(),
            source_time_zone: self.source_time_zone.clone(),
            target_time_zone: if zoned { "UTC".to_owned() } else { String::new() },
            ..Default::default()
        }
    }
}

/// Returns the condition that a row belongs into a shard of a sharded keyspace; none for a table
/// that every shard has whole.
pub(super) fn shard_condition(
    keyspace: &str,
    vschema: &vschema::Keyspace,
    table: &str,
    shard: &str,
) -> Result<Option<String>> {
    if !vschema.sharded {
        return Ok(None);
    }
    let found = vschema.tables.get(table).ok_or_else(|| {
        refused(format!(
            "table {table} not found in vschema for keyspace {keyspace}; say by which vindex it is \
             sharded with ApplyVSchema first"
        ))
    })?;
    if found.r#type == REFERENCE {
        return Ok(None);
    }
    let Some(primary) = found.column_vindexes.first() else {
        return Err(refused(format!(
            "table {table} has no vindex in the vschema of keyspace {keyspace}; say by which vindex \
             it is sharded with ApplyVSchema first"
        )));
    };
    let columns: Vec<String> = vindex_columns(primary).iter().map(|one| sql_name(one)).collect();
    Ok(Some(format!(
        "in_keyrange({}, {}, {})",
        columns.join(", "),
        sql_string(&format!("{keyspace}.{}", primary.name)),
        sql_string(shard)
    )))
}

/// The type of a table that every shard has whole.
pub(super) const REFERENCE: &str = "reference";

/// Returns the columns that a vindex is over.
pub(super) fn vindex_columns(vindex: &vschema::ColumnVindex) -> Vec<String> {
    match vindex.columns.is_empty() {
        true => vec![vindex.column.clone()],
        false => vindex.columns.clone(),
    }
}

/// Tells whether two keyspaces shard a table alike, so that a row's keyspace id stays what it was.
pub(super) fn sharded_alike(a: &vschema::Keyspace, b: &vschema::Keyspace, table: &str) -> bool {
    let primary = |keyspace: &vschema::Keyspace| {
        let vindex = keyspace.tables.get(table)?.column_vindexes.first()?.clone();
        let typ = keyspace.vindexes.get(&vindex.name)?;
        Some((vindex_columns(&vindex), typ.r#type.clone(), typ.params.clone()))
    };
    a.sharded && b.sharded && primary(a).is_some() && primary(a) == primary(b)
}

/// Makes a rule.
pub(super) fn rule(table: &str, filter: impl Into<String>) -> Rule {
    Rule { r#match: table.to_owned(), filter: filter.into(), ..Default::default() }
}

/// Adds conditions to a `select` over one table; `what` names it in errors.
pub(super) fn narrowed(what: &str, select: &str, conditions: &[String]) -> Result<String> {
    if conditions.is_empty() {
        return Ok(select.to_owned());
    }
    let arena = Arena::new();
    let further = format!("select 1 from t where {}", conditions.join(" and "));
    let parsed = plain_select(&arena, what, select)?;
    let further = plain_select(&arena, what, &further)?;
    let mut parts: Vec<Expr<'_>> = Vec::new();
    for filter in [parsed.filter, further.filter].into_iter().flatten() {
        match filter {
            Expr::And(all) => parts.extend_from_slice(all),
            other => parts.push(other),
        }
    }
    let filter = match parts.as_slice() {
        [one] => Some(*one),
        parts => Some(Expr::And(arena.list(parts))),
    };
    Ok(to_sql(&Select { filter, ..*parsed }))
}

/// Reads a `select` without order, limit and union.
pub(super) fn plain_select<'a>(
    arena: &'a Arena,
    what: &str,
    select: &'a str,
) -> Result<&'a Select<'a>> {
    let statement = vt_sql::parse(arena, select, Modes::default())
        .map_err(|err| err.context(format!("cannot read the select of {what}")))?;
    match statement {
        Statement::Query(Query {
            with: None,
            body: QueryBody::Select(select),
            order_by: [],
            limit: None,
            into: None,
            ..
        }) => Ok(select),
        _ => Err(invalid(format!(
            "{what} must be made by a plain SELECT over one table, and not by {select}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyspace(text: &str) -> vschema::Keyspace {
        vt_proto::json::from_json("vschema.Keyspace", text).unwrap()
    }

    #[test]
    fn rows_are_chosen_by_the_primary_vindex() {
        let sharded = keyspace(
            r#"{"sharded": true, "vindexes": {"xx": {"type": "xxhash"}}, "tables": {
                "t": {"column_vindexes": [{"column": "id", "name": "xx"}]},
                "m": {"column_vindexes": [{"columns": ["order", "b"], "name": "xx"}]},
                "r": {"type": "reference"}, "bare": {}}}"#,
        );
        let condition = |table: &str| {
            shard_condition("ks", &sharded, table, "-80")
                .map_err(|err| err.message().to_owned())
                .map(Option::unwrap_or_default)
        };
        assert_eq!(condition("t").unwrap(), "in_keyrange(id, 'ks.xx', '-80')");
        assert_eq!(condition("m").unwrap(), "in_keyrange(`order`, b, 'ks.xx', '-80')");
        assert_eq!(condition("r").unwrap(), "");
        assert!(condition("bare").unwrap_err().contains("has no vindex"));
        assert!(condition("none").unwrap_err().starts_with("table none not found in vschema"));
        let none = shard_condition("ks", &keyspace("{}"), "t", "0").unwrap();
        assert_eq!(none, None);
    }

    #[test]
    fn alike_is_the_same_columns_type_and_parameters() {
        let one = |typ: &str, column: &str| {
            keyspace(&format!(
                r#"{{"sharded": true, "vindexes": {{"v": {{"type": "{typ}"}}}},
                    "tables": {{"t": {{"column_vindexes": [{{"column": "{column}", "name": "v"}}]}}}}}}"#
            ))
        };
        assert!(sharded_alike(&one("hash", "a"), &one("hash", "a"), "t"));
        assert!(!sharded_alike(&one("hash", "a"), &one("xxhash", "a"), "t"));
        assert!(!sharded_alike(&one("hash", "a"), &one("hash", "b"), "t"));
        assert!(!sharded_alike(&one("hash", "a"), &one("hash", "a"), "u"));
        assert!(!sharded_alike(&keyspace("{}"), &keyspace("{}"), "t"));
    }

    #[test]
    fn conditions_are_added_to_those_that_are_there() {
        let more = ["in_keyrange(id, 'ks.xx', '-80')".to_owned(), "b = 2".to_owned()];
        for (select, expected) in [
            ("select * from t", "select * from t where in_keyrange(id, 'ks.xx', '-80') and b = 2"),
            (
                "select a, count(*) as c from t where x = 1 or y = 2 group by a",
                "select a, count(*) as c from t where (x = 1 or y = 2) and \
                 in_keyrange(id, 'ks.xx', '-80') and b = 2 group by a",
            ),
        ] {
            assert_eq!(narrowed("t", select, &more).unwrap(), expected);
        }
        assert_eq!(narrowed("t", "select  1", &[]).unwrap(), "select  1");
        for wrong in ["select 1 union select 2", "delete from t", "select a from t limit 1", "("] {
            assert!(narrowed("t", wrong, &more).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_done_with_ddl_is_read() {
        assert_eq!(on_ddl("").unwrap(), OnDdlAction::Ignore as i32);
        assert_eq!(on_ddl("exec_ignore").unwrap(), OnDdlAction::ExecIgnore as i32);
        assert!(on_ddl("maybe").is_err());
    }
}
