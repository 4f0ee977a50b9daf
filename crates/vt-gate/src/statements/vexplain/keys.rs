//! VEXPLAIN KEYS: by which columns a statement filters, joins and groups, to choose vindexes by.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use vt_sql::ast::{
    BinaryOp, ColumnName, Expr, JoinCondition, Select, SelectItem, Statement, TableName, TableRef,
};
use vt_sql::visit::{Node, Visitor, Walk};

/// What has been found.
#[derive(Default)]
struct Keys {
    /// Names that columns use, with the tables that they stand for.
    tables: Vec<(String, String)>,
    grouping: BTreeSet<String>,
    filters: BTreeSet<String>,
    joins: BTreeSet<String>,
    selected: BTreeSet<String>,
}

/// Returns the columns of a statement by what they do in it.
pub(super) fn of(statement: &Statement<'_>) -> Value {
    let mut keys = Keys::default();
    let mut names = Names(&mut keys.tables);
    let _ = statement.walk(&mut names);
    let _ = statement.walk(&mut keys);
    match statement {
        Statement::Update(one) => {
            keys.condition(one.filter);
            one.tables.iter().for_each(|table| keys.joined(table));
        }
        Statement::Delete(one) => {
            keys.condition(one.filter);
            one.tables.iter().for_each(|table| keys.joined(table));
        }
        _ => {}
    }
    let tables: BTreeSet<&str> = keys.tables.iter().map(|(_, table)| table.as_str()).collect();
    let mut out = Map::new();
    out.insert("statementType".to_owned(), json!(kind(statement)));
    let mut add = |name: &str, values: Vec<&str>| {
        if !values.is_empty() {
            out.insert(name.to_owned(), json!(values));
        }
    };
    let all = |set: &'_ BTreeSet<String>| -> Vec<String> { set.iter().cloned().collect() };
    add("tableName", tables.into_iter().collect());
    for (name, set) in [
        ("groupingColumns", &keys.grouping),
        ("joinPredicates", &keys.joins),
        ("filterColumns", &keys.filters),
        ("selectColumns", &keys.selected),
    ] {
        let values = all(set);
        add(name, values.iter().map(String::as_str).collect());
    }
    Value::Object(out)
}

fn kind(statement: &Statement<'_>) -> &'static str {
    match statement {
        Statement::Query(_) => "SELECT",
        Statement::Insert(one) if one.replace => "REPLACE",
        Statement::Insert(_) => "INSERT",
        Statement::Update(_) => "UPDATE",
        Statement::Delete(_) => "DELETE",
        _ => "OTHER",
    }
}

/// Finds the tables of a statement.
struct Names<'k>(&'k mut Vec<(String, String)>);

impl<'a> Visitor<'a> for Names<'_> {
    fn table_ref(&mut self, table: &TableRef<'a>) -> Walk {
        if let TableRef::Table(one) = table {
            let table = one.name.name.as_str().to_owned();
            self.0.push((one.exposed_name().as_str().to_owned(), table));
        }
        Walk::Into
    }

    fn table_name(&mut self, name: &TableName<'a>) {
        let table = name.name.as_str().to_owned();
        if !self.0.iter().any(|(_, known)| *known == table) {
            self.0.push((table.clone(), table));
        }
    }
}

impl<'a> Visitor<'a> for Keys {
    fn select(&mut self, select: &'a Select<'a>) -> Walk {
        self.condition(select.filter);
        select.from.iter().for_each(|table| self.joined(table));
        if let Some(group) = select.group_by {
            for expr in group.exprs {
                self.grouping.extend(column_of(expr).map(|column| self.name(column)));
            }
        }
        for item in select.items {
            if let SelectItem::Expr(item) = item {
                let mut columns = Columns(Vec::new());
                let _ = item.expr.walk(&mut columns);
                for column in columns.0 {
                    let name = self.name(&column);
                    self.selected.insert(name);
                }
            }
        }
        Walk::Into
    }
}

/// Finds the columns of an expression, without those of its subqueries.
struct Columns<'a>(Vec<ColumnName<'a>>);

impl<'a> Visitor<'a> for Columns<'a> {
    fn query(&mut self, _: &'a vt_sql::ast::Query<'a>) -> Walk {
        Walk::Over
    }

    fn column(&mut self, name: &ColumnName<'a>) {
        self.0.push(*name);
    }
}

