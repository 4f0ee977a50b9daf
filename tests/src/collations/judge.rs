//! One set of strings under one collation: what the server says of it, and what we say.

use std::cmp::Ordering;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use vt_collation::{Charset, Collation};

use super::strings::Strings;

/// The database that tables of strings are made in.
const DATABASE: &str = "vt_collations";

/// What came of a set of strings.
#[derive(Default)]
pub(crate) struct Verdict {
    /// How many answers were compared.
    pub(crate) answers: usize,
    /// What differs, in words.
    pub(crate) differences: Vec<String>,
}

/// Makes the database.
pub(crate) async fn prepare(conn: &mut Conn) -> Result<(), String> {
    for sql in [
        format!("create database if not exists {DATABASE}"),
        format!("use {DATABASE}"),
        "set names utf8mb4".to_owned(),
    ] {
        conn.query_drop(&sql).await.map_err(|err| format!("{sql}: {err}"))?;
    }
    Ok(())
}

/// Compares all answers under a collation.
pub(crate) async fn judge(
    conn: &mut Conn,
    collation: Collation,
    seed: u64,
    count: usize,
) -> Result<Verdict, String> {
    let mut strings = Strings::new(collation, seed);
    let texts = strings.make(count);
    let patterns: Vec<Vec<u8>> = texts.iter().map(|text| strings.pattern(text)).collect();
    fill(conn, collation, &texts, &patterns).await?;
    let mut verdict = Verdict::default();
    // In the order of the server, and in that in which strings that are alike were made.
    for order in ["s, id", "id"] {
        let rows = ask(conn, order).await?;
        let mut before: Option<&Answers> = None;
        for answers in &rows {
            check(collation, before, answers, order == "id", &mut verdict);
            before = Some(answers);
        }
    }
    Ok(verdict)
}

/// What the server says of a string and of the one before it.
struct Answers {
    text: Vec<u8>,
    pattern: Vec<u8>,
    order: Option<i64>,
    weights: Vec<u8>,
    upper: Vec<u8>,
    lower: Vec<u8>,
    count: i64,
    utf8: Vec<u8>,
    /// Whether the string before is like this one's pattern.
    like: Option<i64>,
    own_like: i64,
    /// Where this string's second character and what follows occur in the one before.
    place: Option<i64>,
}

async fn fill(
    conn: &mut Conn,
    collation: Collation,
    texts: &[Vec<u8>],
    patterns: &[Vec<u8>],
) -> Result<(), String> {
    let name = collation.name().unwrap_or_default();
    let set = collation.charset().map_or("binary", Charset::name);
    let column = match set {
        "binary" => "varbinary(240)".to_owned(),
        _ => format!("varchar(120) character set {set} collate {name}"),
    };
    let create = format!("create temporary table t (id int, s {column}, p {column})");
    let rows: Vec<String> = texts
        .iter()
        .zip(patterns)
        .enumerate()
        .map(|(id, (text, pattern))| {
            format!("({id}, _{set} x'{}', _{set} x'{}')", hex(text), hex(pattern))
        })
        .collect();
    let insert = format!("insert into t values {}", rows.join(","));
    for sql in ["drop temporary table if exists t".to_owned(), create, insert] {
        let shown: String = sql.chars().take(200).collect();
        conn.query_drop(sql).await.map_err(|err| format!("{name}: {shown}: {err}"))?;
    }
    Ok(())
}

