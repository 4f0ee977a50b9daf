//! Criterion's view of the five OLTP statements.

#[path = "../src/oltp.rs"]
mod oltp;

use criterion::{Criterion, criterion_group, criterion_main};
use oltp::Work;

fn oltp(criterion: &mut Criterion) {
    for statement in oltp::statements() {
        let mut group = criterion.benchmark_group(statement.name);
        for work in Work::ALL {
            group.bench_function(work.name(), |bencher| {
                bencher.iter_custom(|times| {
                    let started = std::time::Instant::now();
                    work.run(&statement.sql, times);
                    started.elapsed()
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, oltp);
criterion_main!(benches);
