//! UNION: one route where all parts go together, else the parts one after the other.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::Error;
use vt_plan::{Node, SortKey};
use vt_sql::ast::{
    CommonTable, Expr, LiteralKind, Query, QueryBody, Select, SelectExpr, SelectItem, SetOp,
    SetOperation,
};
use vt_vschema::table::same_name;

use super::block::{Block, RouteBlock};
use super::build::plain_query;
use super::merge::same_place;
use super::op::{Choice, Home, RouteOp};
use super::outs::sort_key;
use crate::analyze::Scope;
use crate::analyze::scope::OutColumn;
use crate::planner::Planner;

impl<'a> Planner<'a> {
    pub(crate) fn plan_union(
        &self,
        query: &'a Query<'a>,
        set: &'a SetOperation<'a>,
        parent: Option<&Rc<Scope<'a>>>,
        common: &[&'a CommonTable<'a>],
    ) -> Result<Block<'a>, Error> {
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
        let all = set.rest.iter().all(|tail| tail.all);
        if let Some(block) = self.merged_union(query, &blocks, plain && all)? {
            return Ok(block);
        }
        if set.rest.iter().any(|tail| tail.op != SetOp::Union) {
            return Err(Error::unsupported("INTERSECT and EXCEPT beside sharded tables"));
        }
        let columns = match blocks.first() {
            Some(first) => self.block_columns(first)?.unwrap_or_default(),
            None => Vec::new(),
        };
        // Text is compared by its weights, which every part must give.
        let compares = !all || !query.order_by.is_empty();
        let texts: Vec<usize> =
            (0..columns.len()).filter(|place| Planner::needs_weight(columns[*place].typ)).collect();
        let weighed = compares
            && !texts.is_empty()
            && self.add_union_weights(&mut blocks, columns.len(), &texts)?;
        let weights: &[usize] = if weighed { &texts } else { &[] };
        let inputs: Vec<Node> =
            blocks.into_iter().map(|block| self.block_node(block)).collect::<Result<_, Error>>()?;
        // What comes before the last UNION without ALL is distinct as a whole.
        let last = set.rest.iter().rposition(|tail| !tail.all);
        let mut inputs = inputs;
        let node = match last {
            None => Node::Concat { inputs },
            Some(last) => {
                if columns.is_empty() {
                    return Err(Error::vt(vt_base::ErrorId::VT09015, ""));
                }
                let rest = inputs.split_off(last + 2);
                let keys = union_keys(&columns, weights);
                let input = Box::new(Node::Concat { inputs });
                let distinct = Node::Distinct { input, columns: keys };
                match rest.is_empty() {
                    true => distinct,
                    false => {
                        let inputs = std::iter::once(distinct).chain(rest).collect();
                        Node::Concat { inputs }
                    }
                }
            }
        };
        let node = self.sorted_union(node, query, &columns, weights)?;
        let mut node = self.limited(node, query.limit)?;
        if weighed {
            node = Node::Truncate { input: Box::new(node), columns: columns.len() };
        }
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

    fn block_columns(&self, block: &Block<'a>) -> Result<Option<Vec<OutColumn>>, Error> {
        match block {
            Block::Node { columns, .. } => Ok(Some(columns.clone())),
            Block::Route(block) => {
                self.query_columns(block.query, block.scope.parent.as_ref(), &block.scope.common)
            }
        }
    }

    /// Makes every part of a union give the weights of some columns behind its own; returns
    /// whether all of them can, and whether the weights can be compared: a column that has another
    /// collation in another part takes a third one in the union, of which nobody gives weights.
    fn add_union_weights(
        &self,
        blocks: &mut [Block<'a>],
        width: usize,
        texts: &[usize],
    ) -> Result<bool, Error> {
        let mut changed: Vec<&'a Query<'a>> = Vec::with_capacity(blocks.len());
        let mut collations: Option<Vec<Arc<str>>> = None;
        for block in blocks.iter() {
            let Block::Route(block) = block else { return Ok(false) };
            let QueryBody::Select(select) = block.query.body else { return Ok(false) };
            let Some(outs) = self.outs(select.items, &block.scope)? else { return Ok(false) };
            if outs.len() != width {
                return Err(Error::mysql(
                    1222,
                    b"21000",
                    "The used SELECT statements have a different number of columns",
                ));
            }
            let own = texts.iter().map(|place| outs[*place].collation.clone());
            let Some(own) = own.collect::<Option<Vec<_>>>() else { return Ok(false) };
            if collations.as_ref().is_some_and(|held| *held != own) {
                return Ok(false);
            }
            collations = Some(own);
            let mut items: Vec<SelectItem<'a>> =
                outs.iter().map(|out| SelectItem::Expr(out.item)).collect();
            for place in texts {
                let expr = self.weight(outs[*place].item.expr, None);
                items.push(SelectItem::Expr(SelectExpr { expr, alias: None, name: "" }));
            }
            let items = self.arena.list(&items);
            let select = self.arena.node(Select { items, ..*select });
            self.cache_scope(std::ptr::from_ref(select).cast(), block.scope.clone());
            let body = QueryBody::Select(select);
            changed.push(self.arena.node(Query { body, ..*block.query }));
        }
        for (block, query) in blocks.iter_mut().zip(changed) {
            if let Block::Route(block) = block {
                block.query = query;
            }
        }
        Ok(true)
    }

    fn sorted_union(
        &self,
        node: Node,
        query: &'a Query<'a>,
        columns: &[OutColumn],
        weights: &[usize],
    ) -> Result<Node, Error> {
        if query.order_by.is_empty() {
            return Ok(node);
        }
        let mut keys = Vec::with_capacity(query.order_by.len());
        for item in query.order_by {
            let place = match item.expr {
                Expr::Column(column) if column.table.is_none() => {
                    columns.iter().position(|one| same_name(&one.name, column.name.as_str()))
                }
                Expr::Literal(literal) if literal.kind == LiteralKind::Int => literal
                    .text()
                    .and_then(|text| text.parse::<usize>().ok())
                    .and_then(|place| place.checked_sub(1))
                    .filter(|place| *place < columns.len()),
                _ => None,
            };
            let Some(place) = place else {
                let text = vt_sql::to_sql(&item.expr);
                return Err(Error::unsupported(format!("ORDER BY {text} over a UNION")));
            };
            let mut key = sort_key(place, item.descending, columns[place].typ);
            key.weight_column = weight_of(place, columns.len(), weights);
            keys.push(key);
        }
        Ok(Node::Sort { input: Box::new(node), keys, limit: None })
    }
}

/// Returns keys of all columns, `weights` being the columns whose weights follow them.
fn union_keys(columns: &[OutColumn], weights: &[usize]) -> Vec<SortKey> {
    let key = |(place, column): (usize, &OutColumn)| {
        let mut key = sort_key(place, false, column.typ);
        key.weight_column = weight_of(place, columns.len(), weights);
        key
    };
    columns.iter().enumerate().map(key).collect()
}

fn weight_of(place: usize, width: usize, weights: &[usize]) -> Option<usize> {
    weights.iter().position(|one| *one == place).map(|index| width + index)
}
