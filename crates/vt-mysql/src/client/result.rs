//! Reading the answer to a query.

use std::collections::HashMap;

use vt_base::{Error, Result};
use vt_value::{Field, Fields, QueryResult, RowsBuilder};
use vt_wire::end::{self, EndInfo};
use vt_wire::scan::Scan;
use vt_wire::{Capabilities, Malformed, SessionChange, column, infile, status};

use super::Conn;
use super::conn::{State, rows_exceeded};
use super::login::{read_failed, server_error};
use super::stream::LARGE_ROW;

/// What a result begins with.
pub(super) enum Head {
    Rows(Fields),
    /// There are no rows; this is all.
    End(EndInfo),
}

/// What was read where a row may stand.
pub(super) enum RowOrEnd {
    Row,
    End(EndInfo),
}

/// Rows of a result that is too long are read and dropped up to so many bytes.
const DRAIN_MAX: usize = 1 << 20;

impl Conn {
    /// Reads a packet; an ERR packet is the error that it tells.
    pub(super) async fn read_packet(&mut self) -> Result<()> {
        if let Err(error) = self.link.read().await {
            self.state = State::Broken;
            return Err(read_failed(error));
        }
        if self.link.payload().first() == Some(&end::ERR) {
            let error = server_error(self.link.payload());
            self.finish();
            return Err(error);
        }
        Ok(())
    }

    pub(super) fn malformed(&mut self, malformed: Malformed) -> Error {
        self.state = State::Broken;
        Error::from(malformed)
    }

    pub(super) async fn read_head(&mut self) -> Result<Head> {
        self.read_packet().await?;
        if infile::decode_request(self.link.payload()).is_some() {
            // No file is given away: the empty packet says so, and the server answers to it.
            self.link.put(|_| {});
            if let Err(error) = self.link.flush().await {
                self.state = State::Broken;
                return Err(super::connect::lost(error));
            }
            self.read_packet().await?;
        }
        if self.link.payload().first() == Some(&end::OK) {
            let end = end::decode_ok(self.link.payload(), self.capabilities)
                .map_err(|malformed| self.malformed(malformed))?;
            self.status = end.status;
            return Ok(Head::End(end));
        }
        let count = Scan::new(self.link.payload())
            .lenenc("count of columns")
            .map_err(|malformed| self.malformed(malformed))?;
        self.read_fields(count).await.map(Head::Rows)
    }

    async fn read_fields(&mut self, count: u64) -> Result<Fields> {
        let mut raw = std::mem::take(&mut self.field_cache.raw);
        raw.clear();
        for _ in 0..count {
            self.read_packet().await?;
            let payload = self.link.payload();
            raw.extend_from_slice(&(payload.len() as u32).to_le_bytes());
            raw.extend_from_slice(payload);
        }
        if !self.capabilities.has(Capabilities::DEPRECATE_EOF) {
            self.read_packet().await?;
        }
        let fields = self.field_cache.get(&raw);
        self.field_cache.raw = raw;
        fields.map_err(|malformed| self.malformed(malformed))
    }

    /// Reads the next row, which is then the link's payload, or the end of the rows.
    pub(super) async fn read_row(&mut self) -> Result<RowOrEnd> {
        // Most rows have come already; they need no future.
        match self.link.next_buffered() {
            Ok(true) if self.link.payload().first() != Some(&end::ERR) => {}
            Ok(true) => {
                let error = server_error(self.link.payload());
                self.finish();
                return Err(error);
            }
            _ => self.read_packet().await?,
        }
        if !end::is_end(self.link.payload(), self.capabilities) {
            return Ok(RowOrEnd::Row);
        }
        let end = end::decode_end(self.link.payload(), self.capabilities)
            .map_err(|malformed| self.malformed(malformed))?;
        self.status = end.status;
        Ok(RowOrEnd::End(end))
    }

