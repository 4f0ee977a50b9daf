//! Set operations: one route where all parts go together, else the parts one after the other.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::{Code, Error, ErrorId};
use vt_eval::Expr as Eval;
use vt_plan::{Match, MatchKind, Node, SortKey};
use vt_sql::ast::{
    CommonTable, Expr, LiteralKind, OrderItem, Query, QueryBody, SetOp, SetOperation,
};
use vt_value::{Collation, Type};
use vt_vschema::table::same_name;

use super::block::{Block, RouteBlock};
use super::build::plain_query;
use super::keys::{collation_id, sort_key};
use super::merge::same_place;
use super::op::{Choice, Home, RouteOp};
use super::outs::is_constant;
use crate::analyze::Scope;
use crate::analyze::scope::{OF_CONNECTION, OutColumn};
use crate::eval::translate;
use crate::planner::Planner;

impl<'a> Planner<'a> {
    pub(crate) fn plan_union(
        &self,
        query: &'a Query<'a>,
        set: &'a SetOperation<'a>,
        parent: Option<&Rc<Scope<'a>>>,
        common: &[&'a CommonTable<'a>],
    ) -> Result<Block<'a>, Error> {
        let query = self.with_commons(query, common);
        let bodies = std::iter::once(set.first).chain(set.rest.iter().map(|tail| tail.body));
        let mut blocks = Vec::new();
        for body in bodies {
            let part = match body {
                QueryBody::Query(part) => part,
                body => self.arena.node(plain_query(body)),
            };
            blocks.push(self.plan_block(part, parent, common)?);
        }
        let plain = query.order_by.is_empty() && query.limit.is_none();
        let appends = set.rest.iter().all(|tail| tail.all && tail.op == SetOp::Union);
        if let Some(block) = self.merged_union(query, &blocks, plain && appends)? {
            return Ok(block);
        }
        let columns = self.union_columns(&blocks)?;
        if columns.is_empty() && !(plain && appends) {
            return Err(Error::vt(ErrorId::VT09015, ""));
        }
        let inputs: Vec<Node> =
            blocks.into_iter().map(|block| self.block_node(block)).collect::<Result<_, Error>>()?;
        let keys = union_keys(&columns);
        let node = match set.rest.iter().all(|tail| tail.op == SetOp::Union) {
            true => union_of(set, inputs, keys),
            false => matched(set, inputs, &keys),
        };
        let node = self.sorted_union(node, query, &columns)?;
        Ok(Block::Node { node, columns })
    }

    /// Makes one route of a union whose parts all go to the same place.
    fn merged_union(
        &self,
        query: &'a Query<'a>,
        blocks: &[Block<'a>],
        may_scatter: bool,
    ) -> Result<Option<Block<'a>>, Error> {
        let mut routes = Vec::with_capacity(blocks.len());
        for block in blocks {
            let Block::Route(block) = block else { return Ok(None) };
            routes.push(block);
        }
        let Some((first, rest)) = routes.split_first() else { return Ok(None) };
        let mut home = first.route.home.clone();
        let mut sharded = first;
        for block in rest {
            let Some(common) = home.common(&block.route.home) else { return Ok(None) };
            if matches!(block.route.home, Home::Sharded(_)) && !sharded.route.home.is_sharded() {
                sharded = block;
            }
            home = common;
        }
        let choice = self.choose(&sharded.route, &sharded.scope)?;
        let mut together = choice.is_single();
        let mut scattered = may_scatter && matches!(choice, Choice::Scatter);
        for block in &routes {
            if !block.route.home.is_sharded() {
                // Every shard would give the rows of a copy again.
                scattered = false;
                continue;
            }
            let other = self.choose(&block.route, &block.scope)?;
            scattered = scattered && matches!(other, Choice::Scatter);
            together = together && (std::ptr::eq(*block, *sharded) || same_place(&choice, &other));
        }
        if !together && !scattered {
            return Ok(None);
        }
        let route = RouteOp { home, inherited: Some(choice), ..sharded.route.clone() };
        let block = RouteBlock { route, scope: sharded.scope.clone(), query };
        Ok(Some(Block::Route(Box::new(block))))
    }

    pub(super) fn block_columns(&self, block: &Block<'a>) -> Result<Option<Vec<OutColumn>>, Error> {
        match block {
            Block::Node { columns, .. } => Ok(Some(columns.clone())),
            Block::Route(block) => {
                self.query_columns(block.query, block.scope.parent.as_ref(), &block.scope.common)
            }
        }
    }

    /// Returns the columns of a set operation: types and collations that all parts agree on.
    fn union_columns(&self, blocks: &[Block<'a>]) -> Result<Vec<OutColumn>, Error> {
        let mut merged: Vec<(OutColumn, bool)> = Vec::new();
        for (index, block) in blocks.iter().enumerate() {
            let Some(columns) = self.block_columns(block)? else { return Ok(Vec::new()) };
            if index > 0 && columns.len() != merged.len() {
                let message = "The used SELECT statements have a different number of columns";
                return Err(Error::mysql(1222, b"21000", message).with_code(Code::InvalidArgument));
            }
            let yields = self.yielding(block)?;
            for (place, column) in columns.into_iter().enumerate() {
                let yields = yields.get(place).copied().unwrap_or(false);
                match merged.get_mut(place) {
                    None => merged.push((column, yields)),
                    Some((held, held_yields)) => {
                        merge_column(held, &column, *held_yields, yields);
                        *held_yields = *held_yields && yields;
                    }
                }
            }
        }
        Ok(merged.into_iter().map(|(column, _)| column).collect())
    }

    /// Returns for each column of a part whether it takes the collation of the other parts: it is
    /// a constant.
    fn yielding(&self, block: &Block<'a>) -> Result<Vec<bool>, Error> {
        let Block::Route(block) = block else { return Ok(Vec::new()) };
        Ok(match block.query.body {
            QueryBody::Select(select) => {
                let outs = self.outs(select.items, &block.scope)?.unwrap_or_default();
                outs.iter().map(|out| is_constant(out.item.expr)).collect()
            }
            QueryBody::Values(rows) => {
                let width = rows.first().map_or(0, |row| row.len());
                let constant = |place: usize| {
                    rows.iter().all(|row| row.get(place).is_some_and(|one| is_constant(*one)))
                };
                (0..width).map(constant).collect()
            }
            _ => Vec::new(),
        })
    }

    /// Sorts and cuts the rows of a set operation.
    fn sorted_union(
        &self,
        node: Node,
        query: &'a Query<'a>,
        columns: &[OutColumn],
    ) -> Result<Node, Error> {
        if query.order_by.is_empty() {
            return self.limited(node, query.limit);
        }
        let mut keys = Vec::with_capacity(query.order_by.len());
        let mut exprs: Vec<Eval> = (0..columns.len()).map(Eval::Column).collect();
        for (index, item) in query.order_by.iter().enumerate() {
            keys.push(match union_place(item.expr, columns)? {
                Some(place) => column_key(place, item.descending, &columns[place]),
                None if is_constant(item.expr) => continue,
                None => {
                    exprs.push(union_expr(index, item, columns)?);
                    sort_key(exprs.len() - 1, item.descending, None)
                }
            });
        }
        let computed = exprs.len() > columns.len();
        let mut node = node;
        if computed {
            let names = columns.iter().map(|column| column.name.clone());
            let names = names.chain(vec![Arc::from(""); exprs.len() - columns.len()]).collect();
            node = Node::Project { input: Box::new(node), exprs, names };
        }
        if !keys.is_empty() {
            node = Node::Sort { input: Box::new(node), keys, limit: None };
        }
        node = self.limited(node, query.limit)?;
        if computed {
            node = Node::Truncate { input: Box::new(node), columns: columns.len() };
        }
        Ok(node)
    }
}

