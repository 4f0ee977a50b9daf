//! Statements that define tables, views, indexes and databases.

use super::{Print, Printer};
use crate::ast::{
    AddColumn, AlterAction, AlterDatabase, AlterTable, Check, ColumnDef, ColumnOption,
    ColumnPosition, ConstraintKind, CreateDatabase, CreateIndex, CreateTable, DataType,
    DropDatabase, DropIndex, DropTable, DropView, ForeignKey, GeneratedStorage, Ident, IndexDef,
    IndexKind, IndexOption, IndexPart, IndexPartKey, OptionValue, PartitionDef, PartitionMethod,
    PartitionValues, Partitioning, References, RenamePair, SortOrder, TableElement, TableOption,
    TypeKind, View, ViewCheck, ViewSecurity,
};

impl Print for CreateTable<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("create");
        printer.comments(&self.comments);
        printer.word(if self.temporary { " temporary table " } else { " table " });
        printer.word_if(self.if_not_exists, "if not exists ");
        printer.node(&self.name);
        if let Some(like) = &self.like {
            printer.word(" like ");
            return printer.node(like);
        }
        if !self.elements.is_empty() {
            printer.word(" (\n\t");
            for (index, element) in self.elements.iter().enumerate() {
                printer.word_if(index > 0, ",\n\t");
                printer.node(element);
            }
            printer.word("\n)");
        }
        printer.table_options(self.options);
        printer.optional("", self.partitioning);
        if let Some(source) = &self.source {
            printer.load_duplicates(source.duplicates);
            printer.word(" as ");
            printer.node(source.query);
        }
    }
}

impl Printer<'_> {
    /// Prints options, each with a blank before it.
    fn table_options(&mut self, options: &[TableOption<'_>]) {
        for option in options {
            self.word(" ");
            self.node(option);
        }
    }

    /// Prints a word that no keyword can be mistaken for here; anything else in quotes.
    fn plain(&mut self, word: &str) {
        match word.bytes().all(crate::lexer::is_name_byte) {
            true => self.word(word),
            false => self.name(word),
        }
    }

    fn constraint_name(&mut self, name: Option<&Ident<'_>>) {
        if let Some(name) = name {
            self.word("constraint ");
            self.node(name);
            self.word(" ");
        }
    }

    fn option_words(&mut self, algorithm: Option<&str>, lock: Option<&str>) {
        if let Some(algorithm) = algorithm {
            self.word(" algorithm = ");
            self.plain(algorithm);
        }
        if let Some(lock) = lock {
            self.word(" lock = ");
            self.plain(lock);
        }
    }
}

impl Print for TableElement<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            TableElement::Column(column) => printer.node(*column),
            TableElement::Index(index) => printer.node(*index),
            TableElement::ForeignKey(key) => printer.node(*key),
            TableElement::Check(check) => printer.node(*check),
        }
    }
}

impl Print for ColumnDef<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.name);
        printer.word(" ");
        printer.node(&self.data_type);
        for option in self.options {
            printer.word(" ");
            printer.node(option);
        }
    }
}

impl Print for DataType<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(self.kind.text());
        if matches!(self.kind, TypeKind::Enum | TypeKind::Set) {
            printer.paren_list(self.values);
        }
        printer.length(self.length, self.scale);
        printer.word_if(self.unsigned, " unsigned");
        printer.word_if(self.zerofill, " zerofill");
        printer.optional(" ", self.charset.as_ref());
        printer.word_if(self.binary, " binary");
        if let Some(collate) = self.collate {
            printer.word(" collate ");
            printer.name(collate);
        }
    }
}

