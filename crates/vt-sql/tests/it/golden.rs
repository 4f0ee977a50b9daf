//! `golden/*.txt`: statements and their canonical text.
//!
//! Cases are separated by empty lines; lines that begin with `=> ` are the expected text of the
//! lines before them. `UPDATE=1` rewrites the files.

use std::{fmt::Write, fs, path::Path};

use vt_sql::{Arena, Modes, parse, to_sql};

#[test]
fn statements_print_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut checked = 0;
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the folder of goldens")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    for path in files {
        let recorded = fs::read_to_string(&path).expect("a golden file");
        let mut actual = String::new();
        for case in recorded.split("\n\n").filter(|case| !case.trim().is_empty()) {
            let sql: Vec<&str> = case.lines().filter(|line| !line.starts_with("=>")).collect();
            let sql = sql.join("\n").trim().to_owned();
            let _ = writeln!(actual, "{sql}");
            for line in render(&sql).lines() {
                let _ = writeln!(actual, "=> {line}");
            }
            actual.push('\n');
            checked += 1;
        }
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, actual.trim_end().to_owned() + "\n").expect("write a golden file");
        } else {
            assert_eq!(actual.trim_end(), recorded.trim_end(), "{}", path.display());
        }
    }
    assert!(checked > 100, "only {checked} cases found");
}

/// The canonical text, after a check that it reads back to itself; or the error.
fn render(sql: &str) -> String {
    let arena = Arena::new();
    let statement = match parse(&arena, sql, Modes::default()) {
        Ok(statement) => statement,
        Err(error) => return format!("error {}: {error}", error.errno()),
    };
    let printed = to_sql(&statement);
    let again = parse(&arena, &printed, Modes::default());
    match again {
        Ok(again) => assert_eq!(to_sql(&again), printed, "of {sql}"),
        Err(error) => panic!("{printed}\nof {sql}\n{error}"),
    }
    printed
}