/// Puts the inputs of UNIONs one after the other; what comes before the last UNION without ALL is
/// distinct as a whole.
fn union_of(set: &SetOperation<'_>, mut inputs: Vec<Node>, columns: Vec<SortKey>) -> Node {
    let Some(last) = set.rest.iter().rposition(|tail| !tail.all) else {
        return Node::Concat { inputs };
    };
    let rest = inputs.split_off((last + 2).min(inputs.len()));
    let distinct = Node::Distinct { input: Box::new(Node::Concat { inputs }), columns };
    match rest.is_empty() {
        true => distinct,
        false => Node::Concat { inputs: std::iter::once(distinct).chain(rest).collect() },
    }
}

/// Carries out operations one after the other, the first two inputs first.
fn matched(set: &SetOperation<'_>, inputs: Vec<Node>, columns: &[SortKey]) -> Node {
    let mut inputs = inputs.into_iter();
    let mut node = inputs.next().unwrap_or(Node::Concat { inputs: Vec::new() });
    for (tail, right) in set.rest.iter().zip(inputs) {
        let columns = columns.to_vec();
        let kind = match tail.op {
            SetOp::Union => {
                let both = Node::Concat { inputs: vec![node, right] };
                node = match tail.all {
                    true => both,
                    false => Node::Distinct { input: Box::new(both), columns },
                };
                continue;
            }
            SetOp::Intersect => MatchKind::Intersect,
            SetOp::Except => MatchKind::Except,
        };
        node = Node::Match(Box::new(Match { kind, all: tail.all, left: node, right, columns }));
    }
    node
}

