//! Input that wants to exhaust stack, memory or time gets an answer or a clear error.

use std::time::Duration;

use vt_sql::{
    Arena, Modes, fingerprint::fingerprint, normalize::normalize, parse, preview, split_statements,
    to_sql, visit::table_names,
};

const STACK_BYTES: usize = 256 * 1024;
/// Long enough for a machine that has much else to do; without end is without end.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs everything that a statement meets, on a small stack; tells whether it parsed.
fn run(sql: String) -> bool {
    let (sender, receiver) = std::sync::mpsc::channel();
    let work = move || {
        let modes = Modes::default();
        let _ = fingerprint(&sql, modes);
        let _ = preview(&sql);
        let _ = split_statements(&sql, modes).count();
        let arena = Arena::new();
        let parsed = parse(&arena, &sql, modes);
        if let Ok(statement) = &parsed {
            let _ = table_names(statement);
            let normalized = normalize(&arena, statement);
            let _ = to_sql(&normalized.statement);
            let printed = to_sql(statement);
            let again = parse(&arena, &printed, modes).expect("the printed text");
            assert!(again == *statement);
        } else if let Err(error) = &parsed {
            assert!(error.message().len() < 1000, "a long message");
        }
        sender.send(parsed.is_ok()).expect("the test waits");
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).expect("a thread");
    let ok = receiver.recv_timeout(PATIENCE).expect("an answer");
    thread.join().expect("no panic");
    ok
}

