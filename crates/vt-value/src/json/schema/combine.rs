//! What a schema asks of a value as a whole: one of a list, all or any of several schemas.

use super::super::{Json, Object};
use super::{Checked, Checker, Spot};

impl Checker<'_> {
    pub(super) fn combined(&self, schema: &Object, spot: Spot<'_>, value: &Json) -> Checked {
        if let Some(Json::Array(allowed)) = schema.get("enum")
            && !allowed.items().is_empty()
            && !allowed.items().contains(value)
        {
            return spot.fail("enum");
        }
        for (keyword, holds) in COMBINATIONS {
            let Some(Json::Array(parts)) = schema.get(keyword) else { continue };
            let (all, mut valid) = (parts.items().len(), 0);
            let at = spot.schema_at.member(keyword);
            for (place, part) in parts.items().iter().enumerate() {
                let failed = self.check_part(spot, part, &at.element(place), value)?;
                valid += usize::from(failed.is_none());
            }
            if all > 0 && !holds(valid, all) {
                return spot.fail(keyword);
            }
        }
        if let Some(part) = schema.get("not")
            && self.check_part(spot, part, &spot.schema_at.member("not"), value)?.is_none()
        {
            return spot.fail("not");
        }
        Ok(None)
    }
}

/// A keyword, and whether it is met when so many of all its parts are valid.
type Combination = (&'static str, fn(usize, usize) -> bool);

const COMBINATIONS: [Combination; 3] = [
    ("allOf", |valid, all| valid == all),
    ("anyOf", |valid, _| valid > 0),
    ("oneOf", |valid, _| valid == 1),
];
