//! What the speed of expressions is measured on: rows, and what is computed over each.

use std::hint::black_box;

use vt_eval::{Compiled, Context, Env, Session};
use vt_planner::{ExpressionColumn, expression};
use vt_sql::Modes;
use vt_value::{BindVars, Collation, Field, Value};

/// The columns of the rows: name, type, and the value in a row of this number.
type Column = (&'static str, &'static str, fn(usize) -> String);

const COLUMNS: &[Column] = &[
    ("a", "INT", |row| (row * 7).to_string()),
    ("b", "BIGINT", |row| (1_000_000_007 * row).to_string()),
    ("c", "DECIMAL(20,4)", |row| format!("{}.{:04}", row * 31, row)),
    ("s", "VARCHAR(40)", |row| format!("Customer number {row}")),
    ("u", "VARCHAR(40)", |row| format!("Größe {row} naïve façade")),
    ("d", "DATETIME(3)", |row| format!("2024-02-{:02} 11:22:33.456", row % 29 + 1)),
    ("j", "JSON", |row| {
        format!("{{\"id\": {row}, \"tags\": [\"x\", \"y\"], \"name\": \"n{row}\"}}")
    }),
];

/// What is computed for each row.
const EXPRESSIONS: &[(&str, &str)] = &[
    ("add integers", "a + b"),
    ("add decimals", "c + 1.25"),
    ("compare integers", "a < b"),
    ("compare ASCII strings", "s = 'customer NUMBER 7'"),
    ("compare other strings", "u < 'größe 7'"),
    ("concatenate", "concat(s, ' ', u)"),
    ("condition", "a > 5 and c < 100 and s like 'Cust%'"),
    ("date arithmetic", "d + interval 3 day"),
    ("format a date", "date_format(d, '%Y-%m-%d')"),
    ("JSON extract", "json_extract(j, '$.tags[1]')"),
];

const ROWS: usize = 64;

/// Something that is done once for each row.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// `None` where the gateway does not compute it.
    run: Option<Box<dyn FnMut(&[Value])>>,
}

/// The rows, and all that is done over them.
pub(crate) struct Table {
    rows: Vec<Vec<Value>>,
    pub(crate) works: Vec<Work>,
}

impl Table {
    pub(crate) fn new() -> Table {
        // Lives as long as the program: works borrow it.
        let session: &'static Session = Box::leak(Box::new(Session::default()));
        let columns: Vec<ExpressionColumn> = COLUMNS
            .iter()
            .map(|(name, definition, _)| {
                ExpressionColumn::of_definition(name, definition, session).expect("a type")
            })
            .collect();
        let row = |number: usize| {
            let value = |((_, _, make), column): (&Column, &ExpressionColumn)| {
                let text = make(number).into();
                Value::decode(column.field.typ, column.collation(), Some(text)).expect("a value")
            };
            COLUMNS.iter().zip(&columns).map(value).collect()
        };
        let rows = (0..ROWS).map(row).collect();
        let mut works: Vec<Work> = EXPRESSIONS
            .iter()
            .map(|(name, text)| Work { name, run: evaluation(text, &columns, session) })
            .collect();
        works.push(Work { name: "sort key, ASCII", run: Some(sort_key(3)) });
        works.push(Work { name: "sort key, others", run: Some(sort_key(4)) });
        works.push(Work { name: "group-by key of two columns", run: Some(group_key()) });
        Table { rows, works }
    }

    /// Does a work over so many rows; returns whether it is one that we do.
    pub(crate) fn run(&mut self, work: usize, times: usize) -> bool {
        let Some(run) = self.works.get_mut(work).and_then(|work| work.run.as_mut()) else {
            return false;
        };
        for number in 0..times {
            run(&self.rows[number % ROWS]);
        }
        true
    }
}

fn evaluation(
    text: &str,
    columns: &[ExpressionColumn],
    session: &'static Session,
) -> Option<Box<dyn FnMut(&[Value])>> {
    let expr = expression(text, Modes::default(), columns).ok()?;
    let fields: Vec<Field> = columns.iter().map(|column| column.field.clone()).collect();
    let binds = BindVars::new();
    let compiled: Compiled = expr.compile(&fields, &Env::new(&binds, session)).ok()?;
    let mut ctx = Context::new(session);
    Some(Box::new(move |row| {
        // What fails costs too little to be mistaken for a figure: it is told.
        let value = compiled.eval(black_box(row), &mut ctx);
        assert!(value.is_ok(), "{}", value.err().map(|err| err.to_string()).unwrap_or_default());
        let _ = black_box(value);
    }))
}

fn sort_key(column: usize) -> Box<dyn FnMut(&[Value])> {
    let mut key = Vec::with_capacity(256);
    Box::new(move |row| {
        key.clear();
        if let Value::Text(text, _) = &row[column] {
            black_box(Collation::UTF8MB4_0900_AI_CI.sort_key(text, &mut key));
        }
    })
}

fn group_key() -> Box<dyn FnMut(&[Value])> {
    let mut key = Vec::with_capacity(256);
    Box::new(move |row| {
        key.clear();
        black_box(row[0].write_key(&mut key) && row[3].write_key(&mut key));
    })
}
