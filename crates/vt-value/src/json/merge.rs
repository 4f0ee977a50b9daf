//! Two documents made into one.

use vt_base::Error;

use super::{Json, Object};

impl Json {
    /// `JSON_MERGE_PRESERVE()`: members of both, arrays one after the other, and an array of what
    /// is neither.
    ///
    /// # Errors
    /// The result would nest too deep.
    pub fn merge_preserve(self, other: Json) -> Result<Json, Error> {
        match (self, other) {
            (Json::Object(one), Json::Object(two)) => {
                let mut members = one.into_members();
                let own = members.len();
                for (name, value) in two.into_members() {
                    let found =
                        members[..own].binary_search_by(|(key, _)| super::key_order(key, &name));
                    match found {
                        Ok(place) => {
                            let old = std::mem::replace(&mut members[place].1, Json::Null);
                            members[place].1 = old.merge_preserve(value)?;
                        }
                        Err(_) => members.push((name, value)),
                    }
                }
                Json::object(members)
            }
            (one, two) => {
                let mut items = one.into_elements();
                items.extend(two.into_elements());
                Json::array(items)
            }
        }
    }

    /// Returns the elements of an array, or the value as the only one.
    fn into_elements(self) -> Vec<Json> {
        match self {
            Json::Array(array) => array.into_items(),
            other => vec![other],
        }
    }

    /// `JSON_MERGE_PATCH()`: RFC 7396, where a null removes a member.
    ///
    /// # Errors
    /// The result would nest too deep.
    pub fn merge_patch(self, patch: Json) -> Result<Json, Error> {
        let Json::Object(patch) = patch else { return Ok(patch) };
        let mut members = match self {
            Json::Object(object) => object.into_members(),
            _ => Vec::new(),
        };
        for (name, change) in patch.into_members() {
            let found = members.binary_search_by(|(key, _)| super::key_order(key, &name));
            match (found, change) {
                (Ok(place), Json::Null) => drop(members.remove(place)),
                (Err(_), Json::Null) => {}
                (Ok(place), change) => {
                    let old = std::mem::replace(&mut members[place].1, Json::Null);
                    members[place].1 = old.merge_patch(change)?;
                }
                // Nulls are taken out of what is new, too.
                (Err(place), change) => {
                    members.insert(place, (name, Json::Null.merge_patch(change)?));
                }
            }
        }
        Object::new(members).map(Json::Object)
    }
}
