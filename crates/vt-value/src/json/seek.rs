//! Finding the values that a path leads to.

use std::collections::HashSet;

use super::Json;
use super::path::{Index, Leg, Path};

impl Json {
    /// Returns the value that a path leads to; the first one if there are several.
    ///
    /// A value that is no array is taken for an array of one, as MySQL's paths do.
    pub fn seek(&self, path: &Path) -> Option<&Json> {
        match path.is_many() {
            true => self.seek_all(path).first().copied(),
            false => path.legs.iter().try_fold(self, Json::step),
        }
    }

    /// Returns all of the values that a path leads to, each one once, in the document's order.
    pub fn seek_all(&self, path: &Path) -> Vec<&Json> {
        let mut found = vec![self];
        let mut inside = false;
        for leg in &path.legs {
            let mut next = Vec::new();
            found.into_iter().for_each(|value| value.steps(leg, &mut next));
            inside |= *leg == Leg::Inside;
            if inside && next.len() > 1 {
                // Several ways may lead to one value then, and more with each step.
                let mut seen = HashSet::new();
                next.retain(|value| seen.insert(std::ptr::from_ref(*value)));
            }
            found = next;
        }
        found
    }

    /// Takes a step that leads to one value at most.
    pub(super) fn step<'j>(&'j self, leg: &Leg) -> Option<&'j Json> {
        match (leg, self) {
            (Leg::Member(name), Json::Object(object)) => object.get(name),
            (Leg::Cell(index), Json::Array(array)) => {
                array.items().get(index.place(array.items().len())?)
            }
            (Leg::Cell(index), _) => (index.place(1)? == 0).then_some(self),
            _ => None,
        }
    }

    fn steps<'j>(&'j self, leg: &Leg, found: &mut Vec<&'j Json>) {
        match (leg, self) {
            (Leg::AnyMember, Json::Object(object)) => {
                found.extend(object.members().iter().map(|(_, value)| value));
            }
            (Leg::AnyCell, Json::Array(array)) => found.extend(array.items()),
            (Leg::Range(first, last), Json::Array(array)) => {
                found.extend(range(*first, *last, array.items()));
            }
            (Leg::Range(first, last), _) => {
                found.extend(range(*first, *last, std::slice::from_ref(self)));
            }
            (Leg::Inside, _) => self.all_inside(found),
            _ => found.extend(self.step(leg)),
        }
    }

    /// Collects the value and everything inside of it, from the outside in.
    fn all_inside<'j>(&'j self, found: &mut Vec<&'j Json>) {
        found.push(self);
        match self {
            Json::Array(array) => array.items().iter().for_each(|next| next.all_inside(found)),
            Json::Object(object) => {
                object.members().iter().for_each(|(_, next)| next.all_inside(found));
            }
            _ => {}
        }
    }
}

/// Returns the elements of a range, which may begin before the array and end behind it.
fn range(first: Index, last: Index, items: &[Json]) -> &[Json] {
    let first = first.place(items.len()).unwrap_or(0);
    let Some(last) = last.place(items.len()) else { return &[] };
    let end = items.len().min(last.saturating_add(1));
    items.get(first..end).unwrap_or(&[])
}
