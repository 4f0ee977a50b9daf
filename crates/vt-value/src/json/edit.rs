//! Changes at the places that paths lead to: `JSON_SET()` and its kin.

use std::sync::Arc;

use vt_base::Error;

use super::path::{Index, Leg, Path};
use super::{Array, Json, Object};

/// What is done at a path without wildcards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Replaces what is there, or adds a member or an element.
    Set,
    /// Adds only.
    Insert,
    /// Replaces only.
    Replace,
    /// Adds to the array that is there, or makes one of what is there.
    ArrayAppend,
    /// Puts an element in front of the one that is there.
    ArrayInsert,
}

impl Json {
    /// Returns the document with a value put at a path; as it was if the path leads nowhere.
    ///
    /// # Errors
    /// The document would nest too deep.
    pub fn edit(self, edit: Edit, path: &Path, value: Json) -> Result<Json, Error> {
        self.change(&path.legs, &mut |place| put(edit, place, &value))
    }

    /// Returns the document without the value at a path, which is not the root's.
    ///
    /// # Errors
    /// None but those of a bug: documents shrink here.
    pub fn remove(self, path: &Path) -> Result<Json, Error> {
        // `[0]` of what is no array is that value itself, which goes then.
        let legs = self.without_wraps(&path.legs);
        self.change(legs, &mut remove_at)
    }

    /// Cuts the steps at a path's end that stand still.
    fn without_wraps<'p>(&self, mut legs: &'p [Leg]) -> &'p [Leg] {
        while let [before @ .., Leg::Cell(index)] = legs {
            let mut parents = before.iter();
            match parents.try_fold(self, Json::step) {
                Some(Json::Array(_)) | None => break,
                Some(_) if index.place(1) == Some(0) => legs = before,
                Some(_) => break,
            }
        }
        legs
    }

    /// Rebuilds the values along a path around what `change` makes of its last step.
    fn change(self, mut legs: &[Leg], change: &mut Change<'_>) -> Result<Json, Error> {
        let mut value = self;
        loop {
            let [leg, rest @ ..] = legs else { return change(Place::Root(value)) };
            if rest.is_empty() {
                return change(Place::Step(value, leg));
            }
            match (leg, value) {
                (Leg::Member(name), Json::Object(object)) => {
                    let Ok(place) = object.place(name) else { return Ok(Json::Object(object)) };
                    let mut members = object.into_members();
                    let inner = std::mem::replace(&mut members[place].1, Json::Null);
                    members[place].1 = inner.change(rest, change)?;
                    return Json::object(members);
                }
                (Leg::Cell(index), Json::Array(array)) => {
                    let place = index.place(array.items().len());
                    let Some(place) = place.filter(|place| *place < array.items().len()) else {
                        return Ok(Json::Array(array));
                    };
                    let mut items = array.into_items();
                    let inner = std::mem::replace(&mut items[place], Json::Null);
                    items[place] = inner.change(rest, change)?;
                    return Json::array(items);
                }
                (Leg::Cell(index), scalar) if index.place(1) == Some(0) => {
                    (value, legs) = (scalar, rest);
                }
                (_, other) => return Ok(other),
            }
        }
    }
}

type Change<'c> = dyn FnMut(Place<'_>) -> Result<Json, Error> + 'c;

/// The end of a path: the root, or a value and the step that is to be taken from it.
enum Place<'l> {
    Root(Json),
    Step(Json, &'l Leg),
}

fn put(edit: Edit, place: Place<'_>, value: &Json) -> Result<Json, Error> {
    match place {
        Place::Root(root) => match edit {
            Edit::Set | Edit::Replace => Ok(value.clone()),
            Edit::ArrayAppend => append(root, value),
            Edit::Insert | Edit::ArrayInsert => Ok(root),
        },
        Place::Step(Json::Object(object), Leg::Member(name)) => match object.place(name) {
            Ok(place) => replace_member(edit, object, place, value),
            Err(_) if !matches!(edit, Edit::Set | Edit::Insert) => Ok(Json::Object(object)),
            Err(place) => {
                let mut members = object.into_members();
                members.insert(place, (Arc::clone(name), value.clone()));
                Object::new(members).map(Json::Object)
            }
        },
        Place::Step(Json::Array(array), Leg::Cell(index)) => put_cell(edit, array, *index, value),
        Place::Step(other, Leg::Cell(index)) => put_beside(edit, other, *index, value),
        Place::Step(other, _) => Ok(other),
    }
}

fn replace_member(edit: Edit, object: Object, place: usize, value: &Json) -> Result<Json, Error> {
    if matches!(edit, Edit::Insert | Edit::ArrayInsert) {
        return Ok(Json::Object(object));
    }
    let mut members = object.into_members();
    let old = std::mem::replace(&mut members[place].1, Json::Null);
    members[place].1 = if edit == Edit::ArrayAppend { append(old, value)? } else { value.clone() };
    Object::new(members).map(Json::Object)
}

fn put_cell(edit: Edit, array: Array, index: Index, value: &Json) -> Result<Json, Error> {
    let mut items = array.into_items();
    let place = index.place(items.len());
    let inside = place.filter(|place| *place < items.len());
    match (edit, inside) {
        (Edit::Set | Edit::Replace, Some(place)) => items[place] = value.clone(),
        (Edit::ArrayAppend, Some(place)) => {
            let old = std::mem::replace(&mut items[place], Json::Null);
            items[place] = append(old, value)?;
        }
        (Edit::ArrayInsert, Some(place)) => items.insert(place, value.clone()),
        // What is before the start goes to the start, what is behind the end goes to the end.
        (Edit::Set | Edit::Insert | Edit::ArrayInsert, None) => match place {
            Some(_) => items.push(value.clone()),
            None if items.is_empty() => items.push(value.clone()),
            None => items.insert(0, value.clone()),
        },
        _ => {}
    }
    Json::array(items)
}

/// Puts a value at a cell of what is no array: over it, or beside it in an array of both.
fn put_beside(edit: Edit, other: Json, index: Index, value: &Json) -> Result<Json, Error> {
    match (edit, index.place(1)) {
        (Edit::Set | Edit::Replace, Some(0)) => Ok(value.clone()),
        (Edit::ArrayAppend, Some(0)) => append(other, value),
        (Edit::Insert, Some(0)) => Ok(other),
        (Edit::Set | Edit::Insert, Some(_)) => Json::array(vec![other, value.clone()]),
        (Edit::Set | Edit::Insert, None) => Json::array(vec![value.clone(), other]),
        _ => Ok(other),
    }
}

fn append(to: Json, value: &Json) -> Result<Json, Error> {
    let mut items = match to {
        Json::Array(array) => array.into_items(),
        other => vec![other],
    };
    items.push(value.clone());
    Json::array(items)
}

fn remove_at(place: Place<'_>) -> Result<Json, Error> {
    match place {
        Place::Step(Json::Object(object), Leg::Member(name)) => {
            let Ok(place) = object.place(name) else { return Ok(Json::Object(object)) };
            let mut members = object.into_members();
            members.remove(place);
            Json::object(members)
        }
        Place::Step(Json::Array(array), Leg::Cell(index)) => {
            let mut items = array.into_items();
            if let Some(place) = index.place(items.len()).filter(|place| *place < items.len()) {
                items.remove(place);
            }
            Json::array(items)
        }
        Place::Root(other) | Place::Step(other, _) => Ok(other),
    }
}
