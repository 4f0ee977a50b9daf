//! Five statements that applications send all day, and the work that is measured on them.

use std::hint::black_box;

use sqlparser::dialect::MySqlDialect;
use vt_sql::{Arena, Modes, fingerprint::fingerprint, normalize::normalize, parse, to_sql};

/// A statement and the name it has in tables.
pub(crate) struct Statement {
    pub(crate) name: &'static str,
    pub(crate) sql: String,
}

/// Returns the statements: those of sysbench, and a join.
pub(crate) fn statements() -> Vec<Statement> {
    let row = |number: usize| {
        let digits =
            |groups: usize| vec![format!("{:011}", 68_487_932_199 + number); groups].join("-");
        format!("({}, {}, '{}', '{}')", 5043 + number, 4992 + number, digits(10), digits(5))
    };
    let rows: Vec<String> = (0..10).map(row).collect();
    let insert = format!("INSERT INTO sbtest1 (id, k, c, pad) VALUES {}", rows.join(", "));
    let all: [(&str, &str); 5] = [
        ("point select", "SELECT c FROM sbtest1 WHERE id=5043"),
        ("range", "SELECT DISTINCT c FROM sbtest1 WHERE id BETWEEN 5043 AND 5142 ORDER BY c"),
        ("index update", "UPDATE sbtest1 SET k=k+1 WHERE id=5043"),
        (
            "join of three",
            "SELECT o.id, o.total, c.name, p.title FROM orders AS o JOIN customers AS c ON \
             o.customer_id = c.id LEFT JOIN products AS p ON p.id = o.product_id WHERE \
             o.status IN ('open', 'paid', 'sent') AND o.created_at > '2026-01-01' AND \
             c.region = 7 AND p.price * o.count >= 100.50 ORDER BY o.created_at DESC LIMIT 20",
        ),
        ("insert of ten", &insert),
    ];
    all.map(|(name, sql)| Statement { name, sql: sql.to_owned() }).into()
}

/// What is done with a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Fingerprint,
    Parse,
    /// With the choice of the literals that become arguments.
    Normalize,
    Print,
    Sqlparser,
}

impl Work {
    pub(crate) const ALL: [Work; 5] =
        [Work::Fingerprint, Work::Parse, Work::Normalize, Work::Print, Work::Sqlparser];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Work::Fingerprint => "fingerprint",
            Work::Parse => "parse",
            Work::Normalize => "parse and normalize",
            Work::Print => "print",
            Work::Sqlparser => "sqlparser",
        }
    }

    /// Does the work so many times, as a connection does it: one arena for all.
    pub(crate) fn run(self, sql: &str, times: u64) {
        let modes = Modes::default();
        let mut arena = Arena::new();
        match self {
            Work::Fingerprint => {
                for _ in 0..times {
                    black_box(fingerprint(black_box(sql), modes));
                }
            }
            Work::Parse => {
                for _ in 0..times {
                    arena.reset();
                    black_box(parse(&arena, black_box(sql), modes).is_ok());
                }
            }
            Work::Normalize => {
                for _ in 0..times {
                    arena.reset();
                    let statement = parse(&arena, black_box(sql), modes).expect("it is MySQL's");
                    black_box(normalize(&arena, &statement).bound.len());
                }
            }
            Work::Print => {
                let statement = parse(&arena, sql, modes).expect("it is MySQL's");
                for _ in 0..times {
                    black_box(to_sql(black_box(&statement)).len());
                }
            }
            Work::Sqlparser => {
                for _ in 0..times {
                    let parsed =
                        sqlparser::parser::Parser::parse_sql(&MySqlDialect {}, black_box(sql));
                    black_box(parsed.is_ok());
                }
            }
        }
    }
}
