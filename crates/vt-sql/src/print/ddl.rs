//! Statements that define tables, views, indexes and databases.

use super::{Print, Printer};
use crate::ast::{
    AlterDatabase, Check, ColumnDef, ColumnOption, CreateDatabase, CreateIndex, CreateTable,
    DataType, DropDatabase, DropIndex, DropTable, DropView, ForeignKey, GeneratedStorage, Ident,
    IndexDef, IndexKind, IndexOption, IndexPart, IndexPartKey, OptionValue, References, RenamePair,
    SortOrder, TableElement, TableOption, TypeKind, View, ViewCheck, ViewKind, ViewSecurity,
};

impl Print for CreateTable<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("create");
        printer.comments(&self.comments);
        printer.word_if(self.temporary, " temporary");
        printer.word_if(self.external, " external");
        printer.word(" table ");
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
    pub(super) fn table_options(&mut self, options: &[TableOption<'_>]) {
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

    /// Prints a word that may be reserved, or whatever stood in quotes in its place.
    pub(super) fn option_word(&mut self, word: &str) {
        if word.starts_with(|first: char| first.is_ascii_alphabetic()) {
            self.plain(word);
        } else {
            self.name(word);
        }
    }

    fn option_words(&mut self, algorithm: Option<&str>, lock: Option<&str>) {
        if let Some(algorithm) = algorithm {
            self.word(" algorithm = ");
            self.option_word(algorithm);
        }
        if let Some(lock) = lock {
            self.word(" lock = ");
            self.option_word(lock);
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
            ColumnOption::MaskingPolicy(name) => {
                printer.word("masking policy ");
                printer.node(name);
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
            OptionValue::Word("") if matches!(self.name, "tablespace" | "charset" | "collate") => {
                printer.word(" ``");
            }
            OptionValue::Word("") => {}
            OptionValue::Null => printer.word(" = null"),
            // A name of digits alone is none without quotes.
            OptionValue::Word(name) if matches!(self.name, "charset" | "collate") => {
                printer.word(" ");
                printer.charset(name);
            }
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

pub(super) fn named(printer: &mut Printer<'_>, words: &str, name: &impl Print) {
    printer.word(words);
    printer.node(name);
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
        printer.word(match self.kind {
            ViewKind::Plain => " view ",
            ViewKind::Materialized => " materialized view ",
            ViewKind::JsonDuality => " json duality view ",
        });
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
