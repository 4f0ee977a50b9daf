//! What a rule says of a table that is written: what is asked of the source, and what becomes of
//! the columns that come.

use std::collections::BTreeMap;
use std::sync::Arc;

use vt_base::key_range::KeyRange;
use vt_base::{Code, Error, Result};
use vt_proto::binlogdata::{Filter, Rule};
use vt_sql::ast::{AggregateKind, Expr, Query, QueryBody, Select, SelectItem, Statement, TableRef};
use vt_sql::visit::any_expr;
use vt_sql::{Arena, Modes, to_sql};
use vt_vstream::filter::rule_of;

use crate::store::{quote, quote_name};
use crate::target::TargetTable;
use crate::zones::Zones;

/// What is written into a table, and out of which table of the source.
#[derive(Clone, Debug)]
pub(crate) struct TablePlan {
    pub(crate) table: Arc<TargetTable>,
    pub(crate) source_table: String,
    /// None: every column of the source goes to the column of its name.
    pub(crate) columns: Option<Vec<Planned>>,
    pub(crate) mode: Mode,
    /// What times without a zone mean at either end, where that differs.
    pub(crate) zones: Option<Zones>,
    ask: Ask,
}

/// What becomes of a row that is inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A row of the source is a row of the target.
    Plain,
    /// Rows of the source that are the same here are one row, which stays.
    Ignore,
    /// Rows of the source are counted and summed.
    Aggregate,
}

/// A column that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    /// Its place in the target's table.
    pub(crate) column: usize,
    pub(crate) from: From,
}

/// Where a column's values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// A column that the source sends.
    Field(String),
    Count,
    Sum(String),
    /// An expression that the target's mysqld evaluates over columns that the source sends.
    Expression(String),
}

/// The select that is sent to the source.
#[derive(Clone, Debug)]
struct Ask {
    /// Columns as written, and the names under which they come; none: all.
    columns: Option<Vec<(String, String)>>,
    /// From `from` on.
    tail: String,
}

/// The plans of a stream, by the target's tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plans {
    pub(crate) by_target: BTreeMap<String, Arc<TablePlan>>,
}

impl Plans {
    /// Returns the plan of a table of the source.
    pub(crate) fn of_source(&self, table: &str) -> Option<&Arc<TablePlan>> {
        self.by_target.values().find(|plan| plan.source_table == table)
    }
}

