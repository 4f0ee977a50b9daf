//! Time of what is done for each row: compare, key, hash, case, LIKE.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use vt_collation::{Charset, Collation};

/// Strings of 20 characters that differ in the last, by the name of what they are.
const PAIRS: [(&str, &str, &str); 3] = [
    ("ascii", "the quick brown foxes", "The Quick Brown foxez"),
    ("latin", "žluťoučký kůň úpěl ďá", "žluťoučký kůň úpěl ďz"),
    ("han", "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑", "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来往"),
];

const COLLATIONS: [&str; 7] = [
    "utf8mb4_0900_ai_ci",
    "utf8mb4_0900_as_cs",
    "utf8mb4_da_0900_as_cs",
    "utf8mb4_unicode_ci",
    "utf8mb4_general_ci",
    "utf8mb4_bin",
    "latin1_swedish_ci",
];

fn strings(criterion: &mut Criterion) {
    for name in COLLATIONS {
        let Some(collation) = Collation::from_name(name) else { continue };
        let Some(set) = collation.charset() else { continue };
        for (what, a, b) in PAIRS {
            let [a, b] = [a, b].map(|text| {
                let mut own = Vec::new();
                Charset::Utf8mb4.convert(text.as_bytes(), set, &mut own);
                own
            });
            criterion.bench_function(&format!("compare/{name}/{what}"), |bencher| {
                bencher.iter(|| collation.compare(black_box(&a), black_box(&b)));
            });
            criterion.bench_function(&format!("hash/{name}/{what}"), |bencher| {
                bencher.iter(|| {
                    let mut state = DefaultHasher::new();
                    collation.hash(black_box(&a), &mut state);
                    state.finish()
                });
            });
            let mut key = Vec::with_capacity(256);
            criterion.bench_function(&format!("sort_key/{name}/{what}"), |bencher| {
                bencher.iter(|| {
                    key.clear();
                    collation.sort_key(black_box(&a), &mut key)
                });
            });
        }
    }
    let collation = Collation::UTF8MB4_0900_AI_CI;
    let (text, pattern) = (b"the quick brown foxes".as_slice(), b"%BROWN%".as_slice());
    criterion.bench_function("like/ascii", |bencher| {
        bencher.iter(|| collation.like(black_box(text), black_box(pattern), b"\\"));
    });
    let mut out = Vec::with_capacity(64);
    criterion.bench_function("upper/ascii", |bencher| {
        bencher.iter(|| {
            out.clear();
            collation.upper(black_box(text), &mut out)
        });
    });
}

criterion_group!(benches, strings);
criterion_main!(benches);
