//! Queries and what they read from.

use super::{Print, Printer};
use crate::ast::{
    CommonTable, FileFormat, GroupBy, GroupModifier, HintKind, HintScope, IndexHint, IntoVariable,
    Join, JoinCondition, JsonColumn, JsonTable, Limit, Lock, LockStrength, LockWait, NamedWindow,
    Query, QueryBody, Select, SelectExpr, SelectInto, SelectItem, SelectOptions, SetOperation,
    TableFactor, TableRef, With,
};

impl Printer<'_> {
    pub(crate) fn paren_query(&mut self, query: &Query<'_>) {
        self.word("(");
        self.node(query);
        self.word(")");
    }

    /// Prints `with ...` and a blank, if there is one.
    pub(crate) fn with(&mut self, with: Option<&With<'_>>) {
        if let Some(with) = with {
            self.word(if with.recursive { "with recursive " } else { "with " });
            self.list(with.tables);
            self.word(" ");
        }
    }

    /// Prints ` limit ...`, if there is one.
    pub(crate) fn limit(&mut self, limit: Option<&Limit<'_>>) {
        self.optional(" ", limit);
    }

    pub(crate) fn file_format(&mut self, format: &FileFormat<'_>) {
        let fields = [format.fields_terminated, format.fields_enclosed, format.fields_escaped];
        self.word_if(fields.iter().any(Option::is_some), " fields");
        self.optional(" terminated by ", format.fields_terminated);
        let enclosed =
            if format.fields_optionally { " optionally enclosed by " } else { " enclosed by " };
        self.optional(enclosed, format.fields_enclosed);
        self.optional(" escaped by ", format.fields_escaped);
        let lines = [format.lines_starting, format.lines_terminated];
        self.word_if(lines.iter().any(Option::is_some), " lines");
        self.optional(" starting by ", format.lines_starting);
        self.optional(" terminated by ", format.lines_terminated);
    }
}

impl Print for Query<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.with(self.with);
        printer.node(&self.body);
        printer.order_by(self.order_by);
        printer.limit(self.limit.as_ref());
        for lock in self.locks {
            printer.node(lock);
        }
        printer.optional("", self.into);
    }
}

impl Print for QueryBody<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            QueryBody::Select(select) => printer.node(*select),
            QueryBody::Set(set) => printer.node(*set),
            QueryBody::Values(rows) => {
                printer.word("values ");
                printer.list_with(rows, |printer, row| {
                    printer.word("row");
                    printer.paren_list(row);
                });
            }
            QueryBody::Table(name) => {
                printer.word("table ");
                printer.node(name);
            }
            QueryBody::Query(query) => printer.paren_query(query),
        }
    }
}

impl Print for SetOperation<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        let part = |printer: &mut Printer<'_>, body: &QueryBody<'_>| {
            let nested = matches!(body, QueryBody::Set(_));
            printer.word_if(nested, "(");
            printer.node(body);
            printer.word_if(nested, ")");
        };
        part(printer, &self.first);
        for tail in self.rest {
            printer.word(" ");
            printer.word(tail.op.text());
            printer.word(if tail.all { " all " } else { " " });
            part(printer, &tail.body);
        }
    }
}

impl Print for CommonTable<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.name);
        if !self.columns.is_empty() {
            printer.paren_list(self.columns);
        }
        printer.word(" as ");
        printer.paren_query(self.query);
    }
}

impl Print for Select<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("select");
        printer.comments(&self.comments);
        printer.node(&self.options);
        printer.word(" ");
        printer.list(self.items);
        if self.from.is_empty() {
            printer.word(" from dual");
        } else {
            printer.word(" from ");
            printer.list(self.from);
        }
        printer.optional(" where ", self.filter.as_ref());
        printer.optional(" group by ", self.group_by);
        printer.optional(" having ", self.having.as_ref());
        if !self.windows.is_empty() {
            printer.word(" window ");
            printer.list(self.windows);
        }
        printer.optional(" qualify ", self.qualify.as_ref());
    }
}

impl Print for SelectOptions {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word_if(self.all && !self.distinct, " all");
        printer.word_if(self.distinct, " distinct");
        printer.word_if(self.high_priority, " high_priority");
        printer.word_if(self.straight_join, " straight_join");
        printer.word_if(self.small_result, " sql_small_result");
        printer.word_if(self.big_result, " sql_big_result");
        printer.word_if(self.buffer_result, " sql_buffer_result");
        printer.word_if(self.no_cache, " sql_no_cache");
        printer.word_if(self.calc_found_rows, " sql_calc_found_rows");
    }
}

impl Print for SelectItem<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            SelectItem::Star(None) => printer.word("*"),
            SelectItem::Star(Some(table)) => {
                printer.node(table);
                printer.word(".*");
            }
            SelectItem::Expr(item) => printer.node(item),
            SelectItem::Next(count) => {
                printer.word("next ");
                printer.node(count);
                printer.word(" values");
            }
        }
    }
}

impl Print for SelectExpr<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.expr);
        printer.optional(" as ", self.alias.as_ref());
    }
}

