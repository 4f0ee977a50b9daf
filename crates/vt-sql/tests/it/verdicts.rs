//! MySQL's verdicts on statements of our own, as `cargo xtask corpus --freeze` recorded them.

use vt_sql::{Arena, Modes, parse, to_sql};

const VERDICTS: &str = include_str!("../verdicts.tsv");

/// The errors of MySQL's that the parser gives.
const KNOWN: &[u16] =
    &[1064, 1065, 1221, 1235, 1248, 1314, 1323, 1350, 1367, 3061, 3667, 3953, 3954];

#[test]
fn the_parser_takes_what_mysql_takes() {
    let (mut taken, mut refused, mut disagree) = (0, 0, 0);
    for line in VERDICTS.lines() {
        let (mark, sql) = line.split_once('\t').expect("a mark and a statement");
        let mysql_takes = mark.starts_with("ok");
        let is_known = mark.ends_with('!');
        let arena = Arena::new();
        let parsed = parse(&arena, sql, Modes::default());
        // Other errors than these are of meaning: MySQL's too, which takes the syntax.
        let is_syntax = |error: &vt_base::Error| matches!(error.errno(), 1064 | 1065);
        let takes = !parsed.as_ref().is_err_and(is_syntax);
        let agrees = takes == mysql_takes;
        assert!(agrees || is_known, "{line}");
        disagree += usize::from(!agrees);
        match parsed {
            Ok(statement) => {
                taken += 1;
                let printed = to_sql(&statement);
                let again = parse(&arena, &printed, Modes::default()).expect(&printed);
                assert!(again == statement, "{sql}\n{printed}");
            }
            Err(error) => {
                refused += 1;
                assert!(KNOWN.contains(&error.errno()), "{sql}\n{error}");
            }
        }
    }
    assert!(taken > 300 && refused > 300, "{taken} taken, {refused} refused");
    // Most of them are the statements that Vitess adds.
    assert!(disagree * 10 < taken + refused, "{disagree} disagreements");
}
