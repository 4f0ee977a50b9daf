//! `CREATE TABLE`: its elements and options.

use crate::{
    ast::{
        Check, CreateTable, ForeignKey, Ident, LiteralKind, OptionValue, ReferenceAction,
        References, Statement, TableElement, TableOption, TableSource,
    },
    lexer::{Keyword, TokenKind},
    parser::{Parsed, Parser},
};

impl<'a> Parser<'a> {
    pub(super) fn create_table(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        let temporary = self.eat_word("temporary");
        let external = !temporary && self.eat_word("external");
        self.expect_keyword(Keyword::Table)?;
        let if_not_exists = self.if_not_exists();
        let name = self.table_name()?;
        let mut create = CreateTable {
            comments,
            temporary,
            external,
            if_not_exists,
            name,
            like: None,
            elements: &[],
            options: &[],
            partitioning: None,
            source: None,
        };
        if self.eat_keyword(Keyword::Like) {
            create.like = Some(self.table_name()?);
            return Ok(Statement::CreateTable(self.arena.node(create)));
        }
        if self.at(TokenKind::LeftParen) {
            if self.peek().kind == TokenKind::Word(Keyword::Like) {
                self.advance();
                self.advance();
                create.like = Some(self.table_name()?);
                self.expect(TokenKind::RightParen)?;
                return Ok(Statement::CreateTable(self.arena.node(create)));
            }
            if !self.paren_opens_query() {
                create.elements = self.paren_list(Parser::table_element)?;
            }
        }
        create.options = self.table_options(true)?;
        if self.at_keyword(Keyword::Partition) {
            create.partitioning = Some(self.partitioning()?);
        }
        create.source = self.table_source()?;
        Ok(Statement::CreateTable(self.arena.node(create)))
    }