    /// Reads one result whole.
    pub(super) async fn read_result(&mut self, rows_max: usize) -> Result<QueryResult> {
        let fields = match self.read_head().await? {
            Head::End(end) => return Ok(result_of(Fields::default(), RowsBuilder::default(), end)),
            Head::Rows(fields) => fields,
        };
        let mut rows = RowsBuilder::default();
        loop {
            match self.read_row().await? {
                RowOrEnd::End(end) => return Ok(result_of(fields, rows, end)),
                RowOrEnd::Row if rows.len() == rows_max => {
                    self.drain().await;
                    return Err(rows_exceeded(rows_max));
                }
                RowOrEnd::Row if rows.is_empty() && self.link.payload().len() >= LARGE_ROW => {
                    rows = RowsBuilder::of_row(self.link.take_payload());
                }
                RowOrEnd::Row => rows.push_raw(self.link.payload()),
            }
        }
    }

    /// Reads the rest of an answer that nobody wants, if that is soon done; else the connection is
    /// given up.
    async fn drain(&mut self) {
        let mut left = DRAIN_MAX;
        loop {
            match self.read_row().await {
                Ok(RowOrEnd::End(_)) => break,
                Ok(RowOrEnd::Row) => {
                    let Some(rest) = left.checked_sub(self.link.payload().len() + 4) else {
                        self.state = State::Broken;
                        return;
                    };
                    left = rest;
                }
                Err(_) => return,
            }
        }
        if self.has_more() {
            self.state = State::Broken;
        } else {
            self.finish();
        }
    }

    /// Reads a result and drops it.
    pub(super) async fn skip_result(&mut self) -> Result<()> {
        if let Head::Rows(_) = self.read_head().await? {
            self.has_skipped_rows = true;
            while let RowOrEnd::Row = self.read_row().await? {}
        }
        Ok(())
    }

    /// Returns whether another result of the same command follows.
    pub(super) fn has_more(&self) -> bool {
        self.status & status::MORE_RESULTS != 0
    }
}

/// Puts together what the parts of an answer told.
pub(super) fn result_of(fields: Fields, rows: RowsBuilder, end: EndInfo) -> QueryResult {
    let gtids = end.session.into_iter().find_map(|change| match change {
        SessionChange::Gtids(gtids) => Some(gtids),
        _ => None,
    });
    QueryResult {
        fields,
        rows: rows.finish(),
        rows_affected: end.affected_rows,
        insert_id: end.insert_id,
        insert_id_changed: end.insert_id != 0,
        info: end.info.into(),
        session_state_changes: gtids.unwrap_or_default().into(),
        status_flags: end.status,
        warnings: end.warnings,
        ..QueryResult::default()
    }
}

/// Columns that were decoded before, by their packets: a statement that is run again shares them.
#[derive(Default)]
pub(super) struct FieldCache {
    known: HashMap<Box<[u8]>, Fields>,
    /// The packets of the result under way.
    raw: Vec<u8>,
}

/// Most results whose columns are kept, and the longest packets that are.
const CACHE_MAX: usize = 64;
const CACHED_BYTES_MAX: usize = 4 << 10;

impl FieldCache {
    fn get(&mut self, raw: &[u8]) -> Result<Fields, Malformed> {
        if let Some(fields) = self.known.get(raw) {
            return Ok(Fields::clone(fields));
        }
        let fields: Fields = decode_fields(raw)?.into();
        if raw.len() <= CACHED_BYTES_MAX {
            if self.known.len() >= CACHE_MAX {
                self.known.clear();
            }
            self.known.insert(raw.into(), Fields::clone(&fields));
        }
        Ok(fields)
    }
}

fn decode_fields(raw: &[u8]) -> Result<Vec<Field>, Malformed> {
    let mut scan = Scan::new(raw);
    let mut fields = Vec::new();
    while !scan.is_empty() {
        let length = scan.u32("column")? as usize;
        fields.push(column::decode(scan.bytes(length, "column")?)?);
    }
    Ok(fields)
}
