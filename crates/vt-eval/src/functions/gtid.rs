//! GTID_SUBSET and GTID_SUBTRACT.

use vt_base::Error;
use vt_base::gtid::GtidSet;
use vt_value::Value;

use super::strings::{chars, of_connection};
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("gtid_subset", (2, 2), subset_kind, gtid_subset),
    Function::new("gtid_subtract", (2, 2), subtract_kind, gtid_subtract),
];

fn subset_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::int(21).with_nullable(signature.any_nullable()))
}

fn subtract_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    // So much MySQL reckons with; less than nothing is as much as there can be.
    let most = chars(signature, 0) * 4 + chars(signature, 1) * 10;
    let length = most.checked_sub(90).unwrap_or(u64::MAX);
    Ok(of_connection(signature, length).with_nullable(true))
}

/// Computes the sets of both arguments; `None` if one is NULL.
///
/// MySQL takes more forms of a set, and names what is wrong in those that it does not take; both
/// are left to it.
fn sets(call: &mut Call<'_, '_>) -> Result<Option<(GtidSet, GtidSet)>, Error> {
    let mut read = |place: usize| -> Result<Option<GtidSet>, Error> {
        let Some(text) = call.bytes(place)? else { return Ok(None) };
        let set = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
        set.map(Some).ok_or_else(|| Error::unsupported("a set of GTIDs of such a form"))
    };
    let (a, b) = (read(0)?, read(1)?);
    Ok(a.zip(b))
}

fn gtid_subset(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(sets(call)?.map_or(Value::Null, |(part, whole)| Value::from(whole.contains(&part))))
}

fn gtid_subtract(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some((whole, part)) = sets(call)? else { return Ok(Value::Null) };
    let left = whole.subtract(&part).to_string();
    Ok(call.made(left))
}
