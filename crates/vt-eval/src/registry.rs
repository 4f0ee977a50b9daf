//! The functions by name.

use std::fmt;
use std::sync::LazyLock;

use crate::function::Function;
use crate::functions;

/// A function that is called by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FunctionId(u16);

/// All functions, ordered by name.
static BY_NAME: LazyLock<Vec<&'static Function>> = LazyLock::new(|| {
    let mut all: Vec<&'static Function> = functions::GROUPS.iter().copied().flatten().collect();
    all.sort_by_key(|function| function.name);
    all
});

impl FunctionId {
    /// Returns the function that a call by this name means, in any letter case.
    pub fn from_name(name: &str) -> Option<FunctionId> {
        FunctionId::find(name).filter(|id| !id.function().internal)
    }

    /// Returns the function of a name that no SQL text can call.
    pub fn internal(name: &str) -> Option<FunctionId> {
        FunctionId::find(name).filter(|id| id.function().internal)
    }

    fn find(name: &str) -> Option<FunctionId> {
        let lower = name.bytes().map(|byte| byte.to_ascii_lowercase());
        let place = BY_NAME.binary_search_by(|one| one.name.bytes().cmp(lower.clone()));
        place.ok().and_then(|place| u16::try_from(place).ok()).map(FunctionId)
    }

    /// Returns what the function is.
    pub fn function(self) -> &'static Function {
        BY_NAME[usize::from(self.0)]
    }

    /// Returns all functions that SQL can call, ordered by name.
    pub fn all() -> impl Iterator<Item = &'static Function> {
        BY_NAME.iter().copied().filter(|function| !function.internal)
    }
}

impl fmt::Debug for FunctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.function().name)
    }
}

#[cfg(test)]
mod tests {
    use super::{BY_NAME, FunctionId};

    #[test]
    fn names_are_lower_case_and_no_two_are_the_same() {
        for pair in BY_NAME.windows(2) {
            assert!(pair[0].name < pair[1].name, "{} stands twice", pair[0].name);
        }
        for function in BY_NAME.iter() {
            assert_eq!(function.name, function.name.to_ascii_lowercase());
            assert!(function.least <= function.greatest);
        }
        assert_eq!(FunctionId::from_name("COALESCE").unwrap().function().name, "coalesce");
        assert_eq!(FunctionId::from_name("no_such"), None);
    }
}
