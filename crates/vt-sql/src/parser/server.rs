//! The server itself: plugins, components, instance, key caches, help.

use super::{Parsed, Parser, expr::has_subquery};
use crate::{
    ast::{
        CachedPartitions, CachedTable, Ident, InstanceAction, MaskingPolicy, ServerStatement,
        SetItem, SetValue, Statement, Variable, VariableScope,
    },
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    fn server(&self, statement: ServerStatement<'a>) -> Statement<'a> {
        Statement::Server(self.arena.node(statement))
    }

    pub(super) fn install(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        if self.eat_word("plugin") {
            let name = self.name()?;
            self.expect_word("soname")?;
            let file = self.string()?;
            return Ok(self.server(ServerStatement::InstallPlugin { name, file }));
        }
        self.expect_word("component")?;
        let names = self.list(Parser::text_literal)?;
        let set = match self.eat_keyword(Keyword::Set) {
            // Variables are named without signs here.
            true if matches!(self.token.kind, TokenKind::AtAt | TokenKind::UserVariable) => {
                return Err(self.fail());
            }
            true => {
                let fail = self.fail();
                let items = self.set_items()?;
                if items.iter().all(is_component_setting) { items } else { return Err(fail) }
            }
            false => &[],
        };
        Ok(self.server(ServerStatement::InstallComponent { names, set }))
    }

    pub(super) fn uninstall(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        if self.eat_word("plugin") {
            let name = self.name()?;
            return Ok(self.server(ServerStatement::UninstallPlugin(name)));
        }
        self.expect_word("component")?;
        let names = self.list(Parser::text_literal)?;
        Ok(self.server(ServerStatement::UninstallComponent(names)))
    }

    pub(super) fn alter_instance(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let action = match () {
            () if self.eat_word("rotate") => {
                let innodb = self.eat_word("innodb");
                if !innodb {
                    self.expect_word("binlog")?;
                }
                self.expect_words(&["master", "key"])?;
                match innodb {
                    true => InstanceAction::RotateInnodbKey,
                    false => InstanceAction::RotateBinlogKey,
                }
            }
            () if self.eat_words(&["reload", "tls"]) => {
                let channel = match self.eat_words(&["for", "channel"]) {
                    true => Some(self.name()?),
                    false => None,
                };
                let no_rollback = self.eat_words(&["no", "rollback", "on", "error"]);
                InstanceAction::ReloadTls { channel, no_rollback }
            }
            () if self.eat_words(&["reload", "keyring"]) => InstanceAction::ReloadKeyring,
            () => {
                let enable = self.eat_word("enable");
                if !enable {
                    self.expect_word("disable")?;
                }
                self.expect_words(&["innodb", "redo_log"])?;
                InstanceAction::RedoLog { enable }
            }
        };
        Ok(self.server(ServerStatement::AlterInstance(action)))
    }

    /// Reads `LOCK INSTANCE FOR BACKUP`.
    pub(super) fn lock_instance(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_words(&["instance", "for", "backup"])?;
        Ok(self.server(ServerStatement::LockInstance))
    }

    pub(super) fn unlock_instance(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_word("instance")?;
        Ok(self.server(ServerStatement::UnlockInstance))
    }

    pub(super) fn server_word(&mut self, statement: ServerStatement<'a>) -> Statement<'a> {
        self.advance();
        self.server(statement)
    }

    pub(super) fn help(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let topic = self.name_or_string()?;
        Ok(self.server(ServerStatement::Help(topic)))
    }

    pub(super) fn import_table(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_words(&["table", "from"])?;
        let files = self.list(Parser::text_literal)?;
        Ok(self.server(ServerStatement::ImportTable(files)))
    }

    pub(super) fn cache_index(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_keyword(Keyword::Index)?;
        let tables = self.cached_tables(false)?;
        self.expect_keyword(Keyword::In)?;
        let cache = match self.eat_keyword(Keyword::Default) {
            true => None,
            false => Some(self.name()?),
        };
        Ok(self.server(ServerStatement::CacheIndex { tables, cache }))
    }

    /// Reads `LOAD INDEX INTO CACHE`.
    pub(super) fn load_index(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_words(&["index", "into", "cache"])?;
        let tables = self.cached_tables(true)?;
        Ok(self.server(ServerStatement::LoadIndex(tables)))
    }

    /// Reads one table with partitions, or several tables.
    fn cached_tables(&mut self, load: bool) -> Parsed<&'a [CachedTable<'a>]> {
        let tables = self.list(|parser| parser.cached_table(load))?;
        let partitioned = tables.iter().any(|table| table.partitions.is_some());
        if partitioned && tables.len() > 1 { Err(self.fail()) } else { Ok(tables) }
    }

    fn cached_table(&mut self, load: bool) -> Parsed<CachedTable<'a>> {
        let table = self.table_name()?;
        let mut partitions = None;
        if self.eat_keyword(Keyword::Partition) {
            self.expect(TokenKind::LeftParen)?;
            partitions = Some(match self.eat_keyword(Keyword::All) {
                true => CachedPartitions::All,
                false => CachedPartitions::Named(self.list(Parser::name)?),
            });
            self.expect(TokenKind::RightParen)?;
        }
        let indexes = match self.eat_keyword(Keyword::Index) || self.eat_keyword(Keyword::Key) {
            true => Some(self.cached_indexes()?),
            false => None,
        };
        let ignore_leaves = load && self.eat_words(&["ignore", "leaves"]);
        Ok(CachedTable { table, partitions, indexes, ignore_leaves })
    }

    fn cached_indexes(&mut self) -> Parsed<&'a [Ident<'a>]> {
        self.expect(TokenKind::LeftParen)?;
        let indexes = match self.at(TokenKind::RightParen) {
            true => &[],
            false => self.list(Parser::index_name)?,
        };
        self.expect(TokenKind::RightParen)?;
        Ok(indexes)
    }

    pub(super) fn create_masking_policy(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_words(&["masking", "policy"])?;
        let if_not_exists = self.if_not_exists();
        let name = self.name()?;
        self.expect(TokenKind::LeftParen)?;
        let parameter = self.name()?;
        self.expect(TokenKind::RightParen)?;
        let expr = self.expr()?;
        let policy = MaskingPolicy { if_not_exists, name, parameter, expr };
        Ok(self.server(ServerStatement::CreateMaskingPolicy(self.arena.node(policy))))
    }

    pub(super) fn drop_masking_policy(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_words(&["masking", "policy"])?;
        let if_exists = self.if_exists();
        let name = self.name()?;
        Ok(self.server(ServerStatement::DropMaskingPolicy { if_exists, name }))
    }
}

/// Tells whether a setting is one of those that `INSTALL COMPONENT` makes.
fn is_component_setting(item: &SetItem<'_>) -> bool {
    match item {
        SetItem::Variable {
            variable: Variable::System(variable),
            value: SetValue::Expr(value),
        } => {
            let scope = variable.scope.unwrap_or(VariableScope::Global);
            matches!(scope, VariableScope::Global | VariableScope::Persist) && !has_subquery(value)
        }
        SetItem::Variable { variable: Variable::System(variable), value: SetValue::Word(_) } => {
            let scope = variable.scope.unwrap_or(VariableScope::Global);
            matches!(scope, VariableScope::Global | VariableScope::Persist)
        }
        _ => false,
    }
}
