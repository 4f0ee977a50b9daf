//! Texts that can be made as long as one likes, and that invite a reader to do more for each piece
//! the more pieces there are.

/// A text: its head, a piece that is repeated, and its tail.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    head: &'static str,
    piece: &'static str,
    tail: &'static str,
}

impl Shape {
    /// Returns a text of about so many bytes.
    pub(crate) fn text(&self, bytes: usize) -> String {
        format!("{}{}{}", self.head, self.piece.repeat(bytes / self.piece.len()), self.tail)
    }
}

const fn shape(
    name: &'static str,
    head: &'static str,
    piece: &'static str,
    tail: &'static str,
) -> Shape {
    Shape { name, head, piece, tail }
}

/// What is taken, and what is refused as late as can be.
#[rustfmt::skip]
pub(crate) const SHAPES: &[Shape] = &[
    shape("rows", "insert into t values (1, 'x')", ", (1, 'x')", ""),
    shape("rows of many kinds", "insert into t values (1, 2)", ", (1, 'x'), (a, 2.5)", ""),
    shape("rows of table value constructors", "values row(1)", ", row(1)", ""),
    shape("list of literals", "select a from t where a in (1", ", 1", ")"),
    shape("list of others", "select a from t where a in (a", ", 1", ")"),
    shape("list without end", "select a from t where a in (1", ", 1", ""),
    shape("lists in a row", "select a in (1, 2", "), a in (1, 2", ")"),
    shape("lists that begin alike", "select 1", ", a in (1, 2, b)", ""),
    shape("lists in lists", "select ", "a in (1, ", ""),
    shape("columns", "select a", ", a + 1", " from t"),
    shape("columns of tables", "select a.b", ", ab.cd", " from t"),
    shape("columns of schemas", "select a.b.c", ", a.b.c", " from t"),
    shape("positions", "select a from t order by 1", ", 1", ""),
    shape("names without aliases", "select 1", ", 1", " group by 1"),
    shape("aliases", "select 1 as a", ", 1 as a", " group by 1"),
    shape("conditions", "select a from t where a = 1", " or a = 1 and b like 'x%'", ""),
    shape("pairs", "select a from t where (a, b) = (1, 2)", " or (a, b) = (1, 2)", ""),
    shape("sums", "select 1", " + 1", ""),
    shape("comparisons", "select 1", " = 1", ""),
    shape("minuses", "select ", "-", "1"),
    shape("nots", "select ", "not ", "1"),
    shape("parentheses", "select ", "(", "1"),
    shape("calls", "select ", "f(", "1"),
    shape("subqueries", "select ", "(select ", "1"),
    shape("exists", "select ", "exists (select ", "1"),
    shape("derived tables", "select * from ", "(select * from ", "t"),
    shape("cases", "select ", "case when ", "1"),
    shape("whens", "select case", " when a then 1", " end"),
    shape("tables", "select * from t", ", t", ""),
    shape("joins without conditions", "select * from a", " join b", ""),
    shape("joins in parentheses", "select * from a", " join (b", ""),
    shape("outer joins", "select * from a", " left join b", ""),
    shape("conditions of joins", "select * from a join b", " on 1 = 1", ""),
    shape("unions", "select 1", " union all select 1", ""),
    shape("unions in parentheses", "", "((select 1) union ", ""),
    shape("common tables", "with a as (select 1)", ", a as (select 1)", " select 1"),
    shape("common tables in each other", "", "with a as (", ""),
    shape("strings side by side", "select 'a'", " 'a'", ""),
    shape("strings and comments", "select 'a'", " /* x */ 'a'", ""),
    shape("quotes", "select '", "''", "'"),
    shape("escapes", "select '", "\\'", "'"),
    shape("open strings", "select ", "'", ""),
    shape("quotes of names", "select `", "``", "`"),
    shape("digits", "select ", "9", ""),
    shape("hex digits", "select 0x", "4d", ""),
    shape("long name", "select ", "a", ""),
    shape("points", "select a", ".a", ""),
    shape("comments", "select 1", " /* x */", ""),
    shape("open comments", "select 1", " /* x", ""),
    shape("version comments", "select ", "/*! ", ""),
    shape("newer versions", "select ", "/*!99999 ", ""),
    shape("directives", "select ", "/*vt+ A=1 */ ", "1"),
    shape("hints", "select ", "/*+ x */ ", "1"),
    shape("dashes", "select 1", " -- x\n", ""),
    shape("assignments", "set a = 1", ", a = 1", ""),
    shape("user variables", "set @a = 1", ", @a = @a + 1", ""),
    shape("binds", "select ?", ", ?", ""),
    shape("variables", "select @@a", ", @@session.a", ""),
    shape("charsets", "select _utf8mb4 'x'", ", _utf8mb4 'x'", ""),
    shape("semicolons", "", ";", ""),
    shape("statements", "select 1", "; select 1", ""),
    shape("words", "", "x ", ""),
    shape("created words", "create ", "x ", ""),
    shape("columns of a table", "create table t (a int", ", b varchar(10) not null default 'x'", ")"),
    shape("indexes", "create table t (a int", ", key k (a, b)", ")"),
    shape("partitions", "create table t (a int) partition by list (a) (partition p values in (1)",
        ", partition p values in (1)", ")"),
    shape("changes", "alter table t add a int", ", add a int", ""),
    shape("grants", "grant select on t to a", ", a", ""),
    shape("accounts", "create user a", ", 'a'@'%' identified by 'x'", ""),
    shape("bodies", "create procedure p() begin ", "if a then set b = 1; end if; ", "end"),
    shape("blocks", "create procedure p() ", "begin ", ""),
    shape("explains", "", "explain ", "select 1"),
    shape("paths", "select * from json_table('', '$' ", "columns (nested path '$' ", ""),
    shape("windows", "select sum(a) over w from t window w as ()", ", w as (order by a)", ""),
    shape("windows in each other", "select ", "sum(a) over (partition by ", "a"),
    shape("tables to drop", "drop table a", ", a", ""),
    shape("tables to lock", "lock tables a read", ", a read", ""),
];
