//! `SET`, transactions, `KILL`, `EXPLAIN`, prepared statements.

use super::{Print, Printer, expr::scope_word};
use crate::{
    ast::{
        AccessMode, Begin, Completion, Execute, Explain, ExplainColumn, Kill, Prepare, Set,
        SetItem, SetTransaction, SetValue, Use, Vexplain, VexplainKind,
    },
    lexer::Keyword,
};

impl Print for Set<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("set");
        printer.comments(&self.comments);
        printer.word(" ");
        printer.list(self.items);
    }
}

impl Print for SetItem<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            SetItem::Variable { variable, value } => {
                printer.node(variable);
                printer.word(" = ");
                printer.node(value);
            }
            SetItem::Names { charset: None, .. } => printer.word("names default"),
            SetItem::Names { charset: Some(charset), collate } => {
                printer.word("names ");
                printer.charset(charset);
                if let Some(collate) = collate {
                    printer.word(" collate ");
                    printer.name(collate);
                }
            }
            SetItem::CharacterSet(charset) => {
                printer.word("character set ");
                match charset {
                    Some(charset) => printer.charset(charset),
                    None => printer.word("default"),
                }
            }
            SetItem::Transaction(transaction) => printer.node(transaction),
        }
    }
}

impl Print for SetValue<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            SetValue::Expr(expr) => printer.node(expr),
            SetValue::Default => printer.word("default"),
            SetValue::Word(word) => match Keyword::find(word.as_bytes()) {
                Keyword::On | Keyword::All | Keyword::Binary | Keyword::Row | Keyword::System => {
                    printer.word(word);
                }
                _ => printer.name(word),
            },
        }
    }
}

impl Print for SetTransaction {
    fn print(&self, printer: &mut Printer<'_>) {
        if let Some(scope) = self.scope {
            printer.word(scope_word(scope));
            printer.word(" ");
        }
        printer.word("transaction");
        if let Some(isolation) = self.isolation {
            printer.word(" isolation level ");
            printer.word(isolation.text());
        }
        printer.word_if(self.isolation.is_some() && self.access.is_some(), ",");
        if let Some(access) = self.access {
            printer.word(" ");
            printer.word(access_words(access));
        }
    }
}

fn access_words(access: AccessMode) -> &'static str {
    match access {
        AccessMode::ReadOnly => "read only",
        AccessMode::ReadWrite => "read write",
    }
}

impl Print for Use<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("use ");
        printer.name(self.target);
    }
}

impl Print for Begin {
    fn print(&self, printer: &mut Printer<'_>) {
        if !self.start {
            return printer.word("begin");
        }
        printer.word("start transaction");
        printer.word_if(self.consistent_snapshot, " with consistent snapshot");
        printer.word_if(self.consistent_snapshot && self.access.is_some(), ",");
        if let Some(access) = self.access {
            printer.word(" ");
            printer.word(access_words(access));
        }
    }
}

impl Print for Completion {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(match self.chain {
            None => "",
            Some(true) => " and chain",
            Some(false) => " and no chain",
        });
        printer.word(match self.release {
            None => "",
            Some(true) => " release",
            Some(false) => " no release",
        });
    }
}

impl Print for Kill<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(if self.query { "kill query " } else { "kill connection " });
        printer.node(&self.id);
    }
}

impl Print for Explain<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("explain ");
        match self {
            Explain::Table { table, column } => {
                printer.node(table);
                match column {
                    None => {}
                    Some(ExplainColumn::Name(name)) => {
                        printer.word(" ");
                        printer.node(name);
                    }
                    Some(ExplainColumn::Like(pattern)) => {
                        printer.word(" ");
                        printer.node(pattern);
                    }
                }
            }
            Explain::Statement { analyze, format, into, schema, statement, .. } => {
                printer.word_if(*analyze, "analyze ");
                print_format(printer, *format);
                if let Some(variable) = into {
                    printer.word("into ");
                    printer.user_variable(variable);
                    printer.word(" ");
                }
                if let Some(schema) = schema {
                    printer.word("for schema ");
                    printer.node(schema);
                    printer.word(" ");
                }
                printer.node(*statement);
            }
            Explain::Connection { format, into, id } => {
                print_format(printer, *format);
                if let Some(variable) = into {
                    printer.word("into ");
                    printer.user_variable(variable);
                    printer.word(" ");
                }
                printer.word("for connection ");
                printer.node(id);
            }
        }
    }
}

fn print_format(printer: &mut Printer<'_>, format: Option<&str>) {
    if let Some(format) = format {
        printer.word("format = ");
        printer.name(format);
        printer.word(" ");
    }
}

impl Print for Vexplain<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("vexplain");
        printer.comments(&self.comments);
        printer.word(" ");
        if self.kind != VexplainKind::Queries {
            printer.word(self.kind.text());
            printer.word(" ");
        }
        printer.node(self.statement);
    }
}

impl Print for Prepare<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("prepare ");
        printer.node(&self.name);
        printer.word(" from ");
        printer.node(&self.source);
    }
}

impl Print for Execute<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("execute ");
        printer.node(&self.name);
        if !self.using.is_empty() {
            printer.word(" using ");
            printer.list_with(self.using, |printer, name| printer.user_variable(name));
        }
    }
}
