//! SIN, EXP, LOG, POW, RAND and their like: functions of doubles.

use std::f64::consts::PI;
use std::sync::atomic::{AtomicU64, Ordering};

use vt_base::Error;
use vt_value::{Type, Value};

use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("acos", (1, 1), kind, |call| within_one(call, f64::acos)),
    Function::new("asin", (1, 1), kind, |call| within_one(call, f64::asin)),
    Function::new("atan", (1, 2), kind, atan),
    Function::new("atan2", (1, 2), kind, atan),
    Function::new("cos", (1, 1), kind, |call| one(call, f64::cos)),
    Function::new("cot", (1, 1), kind, |call| one(call, |number| 1.0 / number.tan())),
    Function::new("degrees", (1, 1), same_nullable, |call| {
        one(call, |number| number * (180.0 / PI) + 0.0)
    }),
    Function::new("exp", (1, 1), kind, |call| one(call, f64::exp)),
    Function::new("ln", (1, 1), kind, |call| logarithm(call, f64::ln)),
    Function::new("log", (1, 2), kind, log),
    Function::new("log10", (1, 1), kind, |call| logarithm(call, f64::log10)),
    Function::new("log2", (1, 1), kind, |call| logarithm(call, f64::log2)),
    Function::new("pi", (0, 0), |_| Ok(Kind::new(Type::FLOAT64, 8, 6).with_nullable(false)), pi),
    Function::new("pow", (2, 2), kind, pow),
    Function::new("power", (2, 2), kind, pow),
    Function::new("radians", (1, 1), same_nullable, |call| {
        one(call, |number| number * (PI / 180.0) + 0.0)
    }),
    Function::new("rand", (0, 1), rand_kind, rand).row(),
    Function::new("sin", (1, 1), kind, |call| one(call, f64::sin)),
    Function::new("sqrt", (1, 1), kind, sqrt),
    Function::new("tan", (1, 1), kind, |call| one(call, f64::tan)),
];

fn kind(_signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::float())
}

fn same_nullable(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::float().with_nullable(signature.any_nullable()))
}

/// Returns a double, or the error for one that is not finite.
fn finite(call: &Call<'_, '_>, number: f64) -> Result<Value, Error> {
    if number.is_finite() { Ok(Value::Float(number)) } else { Err(call.out_of_range("DOUBLE")) }
}

fn one(call: &mut Call<'_, '_>, of: fn(f64) -> f64) -> Result<Value, Error> {
    let Some(number) = call.real(0)? else { return Ok(Value::Null) };
    finite(call, of(number))
}

fn within_one(call: &mut Call<'_, '_>, of: fn(f64) -> f64) -> Result<Value, Error> {
    let number = call.real(0)?.filter(|number| (-1.0..=1.0).contains(number));
    Ok(number.map_or(Value::Null, |number| Value::Float(of(number))))
}

fn atan(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(number) = call.real(0)? else { return Ok(Value::Null) };
    if call.len() == 1 {
        return Ok(Value::Float(number.atan()));
    }
    let Some(other) = call.real(1)? else { return Ok(Value::Null) };
    finite(call, number.atan2(other))
}

fn sqrt(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let number = call.real(0)?.filter(|number| *number >= 0.0);
    Ok(number.map_or(Value::Null, |number| Value::Float(number.sqrt())))
}

fn pow(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(base) = call.real(0)? else { return Ok(Value::Null) };
    let Some(exponent) = call.real(1)? else { return Ok(Value::Null) };
    finite(call, base.powf(exponent))
}

fn pi(_call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(Value::Float(PI))
}

fn no_logarithm(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    call.null_with_warning(3020, "Invalid argument for logarithm")
}

fn logarithm(call: &mut Call<'_, '_>, of: fn(f64) -> f64) -> Result<Value, Error> {
    match call.real(0)? {
        None => Ok(Value::Null),
        Some(number) if number <= 0.0 => no_logarithm(call),
        Some(number) => Ok(Value::Float(of(number))),
    }
}

fn log(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    if call.len() == 1 {
        return logarithm(call, f64::ln);
    }
    let Some(base) = call.real(0)? else { return Ok(Value::Null) };
    if base <= 0.0 {
        return no_logarithm(call);
    }
    let Some(number) = call.real(1)? else { return Ok(Value::Null) };
    if number <= 0.0 || base == 1.0 {
        return no_logarithm(call);
    }
    finite(call, number.ln() / base.ln())
}

/// Both halves of the generator's state, which are below this.
const RAND_MAX: u64 = 0x3fff_ffff;

/// Makes the state that a seed stands for.
fn seeded(seed: u32) -> (u64, u64) {
    let first = seed.wrapping_mul(0x10001).wrapping_add(55_555_555);
    let second = seed.wrapping_mul(0x1000_0001);
    (u64::from(first) % RAND_MAX, u64::from(second) % RAND_MAX)
}

/// Steps the generator; returns the number and the next state.
fn step((first, second): (u64, u64)) -> (f64, (u64, u64)) {
    let first = (first * 3 + second) % RAND_MAX;
    let second = (first + second + 33) % RAND_MAX;
    (first as f64 / RAND_MAX as f64, (first, second))
}

/// The state of a constant seed's sequence, which goes on from row to row.
struct Sequence(AtomicU64);

impl Sequence {
    fn new((first, second): (u64, u64)) -> Sequence {
        Sequence(AtomicU64::new(first << 32 | second))
    }

    fn next(&self) -> f64 {
        let state = self.0.load(Ordering::Relaxed);
        let (number, (first, second)) = step((state >> 32, state & u64::from(u32::MAX)));
        self.0.store(first << 32 | second, Ordering::Relaxed);
        number
    }
}

fn rand_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    // The seed of a string or a decimal is computed for each row, as if it were no constant.
    let seed = match signature.constant(0) {
        Some(Value::Int(seed)) => Some(*seed as u32),
        Some(Value::UInt(seed)) => Some(*seed as u32),
        Some(Value::Null) => Some(0),
        _ => None,
    };
    if let Some(seed) = seed {
        signature.keep(Sequence::new(seeded(seed)));
    }
    same_nullable(signature)
}

fn rand(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    if let Some(sequence) = call.kept::<Sequence>() {
        return Ok(Value::Float(sequence.next()));
    }
    if call.is_empty() {
        // 53 bits make every double below one that is a multiple of 2^-53.
        let bits = call.random() >> 11;
        return Ok(Value::Float(bits as f64 / (1u64 << 53) as f64));
    }
    let seed = call.int(0)?.map_or(0, |seed| seed.bits_u64() as u32);
    Ok(Value::Float(step(seeded(seed)).0))
}
