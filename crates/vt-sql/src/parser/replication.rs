//! Replication, binary logs, clones.

use super::{Parsed, Parser, expr::has_subquery};
use crate::{
    ast::{
        CloneInstance, FilterKind, FilterRules, GroupOption, Literal, LiteralKind, ReplicaThread,
        Replication, ReplicationFilter, Reset, SourceOption, SourceValue, StartReplica, Statement,
    },
    lexer::{Keyword, TokenKind},
};

/// What `UNTIL` of `START REPLICA` names.
const UNTIL: &[&str] = &[
    "source_log_file",
    "source_log_pos",
    "relay_log_file",
    "relay_log_pos",
    "sql_before_gtids",
    "sql_after_gtids",
];

/// What `START REPLICA` logs in with, in its order.
const LOGIN: &[&str] = &["user", "password", "default_auth", "plugin_dir"];

/// The options of `CHANGE REPLICATION SOURCE`.
const SOURCE: &[&str] = &[
    "assign_gtids_to_anonymous_transactions",
    "get_source_public_key",
    "gtid_only",
    "ignore_server_ids",
    "network_namespace",
    "privilege_checks_user",
    "relay_log_file",
    "relay_log_pos",
    "require_row_format",
    "require_table_primary_key_check",
    "source_auto_position",
    "source_bind",
    "source_compression_algorithms",
    "source_connect_retry",
    "source_connection_auto_failover",
    "source_delay",
    "source_heartbeat_period",
    "source_host",
    "source_log_file",
    "source_log_pos",
    "source_password",
    "source_port",
    "source_public_key_path",
    "source_retry_count",
    "source_ssl",
    "source_ssl_ca",
    "source_ssl_capath",
    "source_ssl_cert",
    "source_ssl_cipher",
    "source_ssl_crl",
    "source_ssl_crlpath",
    "source_ssl_key",
    "source_ssl_verify_server_cert",
    "source_tls_ciphersuites",
    "source_tls_version",
    "source_user",
    "source_zstd_compression_level",
];

/// Options whose value is a text.
const TEXTS: &[&str] = &[
    "default_auth",
    "network_namespace",
    "password",
    "plugin_dir",
    "relay_log_file",
    "source_bind",
    "source_compression_algorithms",
    "source_host",
    "source_log_file",
    "source_password",
    "source_public_key_path",
    "source_ssl_ca",
    "source_ssl_capath",
    "source_ssl_cert",
    "source_ssl_cipher",
    "source_ssl_crl",
    "source_ssl_crlpath",
    "source_ssl_key",
    "source_tls_ciphersuites",
    "source_tls_version",
    "source_user",
    "sql_after_gtids",
    "sql_before_gtids",
    "user",
];

/// Options whose value is one of some words.
const WORDS: &[(&str, &[&str])] = &[
    ("assign_gtids_to_anonymous_transactions", &["local", "off"]),
    ("require_table_primary_key_check", &["stream", "on", "off", "generate"]),
];