impl Keys {
    /// Notes the comparisons that a condition is made of.
    fn condition(&mut self, condition: Option<Expr<'_>>) {
        let mut open: Vec<Expr<'_>> = condition.into_iter().collect();
        while let Some(expr) = open.pop() {
            match expr {
                Expr::And(parts) | Expr::Or(parts) => open.extend(parts.iter().copied()),
                Expr::Binary(binary) if binary.op.is_comparison() => {
                    self.compared(&binary.left, binary.op, &binary.right);
                }
                Expr::In(one) => {
                    self.filtered(&one.expr, if one.negated { "not in" } else { "in" })
                }
                Expr::Like(one) => {
                    self.filtered(&one.expr, if one.negated { "not like" } else { "like" });
                }
                Expr::Between(one) => self.filtered(&one.expr, "between"),
                Expr::Is(one) => self.filtered(&one.expr, "is"),
                _ => {}
            }
        }
    }

    fn compared(&mut self, left: &Expr<'_>, op: BinaryOp, right: &Expr<'_>) {
        let (sign, turned) = signs(op);
        match (column_of(left), column_of(right)) {
            (Some(left), Some(right)) => {
                let (left, right) = (self.name(left), self.name(right));
                self.joins.insert(match left <= right {
                    true => format!("{left} {sign} {right}"),
                    false => format!("{right} {turned} {left}"),
                });
            }
            (Some(_), None) => self.filtered(left, sign),
            (None, Some(_)) => self.filtered(right, turned),
            (None, None) => {}
        }
    }

    fn filtered(&mut self, expr: &Expr<'_>, sign: &str) {
        if let Some(column) = column_of(expr) {
            let name = self.name(column);
            self.filters.insert(format!("{name} {sign}"));
        }
    }

    /// Notes the conditions of joins.
    fn joined(&mut self, table: &TableRef<'_>) {
        let mut open = vec![*table];
        while let Some(table) = open.pop() {
            match table {
                TableRef::Join(join) => {
                    if let JoinCondition::On(condition) = join.condition {
                        self.condition(Some(condition));
                    }
                    open.extend([join.left, join.right]);
                }
                TableRef::Paren(tables) => open.extend(tables.iter().copied()),
                _ => {}
            }
        }
    }

    /// Returns a column with its table, where that is known.
    fn name(&self, column: &ColumnName<'_>) -> String {
        let name = column.name.as_str();
        let table = match (&column.table, self.tables.as_slice()) {
            (Some(table), tables) => {
                let alias = table.name.as_str();
                let found = tables.iter().find(|(exposed, _)| exposed.eq_ignore_ascii_case(alias));
                Some(found.map_or(alias, |(_, table)| table.as_str()))
            }
            (None, [(_, only)]) => Some(only.as_str()),
            _ => None,
        };
        table.map_or_else(|| name.to_owned(), |table| format!("{table}.{name}"))
    }
}

fn column_of<'e, 'a>(expr: &'e Expr<'a>) -> Option<&'e ColumnName<'a>> {
    match expr {
        Expr::Column(column) => Some(column),
        _ => None,
    }
}

/// Returns a comparison's sign, and that of the same with its sides exchanged.
fn signs(op: BinaryOp) -> (&'static str, &'static str) {
    match op {
        BinaryOp::Ne => ("!=", "!="),
        BinaryOp::Lt => ("<", ">"),
        BinaryOp::Le => ("<=", ">="),
        BinaryOp::Gt => (">", "<"),
        BinaryOp::Ge => (">=", "<="),
        BinaryOp::NullSafeEq => ("<=>", "<=>"),
        _ => ("=", "="),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(sql: &str) -> Value {
        let arena = vt_sql::Arena::new();
        let statement = vt_sql::parse(&arena, sql, vt_sql::Modes::default()).unwrap();
        of(&statement)
    }

    #[test]
    fn columns_are_told_by_what_they_do() {
        let sql = "select c.name, count(*) from customer as c join orders o on o.customer_id = c.id \
                   where o.state = 'open' and 5 < o.total and c.country in ('de', 'fr') \
                   group by c.name";
        let wanted = json!({
            "statementType": "SELECT",
            "tableName": ["customer", "orders"],
            "groupingColumns": ["customer.name"],
            "joinPredicates": ["customer.id = orders.customer_id"],
            "filterColumns": ["customer.country in", "orders.state =", "orders.total >"],
            "selectColumns": ["customer.name"],
        });
        assert_eq!(keys(sql), wanted);
        let update = keys("update t set a = 1 where b = 2");
        assert_eq!(update["filterColumns"], json!(["t.b ="]));
        assert_eq!(update["statementType"], json!("UPDATE"));
    }
}
