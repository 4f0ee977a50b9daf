//! Bars as SVG: throughput to plain MySQL, and CPU of each process for 1,000 statements.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::Outcome;
use crate::report::{Entry, Figures, Report};

const COLORS: [&str; 6] = ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#b07aa1"];
const BAR: usize = 16;
const LABEL: usize = 230;
const WIDTH: usize = 560;

/// Writes `throughput.svg` and `cpu.svg`.
pub(crate) fn write(report: &Report, folder: &Path) -> Outcome<()> {
    for (name, text) in
        [("throughput.svg", throughput(&report.entries)), ("cpu.svg", cpu(&report.entries))]
    {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|err| format!("{}: {err}", path.display()))?;
        crate::say(&format!("written: {}", path.display()));
    }
    Ok(())
}

/// One bar: its label, and its pieces with their names.
struct Bar {
    label: String,
    pieces: Vec<(String, f64)>,
    text: String,
}

fn throughput(entries: &[Entry]) -> String {
    let bars = entries.iter().map(|entry| {
        let bar = |one: &Figures| {
            let ratio = entry.ratio(one.target, "plain").unwrap_or(0.0);
            let pieces = vec![(one.target.to_owned(), ratio)];
            let text = format!("{ratio:.2} ({:.0}/s)", one.rate);
            Bar { label: one.target.to_owned(), pieces, text }
        };
        (entry.case.clone(), entry.figures.iter().map(bar).collect())
    });
    draw("Throughput; plain MySQL is 1", bars.collect())
}

fn cpu(entries: &[Entry]) -> String {
    let bars = entries.iter().map(|entry| {
        let bar = |one: &Figures| {
            let all: f64 = one.cpu.iter().map(|(_, seconds)| seconds).sum();
            let family = |name: &str| name.split('-').next().unwrap_or(name).to_owned();
            let pieces = one.cpu.iter().map(|(name, seconds)| (family(name), *seconds)).collect();
            Bar { label: one.target.to_owned(), pieces, text: format!("{:.1} us", all * 1000.0) }
        };
        (entry.case.clone(), entry.figures.iter().map(bar).collect())
    });
    draw("CPU microseconds a statement, by process; each case to its own scale", bars.collect())
}

fn draw(title: &str, groups: Vec<(String, Vec<Bar>)>) -> String {
    let mut names: Vec<String> = Vec::new();
    for piece in groups.iter().flat_map(|(_, bars)| bars).flat_map(|bar| &bar.pieces) {
        if !names.contains(&piece.0) {
            names.push(piece.0.clone());
        }
    }
    let color = |name: &str| {
        let place = names.iter().position(|one| one == name).unwrap_or(0);
        COLORS[place % COLORS.len()]
    };
    let mut body = String::new();
    let mut y = 30;
    for (place, name) in names.iter().enumerate() {
        let x = 10 + place * 120;
        let _ = writeln!(
            body,
            "<rect x='{x}' y='{y}' width='12' height='12' fill='{}'/><text x='{}' y='{}'>{}</text>",
            color(name),
            x + 16,
            y + 11,
            escaped(name)
        );
    }
    y += 24;
    for (case, bars) in &groups {
        let length = |bar: &Bar| bar.pieces.iter().map(|(_, value)| value).sum::<f64>();
        let longest = bars.iter().map(length).fold(f64::MIN_POSITIVE, f64::max);
        let _ = writeln!(body, "<text x='10' y='{}' class='case'>{}</text>", y + 12, escaped(case));
        y += BAR + 2;
        for bar in bars {
            let _ = writeln!(
                body,
                "<text x='{}' y='{}' text-anchor='end'>{}</text>",
                LABEL - 8,
                y + 12,
                escaped(&bar.label)
            );
            let mut x = LABEL as f64;
            for (name, value) in &bar.pieces {
                let width = value / longest * WIDTH as f64;
                let _ = writeln!(
                    body,
                    "<rect x='{x:.1}' y='{y}' width='{width:.1}' height='{}' fill='{}'/>",
                    BAR - 3,
                    color(name)
                );
                x += width;
            }
            let _ = writeln!(
                body,
                "<text x='{:.1}' y='{}'>{}</text>",
                x + 6.0,
                y + 12,
                escaped(&bar.text)
            );
            y += BAR;
        }
        y += 8;
    }
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{}' height='{}' font-family='sans-serif' \
         font-size='12'>\n<style>.case {{ font-weight: bold }}</style>\n\
         <rect width='100%' height='100%' fill='white'/>\n\
         <text x='10' y='18' font-size='14'>{}</text>\n{body}</svg>\n",
        LABEL + WIDTH + 150,
        y + 10,
        escaped(title)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_values() {
        let bar = |value: f64| Bar {
            label: "a<b".to_owned(),
            pieces: vec![("p".to_owned(), value)],
            text: String::new(),
        };
        let text = draw("t", vec![("case".to_owned(), vec![bar(1.0), bar(0.25)])]);
        assert!(text.contains("width='560.0'") && text.contains("width='140.0'"));
        assert!(text.contains("a&lt;b") && !text.contains("a<b"));
    }
}
