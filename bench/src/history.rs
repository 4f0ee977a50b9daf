//! One line a run, so that a regression is seen.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::Outcome;
use crate::report::Report;

/// A ratio that has fallen to less than this part of the last one is told of.
const WORSE: f64 = 0.9;

/// Compares the ratios with those of the last run of the same kind, and adds this run.
pub(crate) fn compare_and_add(report: &Report, path: &Path) -> Outcome<()> {
    let line = line(report);
    let before = fs::read_to_string(path).unwrap_or_default();
    if let Some(last) = last_like(&before, &line) {
        for finding in worse(&last, &line) {
            crate::say(&finding);
        }
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|err| format!("{}: {err}", folder.display()))?;
    }
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| writeln!(file, "{line}"))
        .map_err(|err| format!("{}: {err}", path.display()))
}

fn line(report: &Report) -> Value {
    let mut ratios = serde_json::Map::new();
    for entry in &report.entries {
        for one in &entry.figures {
            if let Some(ratio) = entry.ratio(one.target, "plain")
                && one.target != "plain"
            {
                let rounded = (ratio * 1000.0).round() / 1000.0;
                ratios.insert(format!("{} {}", one.target, entry.case), rounded.into());
            }
        }
    }
    json!({ "machine": report.machine, "ratios_to_plain": ratios })
}

/// Returns the last run on a machine of the same kind.
fn last_like(text: &str, line: &Value) -> Option<Value> {
    let same = |one: &Value, what: &str| one["machine"][what] == line["machine"][what];
    text.lines()
        .rev()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|one| same(one, "cpu") && same(one, "cores"))
}

fn worse(last: &Value, now: &Value) -> Vec<String> {
    let Some(ratios) = now["ratios_to_plain"].as_object() else { return Vec::new() };
    let one = |(name, value): (&String, &Value)| {
        let (before, now) = (last["ratios_to_plain"][name].as_f64()?, value.as_f64()?);
        (now < before * WORSE)
            .then(|| format!("worse than in the last run: {name}: {now:.2} after {before:.2}"))
    };
    ratios.iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_become_worse_is_told() {
        let run = |cores: u32, ratio: f64| json!({"machine": {"cpu": "x", "cores": cores}, "ratios_to_plain": {"vitrum a": ratio}});
        let text = format!("{}\n{}\nno json\n", run(2, 0.5), run(4, 0.9));
        let last = last_like(&text, &run(2, 0.4)).unwrap();
        assert_eq!(last, run(2, 0.5));
        assert_eq!(worse(&last, &run(2, 0.44)).len(), 1);
        assert!(worse(&last, &run(2, 0.46)).is_empty());
        assert!(last_like(&text, &run(8, 1.0)).is_none());
    }
}
