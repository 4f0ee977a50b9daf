//! Time that vindexes take to find where a value lies.

use criterion::{Criterion, criterion_group, criterion_main};
use vt_value::{Type, TypedBytes};
use vt_vschema::Vindex;
use vt_vschema::spec::VindexSpec;

fn vindexes(criterion: &mut Criterion) {
    let number = TypedBytes::new(Type::INT64, "1234567");
    let text = TypedBytes::new(Type::VARCHAR, "Someone@Example.com");
    for (typ, value) in [
        ("numeric", &number),
        ("hash", &number),
        ("reverse_bits", &number),
        ("xxhash", &number),
        ("binary", &text),
        ("binary_md5", &text),
        ("unicode_loose_md5", &text),
        ("unicode_loose_xxhash", &text),
    ] {
        let spec = VindexSpec { typ: typ.to_owned(), ..VindexSpec::default() };
        let vindex = Vindex::new(typ, &spec).expect("a type without parameters");
        let row = std::slice::from_ref(value);
        criterion.bench_function(typ, |bencher| bencher.iter(|| vindex.map_row(row)));
    }
}

criterion_group!(benches, vindexes);
criterion_main!(benches);
