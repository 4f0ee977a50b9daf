//! The modes of `sql_mode`.

use std::fmt;

/// A set of modes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SqlMode(u32);

macro_rules! modes {
    ($($name:ident = $bit:literal),* $(,)?) => {
        impl SqlMode {
            $(pub const $name: SqlMode = SqlMode(1 << $bit);)*

            const ALL: &'static [(SqlMode, &'static str)] = &[$((SqlMode::$name, stringify!($name))),*];
        }
    };
}

modes! {
    REAL_AS_FLOAT = 0,
    PIPES_AS_CONCAT = 1,
    ANSI_QUOTES = 2,
    IGNORE_SPACE = 3,
    ONLY_FULL_GROUP_BY = 4,
    NO_UNSIGNED_SUBTRACTION = 5,
    NO_DIR_IN_CREATE = 6,
    NO_AUTO_VALUE_ON_ZERO = 7,
    NO_BACKSLASH_ESCAPES = 8,
    STRICT_TRANS_TABLES = 9,
    STRICT_ALL_TABLES = 10,
    NO_ZERO_IN_DATE = 11,
    NO_ZERO_DATE = 12,
    ALLOW_INVALID_DATES = 13,
    ERROR_FOR_DIVISION_BY_ZERO = 14,
    HIGH_NOT_PRECEDENCE = 15,
    NO_ENGINE_SUBSTITUTION = 16,
    PAD_CHAR_TO_FULL_LENGTH = 17,
    TIME_TRUNCATE_FRACTIONAL = 18,
}

impl SqlMode {
    pub const EMPTY: SqlMode = SqlMode(0);

    /// What MySQL starts with.
    pub const DEFAULT: SqlMode = SqlMode::ONLY_FULL_GROUP_BY
        .with(SqlMode::STRICT_TRANS_TABLES)
        .with(SqlMode::NO_ZERO_IN_DATE)
        .with(SqlMode::NO_ZERO_DATE)
        .with(SqlMode::ERROR_FOR_DIVISION_BY_ZERO)
        .with(SqlMode::NO_ENGINE_SUBSTITUTION);

    /// Returns both sets together.
    #[must_use]
    pub const fn with(self, other: SqlMode) -> SqlMode {
        SqlMode(self.0 | other.0)
    }

    /// Returns whether all modes of the other set are in this one.
    pub const fn has(self, other: SqlMode) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether values that do not fit are errors where rows are written.
    pub const fn is_strict(self) -> bool {
        self.has(SqlMode::STRICT_TRANS_TABLES) || self.has(SqlMode::STRICT_ALL_TABLES)
    }

    /// Reads a value of `sql_mode`; a name that MySQL does not have is given back as the error.
    pub fn from_names(names: &str) -> Result<SqlMode, String> {
        let mut modes = SqlMode::EMPTY;
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let known = SqlMode::ALL.iter().find(|(_, one)| one.eq_ignore_ascii_case(name));
            let mode = match known {
                Some((mode, _)) => *mode,
                None => SqlMode::combination(name).ok_or_else(|| name.to_owned())?,
            };
            modes = modes.with(mode);
        }
        Ok(modes)
    }

    /// Returns the modes that a name stands for.
    fn combination(name: &str) -> Option<SqlMode> {
        if name.eq_ignore_ascii_case("ANSI") {
            let quotes = SqlMode::REAL_AS_FLOAT.with(SqlMode::PIPES_AS_CONCAT);
            let spaces = SqlMode::ANSI_QUOTES.with(SqlMode::IGNORE_SPACE);
            return Some(quotes.with(spaces).with(SqlMode::ONLY_FULL_GROUP_BY));
        }
        if name.eq_ignore_ascii_case("TRADITIONAL") {
            let strict = SqlMode::STRICT_TRANS_TABLES.with(SqlMode::STRICT_ALL_TABLES);
            let dates = SqlMode::NO_ZERO_IN_DATE.with(SqlMode::NO_ZERO_DATE);
            let others = SqlMode::ERROR_FOR_DIVISION_BY_ZERO.with(SqlMode::NO_ENGINE_SUBSTITUTION);
            return Some(strict.with(dates).with(others));
        }
        None
    }
}

impl fmt::Debug for SqlMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = SqlMode::ALL.iter().filter(|(mode, _)| self.has(*mode)).map(|(_, name)| *name);
        f.write_str(&names.collect::<Vec<_>>().join(","))
    }
}

impl Default for SqlMode {
    fn default() -> SqlMode {
        SqlMode::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::SqlMode;

    #[test]
    fn modes_are_read_by_name() {
        let modes = SqlMode::from_names("strict_trans_tables, ANSI").unwrap();
        assert!(modes.is_strict() && modes.has(SqlMode::ANSI_QUOTES));
        assert_eq!(
            format!("{modes:?}"),
            "REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY,\
             STRICT_TRANS_TABLES"
        );
        assert_eq!(SqlMode::from_names("").unwrap(), SqlMode::EMPTY);
        assert_eq!(SqlMode::from_names("STRICT").unwrap_err(), "STRICT");
        assert!(SqlMode::from_names("TRADITIONAL").unwrap().has(SqlMode::NO_ZERO_DATE));
    }
}
