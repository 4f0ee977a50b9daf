//! `SIGNAL`, `RESIGNAL`, `GET DIAGNOSTICS`.

use super::{Print, Printer};
use crate::ast::{Diagnostics, GetDiagnostics, IntoVariable, SignalCondition, SignalItem};

impl Print for Diagnostics<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Diagnostics::Signal { condition, items } => {
                printer.word("signal ");
                printer.node(condition);
                printer.signal_items(items);
            }
            Diagnostics::Resignal { condition, items } => {
                printer.word("resignal");
                printer.optional(" ", condition.as_ref());
                printer.signal_items(items);
            }
            Diagnostics::Get(get) => printer.node(*get),
        }
    }
}

impl Print for SignalCondition<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            SignalCondition::State(state) => {
                printer.word("sqlstate ");
                printer.node(*state);
            }
            SignalCondition::Named(name) => printer.node(name),
        }
    }
}

impl Printer<'_> {
    fn signal_items(&mut self, items: &[SignalItem<'_>]) {
        self.word_if(!items.is_empty(), " set ");
        self.list_with(items, |printer, item| {
            printer.word(item.item.text());
            printer.word(" = ");
            printer.node(&item.value);
        });
    }
}

impl Print for GetDiagnostics<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(if self.stacked { "get stacked diagnostics " } else { "get diagnostics " });
        if let Some(condition) = &self.condition {
            printer.word("condition ");
            printer.node(condition);
            printer.word(" ");
        }
        printer.list_with(self.targets, |printer, (target, item)| {
            match target {
                IntoVariable::User(name) => printer.user_variable(name),
                IntoVariable::Local(name) => printer.node(name),
            }
            printer.word(" = ");
            printer.word(item.text());
        });
    }
}
