//! What the printer must not let through, and what its hooks change.

use super::{Hooks, Print, Printer, to_sql};
use crate::{
    Arena, Modes,
    ast::{Bind, ColumnName, Expr, Ident, Literal, LiteralKind, Span, TableName},
    parse,
};

fn literal(kind: LiteralKind, value: &[u8]) -> Literal<'_> {
    Literal { kind, value, span: Span::default(), ordinal: Literal::MADE }
}

#[test]
fn strings_cannot_end_early() {
    let text = "a'b\\'c\"\0\n\u{1a}";
    assert_eq!(to_sql(&literal(LiteralKind::Str, text.as_bytes())), r#"'a\'b\\\'c\"\0\n\Z'"#);
    let modes = Modes { no_backslash_escapes: true, ..Modes::default() };
    let mut printer = Printer { modes, ..Printer::new() };
    literal(LiteralKind::Str, b"a'b\\").print(&mut printer);
    assert_eq!(printer.out, r"'a''b\'");
    assert_eq!(to_sql(&literal(LiteralKind::Str, b"\xff'")), "x'ff27'");
}

#[test]
fn names_are_quoted_where_they_must_be() {
    for (name, expected) in [
        ("plain_1", "plain_1"),
        ("select", "`select`"),
        ("SELECT", "`SELECT`"),
        ("a`b", "`a``b`"),
        ("1a", "`1a`"),
        ("", "``"),
        ("a b", "`a b`"),
        ("é", "é"),
        ("_utf8mb4", "`_utf8mb4`"),
        ("qualify", "`qualify`"),
        ("status", "status"),
    ] {
        assert_eq!(to_sql(&Ident::new(name)), expected);
    }
}

struct Replacing;

impl Hooks for Replacing {
    fn table<'a>(&self, name: TableName<'a>) -> TableName<'a> {
        TableName { qualifier: None, ..name }
    }

    fn replaces(&self, expr: &Expr<'_>) -> bool {
        matches!(expr, Expr::Column(column) if column.name.is("secret"))
    }

    fn expr(&self, printer: &mut Printer<'_>, _: &Expr<'_>) {
        printer.word("'***'");
    }

    fn bind(&self, printer: &mut Printer<'_>, bind: &Bind<'_>) -> bool {
        if !bind.list {
            printer.string(bind.name);
        }
        !bind.list
    }
}

#[test]
fn hooks_change_tables_expressions_and_binds() {
    let arena = Arena::new();
    let sql = "select ks.t.a, secret + secret + 1 from ks.t where b = :x and c in ::y";
    let statement = parse(&arena, sql, Modes::default()).expect(sql);
    let mut printer = Printer::with_hooks(&Replacing);
    statement.print(&mut printer);
    assert_eq!(printer.out, "select t.a, '***' + '***' + 1 from t where b = 'x' and c in ::y");
}

#[test]
fn arrows_on_what_is_no_column_become_calls() {
    use crate::ast::{Binary, BinaryOp};
    let column = ColumnName::new("a");
    let path = literal(LiteralKind::Str, b"$.x");
    let binary = Binary {
        op: BinaryOp::JsonUnquote,
        left: Expr::Exists(&crate::ast::Query {
            with: None,
            body: crate::ast::QueryBody::Table(TableName::new("t")),
            order_by: &[],
            limit: None,
            locks: &[],
            into: None,
        }),
        right: Expr::Literal(&path),
    };
    assert_eq!(
        to_sql(&Expr::Binary(&binary)),
        "json_unquote(json_extract(exists (table t), '$.x'))"
    );
    let binary = Binary { left: Expr::Column(&column), ..binary };
    assert_eq!(to_sql(&Expr::Binary(&binary)), "a ->> '$.x'");
}

#[test]
fn concatenation_and_not_print_for_the_modes_of_the_reader() {
    let modes = Modes { pipes_as_concat: true, high_not_precedence: true, ..Modes::default() };
    let arena = Arena::new();
    for (sql, plain, same) in [
        (
            "select a || b || -c",
            "select concat(concat(a, b), -c) from dual",
            "select a || b || -c from dual",
        ),
        (
            "select a || b collate x + 1",
            "select concat(a, b collate x) + 1 from dual",
            "select a || b collate x + 1 from dual",
        ),
        ("select not a = b", "select !a = b from dual", "select not a = b from dual"),
    ] {
        let statement = parse(&arena, sql, modes).expect(sql);
        assert_eq!(to_sql(&statement), plain);
        let mut printer = Printer { modes, ..Printer::new() };
        statement.print(&mut printer);
        assert_eq!(printer.out, same);
        assert_eq!(parse(&arena, same, modes).expect(same), statement);
    }
}

#[test]
fn what_is_no_word_is_quoted() {
    for (sql, expected) in [
        (
            "create database a charset '9' collate 'x y'",
            "create database a charset `9` collate `x y`",
        ),
        ("create database a charset binary", "create database a charset binary"),
        ("create table t (a int) collate ''", "create table t (\n\ta int\n) collate ``"),
        ("alter table t algorithm `=a`, lock = `9`", "alter table t algorithm = `=a`, lock `9`"),
        ("alter table t algorithm = default", "alter table t algorithm = default"),
        ("drop index i on t algorithm = `a b`", "drop index i on t algorithm = `a b`"),
    ] {
        let arena = Arena::new();
        let printed = to_sql(&parse(&arena, sql, Modes::default()).expect(sql));
        assert_eq!(printed, expected);
        assert_eq!(to_sql(&parse(&arena, &printed, Modes::default()).expect(&printed)), expected);
    }
}

#[test]
fn bodies_keep_comments_and_lose_marks_of_versions() {
    for (sql, expected) in [
        ("create procedure p() select 1 /* a */ + 2", "create procedure p () select 1 /* a */ + 2"),
        (
            "create procedure p() select a/*!39806 b, c *//*+d *//b",
            "create procedure p () select a b, c /b",
        ),
        ("create procedure p()/*! select 1*/ + 2", "create procedure p () select 1 + 2"),
        (
            "create procedure p() select 1 /*!80000 --*/-2",
            "create procedure p () select 1 --/**/-2",
        ),
        (
            "/*!50003 create procedure p() select 1 /* a */ + 2 */",
            "create procedure p () select 1 /* a */ + 2",
        ),
    ] {
        let arena = Arena::new();
        let printed = to_sql(&parse(&arena, sql, Modes::default()).expect(sql));
        assert_eq!(printed, expected);
        assert_eq!(to_sql(&parse(&arena, &printed, Modes::default()).expect(&printed)), expected);
    }
}
