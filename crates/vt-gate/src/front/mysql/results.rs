//! Results on their way to a MySQL client.

use async_trait::async_trait;
use vt_base::Result;
use vt_mysql::server::ResultWriter;
use vt_tablet_api::StreamPart;
use vt_value::QueryResult;
use vt_wire::{EndInfo, SessionChange, status};

use crate::query::Sink;
use crate::session::Session;

/// Writes pieces as they come.
pub(super) struct Writer<'a, 'w> {
    out: &'a mut ResultWriter<'w>,
    has_started: bool,
}

impl<'a, 'w> Writer<'a, 'w> {
    pub(super) fn new(out: &'a mut ResultWriter<'w>) -> Writer<'a, 'w> {
        Writer { out, has_started: false }
    }

    /// Writes what is left of a result, and its end.
    pub(super) async fn finish(
        self,
        result: QueryResult,
        session: &Session,
        changes: Vec<SessionChange>,
    ) -> Result<()> {
        let end = end_info(&result, session, changes);
        if self.has_started {
            return self.out.end(end).await;
        }
        if !result.has_fields() {
            return self.out.ok(end).await;
        }
        self.out.start(&result.fields).await?;
        self.out.rows(&result.rows).await?;
        self.out.end(end).await
    }
}

#[async_trait]
impl Sink for Writer<'_, '_> {
    fn is_streaming(&self) -> bool {
        true
    }

    async fn take(&mut self, part: StreamPart) -> Result<()> {
        if let Some(fields) = &part.fields
            && !self.has_started
        {
            self.out.start(fields).await?;
            self.has_started = true;
        }
        if !part.rows.is_empty() {
            self.out.rows(&part.rows).await?;
        }
        Ok(())
    }
}

fn end_info(
    result: &QueryResult,
    session: &Session,
    session_changes: Vec<SessionChange>,
) -> EndInfo {
    EndInfo {
        affected_rows: if result.has_fields() { 0 } else { result.rows_affected },
        insert_id: if result.has_fields() { 0 } else { result.insert_id },
        status: status_flags(session),
        warnings: u16::try_from(session.warnings.count()).unwrap_or(u16::MAX),
        info: result.info.to_string(),
        session: session_changes,
    }
}

/// Returns the status flags of a session.
pub(super) fn status_flags(session: &Session) -> u16 {
    let mut flags = 0;
    if session.autocommit {
        flags |= status::AUTOCOMMIT;
    }
    if session.transaction.is_open && !session.transaction.is_implicit {
        flags |= status::IN_TRANSACTION;
        if session.transaction.is_read_only {
            flags |= status::IN_READ_ONLY_TRANSACTION;
        }
    }
    if session.modes.no_backslash_escapes {
        flags |= status::NO_BACKSLASH_ESCAPES;
    }
    flags
}

/// What of a session is told to clients that track it.
pub(super) struct Tracked {
    target: std::sync::Arc<str>,
    autocommit: bool,
    charset: String,
}

impl Tracked {
    /// Notes the state before a statement.
    pub(super) fn of(session: &Session) -> Tracked {
        Tracked {
            target: session.target.text().clone(),
            autocommit: session.autocommit,
            charset: session.charset.clone(),
        }
    }

    /// Returns what has changed since.
    pub(super) fn changes(&self, session: &Session) -> Vec<SessionChange> {
        let mut changes = Vec::new();
        let variable = |name: &str, value: &str| SessionChange::SystemVariable {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        if self.target != *session.target.text() {
            changes.push(SessionChange::Schema(session.target.as_str().to_owned()));
        }
        if self.autocommit != session.autocommit {
            let value = if session.autocommit { "ON" } else { "OFF" };
            changes.push(variable("autocommit", value));
        }
        if self.charset != session.charset {
            for name in
                ["character_set_client", "character_set_connection", "character_set_results"]
            {
                changes.push(variable(name, &session.charset));
            }
        }
        changes
    }
}
