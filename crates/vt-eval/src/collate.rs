//! The collation that several strings have in common, and the errors where there is none.

pub(crate) mod constant;

use vt_base::Error;
use vt_collation::Charset;
use vt_value::{Collation, Type};

use crate::function::CollationUse;
use crate::kind::Kind;
use crate::node::Node;
use crate::session::Session;
use crate::warning::Warning;

/// How weakly a collation holds against another, as `COERCIBILITY()` has it.
pub(crate) mod coercibility {
    pub(crate) const EXPLICIT: u8 = 0;
    pub(crate) const NONE: u8 = 1;
    pub(crate) const IMPLICIT: u8 = 2;
    pub(crate) const SYSTEM: u8 = 3;
    pub(crate) const COERCIBLE: u8 = 4;
    pub(crate) const NUMERIC: u8 = 5;
    pub(crate) const IGNORABLE: u8 = 6;
}

use coercibility::{COERCIBLE, EXPLICIT, NONE, NUMERIC, SYSTEM};

const NAMES: [&str; 7] =
    ["EXPLICIT", "NONE", "IMPLICIT", "SYSCONST", "COERCIBLE", "NUMERIC", "NULL"];

/// A collation with how strongly it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Claim {
    collation: Collation,
    coercibility: u8,
    /// The string has characters of ASCII alone.
    ascii: bool,
}

impl Claim {
    fn of(kind: &Kind) -> Claim {
        Claim { collation: kind.collation, coercibility: kind.coercibility, ascii: kind.ascii }
    }

    /// Returns what two strings have in common; `None` for a clash.
    fn join(self, other: Claim) -> Option<Claim> {
        let joined = match self.collation.charset() == other.collation.charset() {
            true => self.join_of_charset(other)?,
            false => self.join_of_charsets(other)?,
        };
        Some(Claim { ascii: self.ascii && other.ascii, ..joined })
    }

    fn join_of_charsets(self, other: Claim) -> Option<Claim> {
        let (binary, unknown) = (Collation::BINARY, Collation::UNKNOWN);
        if self.coercibility == EXPLICIT && other.coercibility == EXPLICIT {
            return None;
        }
        if self.collation == binary {
            return Some(if self.coercibility <= other.coercibility { self } else { other });
        }
        if other.collation == binary {
            return Some(if other.coercibility <= self.coercibility { other } else { self });
        }
        if self.collation == unknown || other.collation == unknown {
            // What is not known is refused where it is computed with.
            if self.coercibility != other.coercibility {
                return Some(if self.coercibility < other.coercibility { self } else { other });
            }
            return Some(Claim { collation: unknown, ..self });
        }
        if self.is_wider(other) {
            return Some(self);
        }
        if other.is_wider(self) {
            return Some(other);
        }
        if self.takes_ascii(other) {
            return Some(self);
        }
        if other.takes_ascii(self) {
            return Some(other);
        }
        // A weak string is converted, if it can be.
        if self.coercibility < other.coercibility && other.coercibility >= SYSTEM {
            return Some(self);
        }
        if other.coercibility < self.coercibility && self.coercibility >= SYSTEM {
            return Some(other);
        }
        None
    }

    /// Returns whether strings of the other become those of this set, of Unicode, where they meet.
    fn is_wider(self, other: Claim) -> bool {
        let sets = (self.collation.charset(), other.collation.charset());
        let holds = matches!(sets, (Some(own), Some(other)) if own.holds(other));
        let same = self.coercibility == other.coercibility;
        self.is_unicode() && (self.coercibility < other.coercibility || (same && holds))
    }

    /// Returns whether the other has ASCII alone, which every set has.
    fn takes_ascii(self, other: Claim) -> bool {
        let ascii = other.collation.charset() == Some(Charset::Ascii) && other.ascii;
        ascii && self.coercibility <= other.coercibility
    }

    fn join_of_charset(self, other: Claim) -> Option<Claim> {
        if self.coercibility != other.coercibility {
            return Some(if self.coercibility < other.coercibility { self } else { other });
        }
        if self.collation == other.collation {
            return Some(self);
        }
        if self.coercibility == EXPLICIT {
            return None;
        }
        match (self.collation.is_binary(), other.collation.is_binary()) {
            // utf8mb4_bin and utf8mb4_0900_bin.
            (true, true) => return None,
            (true, false) => return Some(self),
            (false, true) => return Some(other),
            (false, false) => {}
        }
        let collation = self.collation.charset()?.binary_collation();
        Some(Claim { collation, coercibility: NONE, ..self })
    }