impl Print for ColumnOption<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            ColumnOption::Null => printer.word("null"),
            ColumnOption::NotNull => printer.word("not null"),
            ColumnOption::Default(expr) => {
                printer.word("default ");
                printer.node(expr);
            }
            ColumnOption::DefaultExpr(expr) => {
                printer.word("default (");
                printer.node(expr);
                printer.word(")");
            }
            ColumnOption::OnUpdate(expr) => {
                printer.word("on update ");
                printer.node(expr);
            }
            ColumnOption::AutoIncrement => printer.word("auto_increment"),
            ColumnOption::PrimaryKey => printer.word("primary key"),
            ColumnOption::Unique => printer.word("unique"),
            ColumnOption::Key => printer.word("key"),
            ColumnOption::Comment(text) => {
                printer.word("comment ");
                printer.node(*text);
            }
            ColumnOption::Collate(name) => {
                printer.word("collate ");
                printer.name(name);
            }
            ColumnOption::ColumnFormat(word) => {
                printer.word("column_format ");
                printer.word(word);
            }
            ColumnOption::Storage(word) => {
                printer.word("storage ");
                printer.word(word);
            }
            ColumnOption::EngineAttribute(text) => {
                printer.word("engine_attribute ");
                printer.node(*text);
            }
            ColumnOption::SecondaryEngineAttribute(text) => {
                printer.word("secondary_engine_attribute ");
                printer.node(*text);
            }
            ColumnOption::Generated { expr, storage } => {
                printer.word("as (");
                printer.node(expr);
                printer.word(match storage {
                    None => ")",
                    Some(GeneratedStorage::Virtual) => ") virtual",
                    Some(GeneratedStorage::Stored) => ") stored",
                });
            }
            ColumnOption::Visible => printer.word("visible"),
            ColumnOption::Invisible => printer.word("invisible"),
            ColumnOption::References(references) => printer.node(*references),
            ColumnOption::Check(check) => printer.node(*check),
            ColumnOption::Srid(number) => {
                printer.word("srid ");
                printer.word(number);
            }
            ColumnOption::SerialDefaultValue => printer.word("serial default value"),
            ColumnOption::NotSecondary => printer.word("not secondary"),
        }
    }
}

impl Print for IndexDef<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.constraint_name(self.constraint.as_ref());
        printer.word(match self.kind {
            IndexKind::Plain => "key",
            IndexKind::Unique => "unique key",
            IndexKind::Primary => "primary key",
            IndexKind::FullText => "fulltext key",
            IndexKind::Spatial => "spatial key",
        });
        printer.optional(" ", self.name.as_ref());
        printer.word(" ");
        printer.paren_list(self.parts);
        for option in self.options {
            printer.word(" ");
            printer.node(option);
        }
    }
}

impl Print for IndexPart<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match &self.key {
            IndexPartKey::Column { name, length } => {
                printer.node(name);
                printer.length(*length, None);
            }
            IndexPartKey::Expr(expr) => {
                printer.word("(");
                printer.node(expr);
                printer.word(")");
            }
        }
        printer.word(match self.order {
            None => "",
            Some(SortOrder::Asc) => " asc",
            Some(SortOrder::Desc) => " desc",
        });
    }
}

impl Print for IndexOption<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            IndexOption::KeyBlockSize(number) => {
                printer.word("key_block_size ");
                printer.word(number);
            }
            IndexOption::Using(word) => {
                printer.word("using ");
                printer.word(word);
            }
            IndexOption::Parser(name) => {
                printer.word("with parser ");
                printer.node(name);
            }
            IndexOption::Comment(text) => {
                printer.word("comment ");
                printer.node(*text);
            }
            IndexOption::Visible => printer.word("visible"),
            IndexOption::Invisible => printer.word("invisible"),
            IndexOption::EngineAttribute(text) => {
                printer.word("engine_attribute ");
                printer.node(*text);
            }
            IndexOption::SecondaryEngineAttribute(text) => {
                printer.word("secondary_engine_attribute ");
                printer.node(*text);
            }
        }
    }
}

impl Print for ForeignKey<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.constraint_name(self.constraint.as_ref());
        printer.word("foreign key");
        printer.optional(" ", self.name.as_ref());
        printer.word(" ");
        printer.paren_list(self.columns);
        printer.word(" ");
        printer.node(&self.references);
    }
}

impl Print for References<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("references ");
        printer.node(&self.table);
        if !self.columns.is_empty() {
            printer.word(" ");
            printer.paren_list(self.columns);
        }
        if let Some(matching) = self.matching {
            printer.word(" match ");
            printer.word(matching);
        }
        for (action, words) in [(self.on_delete, " on delete "), (self.on_update, " on update ")] {
            if let Some(action) = action {
                printer.word(words);
                printer.word(action.text());
            }
        }
    }
}

impl Print for Check<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.constraint_name(self.constraint.as_ref());
        printer.word("check (");
        printer.node(&self.expr);
        printer.word(match self.enforced {
            None => ")",
            Some(true) => ") enforced",
            Some(false) => ") not enforced",
        });
    }
}

