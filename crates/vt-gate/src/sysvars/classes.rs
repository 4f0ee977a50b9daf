//! What `SET` of a system variable means here.

use super::table::VARIABLES;

/// What becomes of a variable that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The gateway keeps and obeys it.
    Gate,
    /// MySQL is asked whether it takes the value; then the session's statements run under it on
    /// every shard, and what the gateway computes obeys it too.
    Setting,
    /// The value is kept and shown, and has no effect: none of it changes a result.
    Ignored,
    /// It cannot be had in a cluster: no value but the present one is taken.
    Fixed,
    /// It can be read only.
    ReadOnly,
}

/// Where a variable is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Each session of MySQL has its own value, and the server one for new sessions.
    Both,
    /// Sessions alone have it.
    Session,
    /// MySQL does not have it, or no session may change it; the gateway answers for it.
    Gateway,
}

/// What a variable's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ON or OFF; a query reads 1 or 0.
    Flag,
    Int,
    Uint,
    Real,
    Text,
}

/// A system variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: &'static str,
    pub scope: Scope,
    pub kind: Kind,
    pub class: Class,
}

/// Returns a variable by its lower-case name; `None` for one that only MySQL may know.
pub fn find(name: &str) -> Option<&'static Variable> {
    let place = VARIABLES.binary_search_by(|one| one.name.cmp(name)).ok()?;
    VARIABLES.get(place)
}

/// Returns every variable by name.
pub fn all() -> &'static [Variable] {
    VARIABLES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stand_in_order_and_once() {
        for pair in VARIABLES.windows(2) {
            assert!(pair[0].name < pair[1].name, "{} before {}", pair[0].name, pair[1].name);
        }
        assert_eq!(find("sql_mode").map(|one| one.class), Some(Class::Setting));
        assert_eq!(find("no_such"), None);
    }
}