    fn is_unicode(self) -> bool {
        self.collation.charset().is_some_and(Charset::is_unicode)
    }

    fn describe(self) -> String {
        // Numbers are told with the collation that their digits once had.
        let name = match self.coercibility {
            NUMERIC => "latin1_swedish_ci",
            _ => self.collation.name().unwrap_or("unknown"),
        };
        let strength = NAMES.get(usize::from(self.coercibility)).copied().unwrap_or("NONE");
        format!("({name},{strength})")
    }
}

/// Finds the collation that strings have in common, with its coercibility, and brings constants to
/// its character set.
pub(crate) fn aggregate(
    args: &mut [Node],
    purpose: CollationUse,
    operation: &str,
    session: &Session,
    notes: &mut Vec<Warning>,
) -> Result<(Collation, u8), Error> {
    let mut args: Vec<&mut Node> = args.iter_mut().collect();
    aggregate_all(&mut args, purpose, operation, session, notes)
}

/// The same, for arguments that do not stand side by side.
pub(crate) fn aggregate_all(
    args: &mut [&mut Node],
    purpose: CollationUse,
    operation: &str,
    session: &Session,
    notes: &mut Vec<Warning>,
) -> Result<(Collation, u8), Error> {
    let clash = |args: &[&mut Node]| {
        let claims: Vec<Claim> = args.iter().map(|arg| Claim::of(&arg.kind)).collect();
        illegal_mix(&claims, operation)
    };
    let compares = purpose != CollationUse::Result;
    let mut claims = args.iter().map(|arg| Claim::of(&arg.kind));
    let Some(first) = claims.next() else {
        return Ok((session.connection_collation, COERCIBLE));
    };
    let mut clashed = false;
    let mut all = first;
    for claim in claims {
        match all.join(claim) {
            // A stronger one settles what weaker ones did not.
            _ if clashed && claim.coercibility < all.coercibility => {
                clashed = false;
                all = claim;
            }
            Some(joined) => all = joined,
            None if all.coercibility == EXPLICIT && claim.coercibility == EXPLICIT => {
                return Err(clash(args));
            }
            // An explicit collation settles it where a new string is made.
            None => {
                clashed = true;
                if claim.coercibility == EXPLICIT {
                    all = claim;
                }
            }
        }
    }
    if clashed && all.coercibility != EXPLICIT || compares && all.coercibility == NONE {
        return Err(clash(args));
    }
    if clashed
        && purpose == CollationUse::Pair
        && let [first, second] = args
    {
        let explicit = |node: &Node| node.kind.coercibility == EXPLICIT;
        let weak = if explicit(first) { &*second } else { &*first };
        if !weak.is_constant() {
            if !second.is_constant() {
                return Err(clash(args));
            }
            // A constant becomes what a column beside it is, however explicit it is.
            let own = first.kind.collation;
            constant::convert(second, own, purpose, session, notes)?;
            return Ok((own, first.kind.coercibility));
        }
    }
    if all.coercibility == NUMERIC {
        return Ok((session.connection_collation, COERCIBLE));
    }
    for arg in args.iter_mut() {
        constant::convert(arg, all.collation, purpose, session, notes)?;
    }
    Ok((all.collation, all.coercibility))
}

fn illegal_mix(claims: &[Claim], operation: &str) -> Error {
    let parts: Vec<String> = claims.iter().map(|claim| claim.describe()).collect();
    let (errno, message) = match parts.as_slice() {
        [a, b] => {
            (1267, format!("Illegal mix of collations {a} and {b} for operation '{operation}'"))
        }
        [a, b, c] => {
            (1270, format!("Illegal mix of collations {a}, {b}, {c} for operation '{operation}'"))
        }
        _ => (1271, format!("Illegal mix of collations for operation '{operation}'")),
    };
    Error::mysql(errno, b"HY000", message).with_code(vt_base::Code::InvalidArgument)
}

/// Returns whether the values of a kind are strings, whose bytes count.
pub(crate) fn has_bytes(kind: &Kind) -> bool {
    kind.is_string() || matches!(kind.typ, Type::ENUM | Type::SET)
}
