//! Walking and rewriting.

use super::{Node, Rewriter, any_expr, table_names};
use crate::{
    Arena, Modes,
    ast::{Expr, Ident, Statement, TableName},
    parse, to_sql,
};

fn parsed<'a>(arena: &'a Arena, sql: &'a str) -> Statement<'a> {
    parse(arena, sql, Modes::default()).expect(sql)
}

#[test]
fn tables_are_found_wherever_they_stand() {
    for (sql, expected) in [
        ("select (select 1 from a) from b join (select * from ks.c) as d", "a b ks.c"),
        ("with x as (select 1 from a) select * from x where y in (select 1 from b)", "a x b"),
        ("insert into a select * from b on duplicate key update c = (select 1 from d)", "a b d"),
        ("update a join b set a.x = 1 where exists (select 1 from c)", "a b c"),
        ("delete a from a join b", "a a b"),
        ("create table a (x int, foreign key (x) references b (y)) as select * from c", "a b c"),
        ("drop table a, ks.b", "a ks.b"),
        ("alter table a exchange partition p with table b", "a b"),
        ("explain select * from a", "a"),
        ("show columns from a", "a"),
        ("lock tables a read, b write", "a b"),
        ("rename table a to b", "a b"),
        ("alter vschema on a add vindex v (c)", "a"),
        ("select count(*) over (order by (select 1 from a)) from b for update of b", "a b b"),
        ("set @x = (select 1 from a)", "a"),
    ] {
        let arena = Arena::new();
        let names: Vec<String> =
            table_names(&parsed(&arena, sql)).iter().map(ToString::to_string).collect();
        assert_eq!(names.join(" "), expected, "{sql}");
    }
}

#[test]
fn a_test_stops_at_the_first_hit() {
    let arena = Arena::new();
    let statement = parsed(&arena, "select a, b + c + d from t where e");
    let mut seen = Vec::new();
    let found = any_expr(&statement, |expr| {
        seen.push(expr.to_string());
        matches!(expr, Expr::Column(column) if column.name.is("C"))
    });
    assert!(found);
    assert_eq!(seen, ["a", "b + c + d", "b + c", "b", "c"]);
}

struct Renamer<'a>(&'a Arena);

impl<'a> Rewriter<'a> for Renamer<'a> {
    fn arena(&self) -> &'a Arena {
        self.0
    }

    fn expr(&mut self, expr: &Expr<'a>) -> Option<Expr<'a>> {
        matches!(expr, Expr::Null).then_some(Expr::True)
    }

    fn table_name(&mut self, name: &TableName<'a>) -> Option<TableName<'a>> {
        name.qualifier.is_some().then_some(TableName { qualifier: None, ..*name })
    }

    fn column(&mut self, name: &crate::ast::ColumnName<'a>) -> Option<crate::ast::ColumnName<'a>> {
        name.name.is("old").then_some(crate::ast::ColumnName { name: Ident::new("new"), ..*name })
    }
}

#[test]
fn rewriting_changes_what_it_must_and_shares_the_rest() {
    let arena = Arena::new();
    for (sql, expected) in [
        ("select 1 + null + old + x from ks.t", "select 1 + true + new + x from t"),
        (
            "update ks.t set old = null, b = 1 where (select max(old) from ks.u) = 2 limit 3",
            "update t set new = true, b = 1 where (select max(new) from u) = 2 limit 3",
        ),
        ("insert into ks.t(a) values (1), (null)", "insert into t(a) values (1), (true)"),
        (
            "select trim(null from old), case when null then old end from a join ks.b on old",
            "select trim(true from new), case when true then new end from a join b on new",
        ),
        ("truncate ks.t", "truncate table t"),
        ("set @a = null", "set @a = true"),
    ] {
        let statement = parsed(&arena, sql);
        assert_eq!(to_sql(&statement.rewritten(&mut Renamer(&arena))), expected, "{sql}");
    }
    let unchanged = parsed(&arena, "select a + 1 from t where b in (1, 2) order by c");
    assert!(unchanged.rewrite(&mut Renamer(&arena)).is_none());
}
