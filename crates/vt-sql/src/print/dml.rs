//! `INSERT`, `REPLACE`, `UPDATE`, `DELETE`, `LOAD DATA`, `CALL`.

use super::{Print, Printer};
use crate::ast::{
    Assignment, BulkLoad, Call, Delete, Insert, InsertSource, LoadData, LoadDuplicates,
    LoadPriority, LoadSource, Priority, Update,
};

impl Printer<'_> {
    pub(crate) fn load_duplicates(&mut self, duplicates: Option<LoadDuplicates>) {
        match duplicates {
            None => {}
            Some(LoadDuplicates::Replace) => self.word(" replace"),
            Some(LoadDuplicates::Ignore) => self.word(" ignore"),
        }
    }
}

impl Print for Insert<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(if self.replace { "replace" } else { "insert" });
        printer.comments(&self.comments);
        printer.word(match self.priority {
            None => "",
            Some(Priority::Low) => " low_priority",
            Some(Priority::High) => " high_priority",
            Some(Priority::Delayed) => " delayed",
        });
        printer.word_if(self.ignore, " ignore");
        printer.word(" into ");
        printer.node(&self.table);
        if !self.partitions.is_empty() {
            printer.word(" partition ");
            printer.paren_list(self.partitions);
        }
        if !self.columns.is_empty() {
            printer.paren_list(self.columns);
        }
        printer.word(" ");
        match &self.source {
            InsertSource::Values(rows) => {
                printer.word("values ");
                printer.list_with(rows, |printer, row| printer.paren_list(row));
            }
            InsertSource::Query(query) => printer.node(*query),
        }
        if let Some(alias) = self.row_alias {
            printer.word(" as ");
            printer.node(&alias.name);
            if !alias.columns.is_empty() {
                printer.paren_list(alias.columns);
            }
        }
        if !self.on_duplicate.is_empty() {
            printer.word(" on duplicate key update ");
            printer.list(self.on_duplicate);
        }
    }
}

impl Print for Assignment<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.column);
        printer.word(" = ");
        printer.node(&self.value);
    }
}

impl Print for Update<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.with(self.with);
        printer.word("update");
        printer.comments(&self.comments);
        printer.word_if(self.low_priority, " low_priority");
        printer.word_if(self.ignore, " ignore");
        printer.word(" ");
        printer.list(self.tables);
        printer.word(" set ");
        printer.list(self.assignments);
        printer.optional(" where ", self.filter.as_ref());
        printer.order_by(self.order_by);
        printer.limit(self.limit.as_ref());
    }
}

impl Print for Delete<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.with(self.with);
        printer.word("delete");
        printer.comments(&self.comments);
        printer.word_if(self.low_priority, " low_priority");
        printer.word_if(self.quick, " quick");
        printer.word_if(self.ignore, " ignore");
        if !self.targets.is_empty() {
            printer.word(" ");
            printer.list(self.targets);
        }
        printer.word(" from ");
        if let (true, [crate::ast::TableRef::Table(table)]) = (self.targets.is_empty(), self.tables)
        {
            // Here the alias comes before the partitions.
            printer.node(&table.name);
            printer.optional(" as ", table.alias.as_ref());
            if !table.partitions.is_empty() {
                printer.word(" partition ");
                printer.paren_list(table.partitions);
            }
        } else {
            printer.list(self.tables);
        }
        printer.optional(" where ", self.filter.as_ref());
        printer.order_by(self.order_by);
        printer.limit(self.limit.as_ref());
    }
}

impl Print for LoadData<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(if self.xml { "load xml" } else { "load data" });
        printer.word(match self.priority {
            None => "",
            Some(LoadPriority::Low) => " low_priority",
            Some(LoadPriority::Concurrent) => " concurrent",
        });
        let plain = BulkLoad::default();
        let bulk = self.bulk.unwrap_or(&plain);
        printer.word_if(bulk.from, " from");
        printer.word_if(self.local, " local");
        printer.word(match bulk.source {
            LoadSource::InFile => " infile ",
            LoadSource::Url => " url ",
            LoadSource::S3 => " s3 ",
        });
        printer.node(self.path);
        printer.said(" count ", bulk.count);
        printer.word_if(bulk.in_primary_key_order, " in primary key order");
        printer.load_duplicates(self.on_duplicate);
        printer.word(" into table ");
        printer.node(&self.table);
        if !self.partitions.is_empty() {
            printer.word(" partition ");
            printer.paren_list(self.partitions);
        }
        printer.optional(" compression = ", bulk.compression);
        if let Some(charset) = self.charset {
            printer.word(" character set ");
            printer.charset(charset);
        }
        printer.optional(" rows identified by ", self.row_tag);
        printer.file_format(&self.format);
        if let Some(lines) = self.ignore_lines {
            printer.word(" ignore ");
            printer.node(lines);
            printer.word(" lines");
        }
        if !self.columns.is_empty() {
            printer.word(" ");
            printer.paren_list(self.columns);
        }
        if !self.assignments.is_empty() {
            printer.word(" set ");
            printer.list(self.assignments);
        }
        printer.said(" parallel = ", bulk.parallel);
        printer.said(" memory = ", bulk.memory);
        printer.word_if(bulk.algorithm_bulk, " algorithm = bulk");
    }
}

impl Printer<'_> {
    /// Prints words and a number behind them, if it was said.
    fn said(&mut self, before: &str, number: Option<&str>) {
        if let Some(number) = number {
            self.word(before);
            self.word(number);
        }
    }
}

impl Print for Call<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("call ");
        printer.node(&self.name);
        printer.paren_list(self.args);
    }
}