    fn table_source(&mut self) -> Parsed<Option<TableSource<'a>>> {
        let duplicates = self.load_duplicates();
        let said = self.eat_keyword(Keyword::As);
        if duplicates.is_none() && !said && !self.at_query() && !self.at(TokenKind::LeftParen) {
            return Ok(None);
        }
        Ok(Some(TableSource { duplicates, query: self.query()? }))
    }

    /// Reads a column, key or constraint.
    pub(super) fn table_element(&mut self) -> Parsed<TableElement<'a>> {
        if let Some(element) = self.constraint()? {
            return Ok(element);
        }
        let column = self.column_definition()?;
        Ok(TableElement::Column(self.arena.node(column)))
    }

    /// Reads a key or constraint, if one stands here.
    pub(super) fn constraint(&mut self) -> Parsed<Option<TableElement<'a>>> {
        let mut name = None;
        let said = self.eat_keyword(Keyword::Constraint);
        if said && self.at_name() {
            name = Some(self.name()?);
        }
        let element = match self.token.kind {
            TokenKind::Word(Keyword::Check) => {
                TableElement::Check(self.arena.node(self.check(name)?))
            }
            TokenKind::Word(Keyword::Foreign) => TableElement::ForeignKey(self.foreign_key(name)?),
            TokenKind::Word(Keyword::Primary | Keyword::Unique) => {
                TableElement::Index(self.index_definition(name)?)
            }
            TokenKind::Word(
                Keyword::Index | Keyword::Key | Keyword::Fulltext | Keyword::Spatial,
            ) if !said => TableElement::Index(self.index_definition(None)?),
            _ if said => return Err(self.fail()),
            _ => return Ok(None),
        };
        Ok(Some(element))
    }

    /// Reads `CHECK (expr) [[NOT] ENFORCED]`.
    pub(super) fn check(&mut self, constraint: Option<Ident<'a>>) -> Parsed<Check<'a>> {
        self.expect_keyword(Keyword::Check)?;
        self.expect(TokenKind::LeftParen)?;
        let expr = self.expr()?;
        self.expect(TokenKind::RightParen)?;
        let enforced = match () {
            () if self.eat_word("enforced") => Some(true),
            () if self.peek_is_enforced() && self.eat_low_not() => {
                self.advance();
                Some(false)
            }
            () => None,
        };
        Ok(Check { constraint, expr, enforced })
    }

    fn peek_is_enforced(&self) -> bool {
        self.is_word(self.peek(), "enforced")
    }

    fn foreign_key(&mut self, constraint: Option<Ident<'a>>) -> Parsed<&'a ForeignKey<'a>> {
        self.advance();
        self.expect_keyword(Keyword::Key)?;
        let name = if self.at_name() { Some(self.name()?) } else { None };
        let columns = self.paren_list(Parser::index_part)?;
        let references = self.references()?;
        Ok(self.arena.node(ForeignKey { constraint, name, columns, references }))
    }

    /// Reads `REFERENCES table (columns) ...`.
    pub(super) fn references(&mut self) -> Parsed<References<'a>> {
        self.expect_keyword(Keyword::References)?;
        let table = self.table_name()?;
        let columns = match self.at(TokenKind::LeftParen) {
            true => self.paren_list(Parser::index_part)?,
            false => &[],
        };
        let mut references =
            References { table, columns, matching: None, on_delete: None, on_update: None };
        if self.eat_keyword(Keyword::Match) {
            references.matching = Some(match () {
                () if self.eat_word("full") => "full",
                () if self.eat_word("partial") => "partial",
                () => {
                    self.expect_word("simple")?;
                    "simple"
                }
            });
        }
        while self.at_keyword(Keyword::On) {
            if references.on_delete.is_none() && self.eat_words(&["on", "delete"]) {
                references.on_delete = Some(self.reference_action()?);
            } else if references.on_update.is_none()
                && self.peek().kind == TokenKind::Word(Keyword::Update)
            {
                self.advance();
                self.advance();
                references.on_update = Some(self.reference_action()?);
            } else {
                break;
            }
        }
        Ok(references)
    }

    fn reference_action(&mut self) -> Parsed<ReferenceAction> {
        match () {
            () if self.eat_keyword(Keyword::Restrict) => Ok(ReferenceAction::Restrict),
            () if self.eat_keyword(Keyword::Cascade) => Ok(ReferenceAction::Cascade),
            () if self.eat_words(&["set", "null"]) => Ok(ReferenceAction::SetNull),
            () if self.eat_words(&["set", "default"]) => Ok(ReferenceAction::SetDefault),
            () => {
                self.expect_words(&["no", "action"])?;
                Ok(ReferenceAction::NoAction)
            }
        }
    }

    /// Reads options up to something that is none; commas may stand between them.
    pub(super) fn table_options(&mut self, commas: bool) -> Parsed<&'a [TableOption<'a>]> {
        let mut options = self.vec();
        let mut comma = false;
        while let Some(option) = self.table_option()? {
            options.push(option);
            comma = commas && self.eat(TokenKind::Comma);
        }
        if comma { Err(self.fail()) } else { Ok(options.into_bump_slice()) }
    }

    pub(super) fn table_option(&mut self) -> Parsed<Option<TableOption<'a>>> {
        if self.at_keyword(Keyword::Default) {
            self.advance();
            if !self.at_charset()
                && !self.at_keyword(Keyword::Collate)
                && !self.at_word("encryption")
            {
                return Err(self.fail());
            }
        }
        if self.eat_charset() {
            self.eat(TokenKind::Equal);
            let value = OptionValue::Word(self.charset_name()?);
            return Ok(Some(TableOption { name: "charset", value }));
        }
        if self.eat_words(&["start", "transaction"]) {
            let value = OptionValue::Word("");
            return Ok(Some(TableOption { name: "start transaction", value }));
        }
        if self.at_keyword(Keyword::Union) {
            return self.union_option();
        }
        // `STORAGE ENGINE` is an engine, `STORAGE DISK` a storage.
        if self.at_words(&["storage", "engine"]) {
            self.advance();
        }
        let Some((name, words)) = OPTIONS.iter().find(|(_, words)| self.at_words(words)) else {
            return Ok(None);
        };
        for _ in *words {
            self.advance();
        }
        self.eat(TokenKind::Equal);
        let fail = self.fail();
        let value = self.option_value(name)?;
        if !in_range(name, value) {
            return Err(fail);
        }
        Ok(Some(TableOption { name, value }))
    }

    /// `UNION [=] (tables)`, unless it belongs to a query.
    fn union_option(&mut self) -> Parsed<Option<TableOption<'a>>> {
        let next = self.peek().kind;
        if !matches!(next, TokenKind::Equal | TokenKind::LeftParen) {
            return Ok(None);
        }
        self.advance();
        self.eat(TokenKind::Equal);
        self.expect(TokenKind::LeftParen)?;
        let tables = match self.at(TokenKind::RightParen) {
            true => &[],
            false => self.list(Parser::table_name)?,
        };
        self.expect(TokenKind::RightParen)?;
        Ok(Some(TableOption { name: "union", value: OptionValue::Tables(tables) }))
    }

    fn option_value(&mut self, name: &str) -> Parsed<OptionValue<'a>> {
        if TEXT_OPTIONS.contains(&name) {
            return Ok(OptionValue::String(self.string()?));
        }
        match self.token.kind {
            TokenKind::Literal(LiteralKind::Str) if WORD_OPTIONS.contains(&name) => {
                Ok(OptionValue::Word(self.string_text()?))
            }
            TokenKind::Literal(LiteralKind::Str | LiteralKind::NationalStr)
                if name != "tablespace" =>
            {
                Ok(OptionValue::String(self.string()?))
            }
            TokenKind::Literal(LiteralKind::Int | LiteralKind::Hex | LiteralKind::Decimal)
                if !WORD_OPTIONS.contains(&name) =>
            {
                let text = self.token_text();
                self.advance();
                Ok(OptionValue::Word(text))
            }
            TokenKind::Word(_) if name == "row_format" => {
                let words = ["default", "fixed", "dynamic", "compressed", "redundant", "compact"];
                Ok(OptionValue::Word(self.one_of(&words)?))
            }
            TokenKind::Word(_) if name == "insert_method" => {
                Ok(OptionValue::Word(self.one_of(&["no", "first", "last"])?))
            }
            TokenKind::Word(Keyword::Binary) => Ok(OptionValue::Word(self.charset_name()?)),
            TokenKind::Word(Keyword::Null) if name == "secondary_engine" => {
                self.advance();
                Ok(OptionValue::Null)
            }
            TokenKind::Word(Keyword::Default) if DEFAULT_OPTIONS.contains(&name) => {
                Ok(OptionValue::Word(self.any_word()?.text))
            }
            _ => Ok(OptionValue::Word(self.name()?.text)),
        }
    }

    pub(super) fn at_charset(&self) -> bool {
        self.at_words(&["character", "set"])
            || self.at_words(&["char", "set"])
            || self.at_word("charset")
    }

    pub(super) fn eat_charset(&mut self) -> bool {
        self.eat_words(&["character", "set"])
            || self.eat_words(&["char", "set"])
            || self.eat_word("charset")
    }

    pub(super) fn charset_or_default(&mut self) -> Parsed<&'a str> {
        if self.eat_keyword(Keyword::Default) { Ok("default") } else { self.charset_name() }
    }
}

