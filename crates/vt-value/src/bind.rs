//! Bind variables: named values that stand in for literals of a statement.

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

/// Bind variables by name (without the colon), in the order they were set.
///
/// Few in number, so a search beats a hash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BindVars(Vec<(Arc<str>, BoundValue)>);

impl BindVars {
    pub fn new() -> BindVars {
        BindVars::default()
    }

    pub fn get(&self, name: &str) -> Option<&BoundValue> {
        self.0.iter().find(|(one, _)| &**one == name).map(|(_, value)| value)
    }

    /// Sets a variable, replacing what it held.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: impl Into<BoundValue>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(one, _)| *one == name) {
            Some((_, held)) => *held = value,
            None => self.0.push((name, value)),
        }
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &BoundValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}