/// Returns the names of the tables that a filter takes.
///
/// # Errors
/// A rule cannot be read.
pub(crate) fn taken(filter: &Filter, names: &[String]) -> Result<Vec<(String, Rule)>> {
    let mut out = Vec::new();
    for name in names {
        if let Some(rule) = rule_of(filter, name)? {
            out.push((name.clone(), rule.clone()));
        }
    }
    // A rule that names a table means that table.
    for rule in &filter.rules {
        let names_one = !rule.r#match.starts_with('/') && rule.filter != "exclude";
        if names_one && !names.contains(&rule.r#match) {
            return Err(wrong(format!("table {} is not in the target's database", rule.r#match)));
        }
    }
    Ok(out)
}

impl TablePlan {
    /// Plans a rule's table.
    ///
    /// # Errors
    /// The rule asks for what cannot be written, or for columns that the target has not.
    pub(crate) fn new(table: Arc<TargetTable>, rule: &Rule) -> Result<TablePlan> {
        let text = rule.filter.trim();
        let all = |tail: String, table: Arc<TargetTable>| TablePlan {
            source_table: table.name.clone(),
            table,
            columns: None,
            mode: Mode::Plain,
            zones: None,
            ask: Ask { columns: None, tail },
        };
        let from = format!("from {}", quote_name(&table.name));
        if text.is_empty() {
            return Ok(all(from, table));
        }
        if KeyRange::from_shard_name(text).is_ok() {
            return Ok(all(format!("{from} where in_keyrange({})", quote(text)), table));
        }
        let arena = Arena::new();
        let refused = |what: &str| wrong(format!("rule of table {}: {what}: {text}", table.name));
        let Statement::Query(query) = vt_sql::parse(&arena, text, Modes::default())? else {
            return Err(refused("it is no SELECT"));
        };
        let select = plain(query).ok_or_else(|| refused("it is no plain SELECT of one table"))?;
        let [TableRef::Table(source)] = select.from else {
            return Err(refused("it must read one table"));
        };
        let source_table = source.name.name.text.to_owned();
        let mut tail = format!("from {}", quote_name(&source_table));
        if let Some(filter) = select.filter {
            tail.push_str(" where ");
            tail.push_str(&to_sql(&filter));
        }
        if let [SelectItem::Star(_)] = select.items {
            if select.group_by.is_some() {
                return Err(refused("`*` cannot be grouped"));
            }
            let ask = Ask { columns: None, tail };
            return Ok(TablePlan {
                table,
                source_table,
                columns: None,
                mode: Mode::Plain,
                zones: None,
                ask,
            });
        }
        let mut planner = Planner { table: &table, sent: Vec::new(), columns: Vec::new() };
        for item in select.items {
            planner.item(item).map_err(|what| refused(&what))?;
        }
        let Planner { sent, columns, .. } = planner;
        if sent.is_empty() {
            return Err(refused("it asks for no column of the source"));
        }
        let aggregates = columns.iter().any(|one| matches!(one.from, From::Count | From::Sum(_)));
        let mode = match (aggregates, select.group_by.is_some()) {
            (true, _) => Mode::Aggregate,
            (false, true) => Mode::Ignore,
            (false, false) => Mode::Plain,
        };
        let keyed = |key: &usize| columns.iter().any(|one| one.column == *key);
        if let Some(key) = table.key.iter().find(|key| !keyed(key)) {
            let name = &table.columns[*key].name;
            return Err(refused(&format!("column {name} of the target's key gets no value")));
        }
        let ask = Ask { columns: Some(sent), tail };
        Ok(TablePlan { table, source_table, columns: Some(columns), mode, zones: None, ask })
    }

    /// Returns the select that the source gets, with columns that must come whatever the rule says.
    pub(crate) fn ask(&self, also: &[String]) -> String {
        let columns = match &self.ask.columns {
            None => "*".to_owned(),
            Some(columns) => {
                let mut list: Vec<String> = columns.iter().map(|(sql, _)| sql.clone()).collect();
                for name in also {
                    if !columns.iter().any(|(_, sent)| sent.eq_ignore_ascii_case(name)) {
                        list.push(quote_name(name));
                    }
                }
                list.join(", ")
            }
        };
        format!("select {columns} {}", self.ask.tail)
    }

    /// Returns the rule that the source gets.
    pub(crate) fn rule(&self, also: &[String]) -> Rule {
        Rule { r#match: self.source_table.clone(), filter: self.ask(also), ..Rule::default() }
    }
}

struct Planner<'a> {
    table: &'a TargetTable,
    sent: Vec<(String, String)>,
    columns: Vec<Planned>,
}

impl Planner<'_> {
    fn item(&mut self, item: &SelectItem<'_>) -> std::result::Result<(), String> {
        let SelectItem::Expr(item) = item else {
            return Err("`*` stands beside other columns".to_owned());
        };
        let name = match item.expr {
            Expr::Column(column) if item.alias.is_none() => column.name.text,
            _ => item.alias.map_or(item.name, |alias| alias.text),
        };
        let column =
            self.table.place(name).ok_or_else(|| format!("the target has no column {name}"))?;
        if self.columns.iter().any(|one| one.column == column) {
            return Err(format!("column {name} gets two values"));
        }
        let from = self.from(item.expr, name)?;
        self.columns.push(Planned { column, from });
        Ok(())
    }

    fn from(&mut self, expr: Expr<'_>, name: &str) -> std::result::Result<From, String> {
        match expr {
            Expr::Column(column) => Ok(From::Field(self.send(column.name.text))),
            Expr::Function(call) if call.name.is("keyspace_id") && call.args.is_empty() => {
                let sql = format!("keyspace_id() as {}", quote_name(name));
                self.sent.push((sql, name.to_owned()));
                Ok(From::Field(name.to_owned()))
            }
            Expr::Aggregate(one) if one.distinct || one.over.is_some() => {
                Err(format!("{} cannot be kept up to date", to_sql(&expr)))
            }
            Expr::Aggregate(one) => match (one.kind, one.args) {
                (AggregateKind::Count, []) => Ok(From::Count),
                (AggregateKind::Sum, [Expr::Column(column)]) => {
                    Ok(From::Sum(self.send(column.name.text)))
                }
                _ => Err(format!("{} cannot be kept up to date", to_sql(&expr))),
            },
            other => {
                let refused = any_expr(&other, |one| {
                    // The row over which it is evaluated has no table's name.
                    let qualified = matches!(one, Expr::Column(column) if column.table.is_some());
                    qualified
                        || matches!(
                            one,
                            Expr::Aggregate(_)
                                | Expr::Subquery(_)
                                | Expr::Exists(_)
                                | Expr::Bind(_)
                                | Expr::Variable(_)
                                | Expr::Window(_)
                        )
                });
                if refused {
                    return Err(format!("{} cannot be evaluated", to_sql(&other)));
                }
                let mut names = Vec::new();
                any_expr(&other, |one| {
                    if let Expr::Column(column) = one {
                        names.push(column.name.text.to_owned());
                    }
                    false
                });
                names.iter().for_each(|name| drop(self.send(name)));
                Ok(From::Expression(to_sql(&other)))
            }
        }
    }

    fn send(&mut self, name: &str) -> String {
        if !self.sent.iter().any(|(_, sent)| sent.eq_ignore_ascii_case(name)) {
            self.sent.push((quote_name(name), name.to_owned()));
        }
        name.to_owned()
    }
}

fn plain<'a>(query: &'a Query<'a>) -> Option<&'a Select<'a>> {
    let QueryBody::Select(select) = query.body else { return None };
    let plain = query.with.is_none()
        && query.limit.is_none()
        && query.order_by.is_empty()
        && select.having.is_none()
        && !select.options.distinct
        && select.group_by.is_none_or(|group| !group.is_extended());
    plain.then_some(select)
}

pub(crate) fn wrong(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}

#[cfg(test)]
pub(crate) mod tests {
    use vt_value::Type;

    use super::*;
    use crate::target::TargetColumn;

    pub(crate) fn table(name: &str, columns: &[(&str, Type)], key: &[usize]) -> Arc<TargetTable> {
        let column = |(name, typ): &(&str, Type)| TargetColumn {
            name: (*name).to_owned(),
            typ: *typ,
            column_type: String::new(),
            generated: false,
            is_utf8: true,
        };
        Arc::new(TargetTable {
            name: name.to_owned(),
            columns: columns.iter().map(column).collect(),
            key: key.to_vec(),
        })
    }

    fn planned(filter: &str) -> Result<TablePlan> {
        let columns = [("sku", Type::VARBINARY), ("orders", Type::INT64), ("revenue", Type::INT64)];
        let rule = Rule { filter: filter.into(), ..Rule::default() };
        TablePlan::new(table("sales", &columns, &[0]), &rule)
    }

    #[test]
    fn whole_tables_and_ranges_ask_for_all_columns() {
        assert_eq!(planned("").unwrap().ask(&[]), "select * from `sales`");
        let range = planned("-80").unwrap();
        assert_eq!(range.ask(&["id".into()]), "select * from `sales` where in_keyrange('-80')");
        let some = planned("select * from corder where in_keyrange(id, 'ks.hash', '80-')");
        let some = some.unwrap();
        assert_eq!(some.source_table, "corder");
        assert_eq!(some.rule(&[]).filter, some.ask(&[]));
        let asked = "select * from `corder` where in_keyrange(id, 'ks.hash', '80-')";
        assert_eq!(some.ask(&[]), asked);
    }

    #[test]
    fn aggregates_ask_for_what_they_are_made_of() {
        let text = "select sku, count(*) as orders, sum(price) as revenue from corder group by sku";
        let plan = planned(text).unwrap();
        assert_eq!(plan.mode, Mode::Aggregate);
        assert_eq!(plan.ask(&["id".into()]), "select `sku`, `price`, `id` from `corder`");
        let from: Vec<From> = plan.columns.unwrap().into_iter().map(|one| one.from).collect();
        assert_eq!(from, [From::Field("sku".into()), From::Count, From::Sum("price".into())]);
        assert_eq!(planned("select a as sku from t group by a").unwrap().mode, Mode::Ignore);
    }

    #[test]
    fn expressions_ask_for_their_columns() {
        let plan = planned("select upper(name) as sku, keyspace_id() as orders from t").unwrap();
        assert_eq!(plan.ask(&[]), "select `name`, keyspace_id() as `orders` from `t`");
        let from = &plan.columns.unwrap()[0].from;
        assert_eq!(*from, From::Expression("upper(name)".into()));
    }

    #[test]
    fn what_cannot_be_written_is_refused_with_the_reason() {
        for (filter, why) in [
            ("select nothing from t", "no column nothing"),
            ("select orders from t", "column sku of the target's key gets no value"),
            ("select sku, max(a) as orders from t group by sku", "cannot be kept up to date"),
            ("select sku, sku from t", "two values"),
            ("select * from a, b", "one table"),
            ("select sku from t limit 1", "plain SELECT"),
            ("delete from t", "no SELECT"),
            ("select sku, (select 1) as orders from t", "cannot be evaluated"),
            ("select sku, t.a + 1 as orders from t", "cannot be evaluated"),
        ] {
            let message = planned(filter).unwrap_err().message().to_owned();
            assert!(message.contains(why), "{filter}: {message}");
        }
    }

    #[test]
    fn a_rule_that_names_a_table_needs_it() {
        let rule = |name: &str, filter: &str| Rule {
            r#match: name.into(),
            filter: filter.into(),
            ..Rule::default()
        };
        let filter = |rules| Filter { rules, ..Filter::default() };
        let names = ["a".to_owned(), "b".to_owned()];
        let all = taken(&filter(vec![rule("b", "exclude"), rule("/.*", "")]), &names).unwrap();
        assert_eq!(all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a"]);
        assert!(taken(&filter(vec![rule("c", "")]), &names).is_err());
    }
}