impl Print for TableOption<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(self.name);
        match self.value {
            OptionValue::Word("") => {}
            OptionValue::Word(word) => {
                printer.word(" ");
                printer.plain(word);
            }
            OptionValue::String(text) => {
                printer.word(" ");
                printer.node(text);
            }
            OptionValue::Tables(tables) => {
                printer.word(" ");
                printer.paren_list(tables);
            }
        }
    }
}

impl Print for Partitioning<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(" partition by ");
        printer.node(&self.method);
        if let Some(count) = self.partitions_count {
            printer.word(" partitions ");
            printer.word(count);
        }
        if let Some(method) = &self.subpartition {
            printer.word(" subpartition by ");
            printer.node(method);
        }
        if let Some(count) = self.subpartitions_count {
            printer.word(" subpartitions ");
            printer.word(count);
        }
        if !self.partitions.is_empty() {
            printer.word(" ");
            printer.paren_list(self.partitions);
        }
    }
}

impl Print for PartitionMethod<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        let of = |printer: &mut Printer<'_>, words: &str, expr| {
            printer.word(words);
            printer.word(" (");
            printer.node(expr);
            printer.word(")");
        };
        match self {
            PartitionMethod::Hash { linear, expr } => {
                of(printer, if *linear { "linear hash" } else { "hash" }, expr);
            }
            PartitionMethod::Key { linear, algorithm, columns } => {
                printer.word(if *linear { "linear key " } else { "key " });
                if let Some(algorithm) = algorithm {
                    printer.word("algorithm = ");
                    printer.word(algorithm);
                    printer.word(" ");
                }
                printer.paren_list(columns);
            }
            PartitionMethod::Range(expr) => of(printer, "range", expr),
            PartitionMethod::List(expr) => of(printer, "list", expr),
            PartitionMethod::RangeColumns(columns) => {
                printer.word("range columns ");
                printer.paren_list(columns);
            }
            PartitionMethod::ListColumns(columns) => {
                printer.word("list columns ");
                printer.paren_list(columns);
            }
        }
    }
}

impl PartitionDef<'_> {
    fn print_as(&self, word: &str, printer: &mut Printer<'_>) {
        printer.word(word);
        printer.node(&self.name);
        match &self.values {
            None => {}
            Some(PartitionValues::LessThanMax) => printer.word(" values less than maxvalue"),
            Some(PartitionValues::LessThan(values)) => {
                printer.word(" values less than (");
                printer.list_with(values, |printer, value| match value {
                    Some(value) => printer.node(value),
                    None => printer.word("maxvalue"),
                });
                printer.word(")");
            }
            Some(PartitionValues::In(values)) => {
                printer.word(" values in ");
                printer.paren_list(values);
            }
        }
        printer.table_options(self.options);
        if !self.subpartitions.is_empty() {
            printer.word(" (");
            printer.list_with(self.subpartitions, |printer, part| {
                part.print_as("subpartition ", printer);
            });
            printer.word(")");
        }
    }
}

impl Print for PartitionDef<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        self.print_as("partition ", printer);
    }
}

impl Print for AlterTable<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("alter");
        printer.comments(&self.comments);
        printer.word(" table ");
        printer.node(&self.name);
        for (index, action) in self.actions.iter().enumerate() {
            let partitioning =
                matches!(action, AlterAction::PartitionBy(_) | AlterAction::RemovePartitioning);
            printer.word_if(index > 0 && !partitioning, ",");
            printer.word_if(!matches!(action, AlterAction::PartitionBy(_)), " ");
            printer.node(action);
        }
    }
}

