//! Tablespaces, log files, servers, resource groups, spatial reference systems.

use super::{Parsed, Parser};
use crate::{
    ast::{
        CreateSpatialReference, CreateTablespace, Literal, OptionValue, ResourceGroup,
        ServerOption, ServerOptionKind, ServerValue, SpatialAttribute, Statement, Storage,
        TableOption, TablespaceAction,
    },
    lexer::{Keyword, TokenKind},
};

/// The options of tablespaces and log files; some stand alone.
const OPTIONS: &[(&str, OptionKind)] = &[
    ("initial_size", OptionKind::Size),
    ("autoextend_size", OptionKind::Size),
    ("max_size", OptionKind::Size),
    ("extent_size", OptionKind::Size),
    ("file_block_size", OptionKind::Size),
    ("undo_buffer_size", OptionKind::Size),
    ("redo_buffer_size", OptionKind::Size),
    ("nodegroup", OptionKind::Size),
    ("engine", OptionKind::Name),
    ("wait", OptionKind::Alone),
    ("no_wait", OptionKind::Alone),
    ("comment", OptionKind::Text),
    ("encryption", OptionKind::Text),
    ("engine_attribute", OptionKind::Text),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum OptionKind {
    Size,
    Name,
    Text,
    Alone,
}

impl<'a> Parser<'a> {
    fn storage(&self, storage: Storage<'a>) -> Statement<'a> {
        Statement::Storage(self.arena.node(storage))
    }

    fn storage_options(&mut self) -> Parsed<&'a [TableOption<'a>]> {
        let mut options = self.vec();
        loop {
            let start = self.token;
            let comma = !options.is_empty() && self.eat(TokenKind::Comma);
            if self.at_words(&["storage", "engine"]) {
                self.advance();
            }
            let Some((name, kind)) = OPTIONS.iter().find(|(name, _)| self.at_word(name)) else {
                return if comma {
                    self.jump(start.start as usize);
                    Err(self.fail())
                } else {
                    Ok(options.into_bump_slice())
                };
            };
            self.advance();
            if *kind != OptionKind::Alone {
                self.eat(TokenKind::Equal);
            }
            let value = match kind {
                OptionKind::Alone => OptionValue::Word(""),
                OptionKind::Text => OptionValue::String(self.string()?),
                OptionKind::Name => OptionValue::Word(self.name_or_string()?),
                OptionKind::Size => OptionValue::Word(self.size()?),
            };
            options.push(TableOption { name, value });
        }
    }

    /// Reads a number, perhaps with `K`, `M` or `G` behind it.
    pub(super) fn size(&mut self) -> Parsed<&'a str> {
        if let TokenKind::Literal(_) = self.token.kind {
            return self.number();
        }
        let text = self.token_text();
        let digits = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
        let unit = text.bytes().last().unwrap_or_default().to_ascii_lowercase();
        let good = matches!(unit, b'k' | b'm' | b'g' | b't')
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !good || !matches!(self.token.kind, TokenKind::Word(_)) {
            return Err(self.fail());
        }
        self.advance();
        Ok(text)
    }

    /// Reads `[UNDO] TABLESPACE name` behind the verb.
    fn tablespace_name(&mut self) -> Parsed<(bool, crate::ast::Ident<'a>)> {
        self.advance();
        let undo = self.eat_keyword(Keyword::Undo);
        self.expect_word("tablespace")?;
        Ok((undo, self.name()?))
    }

    pub(super) fn create_tablespace(&mut self) -> Parsed<Statement<'a>> {
        let (undo, name) = self.tablespace_name()?;
        let file = match self.eat_words(&["add", "datafile"]) {
            true => Some(self.string()?),
            false if undo => return Err(self.fail()),
            false => None,
        };
        let logfile_group = match !undo && self.eat_words(&["use", "logfile", "group"]) {
            true => Some(self.name()?),
            false => None,
        };
        let fail = self.fail();
        let options = self.storage_options()?;
        if undo && options.iter().any(|option| option.name != "engine") {
            return Err(fail);
        }
        let create = CreateTablespace { undo, name, file, logfile_group, options };
        Ok(self.storage(Storage::CreateTablespace(self.arena.node(create))))
    }

    pub(super) fn alter_tablespace(&mut self) -> Parsed<Statement<'a>> {
        let (undo, name) = self.tablespace_name()?;
        let action = match () {
            () if undo => {
                self.expect_keyword(Keyword::Set)?;
                let active = self.eat_word("active");
                if !active {
                    self.expect_word("inactive")?;
                }
                TablespaceAction::SetActive(active)
            }
            () if self.eat_words(&["add", "datafile"]) => TablespaceAction::AddFile(self.string()?),
            () if self.eat_words(&["drop", "datafile"]) => {
                TablespaceAction::DropFile(self.string()?)
            }
            () if self.eat_words(&["rename", "to"]) => TablespaceAction::Rename(self.name()?),
            () => TablespaceAction::Options,
        };
        let options = match action {
            TablespaceAction::Rename(_) => &[],
            _ => self.storage_options()?,
        };
        if action == TablespaceAction::Options && options.is_empty() {
            return Err(self.fail());
        }
        Ok(self.storage(Storage::AlterTablespace { undo, name, action, options }))
    }

    pub(super) fn drop_tablespace(&mut self) -> Parsed<Statement<'a>> {
        let (undo, name) = self.tablespace_name()?;
        let options = self.storage_options()?;
        Ok(self.storage(Storage::DropTablespace { undo, name, options }))
    }

    pub(super) fn logfile_group(&mut self, alter: bool) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_words(&["logfile", "group"])?;
        let name = self.name()?;
        self.expect_words(&["add", "undofile"])?;
        let file = self.string()?;
        let options = self.storage_options()?;
        Ok(self.storage(Storage::LogfileGroup { alter, name, file, options }))
    }

    pub(super) fn drop_logfile_group(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_words(&["logfile", "group"])?;
        let name = self.name()?;
        let options = self.storage_options()?;
        Ok(self.storage(Storage::DropLogfileGroup { name, options }))
    }

    pub(super) fn create_server(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let name = self.name_or_string()?;
        self.expect_words(&["foreign", "data", "wrapper"])?;
        let wrapper = self.name_or_string()?;
        let options = self.server_options()?;
        Ok(self.storage(Storage::CreateServer { name, wrapper, options }))
    }

    pub(super) fn alter_server(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let name = self.name_or_string()?;
        let options = self.server_options()?;
        Ok(self.storage(Storage::AlterServer { name, options }))
    }

    fn server_options(&mut self) -> Parsed<&'a [ServerOption<'a>]> {
        self.expect_word("options")?;
        self.paren_list(|parser| {
            let kind = ServerOptionKind::from_text(parser.token_text());
            let kind = kind.ok_or_else(|| parser.fail())?;
            parser.advance();
            let value = match kind {
                ServerOptionKind::Port => ServerValue::Number(parser.number()?),
                _ => ServerValue::String(parser.string()?),
            };
            Ok(ServerOption { kind, value })
        })
    }

    pub(super) fn drop_server(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let if_exists = self.if_exists();
        let name = self.name_or_string()?;
        Ok(self.storage(Storage::DropServer { if_exists, name }))
    }

    pub(super) fn resource_group(&mut self, alter: bool) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_words(&["resource", "group"])?;
        let name = self.name()?;
        let mut system = None;
        if !alter {
            self.expect_word("type")?;
            self.eat(TokenKind::Equal);
            let said = self.eat_keyword(Keyword::System);
            if !said {
                self.expect_word("user")?;
            }
            system = Some(said);
        }
        let cpus = self.cpus()?;
        let priority = match self.eat_word("thread_priority") {
            true => {
                self.eat(TokenKind::Equal);
                Some(self.signed_number()?)
            }
            false => None,
        };
        let enable = match () {
            () if self.eat_word("enable") => Some(true),
            () if self.eat_word("disable") => Some(false),
            () => None,
        };
        let force = alter && self.eat_keyword(Keyword::Force);
        let group = ResourceGroup { alter, name, system, cpus, priority, enable, force };
        Ok(self.storage(Storage::ResourceGroup(self.arena.node(group))))
    }

    /// Reads `VCPU = 0-3, 5`; commas may be left out.
    fn cpus(&mut self) -> Parsed<&'a [(&'a str, Option<&'a str>)]> {
        if !self.eat_word("vcpu") {
            return Ok(&[]);
        }
        self.eat(TokenKind::Equal);
        let mut cpus = self.vec();
        loop {
            let from = self.number()?;
            let to = if self.eat(TokenKind::Minus) { Some(self.number()?) } else { None };
            cpus.push((from, to));
            let comma = self.eat(TokenKind::Comma);
            if !comma && !matches!(self.token.kind, TokenKind::Literal(_)) {
                return Ok(cpus.into_bump_slice());
            }
        }
    }

    fn signed_number(&mut self) -> Parsed<&'a str> {
        if self.eat(TokenKind::Minus) {
            let number = self.number()?;
            return Ok(self.arena.text(&["-", number].concat()));
        }
        self.number()
    }

    pub(super) fn drop_resource_group(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_words(&["resource", "group"])?;
        let name = self.name()?;
        let force = self.eat_keyword(Keyword::Force);
        Ok(self.storage(Storage::DropResourceGroup { name, force }))
    }

    pub(super) fn set_resource_group(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_words(&["resource", "group"])?;
        let name = self.name()?;
        let mut threads = self.vec();
        if self.eat_keyword(Keyword::For) {
            loop {
                threads.push(self.number()?);
                let comma = self.eat(TokenKind::Comma);
                if !comma && !matches!(self.token.kind, TokenKind::Literal(_)) {
                    break;
                }
            }
        }
        let threads = threads.into_bump_slice();
        Ok(self.storage(Storage::SetResourceGroup { name, threads }))
    }

    pub(super) fn create_spatial_reference(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let or_replace = self.eat_words(&["or", "replace"]);
        self.expect_words(&["spatial", "reference", "system"])?;
        let if_not_exists = !or_replace && self.if_not_exists();
        let srid = self.number()?;
        let mut attributes = self.vec();
        loop {
            attributes.push(match () {
                () if self.eat_word("name") => SpatialAttribute::Name(self.text_literal()?),
                () if self.eat_word("definition") => {
                    SpatialAttribute::Definition(self.text_literal()?)
                }
                () if self.eat_word("organization") => {
                    let name = self.text_literal()?;
                    self.expect_words(&["identified", "by"])?;
                    SpatialAttribute::Organization { name, id: self.number()? }
                }
                () if self.eat_word("description") => {
                    SpatialAttribute::Description(self.text_literal()?)
                }
                () => break,
            });
        }
        let attributes = attributes.into_bump_slice();
        let create = CreateSpatialReference { or_replace, if_not_exists, srid, attributes };
        Ok(self.storage(Storage::CreateSpatialReference(self.arena.node(create))))
    }

    /// Reads a string in quotes.
    pub(super) fn text_literal(&mut self) -> Parsed<&'a Literal<'a>> {
        if self.at_string() { self.string() } else { Err(self.fail()) }
    }

    pub(super) fn drop_spatial_reference(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_words(&["spatial", "reference", "system"])?;
        let if_exists = self.if_exists();
        let srid = self.number()?;
        Ok(self.storage(Storage::DropSpatialReference { if_exists, srid }))
    }
}
