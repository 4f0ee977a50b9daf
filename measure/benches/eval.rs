//! Criterion's view of expressions over rows.

#[path = "../src/evaluation.rs"]
mod evaluation;

use criterion::{Criterion, criterion_group, criterion_main};
use evaluation::Table;

fn eval(criterion: &mut Criterion) {
    let mut table = Table::new();
    for work in 0..table.works.len() {
        let name = table.works[work].name;
        if !table.run(work, 1) {
            continue;
        }
        criterion.bench_function(name, |bencher| {
            bencher.iter_custom(|times| {
                let started = std::time::Instant::now();
                table.run(work, times as usize);
                started.elapsed()
            });
        });
    }
}

criterion_group!(benches, eval);
criterion_main!(benches);