impl Print for AlterAction<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            AlterAction::AddColumns { columns, parenthesised } => {
                printer.word(if *parenthesised { "add column (" } else { "add column " });
                printer.list(columns);
                printer.word_if(*parenthesised, ")");
            }
            AlterAction::Add(element) => {
                printer.word("add ");
                printer.node(element);
            }
            AlterAction::Modify { column, position } => {
                printer.word("modify column ");
                printer.node(*column);
                printer.node(position);
            }
            AlterAction::Change { from, column, position } => {
                printer.word("change column ");
                printer.node(from);
                printer.word(" ");
                printer.node(*column);
                printer.node(position);
            }
            AlterAction::SetDefault { column, value, parenthesised } => {
                printer.word("alter column ");
                printer.node(column);
                printer.word(if *parenthesised { " set default (" } else { " set default " });
                printer.node(value);
                printer.word_if(*parenthesised, ")");
            }
            AlterAction::DropDefault { column } => {
                printer.word("alter column ");
                printer.node(column);
                printer.word(" drop default");
            }
            AlterAction::SetColumnVisible { column, visible } => {
                printer.word("alter column ");
                printer.node(column);
                printer.word(if *visible { " set visible" } else { " set invisible" });
            }
            AlterAction::SetIndexVisible { index, visible } => {
                printer.word("alter index ");
                printer.node(index);
                printer.word(if *visible { " visible" } else { " invisible" });
            }
            AlterAction::SetEnforced { kind, name, enforced } => {
                printer.word("alter ");
                printer.node(kind);
                printer.node(name);
                printer.word(if *enforced { " enforced" } else { " not enforced" });
            }
            AlterAction::DropColumn(name) => named(printer, "drop column ", name),
            AlterAction::DropIndex(name) => named(printer, "drop key ", name),
            AlterAction::DropPrimaryKey => printer.word("drop primary key"),
            AlterAction::DropForeignKey(name) => named(printer, "drop foreign key ", name),
            AlterAction::DropConstraint { kind, name } => {
                printer.word("drop ");
                printer.node(kind);
                printer.node(name);
            }
            AlterAction::RenameColumn { from, to } => {
                named(printer, "rename column ", from);
                named(printer, " to ", to);
            }
            AlterAction::RenameIndex { from, to } => {
                named(printer, "rename index ", from);
                named(printer, " to ", to);
            }
            AlterAction::RenameTable(name) => named(printer, "rename ", name),
            _ => print_rarer(self, printer),
        }
    }
}

fn named(printer: &mut Printer<'_>, words: &str, name: &impl Print) {
    printer.word(words);
    printer.node(name);
}

fn print_rarer(action: &AlterAction<'_>, printer: &mut Printer<'_>) {
    match action {
        AlterAction::OrderBy(items) => {
            printer.word("order by ");
            printer.list(items);
        }
        AlterAction::ConvertCharset { charset, collate } => {
            printer.word("convert to character set ");
            printer.charset(charset);
            if let Some(collate) = collate {
                printer.word(" collate ");
                printer.name(collate);
            }
        }
        AlterAction::DisableKeys => printer.word("disable keys"),
        AlterAction::EnableKeys => printer.word("enable keys"),
        AlterAction::DiscardTablespace => printer.word("discard tablespace"),
        AlterAction::ImportTablespace => printer.word("import tablespace"),
        AlterAction::Force => printer.word("force"),
        AlterAction::Options(options) => {
            for (index, option) in options.iter().enumerate() {
                printer.word_if(index > 0, " ");
                printer.node(option);
            }
        }
        AlterAction::Algorithm(word) => {
            printer.word("algorithm = ");
            printer.word(word);
        }
        AlterAction::Lock(word) => {
            printer.word("lock ");
            printer.word(word);
        }
        AlterAction::Validation(with) => {
            printer.word(if *with { "with validation" } else { "without validation" });
        }
        AlterAction::SecondaryLoad => printer.word("secondary_load"),
        AlterAction::SecondaryUnload => printer.word("secondary_unload"),
        _ => print_partition_action(action, printer),
    }
}

fn print_partition_action(action: &AlterAction<'_>, printer: &mut Printer<'_>) {
    match action {
        AlterAction::PartitionBy(partitioning) => printer.node(*partitioning),
        AlterAction::RemovePartitioning => printer.word("remove partitioning"),
        AlterAction::AddPartitions { partitions, count } => {
            printer.word("add partition ");
            if let Some(count) = count {
                printer.word("partitions ");
                printer.word(count);
            } else {
                printer.paren_list(partitions);
            }
        }
        AlterAction::DropPartitions(names) => {
            printer.word("drop partition ");
            printer.list(names);
        }
        AlterAction::CoalescePartition(count) => {
            printer.word("coalesce partition ");
            printer.word(count);
        }
        AlterAction::ReorganizePartition { names, into } => {
            printer.word("reorganize partition");
            if !names.is_empty() {
                printer.word(" ");
                printer.list(names);
                printer.word(" into ");
                printer.paren_list(into);
            }
        }
        AlterAction::ExchangePartition { name, table, validation } => {
            named(printer, "exchange partition ", name);
            named(printer, " with table ", table);
            printer.word(match validation {
                None => "",
                Some(true) => " with validation",
                Some(false) => " without validation",
            });
        }
        AlterAction::PartitionWork { work, names, options } => {
            printer.word(work);
            printer.word(" partition ");
            if names.is_empty() {
                printer.word("all");
            }
            printer.list(names);
            for option in *options {
                printer.word(" ");
                printer.word(option);
            }
        }
        _ => {}
    }
}

