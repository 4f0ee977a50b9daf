//! The steps that a step reads from.

use crate::{InsertSource, Node};

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
            Node::Insert(one) => match &one.source {
                InsertSource::Select(input) => vec![input],
                InsertSource::Values => Vec::new(),
            },
            Node::Change(one) => vec![&one.input],
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
            Node::Insert(one) => match &mut one.source {
                InsertSource::Select(input) => vec![input],
                InsertSource::Values => Vec::new(),
            },
            Node::Change(one) => vec![&mut one.input],
            Node::Update(one) | Node::Delete(one) => {
                one.input.iter_mut().map(|input| &mut **input).collect()
            }
        }
    }
}
