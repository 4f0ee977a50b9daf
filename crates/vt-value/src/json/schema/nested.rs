//! What a schema asks of objects and arrays, and of what they hold.

use vt_base::Error;

use super::super::{Json, Object};
use super::{At, Checked, Checker, Spot, count, is_true};

impl Checker<'_> {
    pub(super) fn object(&self, schema: &Object, spot: Spot<'_>, value: &Object) -> Checked {
        for (name, member) in value.members() {
            if let Some(failure) = self.member(schema, spot, name, member)? {
                return Ok(Some(failure));
            }
        }
        let has = |name: &Json| !matches!(name, Json::String(name) if value.get(name).is_none());
        if let Some(Json::Array(names)) = schema.get("required")
            && !names.items().iter().all(has)
        {
            return spot.fail("required");
        }
        let length = value.members().len() as u64;
        if count(schema, "minProperties").is_some_and(|least| length < least) {
            return spot.fail("minProperties");
        }
        if count(schema, "maxProperties").is_some_and(|most| length > most) {
            return spot.fail("maxProperties");
        }
        let Some(Json::Object(dependencies)) = schema.get("dependencies") else { return Ok(None) };
        for (name, needs) in dependencies.members() {
            if value.get(name).is_none() {
                continue;
            }
            let met = match needs {
                Json::Array(names) => names.items().iter().all(has),
                part => {
                    let whole = Json::Object(value.clone());
                    self.check_part(spot, part, spot.schema_at, &whole)?.is_none()
                }
            };
            if !met {
                return spot.fail("dependencies");
            }
        }
        Ok(None)
    }

    /// Checks a member against the part that names it, those whose patterns fit it, or the one
    /// for all others.
    fn member(&self, schema: &Object, spot: Spot<'_>, name: &str, value: &Json) -> Checked {
        let value_at = spot.value_at.member(name);
        let inner = Spot { value_at: &value_at, ..spot };
        let patterns = self.matching_patterns(schema, name)?;
        let named = match schema.get("properties") {
            Some(Json::Object(properties)) => properties.get(name),
            _ => None,
        };
        let other = match schema.get("additionalProperties") {
            Some(part @ Json::Object(_)) => Some(part),
            _ => None,
        };
        if patterns.is_empty() {
            let (keyword, part) = match (named, other) {
                (Some(part), _) => ("properties", part),
                (None, Some(part)) => ("additionalProperties", part),
                (None, None) => {
                    return match schema.get("additionalProperties") {
                        Some(Json::Bool(false)) => spot.fail_at("additionalProperties", &value_at),
                        _ => Ok(None),
                    };
                }
            };
            let at = spot.schema_at.member(keyword);
            let member = at.member(name);
            let at = if named.is_some() { &member } else { &at };
            return self.check_part(inner, part, at, value);
        }
        let passes = |part: &Json| -> Result<bool, Error> {
            Ok(self.check_part(inner, part, spot.schema_at, value)?.is_none())
        };
        let mut valid = true;
        for part in patterns {
            valid &= passes(part)?;
        }
        // A member that has a name of its own meets that too; the part for all others is another
        // chance.
        let valid = match (named, other) {
            (Some(part), _) => valid && passes(part)?,
            (None, Some(part)) => valid || passes(part)?,
            (None, None) => valid,
        };
        if valid { Ok(None) } else { spot.fail_at("patternProperties", &value_at) }
    }

    fn matching_patterns<'s>(
        &self,
        schema: &'s Object,
        name: &str,
    ) -> Result<Vec<&'s Json>, Error> {
        let mut found = Vec::new();
        if let Some(Json::Object(patterns)) = schema.get("patternProperties") {
            for (pattern, part) in patterns.members() {
                if (self.matches)(pattern, name)? == Some(true) {
                    found.push(part);
                }
            }
        }
        Ok(found)
    }

    pub(super) fn array(&self, schema: &Object, spot: Spot<'_>, items: &[Json]) -> Checked {
        let unique = is_true(schema, "uniqueItems");
        let mut seen = std::collections::HashSet::new();
        for (place, item) in items.iter().enumerate() {
            if let Some(failure) = self.element(schema, spot, place, item)? {
                return Ok(Some(failure));
            }
            if unique && !seen.insert(item) {
                return spot.fail_at("uniqueItems", &spot.value_at.element(place));
            }
        }
        let length = items.len() as u64;
        if count(schema, "minItems").is_some_and(|least| length < least) {
            return spot.fail("minItems");
        }
        if count(schema, "maxItems").is_some_and(|most| length > most) {
            return spot.fail("maxItems");
        }
        Ok(None)
    }

    fn element(&self, schema: &Object, spot: Spot<'_>, place: usize, value: &Json) -> Checked {
        let value_at = spot.value_at.element(place);
        let inner = Spot { value_at: &value_at, ..spot };
        let at: At<'_> = spot.schema_at.member("items");
        match schema.get("items") {
            Some(part @ Json::Object(_)) => self.check_part(inner, part, &at, value),
            Some(Json::Array(parts)) => {
                if let Some(part) = parts.items().get(place) {
                    return self.check_part(inner, part, &at.element(place), value);
                }
                match schema.get("additionalItems") {
                    Some(Json::Bool(false)) => spot.fail_at("additionalItems", &value_at),
                    Some(part @ Json::Object(_)) => {
                        let at = spot.schema_at.member("additionalItems");
                        self.check_part(inner, part, &at, value)
                    }
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }
}
