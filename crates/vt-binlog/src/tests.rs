//! Logs that a server wrote, read and printed; and bytes that are no logs.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use vt_base::gtid::GtidSet;
use vt_value::Row;

use crate::event::Header;
use crate::gtid::{read_set, write_set};
use crate::{Decoder, Event, TableMap};

/// What stands before the first event of a file.
const MARK: usize = 4;

fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn events(file: &str) -> Vec<Bytes> {
    let bytes = Bytes::from(std::fs::read(vectors().join(file)).unwrap());
    let mut rest = bytes.slice(MARK..);
    let mut events = Vec::new();
    while !rest.is_empty() {
        let size = Header::read(&rest).unwrap().size as usize;
        events.push(rest.split_to(size));
    }
    events
}

/// Prints events as a reader of the golden file would want them.
#[derive(Default)]
struct Printer {
    tables: HashMap<u64, Arc<TableMap>>,
    out: String,
}

impl Printer {
    fn print(&mut self, decoder: &Decoder, event: Event) {
        match event {
            Event::Format(format) => {
                let line = format!("format {} {}", format.server_version, format.checksum);
                self.line(&line);
            }
            Event::Gtid(gtid) => {
                let mut set = GtidSet::default();
                gtid.add_to(&mut set);
                let clock = (gtid.last_committed, gtid.sequence_number);
                let (length, rows) = (gtid.length, gtid.only_rows);
                self.line(&format!("gtid {set} {clock:?} length {length} rows {rows}"));
            }
            Event::Query(query) => {
                let sql = String::from_utf8_lossy(&query.sql).into_owned();
                let collations = query.collations;
                self.line(&format!("query {:?} {collations:?} {sql}", query.database));
            }
            Event::Table(table) => {
                self.line(&format!("table {} {}.{}", table.id, table.database, table.name));
                let known = self.tables.get(&table.id) == Some(&table);
                for column in table.columns.iter().filter(|_| !known) {
                    let members = column.members.as_ref().map(|all| {
                        all.iter().map(|one| String::from_utf8_lossy(one)).collect::<Vec<_>>()
                    });
                    let kind = column.kind;
                    let told = (column.unsigned, column.nullable, column.collation);
                    let name = (&column.name, members, column.in_primary_key);
                    self.line(&format!("  {kind:?} {} {told:?} {name:?}", column.value_type()));
                }
                self.tables.insert(table.id, table);
            }
            Event::Rows(rows) => self.rows(&rows),
            Event::Payload(payload) => {
                self.line(&format!("payload {} of {}", payload.size(), payload.unpacked_size));
                let mut unpacked = payload.unpack(1 << 20).unwrap();
                while let Some(bytes) = unpacked.next_event().unwrap() {
                    let (_, event) = decoder.decode_unpacked(&bytes).unwrap();
                    self.print(decoder, event);
                }
            }
            Event::PreviousGtids(set) => self.line(&format!("before {set}")),
            other => self.line(&format!("{other:?}")),
        }
    }

    fn rows(&mut self, rows: &crate::RowsEvent) {
        let table = self.tables[&rows.table].clone();
        self.line(&format!("{:?} ends {}", rows.kind, rows.ends_statement));
        for change in rows.changes(&table).unwrap() {
            let change = change.unwrap();
            for (mark, image) in [("-", change.before), ("+", change.after)] {
                let Some(image) = image else { continue };
                let mut row = Vec::new();
                let line = match image.write_row(change.before.as_ref(), &mut row) {
                    Ok(()) => Row(&row).columns().map(shown).collect::<Vec<_>>().join(" | "),
                    // A minimal image lacks the document that changes are made to.
                    Err(_) => format!("{:?}", image.cells().collect::<Vec<_>>()),
                };
                self.line(&format!("  {mark} {line}"));
            }
        }
    }

    fn line(&mut self, line: &str) {
        writeln!(self.out, "{line}").unwrap();
    }
}

fn shown(value: Option<&[u8]>) -> String {
    value.map_or("NULL".to_owned(), |bytes| bytes.escape_ascii().to_string())
}