fn nested(open: &str, middle: &str, close: &str, depth: usize) -> String {
    format!("select {}{middle}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn nesting_is_taken_to_a_depth_and_refused_beyond() {
    let forms = [
        ("(", "1", ")"),
        ("-", "1", ""),
        ("not ", "1", ""),
        ("f(", "1", ")"),
        ("if(a, ", "1", ", b)"),
        ("case when ", "a", " then 1 end"),
        ("(select ", "1", ")"),
        ("exists (select ", "1", ")"),
        ("a in (b, ", "1", ")"),
        ("(a, ", "1", ")"),
        ("1 between 2 and ", "1", ""),
        ("a = (", "b", " + 1)"),
        ("f(1 - 1 - ", "1", ")"),
        ("@a := 2 - 1 - ", "1", ""),
        ("1 in (", "1", ")"),
        ("1 and (1 or (", "1", "))"),
        ("cast(", "a", " as char)"),
        ("interval ", "1", " day"),
        ("@a := ", "1", ""),
        ("a - @b := ", "1", ""),
        ("-@a := -(@b := ", "1", ")"),
        ("count(distinct ", "a", ")"),
        ("{x ", "1", "}"),
        ("a like b like ", "c", ""),
        ("sum(a) over (partition by ", "a", ")"),
    ];
    for (open, middle, close) in forms {
        // Whatever is taken, up to the very limit, is walked and rewritten on the small stack; in a
        // select list without aliases normalisation would leave it alone.
        for depth in [30, 95, 99, 130, 195, 199, 390, 396, 399] {
            let sql = nested(open, middle, close, depth);
            run(sql.replacen("select ", "select 1 from t where ", 1));
            run(sql);
        }
        assert!(!run(nested(open, middle, close, 10_000)), "{open}");
    }
    assert!(run(nested("(", "1", ")", 100)));
    assert!(run(nested("(select ", "1", ")", 50)));
}

#[test]
fn deep_tables_and_queries_are_refused() {
    for (open, middle, close) in [
        ("(", "t", ")"),
        ("(select * from ", "t", ") as x"),
        ("(a join ", "b", ")"),
        ("a left join ", "b", " on 1"),
        ("lateral (select * from ", "t", ") as x"),
    ] {
        let sql = format!("select * from {}{middle}{}", open.repeat(10_000), close.repeat(10_000));
        assert!(!run(sql), "{open}");
        let sql = format!("select * from {}{middle}{}", open.repeat(30), close.repeat(30));
        assert!(run(sql), "{open}");
    }
    assert!(!run("((select 1) union ".repeat(10_000) + "(select 2)" + &")".repeat(10_000)));
    assert!(run("((select 1) union ".repeat(30) + "(select 2)" + &")".repeat(30)));
    run(format!("{}select 1{}", "(".repeat(10_000), ")".repeat(10_000)));
    run("with a as (".repeat(10_000));
    run("explain ".repeat(10_000));
    run("vexplain ".repeat(10_000) + "select 1");
    run(format!("select * from json_table('', '$' {}", "columns (nested path '$' ".repeat(10_000)));
}

#[test]
fn deep_bodies_of_programs_are_refused() {
    for (open, close) in [
        ("begin ", "end; "),
        ("if 1 then ", "end if; "),
        ("case when 1 then ", "end case; "),
        ("a: loop ", "end loop; "),
        ("while 1 do ", "end while; "),
        ("repeat ", "until 1 end repeat; "),
        ("begin declare exit handler for 1 ", "; end; "),
        ("create procedure p() begin ", "end; "),
    ] {
        let nested = |depth: usize| {
            let (open, close) = (open.repeat(depth), close.repeat(depth));
            format!("create procedure p() begin {open} select 1; {close} end")
        };
        assert!(!run(nested(10_000)), "{open}");
        let taken = run(nested(30));
        assert!(taken || open.contains("handler"), "{open}");
    }
    let flat = "if a then set b = 1; end if; ".repeat(20_000);
    assert!(run(format!("create procedure p() begin {flat} end")));
}

#[test]
fn a_statement_of_64_mib_gets_an_answer() {
    let row = "(1, 'some text that is longer', 2.5), ";
    let rows = row.repeat((64 << 20) / row.len() + 1);
    let sql = format!("insert into t values {rows}(1, '', 2)");
    assert!(sql.len() > 64 << 20);
    assert!(run(sql));
}

#[test]
fn long_flat_statements_are_taken() {
    let many = |piece: &str, count| vec![piece; count].join("");
    assert!(run(format!("select a from t where a = 1{}", many(" or a = 1", 20_000))));
    assert!(run(format!("select a from t where a = 1{}", many(" and a = 1", 20_000))));
    assert!(run(format!("select a from t where a = 1{}", many(" or a = 1 and b", 20_000))));
    assert!(run(format!("select 1{}", many(" + 1", 900))));
    assert!(run(format!("select 1{}", many(" * 2 + 1", 450))));
    assert!(run(format!("select 1{}", many(" union all select 1", 20_000))));
    assert!(run(format!("select a from t where a in (1{})", many(", 1", 100_000))));
    assert!(run(format!("select a from t where a in (a{})", many(", 1", 100_000))));
    assert!(run(format!("insert into t values (1, 'x'){}", many(", (1, 'x')", 50_000))));
    assert!(run(format!("select 'a'{}", many(" 'a'", 20_000))));
    assert!(run(format!("select a{} from t", many(", a", 50_000))));
    assert!(run(format!("select * from t{}", many(", t", 20_000))));
    assert!(run(format!("set a = 1{}", many(", a = 1", 20_000))));
    assert!(run(format!("select '{}'", many("x", 8 << 20))));
    assert!(run(format!("select 1 /* {} */", many("x", 8 << 20))));
}

#[test]
fn long_chains_that_would_make_high_trees_are_refused() {
    for piece in [" + 1", " = 1", " collate x", " is null", " join b on 1", " || 1 + 1", " xor 1"] {
        run(format!("select * from a where 1{}", piece.repeat(995)));
        run(format!("select * from a{}", piece.repeat(995)));
        let sql = format!("select * from a where 1{}", piece.repeat(100_000));
        let joins = format!("select * from a{}", piece.repeat(100_000));
        let taken = [run(sql), run(joins)];
        assert!(piece == " || 1 + 1" || taken == [false, false], "{piece}");
    }
}

#[test]
fn text_that_invites_looking_ahead_again_and_again_is_read_in_time() {
    run("select a in (1, ".repeat(50_000));
    run("select ".to_owned() + &"a in (1, 2, b) and ".repeat(20_000));
    run("select * from a ".to_owned() + &"join b ".repeat(5_000));
    run("select * from a ".to_owned() + &"join (b ".repeat(5_000));
    run("insert into t ".to_owned() + &"(".repeat(100_000));
    run("create ".to_owned() + &"x ".repeat(100_000));
    run("select 'a' ".to_owned() + &"/* x */ ".repeat(50_000));
    run("/*! ".repeat(50_000));
    run("/*!99999 ".repeat(50_000));
    run("select ".to_owned() + &"'a' ".repeat(50_000) + "'");
    run("with ".to_owned() + &"a as (select 1), ".repeat(20_000));
    run("a.".repeat(50_000));
    run("create procedure p() ".to_owned() + &"begin ".repeat(50_000));
    run(";".repeat(100_000));
}

#[test]
fn memory_grows_as_the_input_does() {
    let used = |sql: &str| {
        let mut arena = Arena::new();
        assert!(parse(&arena, sql, Modes::default()).is_ok(), "{sql:.40}");
        arena.used()
    };
    let forms: [(&str, &str, &str); 8] = [
        ("insert into t values (1, 'x')", ", (1, 'x')", ""),
        ("select a from t where a in (1", ", 1", ")"),
        ("select a from t where a in (a", ", 1", ")"),
        ("select a", ", a + 1", " from t"),
        ("select a from t where a = 1", " or a = 1 and b like 'x%'", ""),
        ("select 1", " union all select 1", ""),
        ("select 'a'", " 'a'", ""),
        ("set a = 1", ", a = 1", ""),
    ];
    for (head, piece, tail) in forms {
        let one = used(&format!("{head}{}{tail}", piece.repeat(5_000)));
        let two = used(&format!("{head}{}{tail}", piece.repeat(20_000)));
        // Lists that grow in the arena leave pieces of up to twice their size.
        assert!(two < 9 * one, "{head}: {one} bytes, then {two} of four times the text");
    }
}
