//! What is wrong with a pattern or a search, as MySQL tells it.

use std::fmt;

/// An error of a regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegexError {
    /// An argument that means nothing: an empty pattern, a property that does not exist.
    IllegalArgument,
    /// A position behind the text, or a group that the pattern does not have.
    IndexOutOfBounds,
    /// What cannot stand where it stands.
    Syntax {
        line: u32,
        character: u32,
    },
    BadEscape,
    Unimplemented,
    MismatchedParenthesis,
    BadInterval,
    MaxLessThanMin,
    InvalidBackReference,
    LookBehindLimit,
    MissingCloseBracket,
    InvalidRange,
    /// The matcher would remember more than it may.
    StackOverflow,
    /// The matcher has tried for too long.
    Timeout,
    PatternTooBig,
    InvalidGroupName,
    InvalidFlag,
    NumberTooBig,
    /// `\N{..}` of a name that no character has.
    UnknownCharacter,
    /// What is not computed here; the text says what.
    Unsupported(&'static str),
}

impl RegexError {
    /// Returns MySQL's number of the error; `None` for what is not computed here.
    pub fn errno(&self) -> Option<u16> {
        Some(match self {
            RegexError::IllegalArgument => 3685,
            RegexError::IndexOutOfBounds => 3686,
            RegexError::Syntax { .. } => 3688,
            RegexError::BadEscape => 3689,
            RegexError::Unimplemented => 3690,
            RegexError::MismatchedParenthesis => 3691,
            RegexError::BadInterval => 3692,
            RegexError::MaxLessThanMin => 3693,
            RegexError::InvalidBackReference => 3694,
            RegexError::LookBehindLimit => 3695,
            RegexError::MissingCloseBracket => 3696,
            RegexError::InvalidRange => 3697,
            RegexError::StackOverflow => 3698,
            RegexError::Timeout => 3699,
            RegexError::PatternTooBig => 3700,
            RegexError::InvalidGroupName => 3887,
            RegexError::InvalidFlag => 3900,
            RegexError::NumberTooBig => 4007,
            RegexError::UnknownCharacter => 1139,
            RegexError::Unsupported(_) => return None,
        })
    }
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RegexError::IllegalArgument => "Illegal argument to a regular expression.",
            RegexError::IndexOutOfBounds => "Index out of bounds in regular expression search.",
            RegexError::Syntax { line, character } => {
                return write!(
                    f,
                    "Syntax error in regular expression on line {line}, character {character}."
                );
            }
            RegexError::BadEscape => "Unrecognized escape sequence in regular expression.",
            RegexError::Unimplemented => {
                "The regular expression contains a feature that is not implemented in this \
                 library version."
            }
            RegexError::MismatchedParenthesis => "Mismatched parenthesis in regular expression.",
            RegexError::BadInterval => "Incorrect description of a {min,max} interval.",
            RegexError::MaxLessThanMin => {
                "The maximum is less than the minumum in a {min,max} interval."
            }
            RegexError::InvalidBackReference => "Invalid back-reference in regular expression.",
            RegexError::LookBehindLimit => {
                "The look-behind assertion exceeds the limit in regular expression."
            }
            RegexError::MissingCloseBracket => {
                "The regular expression contains an unclosed bracket expression."
            }
            RegexError::InvalidRange => {
                "The regular expression contains an [x-y] character range where x comes after y."
            }
            RegexError::StackOverflow => "Overflow in the regular expression backtrack stack.",
            RegexError::Timeout => "Timeout exceeded in regular expression match.",
            RegexError::PatternTooBig => {
                "The regular expression pattern exceeds limits on size or complexity."
            }
            RegexError::InvalidGroupName => "A capture group has an invalid name.",
            RegexError::InvalidFlag => "Invalid match mode flag in regular expression.",
            RegexError::NumberTooBig => "Decimal number in regular expression is too large.",
            RegexError::UnknownCharacter => "Got error 'U_ILLEGAL_CHAR_FOUND' from regexp",
            RegexError::Unsupported(what) => what,
        })
    }
}
