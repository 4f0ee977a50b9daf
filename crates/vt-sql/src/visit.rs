//! Walking and rewriting a tree.
//!
//! A [`Visitor`] sees nodes on the way down and says how to go on. A [`Rewriter`] may replace
//! them; what it leaves alone is shared with the old tree, what lies above a change is made anew
//! in the arena. Both go along chains of operators without recursion.

mod chain;
mod nodes;

use std::ops::ControlFlow;

use crate::{
    Arena,
    ast::{ColumnName, Expr, Query, Select, SelectItem, TableName, TableRef},
};

/// How a walk goes on behind a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Into the node's parts.
    Into,
    /// Past the node.
    Over,
    /// Not at all.
    Stop,
}

/// Looks at nodes, parents before their parts, in the order of the text.
pub trait Visitor<'a> {
    fn expr(&mut self, expr: &Expr<'a>) -> Walk {
        let _ = expr;
        Walk::Into
    }

    fn query(&mut self, query: &'a Query<'a>) -> Walk {
        let _ = query;
        Walk::Into
    }

    fn select(&mut self, select: &'a Select<'a>) -> Walk {
        let _ = select;
        Walk::Into
    }

    fn table_ref(&mut self, table: &TableRef<'a>) -> Walk {
        let _ = table;
        Walk::Into
    }

    /// A name that stands for a table: not the qualifier of a column.
    fn table_name(&mut self, name: &TableName<'a>) {
        let _ = name;
    }

    /// A column's name, in an expression or as the target of an assignment.
    fn column(&mut self, name: &ColumnName<'a>) {
        let _ = name;
    }
}

/// Replaces nodes, parents before their parts.
///
/// A method that returns `Some` has replaced the node with all its parts; `None` goes on into the
/// parts.
pub trait Rewriter<'a> {
    /// Where new nodes go.
    fn arena(&self) -> &'a Arena;

    fn expr(&mut self, expr: &Expr<'a>) -> Option<Expr<'a>> {
        let _ = expr;
        None
    }

    fn query(&mut self, query: &'a Query<'a>) -> Option<&'a Query<'a>> {
        let _ = query;
        None
    }

    fn select(&mut self, select: &'a Select<'a>) -> Option<&'a Select<'a>> {
        let _ = select;
        None
    }

    fn select_item(&mut self, item: &SelectItem<'a>) -> Option<SelectItem<'a>> {
        let _ = item;
        None
    }

    fn table_ref(&mut self, table: &TableRef<'a>) -> Option<TableRef<'a>> {
        let _ = table;
        None
    }

    /// A name that stands for a table: not the qualifier of a column.
    fn table_name(&mut self, name: &TableName<'a>) -> Option<TableName<'a>> {
        let _ = name;
        None
    }

    /// A column's name, in an expression or as the target of an assignment.
    fn column(&mut self, name: &ColumnName<'a>) -> Option<ColumnName<'a>> {
        let _ = name;
        None
    }
}

/// A node of the tree, or a list of them.
pub trait Node<'a>: Copy {
    /// Walks over the node and its parts; breaks if the visitor stops.
    fn walk(&self, visitor: &mut dyn Visitor<'a>) -> ControlFlow<()>;

    /// Returns the node with its replacements, or `None` if there are none.
    fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self>;

    /// Returns the node with its replacements.
    fn rewritten(&self, rewriter: &mut dyn Rewriter<'a>) -> Self {
        self.rewrite(rewriter).unwrap_or(*self)
    }
}

/// Tells whether a test holds for an expression anywhere in a node, its own queries included.
pub fn any_expr<'a>(node: &impl Node<'a>, test: impl FnMut(&Expr<'a>) -> bool) -> bool {
    struct Search<F>(F);
    impl<'a, F: FnMut(&Expr<'a>) -> bool> Visitor<'a> for Search<F> {
        fn expr(&mut self, expr: &Expr<'a>) -> Walk {
            if (self.0)(expr) { Walk::Stop } else { Walk::Into }
        }
    }
    node.walk(&mut Search(test)).is_break()
}

/// Lists the tables that a node names, in the order of the text, each as often as it stands.
///
/// Names of common table expressions are among them.
pub fn table_names<'a>(node: &impl Node<'a>) -> Vec<TableName<'a>> {
    struct Names<'a>(Vec<TableName<'a>>);
    impl<'a> Visitor<'a> for Names<'a> {
        fn table_name(&mut self, name: &TableName<'a>) {
            self.0.push(*name);
        }
    }
    let mut names = Names(Vec::new());
    let _ = node.walk(&mut names);
    names.0
}

#[cfg(test)]
mod tests;
