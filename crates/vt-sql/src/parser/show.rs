//! `SHOW`.

use super::{Parsed, Parser, expr::variable_scope};
use crate::{
    ast::{
        Ident, Show, ShowFilter, ShowKind, ShowObject, ShowVitess, Statement, TableName,
        VariableScope,
    },
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    /// Reads words that MySQL no longer knows since 8.4.
    fn eat_old_words(&mut self, words: &[&str]) -> bool {
        const GONE_SINCE: u32 = 80_400;
        self.modes.mysql_version < GONE_SINCE && self.eat_words(words)
    }

    pub(super) fn show(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        let kind = self.show_kind()?.ok_or_else(|| self.fail())?;
        let filter = match may_filter(&kind) {
            true if matches!(kind, ShowKind::Index { .. }) => {
                self.optional_expr(Keyword::Where)?.map(ShowFilter::Where)
            }
            true => self.show_filter()?,
            false => None,
        };
        Ok(Statement::Show(self.arena.node(Show { comments, kind, filter })))
    }

    fn show_filter(&mut self) -> Parsed<Option<ShowFilter<'a>>> {
        if self.eat_keyword(Keyword::Like) {
            return Ok(Some(ShowFilter::Like(self.simple_value()?)));
        }
        Ok(self.optional_expr(Keyword::Where)?.map(ShowFilter::Where))
    }

    fn show_kind(&mut self) -> Parsed<Option<ShowKind<'a>>> {
        if let Some(kind) = self.show_words() {
            return Ok(Some(kind));
        }
        match () {
            () if self.at_word("vschema") => self.show_vschema(),
            () if self.token_text().len() > 7 && self.at_vitess_word() => self.show_vitess(),
            () if self.at_words(&["transaction", "status"]) => {
                self.advance();
                self.advance();
                self.eat_keyword(Keyword::For);
                let dtid = self.simple_value()?;
                Ok(Some(ShowKind::Vitess(ShowVitess::TransactionStatus { dtid })))
            }
            () if self.eat_words(&["unresolved", "transactions"]) => {
                let keyspace = match self.eat_keyword(Keyword::For) {
                    true => Some(self.name()?),
                    false => None,
                };
                Ok(Some(ShowKind::Vitess(ShowVitess::UnresolvedTransactions { keyspace })))
            }
            () if self.at_keyword(Keyword::Create) => self.show_create(),
            () => self.show_tables(),
        }
    }

    /// Forms without anything variable but a filter.
    fn show_words(&mut self) -> Option<ShowKind<'a>> {
        let kind = match () {
            () if self.eat_word("databases") || self.eat_word("schemas") => ShowKind::Databases,
            () if self.eat_word("keyspaces") || self.eat_word("vitess_keyspaces") => {
                ShowKind::Keyspaces
            }
            () if self.eat_words(&["character", "set"])
                || self.eat_words(&["char", "set"])
                || self.eat_word("charset") =>
            {
                ShowKind::CharacterSet
            }
            () if self.eat_word("collation") => ShowKind::Collation,
            () if self.eat_word("engines") || self.eat_words(&["storage", "engines"]) => {
                ShowKind::Engines
            }
            () if self.eat_word("plugins") => ShowKind::Plugins,
            () if self.eat_word("privileges") => ShowKind::Privileges,
            () if self.eat_word("profiles") => ShowKind::Profiles,
            () if self.eat_word("processlist") => ShowKind::ProcessList { full: false },
            () if self.eat_words(&["full", "processlist"]) => ShowKind::ProcessList { full: true },
            () if self.eat_words(&["function", "status"]) => ShowKind::FunctionStatus,
            () if self.eat_words(&["procedure", "status"]) => ShowKind::ProcedureStatus,
            () if self.eat_words(&["library", "status"]) => ShowKind::LibraryStatus,
            () if self.eat_words(&["binary", "logs"])
                || self.eat_old_words(&["master", "logs"]) =>
            {
                ShowKind::BinaryLogs
            }
            () if self.eat_words(&["binary", "log", "status"]) => {
                ShowKind::BinaryLogStatus { master: false }
            }
            () if self.eat_old_words(&["master", "status"]) => {
                ShowKind::BinaryLogStatus { master: true }
            }
            () if self.eat_word("replicas") || self.eat_old_words(&["slave", "hosts"]) => {
                ShowKind::Replicas
            }
            () => return None,
        };
        Some(kind)
    }

    fn show_tables(&mut self) -> Parsed<Option<ShowKind<'a>>> {
        let extended = self.eat_word("extended");
        let full = self.eat_word("full");
        let kind = match () {
            () if self.eat_word("tables") => {
                ShowKind::Tables { full, extended, schema: self.show_schema()? }
            }
            () if self.eat_word("columns") || self.eat_word("fields") => {
                ShowKind::Columns { full, extended, table: self.show_table()? }
            }
            () if self.eat_word("triggers") => {
                ShowKind::Triggers { full, schema: self.show_schema()? }
            }
            () if full => return Ok(None),
            () if self.eat_word("index")
                || self.eat_word("indexes")
                || self.eat_keyword(Keyword::Keys) =>
            {
                ShowKind::Index { extended, table: self.show_table()? }
            }
            () if extended => return Ok(None),
            () if self.eat_words(&["table", "status"]) => {
                ShowKind::TableStatus { schema: self.show_schema()? }
            }
            () if self.eat_words(&["open", "tables"]) => {
                ShowKind::OpenTables { schema: self.show_schema()? }
            }
            () if self.eat_word("events") => ShowKind::Events { schema: self.show_schema()? },
            () => return self.show_server(),
        };
        Ok(Some(kind))
    }

    fn show_server(&mut self) -> Parsed<Option<ShowKind<'a>>> {
        let kind = match () {
            () if self.at_words(&["count"]) => return self.show_count(),
            () if self.eat_word("warnings") => {
                ShowKind::Warnings { count: false, limit: self.limit()? }
            }
            () if self.eat_word("errors") => {
                ShowKind::Errors { count: false, limit: self.limit()? }
            }
            () if self.eat_word("profile") => return self.show_profile().map(Some),
            () if self.eat_word("grants") => return self.show_grants().map(Some),
            () if self.eat_words(&["function", "code"]) => {
                ShowKind::FunctionCode(self.table_name()?)
            }
            () if self.eat_words(&["procedure", "code"]) => {
                ShowKind::ProcedureCode(self.table_name()?)
            }
            () if self.eat_word("engine") => {
                let name =
                    if self.eat_keyword(Keyword::All) { "all" } else { self.name_or_string()? };
                ShowKind::Engine { name, what: self.one_of(&["status", "mutex", "logs"])? }
            }
            () if self.at_words(&["binlog", "events"])
                || self.at_words(&["relaylog", "events"]) =>
            {
                return self.show_log_events().map(Some);
            }
            () if self.eat_words(&["replica", "status"])
                || self.eat_old_words(&["slave", "status"]) =>
            {
                let channel = match self.eat_words(&["for", "channel"]) {
                    true => Some(self.string()?),
                    false => None,
                };
                ShowKind::ReplicaStatus { channel }
            }
            () => return self.show_variables(),
        };
        Ok(Some(kind))
    }

    /// `VARIABLES`, `STATUS` and Vitess's GTID forms, with their scopes.
    fn show_variables(&mut self) -> Parsed<Option<ShowKind<'a>>> {
        let scope = match self.token.kind {
            TokenKind::Word(_) => variable_scope(self.token_text()),
            _ => None,
        };
        let next = match scope {
            Some(_) => self.peek(),
            None => self.token,
        };
        let is = |word: &str| self.is_word(next, word);
        let (variables, status) = (is("variables"), is("status"));
        let (gtid, vgtid) = (is("gtid_executed"), is("vgtid_executed"));
        let global = scope == Some(VariableScope::Global);
        let plain = matches!(scope, None | Some(VariableScope::Global | VariableScope::Session));
        if !(plain && (variables || status) || (global && (gtid || vgtid))) {
            return Ok(None);
        }
        if scope.is_some() {
            self.advance();
        }
        self.advance();
        if variables {
            return Ok(Some(ShowKind::Variables { scope }));
        }
        if status {
            return Ok(Some(ShowKind::Status { scope }));
        }
        let keyspace = self.show_schema()?;
        Ok(Some(ShowKind::Vitess(match gtid {
            true => ShowVitess::GtidExecuted { keyspace },
            false => ShowVitess::VgtidExecuted { keyspace },
        })))
    }

    /// Reads `FROM schema` or `IN schema`, if it stands here.
    fn show_schema(&mut self) -> Parsed<Option<Ident<'a>>> {
        if self.eat_keyword(Keyword::From) || self.eat_keyword(Keyword::In) {
            return self.name().map(Some);
        }
        Ok(None)
    }

    /// Reads `FROM table [FROM schema]`.
    fn show_table(&mut self) -> Parsed<TableName<'a>> {
        if !self.eat_keyword(Keyword::From) {
            self.expect_keyword(Keyword::In)?;
        }
        let mut table = self.table_name()?;
        if let Some(schema) = self.show_schema()? {
            table.qualifier = Some(schema);
        }
        Ok(table)
    }

    /// `COUNT(*) WARNINGS` and `COUNT(*) ERRORS`.
    fn show_count(&mut self) -> Parsed<Option<ShowKind<'a>>> {
        self.advance();
        self.expect(TokenKind::LeftParen)?;
        self.expect(TokenKind::Star)?;
        self.expect(TokenKind::RightParen)?;
        if self.eat_word("warnings") {
            return Ok(Some(ShowKind::Warnings { count: true, limit: None }));
        }
        self.expect_word("errors")?;
        Ok(Some(ShowKind::Errors { count: true, limit: None }))
    }

    fn show_profile(&mut self) -> Parsed<ShowKind<'a>> {
        let mut types = self.vec();
        while let TokenKind::Word(keyword) = self.token.kind {
            if types.is_empty() && matches!(keyword, Keyword::For | Keyword::Limit) {
                break;
            }
            let words = PROFILE_TYPES.iter().find(|words| self.at_words(words));
            let words = words.ok_or_else(|| self.fail())?;
            let start = self.token.start;
            words.iter().for_each(|_| self.advance());
            types.push(self.text_of(start, self.before));
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        let query = match self.eat_keyword(Keyword::For) {
            true => {
                self.expect_word("query")?;
                Some(self.simple_value()?)
            }
            false => None,
        };
        Ok(ShowKind::Profile { types: types.into_bump_slice(), query, limit: self.limit()? })
    }

    fn show_grants(&mut self) -> Parsed<ShowKind<'a>> {
        if !self.eat_keyword(Keyword::For) {
            return Ok(ShowKind::Grants { account: None, using: &[] });
        }
        let account = Some(self.account()?);
        let using = match self.eat_keyword(Keyword::Using) {
            true => self.list(Parser::account)?,
            false => &[],
        };
        Ok(ShowKind::Grants { account, using })
    }

    fn show_log_events(&mut self) -> Parsed<ShowKind<'a>> {
        let relay = self.at_word("relaylog");
        self.advance();
        self.advance();
        let log = if self.eat_keyword(Keyword::In) { Some(self.string()?) } else { None };
        let position = match self.eat_keyword(Keyword::From) {
            true => Some(self.simple_value()?),
            false => None,
        };
        let limit = self.limit()?;
        let channel = match self.eat_words(&["for", "channel"]) {
            true => Some(self.string()?),
            false => None,
        };
        Ok(ShowKind::BinlogEvents { relay, log, position, limit, channel })
    }

    fn show_create(&mut self) -> Parsed<Option<ShowKind<'a>>> {
        self.advance();
        if self.eat_keyword(Keyword::Table) {
            return Ok(Some(ShowKind::CreateTable(self.table_name()?)));
        }
        if self.eat_keyword(Keyword::Database) || self.eat_keyword(Keyword::Schema) {
            let if_not_exists = self.eat_words(&["if", "not", "exists"]);
            return Ok(Some(ShowKind::CreateDatabase { if_not_exists, name: self.name()? }));
        }
        if self.eat_word("user") {
            return Ok(Some(ShowKind::CreateUser(self.account()?)));
        }
        let kind = match () {
            () if self.at_word("view") => ShowObject::View,
            () if self.at_word("procedure") => ShowObject::Procedure,
            () if self.at_word("function") => ShowObject::Function,
            () if self.at_word("trigger") => ShowObject::Trigger,
            () if self.at_word("event") => ShowObject::Event,
            () if self.at_word("library") => ShowObject::Library,
            () if self.at_word("masking") => {
                self.advance();
                ShowObject::MaskingPolicy
            }
            () => return Err(self.fail()),
        };
        self.advance();
        Ok(Some(ShowKind::CreateObject { kind, name: self.table_name()? }))
    }

    fn show_vschema(&mut self) -> Parsed<Option<ShowKind<'a>>> {
        self.advance();
        let form = match () {
            () if self.eat_word("keyspaces") => ShowVitess::VschemaKeyspaces,
            () if self.eat_word("tables") => ShowVitess::VschemaTables,
            () => {
                self.expect_word("vindexes")?;
                let on = self.eat_keyword(Keyword::On)
                    || self.eat_keyword(Keyword::From)
                    || self.eat_keyword(Keyword::In);
                let table = if on { Some(self.table_name()?) } else { None };
                ShowVitess::VschemaVindexes { table }
            }
        };
        Ok(Some(ShowKind::Vitess(form)))
    }

    fn at_vitess_word(&self) -> bool {
        let word = self.token_text().as_bytes();
        word.get(..7).is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"vitess_"))
    }

    fn show_vitess(&mut self) -> Parsed<Option<ShowKind<'a>>> {
        let form = match () {
            () if self.eat_word("vitess_shards") => ShowVitess::Shards,
            () if self.eat_word("vitess_tablets") => ShowVitess::Tablets,
            () if self.eat_word("vitess_replication_status") => ShowVitess::ReplicationStatus,
            () if self.eat_word("vitess_target") => ShowVitess::Target,
            () if self.eat_words(&["vitess_metadata", "variables"]) => {
                ShowVitess::MetadataVariables
            }
            () if self.eat_word("vitess_migrations") => {
                ShowVitess::Migrations { keyspace: self.show_schema()? }
            }
            () if self.eat_word("vitess_migration") => {
                let uuid = self.simple_value()?;
                self.expect_word("logs")?;
                ShowVitess::MigrationLogs { uuid }
            }
            () if self.eat_word("vitess_throttled_apps") => ShowVitess::ThrottledApps,
            () if self.eat_words(&["vitess_throttler", "status"]) => ShowVitess::ThrottlerStatus,
            () => return Err(self.fail()),
        };
        Ok(Some(ShowKind::Vitess(form)))
    }
}

