//! Decisions as text: each case of `golden/reparent.md` is a shard, a request, and the plan.
//!
//! `UPDATE=1 cargo test -p vt-recovery` rewrites what the cases give.

use std::fmt::Write;
use std::time::Duration;

use vt_base::gtid::Position;
use vt_base::{Error, KeyspaceShard, TabletAlias, TabletType};

use crate::*;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/reparent.md");

/// One case: its title and remarks as they stand, the shard, the request, and what must come out.
struct Case {
    head: String,
    shard: String,
    request: String,
    expected: String,
}

#[test]
fn plans_are_as_recorded() {
    let text = std::fs::read_to_string(CASES).unwrap();
    let cases = read_cases(&text);
    assert!(cases.len() > 15, "only {} cases were read", cases.len());
    let mut rewritten = String::from(text.split("\n## ").next().unwrap().trim_end());
    for case in &cases {
        let got = match decide(&case.shard, &case.request) {
            Ok(plan) => plan.to_string(),
            Err(err) => format!("error: {err}\n"),
        };
        if std::env::var_os("UPDATE").is_none() {
            assert_eq!(got.trim_end(), case.expected.trim_end(), "{}", case.head);
        }
        write!(
            rewritten,
            "\n\n## {}\n```shard\n{}```\n```request\n{}```\n```plan\n{got}```",
            case.head.trim_end(),
            case.shard,
            case.request
        )
        .unwrap();
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(CASES, rewritten + "\n").unwrap();
    }
}

fn read_cases(text: &str) -> Vec<Case> {
    let block = |case: &str, name: &str| {
        let Some((_, rest)) = case.split_once(&format!("```{name}\n")) else {
            return String::new();
        };
        rest.split_once("```").unwrap().0.to_owned()
    };
    text.split("\n## ")
        .skip(1)
        .map(|case| Case {
            head: case.split("\n```").next().unwrap().to_owned(),
            shard: block(case, "shard"),
            request: block(case, "request"),
            expected: block(case, "plan"),
        })
        .collect()
}

fn decide(shard: &str, request: &str) -> Result<ReparentPlan, Error> {
    let snapshot = read_shard(shard);
    let mut words = request.split_whitespace();
    let command = words.next().unwrap();
    let mut planned = PlannedRequest {
        new_primary: None,
        avoid_primary: None,
        expected_primary: None,
        tolerable_lag: Duration::ZERO,
        cells: CellRule::SameCell,
    };
    let mut ignore = Vec::new();
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "new" => planned.new_primary = Some(value.parse().unwrap()),
            "avoid" => planned.avoid_primary = Some(value.parse().unwrap()),
            "expected" => planned.expected_primary = Some(value.parse().unwrap()),
            "lag" => planned.tolerable_lag = Duration::from_secs(value.parse().unwrap()),
            "any-cell" => planned.cells = CellRule::AnyCell,
            "ignore" => ignore.push(value.parse().unwrap()),
            _ => panic!("unknown word of a request: {word}"),
        }
    }
    match command {
        "planned" => plan_planned(&snapshot, &planned),
        "emergency" => plan_emergency(
            &snapshot,
            &EmergencyRequest {
                new_primary: planned.new_primary,
                expected_primary: planned.expected_primary,
                ignore,
                cells: planned.cells,
            },
        ),
        _ => panic!("unknown request: {command}"),
    }
}

/// Reads `ks/shard POLICY [PRIMARY]`, then a tablet a line:
/// `ALIAS TYPE[@TERM] down` or `ALIAS TYPE[@TERM] EXECUTED[+RECEIVED] [lag=S] [backup]`.
fn read_shard(text: &str) -> ShardSnapshot {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    ShardSnapshot {
        shard: head[0].parse::<KeyspaceShard>().unwrap(),
        durability: head[1].parse().unwrap(),
        recorded_primary: head.get(2).map(|alias| alias.parse().unwrap()),
        tablets: lines.map(read_tablet).collect(),
    }
}

fn read_tablet(line: &str) -> TabletState {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (typ, term) = words[1].split_once('@').unwrap_or((words[1], ""));
    let mut lag = None;
    let mut in_backup = false;
    for word in &words[3..] {
        match word.split_once('=') {
            Some(("lag", secs)) => lag = Some(Duration::from_secs(secs.parse().unwrap())),
            _ if *word == "backup" => in_backup = true,
            _ => panic!("unknown word of a tablet: {word}"),
        }
    }
    let reach = match words[2] {
        "down" => Reach::Down { reason: "connection refused".to_owned() },
        positions => {
            let (executed, received) = positions.split_once('+').unwrap_or((positions, positions));
            Reach::Up { executed: position(executed), received: position(received), lag, in_backup }
        }
    };
    TabletState {
        alias: words[0].parse::<TabletAlias>().unwrap(),
        tablet_type: typ.parse::<TabletType>().unwrap(),
        term_ns: term.parse().ok(),
        reach,
    }
}

/// Reads `a:1-5,b:1` where a letter stands for a server, `none` for nothing.
fn position(text: &str) -> Position {
    if text == "none" {
        return Position::default();
    }
    let set: Vec<String> = text
        .split(',')
        .map(|part| {
            let (server, rest) = part.split_once(':').unwrap();
            format!("{}-0000-0000-0000-000000000000:{rest}", server.repeat(8))
        })
        .collect();
    Position { gtid_set: set.join(",").parse().unwrap() }
}