impl Print for ConstraintKind {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(match self {
            ConstraintKind::Check => "check ",
            ConstraintKind::Constraint => "constraint ",
        });
    }
}

impl Print for AddColumn<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(self.column);
        printer.node(&self.position);
    }
}

impl Print for ColumnPosition<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            ColumnPosition::Unsaid => {}
            ColumnPosition::First => printer.word(" first"),
            ColumnPosition::After(name) => named(printer, " after ", name),
        }
    }
}

impl Print for DropTable<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("drop");
        printer.comments(&self.comments);
        printer.word(if self.temporary { " temporary table " } else { " table " });
        printer.word_if(self.if_exists, "if exists ");
        printer.list(self.tables);
        if let Some(behaviour) = self.behaviour {
            printer.word(" ");
            printer.word(behaviour);
        }
    }
}

impl Print for RenamePair<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.from);
        named(printer, " to ", &self.to);
    }
}

impl Print for CreateIndex<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("create");
        printer.comments(&self.comments);
        printer.word(match self.index.kind {
            IndexKind::Unique => " unique index",
            IndexKind::FullText => " fulltext index",
            IndexKind::Spatial => " spatial index",
            IndexKind::Plain | IndexKind::Primary => " index",
        });
        printer.optional(" ", self.index.name.as_ref());
        named(printer, " on ", &self.table);
        printer.word(" ");
        printer.paren_list(self.index.parts);
        for option in self.index.options {
            printer.word(" ");
            printer.node(option);
        }
        printer.option_words(self.algorithm, self.lock);
    }
}

impl Print for DropIndex<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("drop");
        printer.comments(&self.comments);
        named(printer, " index ", &self.name);
        named(printer, " on ", &self.table);
        printer.option_words(self.algorithm, self.lock);
    }
}

impl Print for View<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(if self.alter { "alter" } else { "create" });
        printer.comments(&self.comments);
        printer.word_if(self.or_replace, " or replace");
        if let Some(algorithm) = self.algorithm {
            printer.word(" algorithm = ");
            printer.word(algorithm);
        }
        printer.optional(" definer = ", self.definer.as_ref());
        printer.word(match self.security {
            None => "",
            Some(ViewSecurity::Definer) => " sql security definer",
            Some(ViewSecurity::Invoker) => " sql security invoker",
        });
        printer.word(" view ");
        printer.word_if(self.if_not_exists, "if not exists ");
        printer.node(&self.name);
        if !self.columns.is_empty() {
            printer.paren_list(self.columns);
        }
        printer.word(" as ");
        printer.node(self.query);
        printer.word(match self.check {
            None => "",
            Some(ViewCheck::Unsaid) => " with check option",
            Some(ViewCheck::Cascaded) => " with cascaded check option",
            Some(ViewCheck::Local) => " with local check option",
        });
    }
}

impl Print for DropView<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("drop");
        printer.comments(&self.comments);
        printer.word(" view ");
        printer.word_if(self.if_exists, "if exists ");
        printer.list(self.views);
        if let Some(behaviour) = self.behaviour {
            printer.word(" ");
            printer.word(behaviour);
        }
    }
}

impl Print for CreateDatabase<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("create");
        printer.comments(&self.comments);
        printer.word(" database ");
        printer.word_if(self.if_not_exists, "if not exists ");
        printer.node(&self.name);
        printer.table_options(self.options);
    }
}

impl Print for AlterDatabase<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("alter database");
        printer.optional(" ", self.name.as_ref());
        // Without `DEFAULT` the option's name would be taken for the database's.
        let lone_charset = self.name.is_none()
            && self.options.first().is_some_and(|option| option.name == "charset");
        printer.word_if(lone_charset, " default");
        printer.table_options(self.options);
    }
}

impl Print for DropDatabase<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("drop");
        printer.comments(&self.comments);
        printer.word(" database ");
        printer.word_if(self.if_exists, "if exists ");
        printer.node(&self.name);
    }
}