/// Tells whether MySQL's grammar takes a number for an option.
fn in_range(name: &str, value: OptionValue<'_>) -> bool {
    let OptionValue::Word(text) = value else { return true };
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return true;
    }
    let range = match name {
        "avg_row_length" => 0..=u64::from(u32::MAX),
        "key_block_size" => 0..=65_535,
        "stats_sample_pages" => 1..=65_535,
        "pack_keys" | "stats_auto_recalc" | "stats_persistent" => 0..=1,
        _ => return true,
    };
    text.parse().is_ok_and(|number| range.contains(&number))
}

/// Options whose value is a name even if it is written as a string.
const WORD_OPTIONS: &[&str] = &["engine", "secondary_engine", "row_format", "collate"];

/// Options whose value is a string.
const TEXT_OPTIONS: &[&str] = &[
    "comment",
    "compression",
    "connection",
    "data directory",
    "encryption",
    "engine_attribute",
    "index directory",
    "password",
    "secondary_engine_attribute",
];

/// Options whose value may be `DEFAULT`.
const DEFAULT_OPTIONS: &[&str] = &[
    "row_format",
    "pack_keys",
    "stats_auto_recalc",
    "stats_persistent",
    "stats_sample_pages",
    "read only",
    "storage",
    "tablespace",
];

/// Options by their canonical names, and the words that begin them.
const OPTIONS: &[(&str, &[&str])] = &[
    ("engine", &["engine"]),
    ("auto_increment", &["auto_increment"]),
    ("collate", &["collate"]),
    ("comment", &["comment"]),
    ("row_format", &["row_format"]),
    ("avg_row_length", &["avg_row_length"]),
    ("checksum", &["checksum"]),
    ("checksum", &["table_checksum"]),
    ("compression", &["compression"]),
    ("connection", &["connection"]),
    ("data directory", &["data", "directory"]),
    ("index directory", &["index", "directory"]),
    ("delay_key_write", &["delay_key_write"]),
    ("encryption", &["encryption"]),
    ("engine_attribute", &["engine_attribute"]),
    ("insert_method", &["insert_method"]),
    ("key_block_size", &["key_block_size"]),
    ("max_rows", &["max_rows"]),
    ("min_rows", &["min_rows"]),
    ("pack_keys", &["pack_keys"]),
    ("password", &["password"]),
    ("secondary_engine", &["secondary_engine"]),
    ("secondary_engine_attribute", &["secondary_engine_attribute"]),
    ("stats_auto_recalc", &["stats_auto_recalc"]),
    ("stats_persistent", &["stats_persistent"]),
    ("stats_sample_pages", &["stats_sample_pages"]),
    ("tablespace", &["tablespace"]),
    ("autoextend_size", &["autoextend_size"]),
    ("nodegroup", &["nodegroup"]),
    ("storage", &["storage"]),
    ("read only", &["read", "only"]),
];
