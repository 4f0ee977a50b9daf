//! Calls: functions, aggregates, windows.

use super::{Print, Printer};
use crate::{
    ast::{
        Aggregate, DualityChanges, DualityPair, Expr, FormatKind, Frame, FrameBound, FrameUnit,
        Function, JsonFallback, Match, MatchMode, Over, Special, TrimSide, WindowFunction,
        WindowSpec,
    },
    lexer::{Keyword, is_name_byte},
    parser::rung,
};

impl Printer<'_> {
    pub(super) fn function(&mut self, function: &Function<'_>) {
        if let Some(schema) = function.schema {
            self.node(&schema);
            self.word(".");
            self.node(&function.name);
        } else if function.quoted {
            self.quoted(function.name.text, '`');
        } else if is_plain_word(function.name.text) {
            // A reserved word among functions, `if(...)`, or a keyword with a parenthesis.
            self.word(function.name.text);
        } else {
            self.node(&function.name);
        }
        self.word("(");
        if function.aliases.is_empty() {
            self.exprs(function.args);
        } else {
            let mut aliases = function.aliases.iter();
            self.list_with(function.args, |printer, arg| {
                printer.node(arg);
                printer.optional(" as ", aliases.next().and_then(Option::as_ref));
            });
        }
        self.word(")");
    }

    pub(super) fn aggregate(&mut self, aggregate: &Aggregate<'_>) {
        self.word(aggregate.kind.text());
        self.word("(");
        self.word_if(aggregate.distinct, "distinct ");
        if aggregate.args.is_empty() {
            self.word("*");
        }
        self.exprs(aggregate.args);
        self.order_by(aggregate.order_by);
        self.word(match aggregate.keeps_nulls {
            None => "",
            Some(true) => " null on null",
            Some(false) => " absent on null",
        });
        if let Some(separator) = &aggregate.separator {
            self.word(" separator ");
            self.node(separator);
        }
        self.word(")");
        self.over(aggregate.over);
    }

    pub(super) fn window_function(&mut self, window: &WindowFunction<'_>) {
        self.word(window.kind.text());
        self.word("(");
        self.exprs(window.args);
        self.word(")");
        self.word_if(window.from_last, " from last");
        self.word_if(window.ignore_nulls, " ignore nulls");
        self.over(Some(window.over));
    }

    fn over(&mut self, over: Option<&Over<'_>>) {
        match over {
            None => {}
            Some(Over::Name(name)) => {
                self.word(" over ");
                self.node(name);
            }
            Some(Over::Spec(spec)) => {
                self.word(" over ");
                self.node(spec);
            }
        }
    }

    pub(super) fn special(&mut self, special: &Special<'_>) {
        match special {
            Special::Extract { unit, expr } => {
                self.word("extract(");
                self.word(unit.text());
                self.word(" from ");
                self.node(expr);
            }
            Special::Trim { side, what, expr } => {
                self.word("trim(");
                self.word(match side {
                    Some(TrimSide::Both) => "both ",
                    Some(TrimSide::Leading) => "leading ",
                    Some(TrimSide::Trailing) => "trailing ",
                    None => "",
                });
                if let Some(what) = what {
                    self.node(what);
                    self.word(" ");
                }
                self.word_if(side.is_some() || what.is_some(), "from ");
                self.node(expr);
            }
            Special::Char { args, charset } => {
                self.word("char(");
                self.exprs(args);
                if let Some(charset) = charset {
                    self.word(" using ");
                    self.charset(charset);
                }
            }
            Special::WeightString { expr, target } => {
                self.word("weight_string(");
                self.node(expr);
                self.optional(" as ", target.as_ref());
            }
            Special::GetFormat { kind, expr } => {
                self.word(match kind {
                    FormatKind::Date => "get_format(date, ",
                    FormatKind::Time => "get_format(time, ",
                    FormatKind::Datetime => "get_format(datetime, ",
                });
                self.node(expr);
            }
            Special::TimestampAdd { unit, amount, expr } => {
                self.timestamp_call("timestampadd(", unit.text(), amount, expr);
            }
            Special::TimestampDiff { unit, from, to } => {
                self.timestamp_call("timestampdiff(", unit.text(), from, to);
            }
            Special::JsonValue { doc, path, returning, on_empty, on_error } => {
                self.word("json_value(");
                self.node(doc);
                self.word(", ");
                self.node(path);
                self.optional(" returning ", returning.as_ref());
                self.json_fallbacks(on_empty.as_ref(), on_error.as_ref());
            }
            Special::DualityObject { changes, pairs } => self.duality(*changes, pairs),
        }
        self.word(")");
    }

    fn duality(&mut self, changes: Option<DualityChanges>, pairs: &[DualityPair<'_>]) {
        self.word("json_duality_object(");
        if let Some(changes) = changes {
            let said = [
                (changes.insert, "insert"),
                (changes.update, "update"),
                (changes.delete, "delete"),
            ];
            let said: Vec<(bool, &str)> =
                said.into_iter().filter_map(|(flag, word)| Some((flag?, word))).collect();
            self.word("with (");
            self.list_with(&said, |printer, (allowed, word)| {
                printer.word_if(!allowed, "no ");
                printer.word(word);
            });
            self.word(") ");
        }
        self.list_with(pairs, |printer, pair| {
            printer.node(pair.key);
            printer.word(": ");
            printer.node(&pair.value);
        });
    }

    fn timestamp_call(&mut self, name: &str, unit: &str, first: &Expr<'_>, second: &Expr<'_>) {
        self.word(name);
        self.word(unit);
        self.word(", ");
        self.node(first);
        self.word(", ");
        self.node(second);
    }

    pub(crate) fn json_fallbacks(
        &mut self,
        on_empty: Option<&JsonFallback<'_>>,
        on_error: Option<&JsonFallback<'_>>,
    ) {
        for (fallback, when) in [(on_empty, " on empty"), (on_error, " on error")] {
            match fallback {
                None => continue,
                Some(JsonFallback::Null) => self.word(" null"),
                Some(JsonFallback::Error) => self.word(" error"),
                Some(JsonFallback::Default(expr)) => {
                    self.word(" default ");
                    // A literal: not even its sign may have a parenthesis.
                    self.bare_expr(expr);
                }
            }
            self.word(when);
        }
    }

    pub(super) fn match_against(&mut self, match_expr: &Match<'_>) {
        self.word("match(");
        self.exprs(match_expr.columns);
        self.word(") against (");
        self.expr(&match_expr.against, rung::BIT_OR);
        self.word(match match_expr.mode {
            MatchMode::Default => "",
            MatchMode::NaturalLanguage => " in natural language mode",
            MatchMode::NaturalLanguageWithExpansion => {
                " in natural language mode with query expansion"
            }
            MatchMode::Boolean => " in boolean mode",
            MatchMode::WithExpansion => " with query expansion",
        });
        self.word(")");
    }
}

