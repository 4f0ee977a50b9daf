//! Time of the packet codec: a query that arrives, rows that leave as text and in binary form.

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vt_value::{Field, Rows, RowsBuilder, Type};
use vt_wire::{Capabilities, binary, column, command::Command, frame, row};

const ROWS: usize = 100;

/// The columns of sysbench's table.
fn fields() -> Vec<Field> {
    let columns = [("id", Type::INT32), ("k", Type::INT32), ("c", Type::CHAR), ("pad", Type::CHAR)];
    columns.map(|(name, typ)| Field::new(name, typ)).into()
}

fn rows() -> Rows {
    let (c, pad) = ("68487932199-".repeat(10), "68487932199-".repeat(5));
    let mut rows = RowsBuilder::with_capacity(ROWS, ROWS * 200);
    for number in 0..ROWS {
        let (id, k) = ((5043 + number).to_string(), (4992 + number).to_string());
        rows.push([&id, &k, &c, &pad].map(Some));
    }
    rows.finish()
}

fn codec(criterion: &mut Criterion) {
    let mut payload = Vec::new();
    let sql = Bytes::from_static(b"SELECT c FROM sbtest1 WHERE id=5043");
    let query = Command::Query { sql, attributes: Vec::new() };
    query.encode(&mut payload, Capabilities::default());
    let payload = Bytes::from(payload);
    criterion.bench_function("decode a query", |bencher| {
        bencher.iter(|| Command::decode(&payload, Capabilities::default()));
    });
    let (fields, rows) = (fields(), rows());
    let mut out = Vec::with_capacity(64 << 10);
    criterion.bench_function("encode four columns", |bencher| {
        bencher.iter(|| {
            out.clear();
            fields.iter().for_each(|field| column::encode(&mut out, field));
            out.len()
        });
    });
    let mut group = criterion.benchmark_group("100 rows");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("as they came", |bencher| {
        bencher.iter(|| {
            out.clear();
            let mut sequence = 0;
            rows.iter().for_each(|one| row::put_text(&mut out, &mut sequence, one));
            out.len()
        });
    });
    group.bench_function("in binary form", |bencher| {
        bencher.iter(|| {
            out.clear();
            let mut sequence = 0;
            for one in rows.iter() {
                let start = frame::begin(&mut out);
                binary::encode_row(&mut out, &fields, one).expect("texts of their types");
                frame::finish(&mut out, start, &mut sequence);
            }
            out.len()
        });
    });
    group.finish();
}

criterion_group!(benches, codec);
criterion_main!(benches);