#[test]
fn logs_of_a_server_read_as_they_were_written() {
    for name in ["types", "tagged", "full"] {
        let mut decoder = Decoder::default();
        let mut printer = Printer::default();
        for bytes in events(&format!("{name}.bin")) {
            let (_, event) = decoder.decode(&bytes).unwrap();
            printer.print(&decoder, event);
        }
        let path = vectors().join(format!("{name}.txt"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &printer.out).unwrap();
        }
        let wanted = std::fs::read_to_string(&path).unwrap();
        assert_eq!(printer.out, wanted, "{name}: UPDATE=1 writes it anew");
    }
}

#[test]
fn a_changed_byte_does_not_pass_the_checksum() {
    let all = events("types.bin");
    let mut decoder = Decoder::default();
    decoder.decode(&all[0]).unwrap();
    let mut bytes = all[3].to_vec();
    bytes[30] ^= 1;
    let error = decoder.decode(&bytes.into()).unwrap_err();
    assert_eq!(error.0, "checksum of an event: its bytes changed on the way");
}

#[test]
fn an_event_over_the_limit_is_not_unpacked() {
    let mut decoder = Decoder::default();
    for bytes in events("types.bin") {
        if let (_, Event::Payload(payload)) = decoder.decode(&bytes).unwrap() {
            let mut unpacked = payload.unpack(60).unwrap();
            let error = std::iter::from_fn(|| unpacked.next_event().transpose())
                .find_map(Result::err)
                .unwrap();
            assert_eq!(error.0, "transaction payload: an event over the limit");
            return;
        }
    }
    panic!("the log has a payload");
}

/// Reads everything of an event that can be asked for.
fn read_all(decoder: &mut Decoder, tables: &mut Vec<Arc<TableMap>>, bytes: &Bytes) {
    let Ok((_, event)) = decoder.decode_unpacked(bytes) else { return };
    match event {
        Event::Table(table) => {
            tables.push(table);
            tables.drain(..tables.len().saturating_sub(4));
        }
        Event::Rows(rows) => {
            for table in tables.iter() {
                let Ok(changes) = rows.changes(table) else { continue };
                for change in changes.flatten() {
                    for image in [change.before, change.after].into_iter().flatten() {
                        let _ = image.write_row(change.before.as_ref(), &mut Vec::new());
                    }
                }
            }
        }
        Event::Payload(payload) => {
            if let Ok(mut unpacked) = payload.unpack(1 << 16) {
                while let Ok(Some(_)) = unpacked.next_event() {}
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn changed_bytes_are_refused_or_read_and_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let (mut decoder, mut tables) = (Decoder::default(), Vec::new());
        for event in events("types.bin") {
            read_all(&mut decoder, &mut tables, &event);
            let mut bytes = event.to_vec();
            for (place, value) in &flips {
                let place = place.index(bytes.len());
                bytes[place] ^= value;
            }
            read_all(&mut decoder, &mut tables, &bytes.clone().into());
            bytes.truncate(cut.index(bytes.len()));
            read_all(&mut decoder, &mut tables, &bytes.into());
        }
    }

    #[test]
    fn packed_numbers_come_back(value in any::<u64>(), bits in 0u32..64) {
        let value = value >> bits;
        let mut out = Vec::new();
        crate::packed::put_unsigned(value, &mut out);
        let mut scan = vt_wire::Scan::new(&out);
        prop_assert_eq!(crate::packed::unsigned(&mut scan, "number"), Ok(value));
        prop_assert!(scan.is_empty());
    }

    #[test]
    fn sets_come_back(starts in prop::collection::vec(1i64..1000, 1..9), tag in "[a-z]{0,5}") {
        let mut set = GtidSet::default();
        for (index, first) in starts.iter().enumerate() {
            let uuid = format!("28d28457-e6d9-11f1-bac9-02fc0000000{}", index % 3);
            let tag = if index % 2 == 0 { tag.clone() } else { String::new() };
            let source = vt_base::gtid::set::GtidSource { uuid, tag };
            set.add(source, vt_base::gtid::set::Interval { first: *first, last: first + 3 });
        }
        let mut out = Vec::new();
        write_set(&set, &mut out);
        prop_assert_eq!(read_set(&out).unwrap(), set);
    }
}
