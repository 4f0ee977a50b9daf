//! The two faces of the metrics: expvar's JSON and Prometheus's text.

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Map, Value, json};

use super::metric::{BOUNDS_NS, Cell};
use super::{Metric, Stats};

impl Stats {
    /// Returns the page `/debug/vars`: names as registered, labels joined by dots.
    pub fn vars(&self) -> Value {
        let mut page = Map::new();
        for one in self.inner.metrics.read().iter() {
            page.insert(one.name.to_owned(), vars_of(&one.metric));
        }
        Value::Object(page)
    }

    /// Returns the page `/metrics` in Prometheus's text form.
    pub fn prometheus(&self) -> String {
        let mut page = String::new();
        for one in self.inner.metrics.read().iter() {
            let name = format!("{}_{}", self.inner.prefix, snake_case(one.name));
            write_metric(&mut page, &name, one.help, &one.metric);
        }
        page
    }
}

fn vars_of(metric: &Metric) -> Value {
    match metric {
        Metric::Counter(counter) => json!(counter.get()),
        Metric::Gauge(gauge) => json!(gauge.get()),
        Metric::GaugeFunc(read) => json!(read()),
        Metric::GaugesFunc(_, read) => {
            read().into_iter().map(|(labels, value)| (labels.join("."), json!(value))).collect()
        }
        Metric::Text(read) => json!(read()),
        Metric::Counters(counters) => {
            let cells = counters.cells.read();
            cells.iter().map(|(labels, cell)| (labels.join("."), json!(cell.get()))).collect()
        }
        Metric::Timings(timings) => {
            let cells = timings.cells.read();
            let mut histograms = Map::new();
            let (mut count, mut time) = (0, 0);
            for (labels, cell) in cells.iter() {
                count += cell.count();
                time += cell.0.total_ns.load(Relaxed);
                histograms.insert(labels.join("."), histogram(cell));
            }
            json!({"TotalCount": count, "TotalTime": time, "Histograms": histograms})
        }
    }
}

fn histogram(cell: &Cell) -> Value {
    let mut fields = Map::new();
    let mut sum = 0;
    for (index, count) in cell.0.counts.iter().enumerate() {
        sum += count.load(Relaxed);
        let bound = BOUNDS_NS.get(index).map_or_else(|| "inf".to_owned(), ToString::to_string);
        fields.insert(bound, json!(sum));
    }
    fields.insert("Count".to_owned(), json!(sum));
    fields.insert("Time".to_owned(), json!(cell.0.total_ns.load(Relaxed)));
    Value::Object(fields)
}

fn write_metric(page: &mut String, name: &str, help: &str, metric: &Metric) {
    let kind = match metric {
        Metric::Counter(_) | Metric::Counters(_) => "counter",
        Metric::Gauge(_) | Metric::GaugeFunc(_) | Metric::GaugesFunc(..) => "gauge",
        Metric::Timings(_) => "histogram",
        Metric::Text(_) => return,
    };
    // Writing to a String cannot fail.
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
    let mut line = |name: &str, labels: &str, value: &dyn std::fmt::Display| {
        let _ = match labels {
            "" => writeln!(page, "{name} {value}"),
            _ => writeln!(page, "{name}{{{labels}}} {value}"),
        };
    };
    match metric {
        Metric::Counter(counter) => line(name, "", &counter.get()),
        Metric::Gauge(gauge) => line(name, "", &gauge.get()),
        Metric::GaugeFunc(read) => line(name, "", &read()),
        Metric::GaugesFunc(labels, read) => {
            for (values, value) in read() {
                line(name, &label_text(labels, &values), &value);
            }
        }
        Metric::Counters(counters) => {
            for (values, cell) in counters.cells.read().iter() {
                line(name, &label_text(counters.labels, values), &cell.get());
            }
        }
        Metric::Timings(timings) => {
            for (values, cell) in timings.cells.read().iter() {
                let labels = label_text(timings.labels, values);
                let comma = if labels.is_empty() { "" } else { "," };
                let mut sum = 0;
                for (index, count) in cell.0.counts.iter().enumerate() {
                    sum += count.load(Relaxed);
                    let bound = BOUNDS_NS
                        .get(index)
                        .map_or_else(|| "+Inf".to_owned(), |ns| (*ns as f64 / 1e9).to_string());
                    line(
                        &format!("{name}_bucket"),
                        &format!("{labels}{comma}le=\"{bound}\""),
                        &sum,
                    );
                }
                let seconds = cell.0.total_ns.load(Relaxed) as f64 / 1e9;
                line(&format!("{name}_sum"), &labels, &seconds);
                line(&format!("{name}_count"), &labels, &sum);
            }
        }
        Metric::Text(_) => {}
    }
}

fn label_text(names: &[&str], values: &[String]) -> String {
    let pair = |(name, value): (&&str, &String)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("{}=\"{value}\"", snake_case(name))
    };
    names.iter().zip(values).map(pair).collect::<Vec<_>>().join(",")
}

/// Turns `QueryCounts` into `query_counts`; a run of capitals is one word (`QPS`).
pub(super) fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    let chars: Vec<char> = name.chars().collect();
    for (index, one) in chars.iter().enumerate() {
        let after_lower = index > 0 && !chars[index - 1].is_uppercase() && chars[index - 1] != '_';
        let before_lower = chars.get(index + 1).is_some_and(|next| next.is_lowercase());
        if one.is_uppercase() && index > 0 && (after_lower || before_lower) && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(one.to_lowercase().map(|c| if c == '-' { '_' } else { c }));
    }
    out
}
