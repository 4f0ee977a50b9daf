//! Aggregates against what MySQL makes of the same rows.

use vt_base::ErrorId;
use vt_plan::{AggregateFunc, AggregateSpec, Node};
use vt_value::{BindVars, Field, Type};

use super::*;
use crate::tests::fake::{Fake, key};

/// The names, descriptions (type byte, flags, character set, decimals, length) and rows of a table,
/// then aggregates of its columns, each with its description and value; by MySQL 9.7.
const VECTORS: &str = include_str!("vectors.tsv");

fn field(name: &str, text: &str) -> Field {
    let parts: Vec<u32> = text.split('/').map(|part| part.parse().unwrap()).collect();
    let typ = Type::from_mysql(parts[0] as u8, parts[1] as u16, parts[2] as u16);
    Field {
        flags: parts[1] as u16,
        charset: parts[2] as u16,
        decimals: parts[3] as u8,
        column_length: parts[4],
        ..Field::new(name, typ)
    }
}

fn func(name: &str) -> Option<AggregateFunc> {
    Some(match name {
        "count" => AggregateFunc::Count,
        "sum" => AggregateFunc::Sum,
        "min" => AggregateFunc::Min,
        "max" => AggregateFunc::Max,
        "bit_and" => AggregateFunc::BitAnd,
        "bit_or" => AggregateFunc::BitOr,
        "bit_xor" => AggregateFunc::BitXor,
        "group_concat" => AggregateFunc::GroupConcat,
        "avg" => AggregateFunc::Avg,
        _ => return None,
    })
}

#[test]
fn aggregates_have_the_types_and_values_of_mysql() {
    let (table, aggregates) = VECTORS.split_once("# aggregates\n").unwrap();
    let mut table = table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let (names, descriptions) = (table.next().unwrap(), table.next().unwrap());
    let described = names.iter().zip(descriptions);
    let fields: Fields = described.map(|(name, text)| field(name, text)).collect();
    let mut rows = RowsBuilder::default();
    table.for_each(|row| rows.push(row.iter().map(|cell| (*cell != "NULL").then_some(cell))));
    let rows = rows.finish();

    let fake = Fake::new(|_| Err(Error::bug("no shard is asked")));
    let binds = Arc::new(BindVars::new());
    let ctx = ExecContext { binds: &binds, ..fake.ctx() };
    let (mut wrong, mut right, mut refused) = (Vec::new(), 0, 0);
    for line in aggregates.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let (name, distinct) = match parts[0].split_once(' ') {
            Some((name, _)) => (name, true),
            None => (parts[0], false),
        };
        let Some(func) = func(name) else { continue };
        let column = names.iter().position(|name| *name == parts[1]).unwrap();
        let aggregate = Aggregate {
            input: Node::Rows { fields: fields.clone(), rows: Rows::default() },
            group_by: Vec::new(),
            aggregates: vec![AggregateSpec { distinct, ..AggregateSpec::new(func, key(column)) }],
            ordered: false,
            rollup: false,
        };
        let mut step = match AggregateStep::new(&aggregate, &fields, ctx) {
            Ok(step) => step,
            Err(error) if error.id() == Some(ErrorId::VT12001) => {
                refused += 1;
                continue;
            }
            Err(error) => panic!("{line}: {error:?}"),
        };
        let want = field("x", parts[2]);
        let have = step.fields()[column].clone();
        if have.typ != want.typ || (want.typ == Type::DECIMAL && have.decimals != want.decimals) {
            wrong.push(format!("{line}: {}({})", have.typ, have.decimals));
        }
        step.push(rows.clone()).unwrap();
        let out = step.finish().unwrap();
        let value = out.get(0).column(column);
        let value = value.map_or("NULL".into(), String::from_utf8_lossy);
        if value == parts[3] {
            right += 1;
        } else {
            wrong.push(format!("{line}: {value}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong of {right}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(right > 4 * refused, "{right} are right and {refused} refused");
}
