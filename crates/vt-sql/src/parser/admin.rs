//! Table maintenance, table locks, `FLUSH`.

use super::{Parsed, Parser};
use crate::{
    ast::{
        Flush, FlushOption, FlushWhat, Histogram, Maintenance, MaintenanceKind, MaintenanceOption,
        Statement, TableLock, TableLockKind,
    },
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    /// `ANALYZE`, `CHECK`, `CHECKSUM`, `OPTIMIZE` and `REPAIR`.
    pub(super) fn maintenance(&mut self) -> Parsed<Statement<'a>> {
        let kind = MaintenanceKind::from_text(self.token_text()).ok_or_else(|| self.fail())?;
        self.advance();
        let local = self.eat_no_binlog();
        if !self.eat_keyword(Keyword::Table) {
            self.expect_word("tables")?;
        }
        let tables = self.list(Parser::table_name)?;
        if self.at(TokenKind::Dot) {
            return Err(self.fail());
        }
        let histogram = match kind {
            MaintenanceKind::Analyze => self.histogram()?,
            _ => None,
        };
        let options = self.maintenance_options(kind)?;
        let maintenance = Maintenance { kind, local, tables, options, histogram };
        Ok(Statement::Maintenance(self.arena.node(maintenance)))
    }

    fn maintenance_options(&mut self, kind: MaintenanceKind) -> Parsed<&'a [MaintenanceOption]> {
        use MaintenanceOption as Choice;
        let all: &[Choice] = match kind {
            MaintenanceKind::Analyze | MaintenanceKind::Optimize => &[],
            MaintenanceKind::Check => &[
                Choice::Changed,
                Choice::Extended,
                Choice::Fast,
                Choice::ForUpgrade,
                Choice::Medium,
                Choice::Quick,
            ],
            MaintenanceKind::Checksum => &[Choice::Extended, Choice::Quick],
            MaintenanceKind::Repair => &[Choice::Extended, Choice::Quick, Choice::UseFrm],
        };
        let mut options = self.vec();
        while let Some(option) = all.iter().find(|option| match option {
            Choice::ForUpgrade => self.at_words(&["for", "upgrade"]),
            option => self.at_word(option.text()),
        }) {
            options.push(*option);
            self.advance();
            if *option == Choice::ForUpgrade {
                self.advance();
            }
            if kind == MaintenanceKind::Checksum {
                break;
            }
        }
        Ok(options.into_bump_slice())
    }

    /// Reads `UPDATE HISTOGRAM ON ...` or `DROP HISTOGRAM ON ...`, if it stands here.
    fn histogram(&mut self) -> Parsed<Option<Histogram<'a>>> {
        if self.eat_keyword(Keyword::Drop) {
            self.expect_words(&["histogram", "on"])?;
            return Ok(Some(Histogram::Drop { columns: self.list(Parser::name)? }));
        }
        if !self.eat_keyword(Keyword::Update) {
            return Ok(None);
        }
        self.expect_words(&["histogram", "on"])?;
        let columns = self.list(Parser::name)?;
        let mut buckets = None;
        let with_buckets = self.eat_keyword(Keyword::With);
        if with_buckets {
            buckets = Some(self.number()?);
            self.expect_word("buckets")?;
        }
        let automatic = match () {
            () if self.eat_word("auto") => Some(true),
            () if self.eat_word("manual") => Some(false),
            () => None,
        };
        if automatic.is_some() {
            self.expect_keyword(Keyword::Update)?;
        }
        let data = match !with_buckets && automatic.is_none() && self.eat_keyword(Keyword::Using) {
            true => {
                self.expect_word("data")?;
                Some(self.string()?)
            }
            false => None,
        };
        Ok(Some(Histogram::Update { columns, buckets, automatic, data }))
    }

    fn eat_no_binlog(&mut self) -> bool {
        self.eat_keyword(Keyword::NoWriteToBinlog) || self.eat_word("local")
    }

    pub(super) fn lock_tables(&mut self) -> Parsed<Statement<'a>> {
        let next = self.peek();
        if !self.is_word(next, "table") && !self.is_word(next, "tables") {
            return self.lock_instance();
        }
        self.advance();
        self.advance();
        let locks = self.list(|parser| {
            let table = parser.table_name()?;
            let is_kind = parser.at_keyword(Keyword::Read) || parser.at_keyword(Keyword::Write);
            let alias = if is_kind { None } else { parser.table_alias()? };
            let kind = if parser.eat_keyword(Keyword::Read) {
                match parser.eat_word("local") {
                    true => TableLockKind::ReadLocal,
                    false => TableLockKind::Read,
                }
            } else {
                parser.expect_keyword(Keyword::Write)?;
                TableLockKind::Write
            };
            Ok(TableLock { table, alias, kind })
        })?;
        Ok(Statement::LockTables(locks))
    }

    pub(super) fn unlock_tables(&mut self) -> Parsed<Statement<'a>> {
        let next = self.peek();
        if !self.is_word(next, "table") && !self.is_word(next, "tables") {
            return self.unlock_instance();
        }
        self.advance();
        self.advance();
        Ok(Statement::UnlockTables)
    }

    pub(super) fn flush(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let local = self.eat_no_binlog();
        let what = if self.eat_keyword(Keyword::Table) || self.eat_word("tables") {
            self.flush_tables()?
        } else {
            FlushWhat::Options(self.list(Parser::flush_option)?)
        };
        Ok(Statement::Flush(self.arena.node(Flush { local, what })))
    }

    fn flush_tables(&mut self) -> Parsed<FlushWhat<'a>> {
        let tables = match self.at_name() {
            true => self.list(Parser::table_name)?,
            false => &[],
        };
        let with_read_lock = self.eat_words(&["with", "read", "lock"]);
        let for_export =
            !with_read_lock && !tables.is_empty() && self.eat_words(&["for", "export"]);
        Ok(FlushWhat::Tables { tables, with_read_lock, for_export })
    }

    /// Reads one option: `BINARY LOGS`, `RELAY LOGS FOR CHANNEL 'x'`, `STATUS`.
    fn flush_option(&mut self) -> Parsed<FlushOption<'a>> {
        if self.eat_words(&["relay", "logs"]) {
            let channel = match self.eat_words(&["for", "channel"]) {
                true => Some(self.string()?),
                false => None,
            };
            return Ok(FlushOption::RelayLogs { channel });
        }
        let option = FLUSH_OPTIONS.iter().find(|(_, words)| self.at_words(words));
        let (name, words) = option.ok_or_else(|| self.fail())?;
        words.iter().for_each(|_| self.advance());
        Ok(FlushOption::Named(name))
    }
}

/// What can be flushed beside tables and relay logs.
const FLUSH_OPTIONS: &[(&str, &[&str])] = &[
    ("binary logs", &["binary", "logs"]),
    ("engine logs", &["engine", "logs"]),
    ("error logs", &["error", "logs"]),
    ("general logs", &["general", "logs"]),
    ("logs", &["logs"]),
    ("optimizer_costs", &["optimizer_costs"]),
    ("privileges", &["privileges"]),
    ("slow logs", &["slow", "logs"]),
    ("status", &["status"]),
    ("user_resources", &["user_resources"]),
];
