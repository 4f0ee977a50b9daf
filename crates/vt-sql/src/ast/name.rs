//! Names: identifiers, table names, column names, and places in the text.

use std::fmt;

/// A place in the statement's text, as byte offsets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Span {
        // Statements are limited to far less than 4 GiB before the lexer sees them.
        Span { start: start as u32, end: end as u32 }
    }

    /// Returns the bytes of `text` that lie in the span.
    pub fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// An identifier, without its quotes.
///
/// Equality is exact; MySQL compares most names without case: use [`Ident::is`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ident<'a> {
    pub text: &'a str,
}

impl<'a> Ident<'a> {
    pub const fn new(text: &'a str) -> Ident<'a> {
        Ident { text }
    }

    pub fn as_str(self) -> &'a str {
        self.text
    }

    /// Compares without case, as MySQL does for columns, aliases, indexes and functions.
    pub fn is(self, other: &str) -> bool {
        self.text.eq_ignore_ascii_case(other)
            || (!self.text.is_ascii() && self.text.to_lowercase() == other.to_lowercase())
    }
}

impl fmt::Debug for Ident<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.text)
    }
}

/// A table's name, perhaps with its keyspace: `ks.t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableName<'a> {
    pub qualifier: Option<Ident<'a>>,
    pub name: Ident<'a>,
}

impl<'a> TableName<'a> {
    pub const fn new(name: &'a str) -> TableName<'a> {
        TableName { qualifier: None, name: Ident::new(name) }
    }

    /// Tells whether this is the pseudo table `dual`.
    pub fn is_dual(self) -> bool {
        self.qualifier.is_none() && self.name.is("dual")
    }
}

/// A column's name, perhaps with table and keyspace: `ks.t.c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ColumnName<'a> {
    pub table: Option<TableName<'a>>,
    pub name: Ident<'a>,
}

impl<'a> ColumnName<'a> {
    pub const fn new(name: &'a str) -> ColumnName<'a> {
        ColumnName { table: None, name: Ident::new(name) }
    }
}

/// An account: `'user'@'host'`, or `CURRENT_USER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account<'a> {
    Current,
    Named { user: &'a str, host: Option<&'a str> },
}
