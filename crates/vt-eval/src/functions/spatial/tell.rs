//! Geometries as texts and as well-known binary.

use vt_base::Error;
use vt_value::Value;
use vt_value::geometry::Shape;

use super::placed;
use super::read::{AxisOrder, axis_order};
use crate::function::Call;

/// Computes the shape with its coordinates in the order that is asked for; `None` for NULL.
fn told(call: &mut Call<'_, '_>) -> Result<Option<Shape>, Error> {
    let Some((geometry, reference)) = placed(call, 0)? else { return Ok(None) };
    let mut order = AxisOrder::Defined;
    if call.len() > 1 {
        match axis_order(call, 1)? {
            Some(one) => order = one,
            None => return Ok(None),
        }
    }
    let told = order.applied(reference);
    Ok(Some(geometry.shape.map_points(&|point| told.told(point))))
}

pub(super) fn as_text(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(told(call)?.map_or(Value::Null, |shape| call.made(shape.to_wkt())))
}

pub(super) fn as_binary(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(shape) = told(call)? else { return Ok(Value::Null) };
    let mut bytes = Vec::new();
    shape.write_wkb(&mut bytes);
    Ok(call.made(bytes))
}
