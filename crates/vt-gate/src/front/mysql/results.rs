//! Results on their way to a MySQL client.

use async_trait::async_trait;
use bytes::Bytes;
use vt_base::Result;
use vt_mysql::server::ResultWriter;
use vt_tablet_api::StreamPart;
use vt_value::{Fields, QueryResult, Rows};
use vt_wire::{EndInfo, SessionChange, status};

use super::charset::Recoder;
use crate::query::{ClientFile, Sink};
use crate::session::{Charsets, Session, Settings};

/// Writes pieces as they come.
pub(super) struct Writer<'a, 'w> {
    out: &'a mut ResultWriter<'w>,
    recoder: Option<Recoder>,
    has_started: bool,
}

impl<'a, 'w> Writer<'a, 'w> {
    pub(super) fn new(out: &'a mut ResultWriter<'w>, session: &Session) -> Writer<'a, 'w> {
        let recoder = Recoder::of(session);
        out.encode_with(recoder.as_ref().map(Recoder::encode));
        Writer { out, recoder, has_started: false }
    }

    async fn start(&mut self, fields: &Fields) -> Result<()> {
        self.has_started = true;
        match &mut self.recoder {
            Some(recoder) => self.out.start(&recoder.fields(fields)).await,
            None => self.out.start(fields).await,
        }
    }

    async fn rows(&mut self, rows: &Rows) -> Result<()> {
        match &self.recoder {
            Some(recoder) => self.out.rows(&recoder.rows(rows)).await,
            None => self.out.rows(rows).await,
        }
    }

    /// Writes what is left of a result, and its end.
    pub(super) async fn finish(
        mut self,
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
        self.start(&result.fields).await?;
        self.rows(&result.rows).await?;
        self.out.end(end).await
    }
}

#[async_trait]
impl ClientFile for Writer<'_, '_> {
    async fn request(&mut self, name: &[u8]) -> Result<()> {
        self.out.request_file(name).await
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.out.file_chunk().await
    }
}

#[async_trait]
impl Sink for Writer<'_, '_> {
    fn is_streaming(&self) -> bool {
        true
    }

    fn client_file(&mut self) -> Option<&mut dyn ClientFile> {
        Some(self)
    }

    async fn take(&mut self, part: StreamPart) -> Result<()> {
        if let Some(fields) = &part.fields
            && !self.has_started
        {
            self.start(fields).await?;
        }
        if !part.rows.is_empty() {
            self.rows(&part.rows).await?;
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
    charsets: Charsets,
    time_zone: Option<String>,
}

impl Tracked {
    /// Notes the state before a statement.
    pub(super) fn of(session: &Session) -> Tracked {
        Tracked {
            target: session.target.text().clone(),
            autocommit: session.autocommit,
            charsets: session.charsets,
            time_zone: time_zone(&session.settings),
        }
    }

    /// Returns what has changed since, as far as the client wants to hear of it.
    pub(super) fn changes(&self, session: &Session) -> Vec<SessionChange> {
        let mut changes = Vec::new();
        if self.target != *session.target.text() && session.tracking.schema {
            changes.push(SessionChange::Schema(session.target.as_str().to_owned()));
        }
        let mut tell = |name: &str, value: &str| {
            if session.tracking.tells(name) {
                changes.push(SessionChange::SystemVariable {
                    name: name.to_owned(),
                    value: value.to_owned(),
                });
            }
        };
        if self.autocommit != session.autocommit {
            tell("autocommit", if session.autocommit { "ON" } else { "OFF" });
        }
        let (old, new) = (&self.charsets, &session.charsets);
        if old.client != new.client {
            tell("character_set_client", new.client.name());
        }
        if old.connection() != new.connection() {
            tell("character_set_connection", new.connection().name());
        }
        if old.results != new.results {
            tell("character_set_results", new.results.map_or("NULL", |set| set.name()));
        }
        let zone = time_zone(&session.settings);
        if self.time_zone != zone {
            tell("time_zone", zone.as_deref().unwrap_or("SYSTEM"));
        }
        if !session.consistency.told.is_empty() {
            changes.push(SessionChange::Gtids(session.consistency.told.to_string()));
        }
        changes
    }
}

fn time_zone(settings: &Settings) -> Option<String> {
    settings.text("time_zone")
}
