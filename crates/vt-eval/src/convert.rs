//! Values as what a function asks for, with MySQL's rules and warnings.

mod number;
pub(crate) mod temporal;
mod text;

pub use number::Int;
pub(crate) use number::{
    Read, as_it_is, bits, bits_of, cut, decimal, decimal_of_text, int, integer_of_text,
    is_beyond_signed, plain, real, shown, truncated, truth, warn_beyond, whole_of_sum,
};
pub(crate) use temporal::{
    Need, clock, date, datetime, digits_of_text, either, literal, now, overflow, readable, time,
    too_long, warn_temporal, warn_text,
};
pub(crate) use text::{
    converted, exactly, not_convertible, text, to_charset, typed, within, write,
};
