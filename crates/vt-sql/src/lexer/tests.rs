//! Tokens.

use super::{Keyword, Lexer, TokenKind};
use crate::Modes;

/// The tokens of a text, as their texts.
fn texts(sql: &str, modes: Modes) -> Vec<String> {
    let mut lexer = Lexer::new(sql.as_bytes(), modes);
    let mut texts = Vec::new();
    loop {
        let token = lexer.next();
        match token.kind {
            TokenKind::End => return texts,
            TokenKind::Bad => {
                texts.push("BAD".to_owned());
                return texts;
            }
            _ => texts.push(sql[token.start as usize..token.end as usize].to_owned()),
        }
    }
}

fn check(sql: &str, expected: &[&str]) {
    assert_eq!(texts(sql, Modes::default()), expected, "{sql}");
}

#[test]
fn names_and_numbers_part_as_mysql_parts_them() {
    check(
        "t.1a.select 1e5 1e 1.e5 .5 t.5 t .5",
        &["t", ".", "1a", ".", "select", "1e5", "1e", "1.e5", ".5", "t", ".", "5", "t", ".5"],
    );
    check(
        "0xAg 0xA 0X41 0b1 0b2 x'4d' x'4",
        &["0xAg", "0xA", "0X41", "0b1", "0b2", "x'4d'", "BAD"],
    );
    check("1.2.3 1..2", &["1.2", ".3", "1.", ".2"]);
    check("a$b é@x @`a``b` @'c' @@d", &["a$b", "é", "@x", "@`a``b`", "@'c'", "@@", "d"]);
}

#[test]
fn operators_are_as_long_as_they_can_be() {
    check(
        "a<=>b<=c<>d!=e:=f->g->>h<<i>>j||k&&l",
        &[
            "a", "<=>", "b", "<=", "c", "<>", "d", "!=", "e", ":=", "f", "->", "g", "->>", "h",
            "<<", "i", ">>", "j", "||", "k", "&&", "l",
        ],
    );
    check(":a ::b : ?", &[":a", "::b", ":", "?"]);
}

#[test]
fn comments_vanish_and_dashes_need_a_blank() {
    check("1--1", &["1", "-", "-", "1"]);
    check("1 -- x\n--\n2 # y\n/* z */ 3 /**/", &["1", "2", "3"]);
    check("1 /* open", &["1", "BAD"]);
    check(
        "a /*! b */ /*!50000c*/ /*!80406 d*/ /*!80407 e /* f */ g */ /*!999999 h */ i /*M! j */",
        &["a", "b", "c", "d", "i"],
    );
    check("a /*! b", &["a", "b", "BAD"]);
    check("a /*!080400 b*/ /*!100000 c*/ /*!800001+d*/", &["a", "b", "1", "+", "d"]);
    check("select /*+ x */ /*vt+ y */ a /*+ z */", &["select", "/*+ x */", "/*vt+ y */", "a"]);
}

#[test]
fn strings_join_and_modes_change_them() {
    check(r#"'a''b' "c\"d" 'x'"#, &[r#"'a''b' "c\"d" 'x'"#]);
    check(r"'a\' b'", &[r"'a\' b'"]);
    check("'open", &["BAD"]);
    let modes = Modes { no_backslash_escapes: true, ..Modes::default() };
    assert_eq!(texts(r"'a\' b", modes), [r"'a\'", "b"]);
    let modes = Modes { ansi_quotes: true, ..Modes::default() };
    assert_eq!(texts(r#"'a' "b""c" 'd'"#, modes), ["'a'", r#""b""c""#, "'d'"]);
}

#[test]
fn lists_fold_behind_in_only_if_all_items_are_literals() {
    check("a in (1, -2.5, 'x' 'y', x'4d')", &["a", "in", "(1, -2.5, 'x' 'y', x'4d')"]);
    check("a IN (1, b)", &["a", "IN", "(", "1", ",", "b", ")"]);
    check("a in (1, -'x')", &["a", "in", "(", "1", ",", "-", "'x'", ")"]);
    check("a in ()", &["a", "in", "(", ")"]);
    check("t.in (1)", &["t", ".", "in", "(", "1", ")"]);
    check("f(1)", &["f", "(", "1", ")"]);
}

#[test]
fn keywords_are_found_without_case() {
    for (word, keyword) in [("SeLeCt", Keyword::Select), ("rlike", Keyword::Rlike)] {
        assert_eq!(Keyword::find(word.as_bytes()), keyword);
        assert!(keyword.is_reserved());
    }
    for word in ["selec", "selects", "", "a", "[elect", "status", "io_after_gtid{"] {
        assert_eq!(Keyword::find(word.as_bytes()), Keyword::None, "{word}");
    }
    assert!(!Keyword::Date.is_reserved() && !Keyword::Date.needs_quotes());
    assert!(!Keyword::Manual.is_reserved() && Keyword::Manual.needs_quotes());
}
