//! Where statements end.

use super::split_statements;
use crate::Modes;

fn check(sql: &str, expected: &[&str]) {
    let pieces: Vec<_> = split_statements(sql, Modes::default()).collect();
    assert_eq!(pieces, expected, "{sql}");
}

#[test]
fn semicolons_split_and_empty_pieces_vanish() {
    check("select 1; select 2", &["select 1", "select 2"]);
    check(";; select 1 ;\n; /* x */ ; -- y", &["select 1"]);
    check("", &[]);
}

#[test]
fn quotes_and_comments_keep_their_semicolons() {
    check(
        "select ';', \"a;b\", `c;d` /* ; */ -- ;\n, 1 # ;\n; x",
        &["select ';', \"a;b\", `c;d` /* ; */ -- ;\n, 1 # ;", "x"],
    );
    check("select 'it''s; \\'; x'; y", &["select 'it''s; \\'; x'", "y"]);
    check("select 1; select 'open; x", &["select 1", "select 'open; x"]);
}

#[test]
fn bodies_of_programs_stay_whole() {
    check(
        "create procedure p() begin if a then select 1; end if; case x when 1 then set b = 2; \
         end case; l: loop leave l; end loop; while x do set y = if(a, b, c); end while; \
         repeat set x = 1; until x end repeat; end; select 2",
        &[
            "create procedure p() begin if a then select 1; end if; case x when 1 then set b = 2; \
             end case; l: loop leave l; end loop; while x do set y = if(a, b, c); end while; \
             repeat set x = 1; until x end repeat; end",
            "select 2",
        ],
    );
    check(
        "create definer = 'a'@'b' trigger t before insert on x for each row set new.a = 1; select 1",
        &[
            "create definer = 'a'@'b' trigger t before insert on x for each row set new.a = 1",
            "select 1",
        ],
    );
    check(
        "create trigger t after delete on x for each row begin delete from y; end; select 1",
        &["create trigger t after delete on x for each row begin delete from y; end", "select 1"],
    );
    check(
        "create function f() returns int return case when 1 then 2 end; select 1",
        &["create function f() returns int return case when 1 then 2 end", "select 1"],
    );
    check(
        "create procedure p(start int, end int) begin while i <= end do set i = i + 1; \
         end while; select case a when 1 then b end; end; select 1",
        &[
            "create procedure p(start int, end int) begin while i <= end do set i = i + 1; \
             end while; select case a when 1 then b end; end",
            "select 1",
        ],
    );
    check("create table t (begin int); select 1", &["create table t (begin int)", "select 1"]);
    check("begin; select 1; commit", &["begin", "select 1", "commit"]);
}

fn check_script(script: &str, expected: &[&str]) {
    let pieces: Vec<&str> = crate::split_script(script, Modes::default()).collect();
    assert_eq!(pieces, expected, "{script}");
}

#[test]
fn scripts_change_their_delimiter() {
    check_script(
        "select 1;\ndelimiter //\ncreate procedure p() begin select 1; end//\n\
         -- it's\nDELIMITER ;\nselect 2;",
        &["select 1", "create procedure p() begin select 1; end", "select 2"],
    );
    check_script(
        "delimiter $$\nselect 'a$$b'$$ select `$$` /* $$ */$$",
        &["select 'a$$b'", "select `$$` /* $$ */"],
    );
    check_script(
        "delimiter ;;\nselect 1; select 2;;\nselect 3",
        &["select 1; select 2", "select 3"],
    );
    check_script(
        "create procedure p() begin select 1; end; select 2",
        &["create procedure p() begin select 1; end", "select 2"],
    );
    check_script("delimiter\n", &["delimiter"]);
    check_script("delimiter //\n'open // é", &["'open // é"]);
    check_script("select 1;;; # x\n-- y\n;", &["select 1"]);
    check_script("", &[]);
}
