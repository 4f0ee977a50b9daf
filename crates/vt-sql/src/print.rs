//! Canonical text of a tree: lower-case keywords, quotes only where needed.

use crate::{
    Modes,
    ast::{Bind, Expr, TableName},
};

/// A place to change what is printed, without changing the tree.
pub trait Hooks {
    /// Returns the name to print for a table; the same for columns' qualifiers.
    fn table<'a>(&self, name: TableName<'a>) -> TableName<'a> {
        name
    }

    /// Prints an expression in its own way, and returns `true`; or returns `false`.
    ///
    /// What it prints must need no parentheses.
    fn expr(&self, printer: &mut Printer<'_>, expr: &Expr<'_>) -> bool {
        let _ = (printer, expr);
        false
    }

    /// Prints a bind's value, and returns `true`; or returns `false` for `:name`.
    fn bind(&self, printer: &mut Printer<'_>, bind: &Bind<'_>) -> bool {
        let _ = (printer, bind);
        false
    }
}

/// Something that has canonical text.
pub trait Print {
    fn print(&self, printer: &mut Printer<'_>);
}

/// Text that grows.
pub struct Printer<'h> {
    pub out: String,
    pub modes: Modes,
    pub hooks: Option<&'h dyn Hooks>,
}

impl<'h> Printer<'h> {
    pub fn new() -> Printer<'h> {
        Printer { out: String::new(), modes: Modes::default(), hooks: None }
    }

    pub fn with_hooks(hooks: &'h dyn Hooks) -> Printer<'h> {
        Printer { hooks: Some(hooks), ..Printer::new() }
    }
}

impl Default for Printer<'_> {
    fn default() -> Self {
        Printer::new()
    }
}

/// Returns a node's canonical text.
pub fn to_sql(node: &impl Print) -> String {
    let mut printer = Printer::new();
    node.print(&mut printer);
    printer.out
}