/// Makes a column of what two parts have there.
fn merge_column(held: &mut OutColumn, other: &OutColumn, held_yields: bool, yields: bool) {
    let no_text = |typ: Option<Type>| {
        typ.is_some_and(|typ| !typ.is_text() && !matches!(typ, Type::ENUM | Type::SET))
    };
    let other_gives = yields || no_text(other.typ);
    if held_yields || no_text(held.typ) {
        if !other_gives {
            held.collation = other.collation.clone();
        }
    } else if !other_gives {
        let common = held.collation.as_deref().zip(other.collation.as_deref());
        held.collation = common.and_then(|(one, other)| common_collation(one, other));
    }
    if held.typ != other.typ {
        held.typ = None;
    }
}

/// Returns the collation that columns of two collations have together, where it is one of them: of
/// one character set the binary one, of two that of Unicode.
fn common_collation(one: &str, other: &str) -> Option<Arc<str>> {
    if one == other {
        return Some(one.into());
    }
    if one == OF_CONNECTION || other == OF_CONNECTION {
        return None;
    }
    let set = |name: &str| name.split('_').next().unwrap_or_default().to_owned();
    let wins = |name: &str, other: &str| match set(name) == set(other) {
        true => name.ends_with("_bin") && !other.ends_with("_bin"),
        false => set(name) == "utf8mb4",
    };
    match (wins(one, other), wins(other, one)) {
        (true, false) => Some(one.into()),
        (false, true) => Some(other.into()),
        _ => None,
    }
}

/// Returns the column that an item of ORDER BY names, by its name or its number.
fn union_place(expr: Expr<'_>, columns: &[OutColumn]) -> Result<Option<usize>, Error> {
    match expr {
        Expr::Column(column) => {
            if let Some(table) = column.table {
                let message = format!(
                    "Table '{}' from one of the SELECTs cannot be used in global ORDER clause",
                    table.name.as_str()
                );
                return Err(Error::mysql(1250, b"42000", message).with_code(Code::InvalidArgument));
            }
            let name = column.name.as_str();
            let place = columns.iter().position(|one| same_name(&one.name, name));
            place.map(Some).ok_or_else(|| unknown(name))
        }
        Expr::Literal(literal) if literal.kind == LiteralKind::Int => {
            let text = literal.text().unwrap_or_default();
            let place = text.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
            let place = place.filter(|place| *place < columns.len());
            place.map(Some).ok_or_else(|| unknown(text))
        }
        _ => Ok(None),
    }
}

/// Translates an item of ORDER BY that computes with the columns.
fn union_expr<'a>(
    index: usize,
    item: &OrderItem<'a>,
    columns: &[OutColumn],
) -> Result<Eval, Error> {
    if super::is_aggregated(item.expr) {
        let message = format!(
            "Expression #{} of ORDER BY contains aggregate function and applies to a UNION, EXCEPT \
             or INTERSECT",
            index + 1
        );
        return Err(Error::mysql(3028, b"HY000", message).with_code(Code::InvalidArgument));
    }
    let made = translate(item.expr, &mut |part| match part {
        Expr::Column(_) => union_place(part, columns),
        _ => Ok(None),
    })?;
    Ok(made
        .with_collations(&|place| Collation::from_name(columns.get(place)?.collation.as_deref()?)))
}

fn unknown(name: &str) -> Error {
    let message = format!("Unknown column '{name}' in 'order clause'");
    Error::mysql(1054, b"42S22", message).with_code(Code::InvalidArgument)
}

/// Makes the key of a column; its type is known when it runs.
fn column_key(place: usize, descending: bool, column: &OutColumn) -> SortKey {
    let collation = column.collation.as_deref().and_then(collation_id);
    SortKey { collation, ..sort_key(place, descending, column.typ) }
}

/// Returns keys of all columns.
fn union_keys(columns: &[OutColumn]) -> Vec<SortKey> {
    let key = |(place, column)| column_key(place, false, column);
    columns.iter().enumerate().map(key).collect()
}