/// What `SHOW PROFILE` can show.
const PROFILE_TYPES: &[&[&str]] = &[
    &["all"],
    &["block", "io"],
    &["context", "switches"],
    &["cpu"],
    &["ipc"],
    &["memory"],
    &["page", "faults"],
    &["source"],
    &["swaps"],
];

/// Tells whether `LIKE` or `WHERE` may follow; of Vitess's own forms, all may have it.
fn may_filter(kind: &ShowKind<'_>) -> bool {
    !matches!(
        kind,
        ShowKind::BinaryLogStatus { .. }
            | ShowKind::BinaryLogs
            | ShowKind::BinlogEvents { .. }
            | ShowKind::CreateDatabase { .. }
            | ShowKind::CreateObject { .. }
            | ShowKind::CreateTable(_)
            | ShowKind::CreateUser(_)
            | ShowKind::Engine { .. }
            | ShowKind::Engines
            | ShowKind::Plugins
            | ShowKind::Privileges
            | ShowKind::ProcessList { .. }
            | ShowKind::Errors { .. }
            | ShowKind::FunctionCode(_)
            | ShowKind::Grants { .. }
            | ShowKind::ProcedureCode(_)
            | ShowKind::Profile { .. }
            | ShowKind::Profiles
            | ShowKind::ReplicaStatus { .. }
            | ShowKind::Replicas
            | ShowKind::Warnings { .. }
    )
}