impl<'a> Parser<'a> {
    fn replication(&self, replication: Replication<'a>) -> Statement<'a> {
        Statement::Replication(self.arena.node(replication))
    }

    /// Reads `FOR CHANNEL 'name'`, if it stands here.
    fn channel(&mut self) -> Parsed<Option<&'a Literal<'a>>> {
        if self.eat_words(&["for", "channel"]) { self.string().map(Some) } else { Ok(None) }
    }

    pub(super) fn change(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_word("replication")?;
        if self.eat_word("filter") {
            let filters = self.list(Parser::replication_filter)?;
            let channel = self.channel()?;
            return Ok(self.replication(Replication::ChangeFilter { filters, channel }));
        }
        self.expect_words(&["source", "to"])?;
        let options = self.list(|parser| parser.source_option(SOURCE))?;
        let channel = self.channel()?;
        Ok(self.replication(Replication::ChangeSource { options, channel }))
    }

    fn source_option(&mut self, names: &[&'static str]) -> Parsed<SourceOption<'a>> {
        let name = names.iter().copied().find(|name| self.at_word(name));
        let name = name.ok_or_else(|| self.fail())?;
        self.advance();
        self.expect(TokenKind::Equal)?;
        let is_text = TEXTS.contains(&name);
        let value = match self.token.kind {
            TokenKind::Literal(LiteralKind::Str) if name == "privilege_checks_user" => {
                SourceValue::Account(self.account()?)
            }
            TokenKind::Literal(LiteralKind::Str)
                if is_text || name == "assign_gtids_to_anonymous_transactions" =>
            {
                SourceValue::String(self.string()?)
            }
            TokenKind::Literal(
                LiteralKind::Int | LiteralKind::Hex | LiteralKind::Decimal | LiteralKind::Float,
            ) if !is_text && !WORDS.iter().any(|(one, _)| *one == name) => {
                let text = self.token_text();
                let is_switch = matches!(name, "gtid_only" | "source_connection_auto_failover");
                if is_switch && !matches!(text, "0" | "1") {
                    return Err(self.fail());
                }
                self.advance();
                SourceValue::Number(text)
            }
            TokenKind::LeftParen if name == "ignore_server_ids" => {
                self.advance();
                let numbers = match self.at(TokenKind::RightParen) {
                    true => &[],
                    false => self.list(Parser::number)?,
                };
                self.expect(TokenKind::RightParen)?;
                SourceValue::Numbers(numbers)
            }
            TokenKind::Word(Keyword::Null)
                if matches!(name, "source_tls_ciphersuites" | "privilege_checks_user") =>
            {
                self.advance();
                SourceValue::Word("null")
            }
            TokenKind::Word(_) | TokenKind::Quoted
                if name == "privilege_checks_user" && !self.at_keyword(Keyword::CurrentUser) =>
            {
                SourceValue::Account(self.account()?)
            }
            TokenKind::Word(_) => {
                let words = WORDS.iter().find(|(one, _)| *one == name);
                let word =
                    words.and_then(|(_, words)| words.iter().find(|word| self.at_word(word)));
                let word = word.ok_or_else(|| self.fail())?;
                self.advance();
                SourceValue::Word(word)
            }
            _ => return Err(self.fail()),
        };
        Ok(SourceOption { name, value })
    }

    fn replication_filter(&mut self) -> Parsed<ReplicationFilter<'a>> {
        let kind = FilterKind::from_text(self.token_text()).ok_or_else(|| self.fail())?;
        self.advance();
        self.expect(TokenKind::Equal)?;
        self.expect(TokenKind::LeftParen)?;
        let empty = self.at(TokenKind::RightParen);
        let rules = match kind {
            FilterKind::DoDb | FilterKind::IgnoreDb => {
                FilterRules::Databases(if empty { &[] } else { self.list(Parser::name)? })
            }
            FilterKind::DoTable | FilterKind::IgnoreTable => {
                FilterRules::Tables(if empty { &[] } else { self.list(Parser::table_name)? })
            }
            FilterKind::WildDoTable | FilterKind::WildIgnoreTable => {
                FilterRules::Patterns(if empty { &[] } else { self.list(Parser::string)? })
            }
            FilterKind::RewriteDb => FilterRules::Pairs(match empty {
                true => &[],
                false => self.list(|parser| {
                    parser.expect(TokenKind::LeftParen)?;
                    let from = parser.name()?;
                    parser.expect(TokenKind::Comma)?;
                    let to = parser.name()?;
                    parser.expect(TokenKind::RightParen)?;
                    Ok((from, to))
                })?,
            }),
        };
        self.expect(TokenKind::RightParen)?;
        Ok(ReplicationFilter { kind, rules })
    }

    /// Reads `START REPLICA` and `START GROUP_REPLICATION`.
    pub(super) fn start_replication(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        if self.eat_word("group_replication") {
            let options = match GroupOption::from_text(self.token_text()) {
                None => &[],
                Some(_) => self.list(|parser| {
                    let option = GroupOption::from_text(parser.token_text());
                    let option = option.ok_or_else(|| parser.fail())?;
                    parser.advance();
                    parser.expect(TokenKind::Equal)?;
                    Ok((option, parser.string()?))
                })?,
            };
            return Ok(self.replication(Replication::StartGroup(options)));
        }
        self.expect_word("replica")?;
        let threads = self.replica_threads()?;
        let mut until: &[SourceOption<'a>] = &[];
        if self.eat_word("until") {
            until = match self.eat_word("sql_after_mts_gaps") {
                true => self.arena.list(&[SourceOption {
                    name: "sql_after_mts_gaps",
                    value: SourceValue::Word(""),
                }]),
                false => self.list(|parser| parser.source_option(UNTIL))?,
            };
        }
        let mut login = self.vec();
        for name in LOGIN {
            if self.at_word(name) {
                login.push(self.source_option(&[name])?);
            }
        }
        let login = login.into_bump_slice();
        let channel = self.channel()?;
        let start = self.arena.node(StartReplica { threads, until, login, channel });
        Ok(self.replication(Replication::StartReplica(start)))
    }

    pub(super) fn stop(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        if self.eat_word("group_replication") {
            return Ok(self.replication(Replication::StopGroup));
        }
        self.expect_word("replica")?;
        let threads = self.replica_threads()?;
        let channel = self.channel()?;
        Ok(self.replication(Replication::StopReplica { threads, channel }))
    }

    fn replica_threads(&mut self) -> Parsed<&'a [ReplicaThread]> {
        let thread = |parser: &mut Self| match () {
            () if parser.eat_word("sql_thread") => Some(ReplicaThread::Sql),
            () if parser.eat_word("io_thread") || parser.eat_word("relay_thread") => {
                Some(ReplicaThread::Io)
            }
            () => None,
        };
        let Some(first) = thread(self) else { return Ok(&[]) };
        let mut threads = self.vec();
        threads.push(first);
        while self.eat(TokenKind::Comma) {
            threads.push(thread(self).ok_or_else(|| self.fail())?);
        }
        Ok(threads.into_bump_slice())
    }

    pub(super) fn reset(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        if self.eat_word("persist") {
            let if_exists = self.if_exists();
            let variable = match self.at_end() && !if_exists {
                true => None,
                false => {
                    let first = self.any_word()?.text;
                    Some(match self.eat(TokenKind::Dot) {
                        true => {
                            let part = self.any_word()?.text;
                            self.arena.text(&[first, ".", part].concat())
                        }
                        false => first,
                    })
                }
            };
            return Ok(self.replication(Replication::ResetPersist { if_exists, variable }));
        }
        let resets = self.list(|parser| {
            if parser.eat_word("replica") {
                let all = parser.eat_keyword(Keyword::All);
                return Ok(Reset::Replica { all, channel: parser.channel()? });
            }
            parser.expect_words(&["binary", "logs", "and", "gtids"])?;
            let to = match parser.eat_keyword(Keyword::To) {
                true => Some(parser.number()?),
                false => None,
            };
            Ok(Reset::BinaryLogs { to })
        })?;
        Ok(self.replication(Replication::Reset(resets)))
    }

    pub(super) fn purge(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_words(&["binary", "logs"])?;
        let purge = match self.eat_keyword(Keyword::To) {
            true => Replication::PurgeTo(self.string()?),
            false => {
                self.expect_keyword(Keyword::Before)?;
                let fail = self.fail();
                let time = self.expr()?;
                if has_subquery(&time) {
                    return Err(fail);
                }
                Replication::PurgeBefore(time)
            }
        };
        Ok(self.replication(purge))
    }

    pub(super) fn binlog(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let event = self.string()?;
        Ok(self.replication(Replication::Binlog(event)))
    }

    pub(super) fn clone_statement(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        if self.eat_words(&["local", "data", "directory"]) {
            self.eat(TokenKind::Equal);
            let path = self.string()?;
            return Ok(self.replication(Replication::CloneLocal(path)));
        }
        self.expect_words(&["instance", "from"])?;
        let from = self.account()?;
        let port = self.clone_port()?;
        self.expect_words(&["identified", "by"])?;
        let password = self.string()?;
        let directory = match self.eat_words(&["data", "directory"]) {
            true => {
                self.eat(TokenKind::Equal);
                Some(self.string()?)
            }
            false => None,
        };
        let ssl = match self.eat_keyword(Keyword::Require) {
            true => {
                let off = self.eat_word("no");
                self.expect_keyword(Keyword::Ssl)?;
                Some(!off)
            }
            false => None,
        };
        let clone = CloneInstance { from, port, password, directory, ssl };
        Ok(self.replication(Replication::CloneInstance(self.arena.node(clone))))
    }

    /// Reads `:port`, which the lexer takes for a bind if no blank parts it.
    fn clone_port(&mut self) -> Parsed<&'a str> {
        if self.at(TokenKind::Bind) {
            let text = self.token_text().get(1..).unwrap_or_default();
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            if !digits {
                return Err(self.fail());
            }
            self.advance();
            return Ok(text);
        }
        self.expect(TokenKind::Colon)?;
        self.number()
    }
}
