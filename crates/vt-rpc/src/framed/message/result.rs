//! Results, replies and pieces of streams.

use std::sync::Arc;

use vt_base::{Error, Result};
use vt_tablet_api::{ExecuteReply, StreamPart, TxState};
use vt_value::{Field, Fields, Level, Notice, QueryResult, Rows, Type};

use super::{Message, read_option, write_option};
use crate::framed::codec::{FrameWriter, Reader, SHARED_MIN};

fn write_fields(out: &mut FrameWriter, fields: &Fields) {
    out.length(fields.len());
    for field in fields.iter() {
        out.text(&field.name);
        out.i32(field.typ.0);
        out.text(&field.table);
        out.text(&field.org_table);
        out.text(&field.database);
        out.text(&field.org_name);
        out.u32(field.column_length);
        out.u16(field.charset);
        out.u8(field.decimals);
        out.u16(field.flags);
        out.text(&field.column_type);
    }
}

fn read_fields(from: &mut Reader) -> Result<Fields> {
    let count = from.count(37)?;
    let one = |from: &mut Reader| -> Result<Field> {
        Ok(Field {
            name: from.shared()?,
            typ: Type(from.i32()?),
            table: from.shared()?,
            org_table: from.shared()?,
            database: from.shared()?,
            org_name: from.shared()?,
            column_length: from.u32()?,
            charset: from.u16()?,
            decimals: from.u8()?,
            flags: from.u16()?,
            column_type: from.shared()?,
        })
    };
    (0..count).map(|_| one(from)).collect()
}

/// Returns how much of a frame's own memory rows take, about.
fn inline(rows: &Rows) -> usize {
    rows.len() * 4 + if rows.data().len() < SHARED_MIN { rows.data().len() } else { 0 }
}

/// Rows go as they are, behind the places where each ends; they are the last of their frame.
fn write_rows(out: &mut FrameWriter, rows: &Rows) {
    out.length(rows.len());
    rows.ends().iter().for_each(|end| out.length(*end));
    out.last(rows.data());
}

fn read_rows(from: &mut Reader) -> Result<Rows> {
    let count = from.count(4)?;
    let places = from.take(count * 4)?;
    let ends: Vec<usize> = places
        .chunks_exact(4)
        .map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
        .collect();
    let data = from.take(ends.last().copied().unwrap_or(0))?;
    if !ends.is_sorted() {
        return Err(Reader::wrong());
    }
    Ok(Rows::from_parts(data, ends))
}

fn write_notices(out: &mut FrameWriter, notices: &[Notice]) {
    out.length(notices.len());
    for notice in notices {
        out.u8(match notice.level {
            Level::Note => 0,
            Level::Warning => 1,
            Level::Error => 2,
        });
        out.u16(notice.code);
        out.text(&notice.message);
    }
}

fn read_notices(from: &mut Reader) -> Result<Arc<[Notice]>> {
    let count = from.count(7)?;
    let mut one = || {
        let level = match from.u8()? {
            0 => Level::Note,
            1 => Level::Warning,
            2 => Level::Error,
            _ => return Err(Reader::wrong()),
        };
        Ok(Notice { level, code: from.u16()?, message: from.shared()? })
    };
    (0..count).map(|_| one()).collect()
}

impl Message for QueryResult {
    fn write(&self, out: &mut FrameWriter) {
        write_fields(out, &self.fields);
        out.u64(self.rows_affected);
        out.u64(self.insert_id);
        out.bool(self.insert_id_changed);
        out.text(&self.info);
        out.text(&self.session_state_changes);
        out.u16(self.status_flags);
        out.u16(self.warnings);
        write_notices(out, &self.notices);
        write_rows(out, &self.rows);
    }

    fn read(from: &mut Reader) -> Result<QueryResult> {
        Ok(QueryResult {
            fields: read_fields(from)?,
            rows_affected: from.u64()?,
            insert_id: from.u64()?,
            insert_id_changed: from.bool()?,
            info: from.shared()?,
            session_state_changes: from.shared()?,
            status_flags: from.u16()?,
            warnings: from.u16()?,
            notices: read_notices(from)?,
            rows: read_rows(from)?,
        })
    }
}

impl Message for ExecuteReply {
    fn write(&self, out: &mut FrameWriter) {
        // Most calls open nothing.
        let plain = self.state == TxState::default();
        write_option(out, (!plain).then_some(&self.state), |out, state| state.write(out));
        out.bool(self.result.is_ok());
        match &self.result {
            Ok(result) => result.write(out),
            Err(error) => error.write(out),
        }
    }

    fn read(from: &mut Reader) -> Result<ExecuteReply> {
        let state = read_option(from, TxState::read)?.unwrap_or_default();
        let result =
            if from.bool()? { Ok(QueryResult::read(from)?) } else { Err(Error::read(from)?) };
        Ok(ExecuteReply { state, result })
    }

    fn size(&self) -> usize {
        let rows = self
            .result
            .as_ref()
            .map_or(0, |result| inline(&result.rows) + result.fields.len() * 96);
        128 + rows
    }
}

impl Message for StreamPart {
    fn write(&self, out: &mut FrameWriter) {
        write_option(out, self.fields.as_ref(), write_fields);
        write_rows(out, &self.rows);
    }

    fn read(from: &mut Reader) -> Result<StreamPart> {
        Ok(StreamPart { fields: read_option(from, read_fields)?, rows: read_rows(from)? })
    }

    fn size(&self) -> usize {
        128 + inline(&self.rows)
    }
}
