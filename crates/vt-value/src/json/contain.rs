//! Whether a document holds another, or shares something with it.

use std::collections::BTreeSet;

use super::{Json, Object};

impl Json {
    /// `JSON_CONTAINS()`: an array holds what any element holds, and an array each of whose
    /// elements some element of its own holds; an object holds one whose members its own hold.
    pub fn contains(&self, candidate: &Json) -> bool {
        match (self, candidate) {
            (Json::Object(own), Json::Object(wanted)) => {
                wanted.len() <= own.len()
                    && wanted.members().iter().all(|(name, wanted)| {
                        own.get(name).is_some_and(|value| value.contains(wanted))
                    })
            }
            (Json::Array(own), Json::Array(wanted)) => {
                let held = |wanted: &Json| own.items().iter().any(|value| value.contains(wanted));
                wanted.items().iter().all(held)
            }
            (Json::Array(own), _) => own.items().iter().any(|value| value.contains(candidate)),
            _ => self == candidate,
        }
    }

    /// `JSON_OVERLAPS()`: whether two arrays have an element in common, two objects a member, or
    /// two scalars are the same; anything else is an array of one beside an array.
    pub fn overlaps(&self, other: &Json) -> bool {
        match (self, other) {
            (Json::Object(one), Json::Object(two)) => one.overlaps(two),
            (Json::Array(one), Json::Array(two)) => share_one(one.items(), two.items()),
            (Json::Array(one), two) => share_one(one.items(), std::slice::from_ref(two)),
            (one, Json::Array(two)) => share_one(std::slice::from_ref(one), two.items()),
            (one, two) => one == two,
        }
    }

    /// `value MEMBER OF(document)`.
    pub fn has_member(&self, value: &Json) -> bool {
        match self {
            Json::Array(array) => array.items().contains(value),
            other => other == value,
        }
    }
}

impl Object {
    fn len(&self) -> usize {
        self.members().len()
    }

    fn overlaps(&self, other: &Object) -> bool {
        self.members().iter().any(|(name, value)| other.get(name) == Some(value))
    }
}

fn share_one(one: &[Json], two: &[Json]) -> bool {
    let (few, many) = if one.len() < two.len() { (one, two) } else { (two, one) };
    if few.len() == 1 {
        return many.contains(&few[0]);
    }
    let few: BTreeSet<&Json> = few.iter().collect();
    many.iter().any(|value| few.contains(value))
}
