//! Canonical text of a tree: lower-case keywords, quotes only where needed.
//!
//! The text means what the tree means: parentheses stand wherever precedence asks for them, and
//! nothing that can stand in a name or a string ends it early.

mod account;
mod admin;
mod alter;
mod ddl;
mod diagnostics;
mod dml;
mod expr;
mod function;
mod grant;
mod handler;
mod partition;
mod program;
mod query;
mod replication;
mod server;
mod session;
mod show;
mod statement;
mod storage;
mod vitess;
mod xa;

use std::fmt;

use crate::{
    Modes,
    ast::{Account, Bind, ColumnName, Comments, Expr, Ident, Literal, LiteralKind, TableName},
    lexer::{Keyword, is_charset, is_name_byte},
};

/// A place to change what is printed, without changing the tree.
pub trait Hooks {
    /// Returns the name to print for a table; the same for columns' qualifiers.
    fn table<'a>(&self, name: TableName<'a>) -> TableName<'a> {
        name
    }

    /// Tells whether [`Hooks::expr`] prints this expression.
    fn replaces(&self, expr: &Expr<'_>) -> bool {
        let _ = expr;
        false
    }

    /// Prints an expression in its own way, so that it needs no parentheses around it.
    fn expr(&self, printer: &mut Printer<'_>, expr: &Expr<'_>) {
        let _ = (printer, expr);
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

/// Room for the text of most statements.
const FIRST_BYTES: usize = 256;

/// Text that grows.
pub struct Printer<'h> {
    pub out: String,
    /// The modes under which the text will be read.
    pub modes: Modes,
    pub hooks: Option<&'h dyn Hooks>,
    /// Puts parentheses around every operator, needed or not: to check what binds how.
    pub parenthesised: bool,
}