/// Tells whether a name needs no quotes for its own sake.
fn is_plain_word(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(is_name_byte)
        && Keyword::find(name.as_bytes()) != Keyword::None
}

impl Print for WindowSpec<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("(");
        let start = printer.out.len();
        if let Some(base) = self.base {
            printer.node(&base);
        }
        if !self.partition_by.is_empty() {
            printer.word(" partition by ");
            printer.exprs(self.partition_by);
        }
        printer.order_by(self.order_by);
        printer.optional(" ", self.frame.as_ref());
        if printer.out[start..].starts_with(' ') {
            printer.out.remove(start);
        }
        printer.word(")");
    }
}

impl Print for Frame<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(match self.unit {
            FrameUnit::Rows => "rows ",
            FrameUnit::Range => "range ",
            FrameUnit::Groups => "groups ",
        });
        match &self.end {
            None => printer.node(&self.start),
            Some(end) => {
                printer.word("between ");
                printer.node(&self.start);
                printer.word(" and ");
                printer.node(end);
            }
        }
        if let Some(exclude) = self.exclude {
            printer.word(" exclude ");
            printer.word(exclude.text());
        }
    }
}

impl Print for FrameBound<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            FrameBound::CurrentRow => printer.word("current row"),
            FrameBound::UnboundedPreceding => printer.word("unbounded preceding"),
            FrameBound::UnboundedFollowing => printer.word("unbounded following"),
            FrameBound::Preceding(amount) => {
                printer.node(amount);
                printer.word(" preceding");
            }
            FrameBound::Following(amount) => {
                printer.node(amount);
                printer.word(" following");
            }
        }
    }
}