async fn ask(conn: &mut Conn, order: &str) -> Result<Vec<Answers>, String> {
    let sql = format!(
        "select hex(s), hex(p), strcmp(lag(s) over w, s), hex(weight_string(s)), hex(upper(s)),
           hex(lower(s)), char_length(s), hex(convert(s using utf8mb4)),
           lag(s) over w like p escape '!', s like p escape '!',
           locate(substr(s, 2), lag(s) over w)
         from t window w as (order by {order}) order by {order}"
    );
    let rows: Vec<Row> = conn.query(&sql).await.map_err(|err| format!("{sql}: {err}"))?;
    let answers = rows.iter().map(|row| {
        let bytes = |place: usize| -> Result<Vec<u8>, String> {
            let text = row.get::<Option<String>, usize>(place).flatten();
            unhex(&text.unwrap_or_default())
        };
        let number = |place: usize| row.get::<Option<i64>, usize>(place).flatten();
        Ok(Answers {
            text: bytes(0)?,
            pattern: bytes(1)?,
            order: number(2),
            weights: bytes(3)?,
            upper: bytes(4)?,
            lower: bytes(5)?,
            count: number(6).unwrap_or_default(),
            utf8: bytes(7)?,
            like: number(8),
            own_like: number(9).unwrap_or_default(),
            place: number(10),
        })
    });
    answers.collect()
}

/// Compares what is said of a string; with `alone` also what the order does not change.
fn check(
    collation: Collation,
    before: Option<&Answers>,
    answers: &Answers,
    alone: bool,
    verdict: &mut Verdict,
) {
    let text = answers.text.as_slice();
    let set = collation.charset().unwrap_or(Charset::Binary);
    let mut say = |what: &str, ours: String, theirs: String| {
        verdict.answers += 1;
        if ours != theirs {
            let other = before.map_or(String::new(), |before| hex(&before.text));
            verdict.differences.push(format!(
                "{what} of {} after {other} (pattern {}): {ours}, MySQL says {theirs}",
                hex(text),
                hex(&answers.pattern)
            ));
        }
    };
    if alone {
        let made = |make: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            make(&mut out);
            hex(&out)
        };
        let weights = made(&|out| {
            collation.sort_key(text, out);
        });
        say("weight_string", weights, hex(&answers.weights));
        let upper = made(&|out| {
            collation.upper(text, out);
        });
        say("upper", upper, hex(&answers.upper));
        let lower = made(&|out| {
            collation.lower(text, out);
        });
        say("lower", lower, hex(&answers.lower));
        say("char_length", set.count(text).to_string(), answers.count.to_string());
        let utf8 = made(&|out| {
            set.convert(text, Charset::Utf8mb4, out);
        });
        // MySQL checks the bytes of a binary string, which is the caller's part; a collation may
        // have a table of its own, which strings of the set under others do not have.
        if set != Charset::Binary && collation.name() != Some("latin2_czech_cs") {
            say("convert", utf8, hex(&answers.utf8));
        }
        let like = collation.like(text, &answers.pattern, b_escape(set).as_slice());
        say("like", format!("{:?}", like.map(i64::from)), format!("{:?}", Some(answers.own_like)));
    }
    let Some(before) = before else { return };
    let order = collation.compare(&before.text, text).map(|order| order as i64);
    say("order", format!("{order:?}"), format!("{:?}", answers.order));
    let like = collation.like(&before.text, &answers.pattern, b_escape(set).as_slice());
    say("like", format!("{:?}", like.map(i64::from)), format!("{:?}", answers.like));
    let part = set.substr(text, 1, usize::MAX);
    let place = collation.find(&before.text, part, 0).map(|at| at.map_or(0, |at| at as i64 + 1));
    say("locate", format!("{place:?}"), format!("{:?}", answers.place));
    if !alone {
        let sorted = collation.sort_order(&before.text, text) != Some(Ordering::Greater);
        say("sorting", sorted.to_string(), true.to_string());
        let keys = [&before.text, &answers.text].map(|text| {
            let mut key = Vec::new();
            collation.write_key(text, &mut key);
            key
        });
        let equal = answers.order == Some(0);
        say("equality of keys", (keys[0] == keys[1]).to_string(), equal.to_string());
    }
}

/// Returns the escape character of the patterns.
fn b_escape(set: Charset) -> Vec<u8> {
    let mut escape = Vec::new();
    Charset::Utf8mb4.convert(b"!", set, &mut escape);
    escape
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn unhex(hex: &str) -> Result<Vec<u8>, String> {
    vt_base::key_range::decode_hex(hex).ok_or_else(|| format!("{hex} is not hexadecimal"))
}