impl<'h> Printer<'h> {
    pub fn new() -> Printer<'h> {
        Printer {
            out: String::with_capacity(FIRST_BYTES),
            modes: Modes::default(),
            hooks: None,
            parenthesised: false,
        }
    }

    pub fn with_hooks(hooks: &'h dyn Hooks) -> Printer<'h> {
        Printer { hooks: Some(hooks), ..Printer::new() }
    }

    /// Prints words as they are.
    pub fn word(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Prints words if something was said.
    pub(crate) fn word_if(&mut self, said: bool, text: &str) {
        if said {
            self.word(text);
        }
    }

    /// Prints a node.
    pub fn node(&mut self, node: &impl Print) {
        node.print(self);
    }

    /// Prints nodes with commas between.
    pub(crate) fn list<T: Print>(&mut self, items: &[T]) {
        self.list_with(items, |printer, item| item.print(printer));
    }

    pub(crate) fn list_with<T>(&mut self, items: &[T], mut print: impl FnMut(&mut Self, &T)) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.word(", ");
            }
            print(self, item);
        }
    }

    pub(crate) fn paren_list<T: Print>(&mut self, items: &[T]) {
        self.word("(");
        self.list(items);
        self.word(")");
    }

    /// Prints words and a node behind them, if there is one.
    pub(crate) fn optional<T: Print>(&mut self, before: &str, node: Option<&T>) {
        if let Some(node) = node {
            self.word(before);
            node.print(self);
        }
    }

    /// Prints an identifier, with quotes if it needs them.
    pub fn name(&mut self, name: &str) {
        if needs_quotes(name) {
            self.quoted(name, '`');
        } else {
            self.word(name);
        }
    }

    fn quoted(&mut self, text: &str, quote: char) {
        self.out.push(quote);
        for char in text.chars() {
            if char == quote {
                self.out.push(quote);
            }
            self.out.push(char);
        }
        self.out.push(quote);
    }

    /// Prints a string literal.
    pub fn string(&mut self, text: &str) {
        if self.modes.no_backslash_escapes {
            return self.quoted(text, '\'');
        }
        self.out.push('\'');
        for char in text.chars() {
            match char {
                '\0' => self.word("\\0"),
                '\'' => self.word("\\'"),
                '"' => self.word("\\\""),
                '\x08' => self.word("\\b"),
                '\n' => self.word("\\n"),
                '\r' => self.word("\\r"),
                '\t' => self.word("\\t"),
                '\x1a' => self.word("\\Z"),
                '\\' => self.word("\\\\"),
                other => self.out.push(other),
            }
        }
        self.out.push('\'');
    }

    /// Prints bytes as `x'4d'`.
    pub fn hex(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.word("x'");
        for byte in bytes {
            self.out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            self.out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        self.word("'");
    }

    /// Prints the name of a character set or collation.
    pub(crate) fn charset(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("binary") {
            self.word("binary");
        } else {
            self.name(name);
        }
    }

    /// Prints the names of indexes in parentheses; `PRIMARY` is a word.
    pub(crate) fn index_names(&mut self, names: &[Ident<'_>]) {
        self.word("(");
        self.list_with(names, |printer, name| match name.text == "PRIMARY" {
            true => printer.word("primary"),
            false => printer.node(name),
        });
        self.word(")");
    }

    /// Prints a system variable's name, which may have a point between its parts.
    pub(crate) fn variable_name(&mut self, name: &str) {
        for (index, part) in name.split('.').enumerate() {
            self.word_if(index > 0, ".");
            self.name(part);
        }
    }

    fn user_variable(&mut self, name: &str) {
        self.word("@");
        let plain = !name.is_empty() && name.bytes().all(|byte| is_name_byte(byte) || byte == b'.');
        if plain {
            self.word(name);
        } else {
            self.quoted(name, '`');
        }
    }

    /// Prints comments behind a verb, each with a blank before it.
    pub(crate) fn comments(&mut self, comments: &Comments<'_>) {
        for directive in comments.directives {
            self.word(" /*vt+ ");
            self.word(directive);
            self.word(" */");
        }
        if let Some(hints) = comments.hints {
            self.word(" /*+ ");
            self.word(hints);
            self.word(" */");
        }
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

/// Tells whether an identifier must stand in quotes.
fn needs_quotes(name: &str) -> bool {
    let bytes = name.as_bytes();
    // MySQL takes no characters of four bytes outside of quotes, and `$` begins other things.
    const FOUR_BYTES: u8 = 0xf0;
    let plain = bytes.first().is_some_and(|first| !first.is_ascii_digit() && *first != b'$')
        && bytes.iter().all(|byte| is_name_byte(*byte) && *byte < FOUR_BYTES);
    !plain || Keyword::find(bytes).needs_quotes() || (bytes[0] == b'_' && is_charset(&bytes[1..]))
}

impl Print for Ident<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.name(self.text);
    }
}

impl Print for TableName<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        let name = printer.hooks.map_or(*self, |hooks| hooks.table(*self));
        if let Some(qualifier) = name.qualifier {
            printer.node(&qualifier);
            printer.word(".");
        }
        printer.node(&name.name);
    }
}

impl Print for ColumnName<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        if let Some(table) = self.table {
            printer.node(&table);
            printer.word(".");
        }
        printer.node(&self.name);
    }
}

impl Print for Bind<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        if printer.hooks.is_some_and(|hooks| hooks.bind(printer, self)) {
            return;
        }
        printer.word(if self.list { "::" } else { ":" });
        printer.word(self.name);
    }
}

impl Print for Literal<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        let text = std::str::from_utf8(self.value);
        match (self.kind, text) {
            (LiteralKind::Int | LiteralKind::Decimal | LiteralKind::Float, Ok(text)) => {
                printer.word(text);
            }
            (LiteralKind::Str, Ok(text)) => printer.string(text),
            (LiteralKind::NationalStr, Ok(text)) => {
                printer.word("N");
                printer.string(text);
            }
            (LiteralKind::Bit, _) => {
                printer.word("b'");
                for byte in self.value {
                    printer.word(&format!("{byte:08b}"));
                }
                printer.word("'");
            }
            // Text that is no UTF-8 can only be written as bytes.
            _ => printer.hex(self.value),
        }
    }
}

impl Print for Account<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Account::Current => printer.word("current_user"),
            Account::Named { user, host } => {
                printer.string(user);
                if let Some(host) = host {
                    printer.word("@");
                    printer.string(host);
                }
            }
        }
    }
}

macro_rules! display {
    ($($type:ident)*) => {$(
        impl fmt::Display for crate::ast::$type<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_sql(self))
            }
        }
    )*};
}

display! {
    Statement Expr Query QueryBody Select TableRef TableName ColumnName Ident Literal Bind
    OrderItem Limit Insert Update Delete
}

#[cfg(test)]
mod tests;