impl Print for GroupBy<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self.modifier {
            GroupModifier::None => printer.list(self.exprs),
            GroupModifier::Rollup => {
                printer.list(self.exprs);
                printer.word(" with rollup");
            }
            GroupModifier::Cube => {
                printer.word("cube ");
                printer.paren_list(self.exprs);
            }
            GroupModifier::Sets(sets) => {
                printer.word("grouping sets (");
                printer.list_with(sets, |printer, set| printer.paren_list(set));
                printer.word(")");
            }
        }
    }
}

impl Print for NamedWindow<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.name);
        printer.word(" as ");
        printer.node(&self.spec);
    }
}

impl Print for Limit<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("limit ");
        if let Some(offset) = &self.offset {
            printer.node(offset);
            printer.word(", ");
        }
        printer.node(&self.count);
    }
}

impl Print for Lock<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(match self.strength {
            LockStrength::Update => " for update",
            LockStrength::Share => " for share",
            LockStrength::ShareMode => " lock in share mode",
        });
        if !self.of.is_empty() {
            printer.word(" of ");
            printer.list(self.of);
        }
        printer.word(match self.wait {
            LockWait::Wait => "",
            LockWait::NoWait => " nowait",
            LockWait::SkipLocked => " skip locked",
        });
    }
}

impl Print for SelectInto<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(" into ");
        match self {
            SelectInto::Variables(variables) => {
                printer.list_with(variables, |printer, variable| match variable {
                    IntoVariable::User(name) => printer.user_variable(name),
                    IntoVariable::Local(name) => printer.node(name),
                });
            }
            SelectInto::OutFile { path, charset, format } => {
                printer.word("outfile ");
                printer.node(*path);
                if let Some(charset) = charset {
                    printer.word(" character set ");
                    printer.charset(charset);
                }
                printer.file_format(format);
            }
            SelectInto::DumpFile(path) => {
                printer.word("dumpfile ");
                printer.node(*path);
            }
        }
    }
}

impl Print for TableRef<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            TableRef::Table(table) => printer.node(*table),
            TableRef::Derived(derived) => {
                printer.word_if(derived.lateral, "lateral ");
                printer.paren_query(derived.query);
                printer.optional(" as ", derived.alias.as_ref());
                if !derived.columns.is_empty() {
                    printer.paren_list(derived.columns);
                }
            }
            TableRef::JsonTable(table) => printer.node(*table),
            TableRef::Join(join) => printer.node(*join),
            TableRef::Paren(tables) => printer.paren_list(tables),
        }
    }
}

impl Print for TableFactor<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.name);
        if !self.partitions.is_empty() {
            printer.word(" partition ");
            printer.paren_list(self.partitions);
        }
        printer.optional(" as ", self.alias.as_ref());
        if let Some(sample) = self.sample {
            printer.word(" tablesample ");
            printer.word(if sample.system { "system (" } else { "bernoulli (" });
            printer.node(&sample.percent);
            printer.word(")");
        }
        for hint in self.hints {
            printer.word(" ");
            printer.node(hint);
        }
    }
}

impl Print for IndexHint<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(self.action.text());
        printer.word(match self.kind {
            HintKind::Index => " index",
            HintKind::Vindex => " vindex",
        });
        printer.word(match self.scope {
            None => " ",
            Some(HintScope::Join) => " for join ",
            Some(HintScope::OrderBy) => " for order by ",
            Some(HintScope::GroupBy) => " for group by ",
        });
        printer.index_names(self.names);
    }
}

impl Print for Join<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.left);
        printer.word(" ");
        printer.word(self.kind.text());
        printer.word(" ");
        // A join on the right stands in parentheses, which mean nothing else.
        let nested = matches!(self.right, TableRef::Join(_));
        printer.word_if(nested, "(");
        printer.node(&self.right);
        printer.word_if(nested, ")");
        match &self.condition {
            JoinCondition::None => {}
            JoinCondition::On(condition) => {
                printer.word(" on ");
                printer.node(condition);
            }
            JoinCondition::Using(columns) => {
                printer.word(" using ");
                printer.paren_list(columns);
            }
        }
    }
}

impl Print for JsonTable<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("json_table(");
        printer.node(&self.doc);
        printer.word(", ");
        printer.node(&self.path);
        printer.word(" columns ");
        printer.paren_list(self.columns);
        printer.word(")");
        printer.optional(" as ", self.alias.as_ref());
    }
}

impl Print for JsonColumn<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            JsonColumn::Ordinality(name) => {
                printer.node(name);
                printer.word(" for ordinality");
            }
            JsonColumn::Path { name, data_type, exists, path, on_empty, on_error } => {
                printer.node(name);
                printer.word(" ");
                printer.node(data_type);
                printer.word(if *exists { " exists path " } else { " path " });
                printer.node(path);
                printer.json_fallbacks(on_empty.as_ref(), on_error.as_ref());
            }
            JsonColumn::Nested { path, columns } => {
                printer.word("nested path ");
                printer.node(path);
                printer.word(" columns ");
                printer.paren_list(columns);
            }
        }
    }
}
