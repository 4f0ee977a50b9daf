//! Which rule of a stream's filter a table falls under, and what the rule's text asks for.

use regex::Regex;
use vt_base::key_range::KeyRange;
use vt_base::{Code, Error, Result};
use vt_proto::binlogdata;
use vt_sql::ast::{
    BinaryOp, Expr, InList, IsWhat, Literal, LiteralKind, Query, QueryBody, Select, SelectItem,
    Statement, TableRef, UnaryOp,
};
use vt_sql::{Arena, Modes};
use vt_value::{Type, TypedBytes};

/// What a rule asks for of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// All columns of all rows.
    Everything,
    /// All columns of the rows that lie in a key range by the table's primary vindex.
    Range(KeyRange),
    Select(Selection),
}

/// A select over one table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// No columns: all of them.
    pub columns: Vec<SelectedColumn>,
    /// Rows must fulfil all of these.
    pub conditions: Vec<Condition>,
}

/// A column of a selection.
#[derive(Clone, Debug, PartialEq)]
pub struct SelectedColumn {
    /// The name under which it is sent.
    pub name: String,
    pub source: ColumnSource,
}

/// Where a selected column comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnSource {
    Column(String),
    /// `keyspace_id()`: by the table's primary vindex.
    KeyspaceId,
    Literal(TypedBytes),
}

/// A condition on a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Compare { column: String, op: Comparison, value: TypedBytes },
    In { column: String, values: Vec<TypedBytes>, negated: bool },
    IsNull { column: String, negated: bool },
    InKeyrange(InKeyrange),
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Eq,
    NullSafeEq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// `in_keyrange('-80')`, or `in_keyrange(column, ..., 'vindex', '-80')`.
#[derive(Clone, Debug, PartialEq)]
pub struct InKeyrange {
    /// Without columns: those of the primary vindex.
    pub columns: Vec<String>,
    /// `keyspace.vindex`, the vindex of the stream's own keyspace, or a type of vindex.
    pub vindex: String,
    pub range: KeyRange,
}

/// Filters at most so long are read; a rule is one statement.
const RULES_MAX: usize = 10_000;

/// Returns the first rule that a table falls under, `None` where it is left out.
///
/// # Errors
/// A rule's pattern is no regular expression.
pub fn rule_of<'a>(
    filter: &'a binlogdata::Filter,
    table: &str,
) -> Result<Option<&'a binlogdata::Rule>> {
    for rule in filter.rules.iter().take(RULES_MAX) {
        let matched = match rule.r#match.strip_prefix('/') {
            Some(pattern) => {
                let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
                let pattern = Regex::new(pattern).map_err(|error| {
                    wrong(format!("rule {:?} of a filter: {error}", rule.r#match))
                })?;
                pattern.is_match(table)
            }
            None => rule.r#match == table,
        };
        if matched {
            return Ok((rule.filter != "exclude").then_some(rule));
        }
    }
    Ok(None)
}

/// Reads a rule's filter: empty, a key range, or a select.
///
/// # Errors
/// What the text asks for cannot be streamed, and why.
pub fn read_rule(rule: &binlogdata::Rule) -> Result<Wanted> {
    let text = rule.filter.trim();
    if text.is_empty() {
        return Ok(Wanted::Everything);
    }
    match KeyRange::from_shard_name(text) {
        Ok(range) => Ok(Wanted::Range(range)),
        Err(_) => read_select(text).map(|(_, selection)| Wanted::Select(selection)),
    }
}

/// Reads a select over one table; returns the table's name.
///
/// # Errors
/// The text is no such select, or asks for what cannot be streamed.
pub fn read_select(text: &str) -> Result<(String, Selection)> {
    let arena = Arena::new();
    let statement = vt_sql::parse(&arena, text, Modes::default())?;
    let refused = |what: &str| wrong(format!("filter {text:?}: {what}"));
    let Statement::Query(query) = statement else {
        return Err(refused("it is no SELECT"));
    };
    let select = plain_select(query).ok_or_else(|| refused("it is no plain SELECT"))?;
    let table = match select.from {
        [TableRef::Table(factor)] => factor.name.name.text.to_owned(),
        _ => return Err(refused("it must read one table")),
    };
    if select.having.is_some() || select.options.distinct || !query.order_by.is_empty() {
        return Err(refused("HAVING, DISTINCT and ORDER BY have no meaning in a stream"));
    }
    let mut selection = Selection::default();
    match select.items {
        [SelectItem::Star(_)] => {}
        items => {
            for item in items {
                let SelectItem::Expr(item) = item else {
                    return Err(refused("`*` stands beside other columns"));
                };
                let source = column_source(item.expr)
                    .ok_or_else(|| refused(&format!("column {} is not supported", item.name)))?;
                let name = match (&source, item.alias) {
                    (ColumnSource::Column(name), None) => name.clone(),
                    _ => item.name.to_owned(),
                };
                selection.columns.push(SelectedColumn { name, source });
            }
        }
    }
    if let Some(filter) = select.filter {
        let mut all = Vec::new();
        conjuncts(filter, &mut all);
        for one in all {
            let condition = condition(one).ok_or_else(|| {
                refused(&format!("condition {} is not supported", vt_sql::to_sql(&one)))
            })?;
            selection.conditions.push(condition);
        }
    }
    Ok((table, selection))
}

