//! Instructions of texts that are doubled and doubled again: `growth` prints, for each shape, how
//! much the second doubling costs next to the first; 2 is linear, 4 is the square.
//!
//! Refused texts count, too: a refusal must not cost more than an answer.

#[path = "../../crates/vt-sql/tests/it/growth_shapes.rs"]
mod growth_shapes;

use std::hint::black_box;
use std::process::{Command, ExitCode};

use growth_shapes::{SHAPES, Shape};
use vt_sql::{
    Arena, Modes, fingerprint::fingerprint, normalize::normalize, parse, preview, split_script,
    split_statements, to_sql, visit::table_names,
};

/// Lengths of the texts, in bytes.
const LENGTHS: [usize; 3] = [32 << 10, 64 << 10, 128 << 10];
/// Beyond this something is done again and again.
const RATIO_MAX: f64 = 2.6;
/// Growth by fewer instructions a byte than this has no shape of its own.
const NOISE: u64 = 4;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => table(),
        ["run", shape, bytes] => run(shape, bytes),
        _ => {
            eprintln!("usage: growth");
            ExitCode::FAILURE
        }
    }
}

fn table() -> ExitCode {
    println!("{:36} {:>18} {:>10}", "shape", "instructions/byte", "doubled");
    let mut all_held = true;
    for shape in SHAPES {
        let counts = LENGTHS.map(|bytes| instructions(shape, bytes));
        let [Some(one), Some(two), Some(four)] = counts else {
            println!("{:36} not measured", shape.name);
            all_held = false;
            continue;
        };
        let (first, second) = (two.saturating_sub(one), four.saturating_sub(two));
        let ratio = second as f64 / first.max(1) as f64;
        let a_byte = second as f64 / (LENGTHS[2] - LENGTHS[1]) as f64;
        let holds = ratio <= RATIO_MAX || second < NOISE * LENGTHS[1] as u64;
        let remark = if holds { "" } else { "  grows faster than the text" };
        println!("{:36} {a_byte:>18.1} {ratio:>10.2}{remark}", shape.name);
        all_held &= holds;
    }
    if all_held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(shape: &str, bytes: &str) -> ExitCode {
    let shape = SHAPES.iter().find(|one| one.name == shape);
    let (Some(shape), Ok(bytes)) = (shape, bytes.parse()) else {
        eprintln!("growth: no such shape");
        return ExitCode::FAILURE;
    };
    work(&shape.text(bytes));
    ExitCode::SUCCESS
}

/// All that a statement meets.
fn work(sql: &str) {
    let modes = Modes::default();
    black_box(fingerprint(sql, modes));
    black_box(preview(sql));
    black_box(split_statements(sql, modes).count());
    black_box(split_script(sql, modes).count());
    let arena = Arena::new();
    if let Ok(statement) = parse(&arena, sql, modes) {
        black_box(table_names(&statement));
        black_box(to_sql(&normalize(&arena, &statement).statement));
    }
}

fn instructions(shape: &Shape, bytes: usize) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args(["run", shape.name, &bytes.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find(|line| line.contains("Collected"))?;
    line.split_whitespace().last()?.parse().ok()
}
