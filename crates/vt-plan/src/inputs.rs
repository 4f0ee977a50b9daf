//! The steps that a step reads from.

use crate::{Change, ChildHow, Insert, InsertSource, Node, TableChange};

impl Node {
    /// Returns the steps that this one reads from, in the order in which explain shows them.
    pub fn inputs(&self) -> Vec<&Node> {
        match self {
            Node::Route(_) | Node::Rows { .. } | Node::Kept { .. } | Node::VindexRows(_) => {
                Vec::new()
            }
            Node::Limit { input, .. }
            | Node::Sort { input, .. }
            | Node::Distinct { input, .. }
            | Node::Filter { input, .. }
            | Node::Project { input, .. }
            | Node::Truncate { input, .. } => vec![input],
            Node::Aggregate(one) => vec![&one.input],
            Node::Window(one) => vec![&one.input],
            Node::Match(one) => vec![&one.left, &one.right],
            Node::Join(one) => vec![&one.left, &one.right],
            Node::Subquery(one) => vec![&one.subquery, &one.outer],
            Node::With(one) => vec![&one.definition, &one.body],
            Node::Recurse(one) => vec![&one.seed, &one.step],
            Node::Concat { inputs } => inputs.iter().collect(),
            Node::Insert(one) => of_insert(one),
            Node::Change(one) => of_change(one),
            Node::ForeignKeys(one) => {
                std::iter::once(&one.statement).chain(&one.cascades).collect()
            }
            Node::Update(one) | Node::Delete(one) => {
                one.input.iter().map(|input| &**input).collect()
            }
        }
    }

    /// The same, to be changed.
    pub fn inputs_mut(&mut self) -> Vec<&mut Node> {
        match self {
            Node::Route(_) | Node::Rows { .. } | Node::Kept { .. } | Node::VindexRows(_) => {
                Vec::new()
            }
            Node::Limit { input, .. }
            | Node::Sort { input, .. }
            | Node::Distinct { input, .. }
            | Node::Filter { input, .. }
            | Node::Project { input, .. }
            | Node::Truncate { input, .. } => vec![input],
            Node::Aggregate(one) => vec![&mut one.input],
            Node::Window(one) => vec![&mut one.input],
            Node::Match(one) => vec![&mut one.left, &mut one.right],
            Node::Join(one) => vec![&mut one.left, &mut one.right],
            Node::Subquery(one) => vec![&mut one.subquery, &mut one.outer],
            Node::With(one) => vec![&mut one.definition, &mut one.body],
            Node::Recurse(one) => vec![&mut one.seed, &mut one.step],
            Node::Concat { inputs } => inputs.iter_mut().collect(),
            Node::Insert(one) => of_insert_mut(one),
            Node::Change(one) => {
                let Change { input, tables, ignore: _ } = &mut **one;
                let searches = tables.iter_mut().flat_map(searches_mut);
                std::iter::once(input).chain(searches).collect()
            }
            Node::ForeignKeys(one) => {
                std::iter::once(&mut one.statement).chain(&mut one.cascades).collect()
            }
            Node::Update(one) | Node::Delete(one) => {
                one.input.iter_mut().map(|input| &mut **input).collect()
            }
        }
    }
}

/// Returns the steps that an INSERT reads from.
pub(crate) fn of_insert(insert: &Insert) -> Vec<&Node> {
    let source = match &insert.source {
        InsertSource::Select(input) => Some(&**input),
        InsertSource::Values => None,
    };
    let removal = insert.conflicts.iter().flat_map(|conflicts| searches(&conflicts.removal));
    let parents = insert.parents.iter().map(|parent| &parent.search.query);
    source.into_iter().chain(removal).chain(parents).collect()
}

fn of_insert_mut(insert: &mut Insert) -> Vec<&mut Node> {
    let source = match &mut insert.source {
        InsertSource::Select(input) => Some(&mut **input),
        InsertSource::Values => None,
    };
    let conflicts = insert.conflicts.iter_mut();
    let removal = conflicts.flat_map(|conflicts| searches_mut(&mut conflicts.removal));
    let parents = insert.parents.iter_mut().map(|parent| &mut parent.search.query);
    source.into_iter().chain(removal).chain(parents).collect()
}

fn of_change(change: &Change) -> Vec<&Node> {
    std::iter::once(&change.input).chain(change.tables.iter().flat_map(searches)).collect()
}

/// Returns what a change asks about foreign keys.
fn searches(table: &TableChange) -> impl Iterator<Item = &Node> {
    table.foreign.iter().flat_map(|foreign| {
        let parents = foreign.parents.iter().map(|one| &one.search.query);
        let children = foreign.children.iter().filter_map(|one| match &one.how {
            ChildHow::Refuse(search) => Some(&search.query),
            ChildHow::Change(_) => None,
        });
        parents.chain(children)
    })
}

fn searches_mut(table: &mut TableChange) -> impl Iterator<Item = &mut Node> {
    table.foreign.iter_mut().flat_map(|foreign| {
        let parents = foreign.parents.iter_mut().map(|one| &mut one.search.query);
        let children = foreign.children.iter_mut().filter_map(|one| match &mut one.how {
            ChildHow::Refuse(search) => Some(&mut search.query),
            ChildHow::Change(_) => None,
        });
        parents.chain(children)
    })
}
