//! Bind variables: named values that stand in for literals of a statement.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::Type;

/// A value with its type, in the text form that MySQL prints; NULL has the type `NULL_TYPE`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TypedBytes {
    pub typ: Type,
    pub bytes: Bytes,
}

impl TypedBytes {
    pub const NULL: TypedBytes = TypedBytes { typ: Type::NULL_TYPE, bytes: Bytes::new() };

    pub fn new(typ: Type, bytes: impl Into<Bytes>) -> TypedBytes {
        TypedBytes { typ, bytes: bytes.into() }
    }

    pub fn int64(number: i64) -> TypedBytes {
        TypedBytes::new(Type::INT64, number.to_string())
    }

    pub fn uint64(number: u64) -> TypedBytes {
        TypedBytes::new(Type::UINT64, number.to_string())
    }

    pub fn varchar(text: &str) -> TypedBytes {
        TypedBytes::new(Type::VARCHAR, Bytes::copy_from_slice(text.as_bytes()))
    }

    pub fn is_null(&self) -> bool {
        self.typ == Type::NULL_TYPE
    }
}

/// What a bind variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundValue {
    One(TypedBytes),
    /// A list, as stands on the right of IN; written `::name` in the statement.
    Tuple(Vec<TypedBytes>),
}

impl From<TypedBytes> for BoundValue {
    fn from(value: TypedBytes) -> BoundValue {
        BoundValue::One(value)
    }
}

/// With more variables than this, a hash finds them; with fewer, a search is quicker.
const SEARCHED: usize = 16;

/// Bind variables by name (without the colon), in the order they were set.
#[derive(Clone, Debug, Default)]
pub struct BindVars {
    list: Vec<(Arc<str>, BoundValue)>,
    /// Where each is in the list, once there are many.
    index: HashMap<Arc<str>, usize>,
}

impl BindVars {
    pub fn new() -> BindVars {
        BindVars::default()
    }

    pub fn get(&self, name: &str) -> Option<&BoundValue> {
        self.place(name).map(|place| &self.list[place].1)
    }

    /// Sets a variable, replacing what it held.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: impl Into<BoundValue>) {
        let (name, value) = (name.into(), value.into());
        if let Some(place) = self.place(&name) {
            self.list[place].1 = value;
            return;
        }
        self.list.push((name, value));
        if self.list.len() > SEARCHED {
            let known = self.index.len();
            let late = self.list[known..].iter().enumerate();
            self.index.extend(late.map(|(place, (name, _))| (name.clone(), known + place)));
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        if self.list.len() > SEARCHED {
            return self.index.get(name).copied();
        }
        self.list.iter().position(|(one, _)| &**one == name)
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &BoundValue)> {
        self.list.iter().map(|(name, value)| (name, value))
    }
}

impl PartialEq for BindVars {
    fn eq(&self, other: &BindVars) -> bool {
        self.list == other.list
    }
}

impl Eq for BindVars {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_variables_are_found() {
        let mut binds = BindVars::new();
        for number in 0..100i64 {
            binds.set(format!("v{number}"), TypedBytes::int64(number));
            binds.set("v0", TypedBytes::int64(-number));
            let want = BoundValue::One(TypedBytes::int64(number.max(1)));
            assert_eq!(binds.get(&format!("v{}", number.max(1))), (number > 0).then_some(&want));
            assert_eq!(binds.get("v0"), Some(&BoundValue::One(TypedBytes::int64(-number))));
            assert_eq!(binds.get("v100"), None);
        }
        assert_eq!(binds.len(), 100);
        assert!(binds.iter().enumerate().all(|(at, (name, _))| **name == format!("v{at}")));
    }
}
