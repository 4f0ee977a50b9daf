//! GTID sets read, print and compute as MySQL's own functions do.

use proptest::prelude::*;

use super::*;

const A: &str = "8bc65c84-3fe4-11ed-a912-257f0fcdd6c9";
const B: &str = "8bc65cca-3fe4-11ed-bbfb-091034d48b3e";

fn set(text: &str) -> GtidSet {
    text.parse().unwrap()
}

#[test]
fn text_form_is_normal() {
    assert_eq!(set(&format!("{A}:7-9:1-3:4")).to_string(), format!("{A}:1-4:7-9"));
    assert_eq!(set(&format!("{B}:1, {A}:1-5")).to_string(), format!("{A}:1-5,{B}:1"));
    assert_eq!(set(&format!("{A}:1:tag:2-3")).to_string(), format!("{A}:1:tag:2-3"));
    assert_eq!(set("").to_string(), "");
    for wrong in ["x", A, &format!("{A}:0"), &format!("{A}:5-2"), &format!("{A}:1-x")] {
        assert!(wrong.parse::<GtidSet>().is_err(), "{wrong} was taken");
    }
}

#[test]
fn algebra_of_a_known_case() {
    let all = set(&format!("{A}:1-10,{B}:1-3"));
    let some = set(&format!("{A}:4-6,{B}:1-3"));
    assert_eq!(all.subtract(&some).to_string(), format!("{A}:1-3:7-10"));
    assert!(all.contains(&some));
    assert!(!some.contains(&all));
    assert_eq!(all.count(), 13);
}

#[test]
fn position_carries_its_flavor() {
    let position: Position = format!("MySQL56/{A}:1-5").parse().unwrap();
    assert_eq!(position.to_string(), format!("MySQL56/{A}:1-5"));
    assert!("MariaDB/0-1-100".parse::<Position>().is_err());
    assert!(format!("{A}:1-5").parse::<Position>().is_err());
}

fn any_set() -> impl Strategy<Value = GtidSet> {
    let interval = (1i64..40, 0i64..6, any::<bool>());
    prop::collection::vec(interval, 0..8).prop_map(|parts| {
        let mut set = GtidSet::default();
        for (first, width, second) in parts {
            let uuid = if second { B } else { A }.to_owned();
            set.add(
                GtidSource { uuid, tag: String::new() },
                Interval { first, last: first + width },
            );
        }
        set
    })
}

proptest! {
    #[test]
    fn printed_set_reads_back(a in any_set()) {
        prop_assert_eq!(set(&a.to_string()), a);
    }

    #[test]
    fn union_and_difference_agree(a in any_set(), b in any_set()) {
        let union = a.union(&b);
        prop_assert!(union.contains(&a) && union.contains(&b));
        prop_assert_eq!(union.subtract(&b).union(&a.intersect(&b)), a.clone());
        prop_assert_eq!(union.count(), a.count() + b.count() - a.intersect(&b).count());
    }
}