fn plain_select<'a>(query: &'a Query<'a>) -> Option<&'a Select<'a>> {
    match query.body {
        QueryBody::Select(select) if query.with.is_none() && query.limit.is_none() => Some(select),
        _ => None,
    }
}

fn conjuncts<'a>(expr: Expr<'a>, out: &mut Vec<Expr<'a>>) {
    match expr {
        Expr::And(parts) => parts.iter().for_each(|part| conjuncts(*part, out)),
        other => out.push(other),
    }
}

fn column_source(expr: Expr<'_>) -> Option<ColumnSource> {
    match expr {
        Expr::Column(column) => Some(ColumnSource::Column(column.name.text.to_owned())),
        Expr::Function(call) if call.name.is("keyspace_id") && call.args.is_empty() => {
            Some(ColumnSource::KeyspaceId)
        }
        other => literal(other).map(ColumnSource::Literal),
    }
}

fn condition(expr: Expr<'_>) -> Option<Condition> {
    match expr {
        Expr::Binary(binary) => {
            let op = comparison(binary.op)?;
            match (binary.left, binary.right) {
                (Expr::Column(column), value) => Some(Condition::Compare {
                    column: column.name.text.to_owned(),
                    op,
                    value: literal(value)?,
                }),
                (value, Expr::Column(column)) => Some(Condition::Compare {
                    column: column.name.text.to_owned(),
                    op: op.mirrored(),
                    value: literal(value)?,
                }),
                _ => None,
            }
        }
        Expr::In(list) => {
            let Expr::Column(column) = list.expr else { return None };
            let values = match list.list {
                InList::Literals(literals) => literals.iter().map(of_literal).collect(),
                InList::Exprs(exprs) => {
                    exprs.iter().map(|one| literal(*one)).collect::<Option<Vec<_>>>()?
                }
                _ => return None,
            };
            let column = column.name.text.to_owned();
            Some(Condition::In { column, values, negated: list.negated })
        }
        Expr::Is(is) => match (is.expr, is.what) {
            (Expr::Column(column), IsWhat::Null) => {
                Some(Condition::IsNull { column: column.name.text.to_owned(), negated: is.negated })
            }
            _ => None,
        },
        Expr::Function(call) if call.name.is("in_keyrange") => {
            in_keyrange(call.args).map(Condition::InKeyrange)
        }
        _ => None,
    }
}

fn in_keyrange(args: &[Expr<'_>]) -> Option<InKeyrange> {
    let text = |expr: Expr<'_>| match expr {
        Expr::Literal(one) if one.kind == LiteralKind::Str => one.text().map(str::to_owned),
        _ => None,
    };
    let (range, rest) = args.split_last()?;
    let range = KeyRange::from_shard_name(&text(*range)?).ok()?;
    let Some((vindex, columns)) = rest.split_last() else {
        return Some(InKeyrange { columns: Vec::new(), vindex: String::new(), range });
    };
    let columns = columns
        .iter()
        .map(|one| match one {
            Expr::Column(column) => Some(column.name.text.to_owned()),
            _ => None,
        })
        .collect::<Option<Vec<_>>>()?;
    Some(InKeyrange { columns, vindex: text(*vindex)?, range })
}

fn comparison(op: BinaryOp) -> Option<Comparison> {
    Some(match op {
        BinaryOp::Eq => Comparison::Eq,
        BinaryOp::NullSafeEq => Comparison::NullSafeEq,
        BinaryOp::Ne => Comparison::Ne,
        BinaryOp::Lt => Comparison::Lt,
        BinaryOp::Le => Comparison::Le,
        BinaryOp::Gt => Comparison::Gt,
        BinaryOp::Ge => Comparison::Ge,
        _ => return None,
    })
}

impl Comparison {
    /// Returns the comparison with its sides exchanged.
    fn mirrored(self) -> Comparison {
        match self {
            Comparison::Lt => Comparison::Gt,
            Comparison::Le => Comparison::Ge,
            Comparison::Gt => Comparison::Lt,
            Comparison::Ge => Comparison::Le,
            same => same,
        }
    }
}

fn literal(expr: Expr<'_>) -> Option<TypedBytes> {
    match expr {
        Expr::Literal(one) => Some(of_literal(one)),
        Expr::True => Some(TypedBytes::int64(1)),
        Expr::False => Some(TypedBytes::int64(0)),
        Expr::Unary(unary) if unary.op == UnaryOp::Minus => match unary.expr {
            Expr::Literal(one) => {
                let value = of_literal(one);
                let typ = if value.typ == Type::UINT64 { Type::DECIMAL } else { value.typ };
                (!typ.is_text())
                    .then(|| TypedBytes::new(typ, [b"-".as_slice(), &value.bytes].concat()))
            }
            _ => None,
        },
        _ => None,
    }
}

fn of_literal(literal: &Literal<'_>) -> TypedBytes {
    let typ = match literal.kind {
        LiteralKind::Int => match literal.text().and_then(|text| text.parse::<i64>().ok()) {
            Some(_) => Type::INT64,
            None => Type::UINT64,
        },
        LiteralKind::Decimal => Type::DECIMAL,
        LiteralKind::Float => Type::FLOAT64,
        LiteralKind::Str | LiteralKind::NationalStr => Type::VARCHAR,
        LiteralKind::Hex | LiteralKind::Bit => Type::VARBINARY,
    };
    TypedBytes::new(typ, literal.value.to_vec())
}

fn wrong(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}
