//! What changes how text is read: parts of `sql_mode`, and the server's version.

/// The modes of a session that change the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Modes {
    /// `"x"` is an identifier, not a string.
    pub ansi_quotes: bool,
    /// `||` joins strings and binds tighter than comparisons.
    pub pipes_as_concat: bool,
    /// `\` is an ordinary character in strings.
    pub no_backslash_escapes: bool,
    /// A blank may stand between a built-in function's name and its parenthesis.
    pub ignore_space: bool,
    /// `NOT` binds as tightly as `!`.
    pub high_not_precedence: bool,
    /// `REAL` is a `FLOAT`, not a `DOUBLE`.
    pub real_as_float: bool,
    /// The server's version, which version comments are compared with: 80406 is 8.4.6. It is no
    /// mode, and the same for all sessions of a server.
    pub mysql_version: u32,
}

impl Default for Modes {
    fn default() -> Modes {
        Modes {
            ansi_quotes: false,
            pipes_as_concat: false,
            no_backslash_escapes: false,
            ignore_space: false,
            high_not_precedence: false,
            real_as_float: false,
            mysql_version: MYSQL_VERSION,
        }
    }
}

/// The version that is assumed if none is said.
const MYSQL_VERSION: u32 = 80_406;

impl Modes {
    /// Reads the modes from a value of `sql_mode`, and ignores the others.
    pub fn from_sql_mode(value: &str) -> Modes {
        let mut modes = Modes::default();
        for word in value.split(',').map(str::trim) {
            let is = |name: &str| word.eq_ignore_ascii_case(name);
            if is("ANSI") {
                modes.ansi_quotes = true;
                modes.pipes_as_concat = true;
                modes.ignore_space = true;
                modes.real_as_float = true;
            }
            modes.ansi_quotes |= is("ANSI_QUOTES");
            modes.pipes_as_concat |= is("PIPES_AS_CONCAT");
            modes.no_backslash_escapes |= is("NO_BACKSLASH_ESCAPES");
            modes.ignore_space |= is("IGNORE_SPACE");
            modes.high_not_precedence |= is("HIGH_NOT_PRECEDENCE");
            modes.real_as_float |= is("REAL_AS_FLOAT");
        }
        modes
    }

    /// Returns the modes of a server of this version, as `8.4.6` or `9.1.0-log`; `None` if it is
    /// no version.
    pub fn with_version(self, version: &str) -> Option<Modes> {
        let mut parts = version.split('.').map(|part| {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..end].parse::<u32>().ok().filter(|number| *number < 100)
        });
        let major = parts.next()??;
        let mut next = || parts.next().unwrap_or(Some(0));
        let mysql_version = major * 10_000 + next()? * 100 + next()?;
        Some(Modes { mysql_version, ..self })
    }

    /// Returns the modes as bits, for hashing.
    pub(crate) fn bits(self) -> u8 {
        [
            self.ansi_quotes,
            self.pipes_as_concat,
            self.no_backslash_escapes,
            self.ignore_space,
            self.high_not_precedence,
            self.real_as_float,
        ]
        .iter()
        .fold(0, |bits, mode| bits << 1 | u8::from(*mode))
    }
}
