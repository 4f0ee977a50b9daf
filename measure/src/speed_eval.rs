//! Time and allocations a row of expressions, sort keys and keys of groups.

mod counting;
mod evaluation;

use std::time::Instant;

use counting::{Counting, allocations};
use evaluation::Table;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const BATCHES: usize = 25;
const BATCH: usize = 20_000;

fn main() {
    let mut table = Table::new();
    println!("{:30} {:>12} {:>18}", "a row of", "ns", "allocations");
    for work in 0..table.works.len() {
        let name = table.works[work].name;
        if !table.run(work, BATCH) {
            println!("{name:30} not computed by the gateway");
            continue;
        }
        let before = allocations();
        table.run(work, BATCH);
        let allocated = (allocations() - before) as f64 / BATCH as f64;
        // The best of several batches: what it takes where nothing disturbs it.
        let nanos = (0..BATCHES)
            .map(|_| {
                let started = Instant::now();
                table.run(work, BATCH);
                started.elapsed().as_nanos() as f64 / BATCH as f64
            })
            .fold(f64::MAX, f64::min);
        println!("{name:30} {nanos:>12.1} {allocated:>18.2}");
    }
}
