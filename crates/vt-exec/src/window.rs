//! Window functions: all rows are held, ordered by the window, and each gets its values.

use std::ops::Range;

use bytes::Bytes;
use vt_base::{Code, Error};
use vt_eval::window::{self, Bound, Frame, FrameUnit, Offset, WindowRow};
use vt_eval::{Context, Expr, Kind};
use vt_plan::{FrameBound, FrameOffset, SortKey, Window, WindowCall, WindowFrame, WindowFunc};
use vt_value::temporal::{Interval, Unit, interval_of_text};
use vt_value::{Collation, Decimal, Fields, Rows, RowsBuilder, Type, TypedBytes, Value};

use crate::ExecContext;
use crate::keys::{Keys, Purpose};
use crate::step::{Step, read_cells};

pub(crate) struct WindowStep<'a> {
    input: Fields,
    fields: Fields,
    partition_by: Keys,
    order_by: Keys,
    /// All rows, and what they are ordered by: the partition's keys, then those of the order.
    rows: Vec<(Vec<Value>, Bytes)>,
    calls: Vec<Call>,
    ctx: ExecContext<'a>,
    evaluation: Context<'a>,
}

/// A window function whose arguments' types are known.
struct Call {
    call: window::WindowCall,
    inputs: Vec<Input>,
}

/// How an argument is read.
struct Input {
    column: usize,
    typ: Type,
    collation: Collation,
}

impl<'a> WindowStep<'a> {
    pub(crate) fn new(
        window: &'a Window,
        input: &Fields,
        ctx: ExecContext<'a>,
    ) -> Result<WindowStep<'a>, Error> {
        let connection = ctx.session.connection_collation;
        let keys = |keys| Keys::new(keys, input, Purpose::Order, connection);
        let (partition_by, order_by) = (keys(&window.partition_by)?, keys(&window.order_by)?);
        let mut fields = input.to_vec();
        let mut calls = Vec::with_capacity(window.calls.len());
        for call in &window.calls {
            let made = Call::new(call, input, order_by.descending(), ctx)?;
            fields.push(made.call.kind().field(&call.name));
            calls.push(made);
        }
        Ok(WindowStep {
            input: input.clone(),
            fields: fields.into(),
            partition_by,
            order_by,
            rows: Vec::new(),
            calls,
            ctx,
            evaluation: Context::new(ctx.session),
        })
    }

    /// Returns where the partition of the rows from `start` on ends.
    fn end_of_partition(&self, start: usize) -> usize {
        let Some((first, _)) = self.rows.get(start) else { return start };
        let same = |row: &&(Vec<Value>, Bytes)| self.partition_by.compare(&row.0, first).is_eq();
        start + self.rows[start..].iter().take_while(same).count()
    }

    /// Computes the values of all calls for the rows of a partition and writes them.
    fn write_partition(&mut self, place: Range<usize>, out: &mut RowsBuilder) -> Result<(), Error> {
        let partition = self.rows.get(place).unwrap_or_default();
        let (mut values, mut held) = (Vec::with_capacity(self.calls.len()), 0);
        let width = self.partition_by.len();
        for call in &mut self.calls {
            let mut rows = Vec::with_capacity(partition.len());
            for (keys, row) in partition {
                rows.push(call.row(keys, width, row, self.input.len())?);
            }
            let mut texts = Vec::with_capacity(rows.len());
            for value in call.call.compute(&rows, &mut self.evaluation)? {
                let mut text = Vec::new();
                call.call.kind().write_utf8(&value, &mut text);
                held += text.len();
                texts.push((!value.is_null()).then_some(text));
            }
            self.ctx.limits.check_bytes(held)?;
            values.push(texts);
        }
        for (index, (_, row)) in partition.iter().enumerate() {
            let mut cells = Vec::new();
            read_cells(vt_value::Row(row), self.input.len(), &mut cells)?;
            cells.iter().for_each(|cell| out.value(*cell));
            values.iter().for_each(|texts| out.value(texts[index].as_deref()));
            out.end_row();
        }
        Ok(())
    }
}

impl Step for WindowStep<'_> {
    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn push(&mut self, rows: Rows) -> Result<Rows, Error> {
        let mut cells = Vec::new();
        for row in rows.iter() {
            read_cells(row, self.input.len(), &mut cells)?;
            let mut keys = self.partition_by.take(&cells, rows.data())?;
            keys.extend(self.order_by.take(&cells, rows.data())?);
            self.rows.push((keys, rows.data().slice_ref(row.0)));
            self.ctx.limits.check(self.rows.len())?;
        }
        Ok(Rows::default())
    }

    fn finish(&mut self) -> Result<Rows, Error> {
        let width = self.partition_by.len();
        let (partition_by, order_by) = (&self.partition_by, &self.order_by);
        // Rows with the same keys stay in the order in which they came.
        self.rows.sort_by(|(a, _), (b, _)| {
            let order = partition_by.compare(a, b);
            order.then_with(|| order_by.compare(behind(a, width), behind(b, width)))
        });
        let mut out = RowsBuilder::default();
        let mut start = 0;
        while start < self.rows.len() {
            let end = self.end_of_partition(start);
            self.write_partition(start..end, &mut out)?;
            start = end;
        }
        self.rows = Vec::new();
        self.ctx.keep_warnings(&mut self.evaluation);
        Ok(out.finish())
    }
}

fn behind(keys: &[Value], width: usize) -> &[Value] {
    keys.get(width..).unwrap_or_default()
}

impl Call {
    fn new(
        call: &WindowCall,
        fields: &Fields,
        descending: Vec<bool>,
        ctx: ExecContext<'_>,
    ) -> Result<Call, Error> {
        let (mut inputs, mut kinds) = (Vec::new(), Vec::new());
        for arg in &call.args {
            let kind = kind_of(arg, fields, ctx.session.connection_collation)?;
            inputs.push(Input { column: arg.column, typ: kind.typ, collation: kind.collation });
            kinds.push(kind);
        }
        let func = func(&call.func, ctx)?;
        let frame = call.frame.as_ref().map(|frame| self::frame(frame, ctx)).transpose()?;
        let limits = (ctx.session, ctx.limits.bytes());
        let call = window::WindowCall::new(func, kinds, descending, frame, limits)?;
        Ok(Call { call, inputs })
    }

    /// Reads what the call takes of a row.
    fn row(
        &self,
        keys: &[Value],
        partition_width: usize,
        row: &Bytes,
        width: usize,
    ) -> Result<WindowRow, Error> {
        let mut cells = Vec::new();
        read_cells(vt_value::Row(row), width, &mut cells)?;
        let mut args = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            let text = cells.get(input.column).copied().flatten();
            let text = text.map(|text| row.slice_ref(text));
            args.push(Value::decode(input.typ, input.collation, text)?);
        }
        Ok(WindowRow { args, keys: behind(keys, partition_width).to_vec() })
    }
}

/// Returns the kind of an argument: more than its column's where the planner knows the collation.
fn kind_of(arg: &SortKey, fields: &Fields, connection: Collation) -> Result<Kind, Error> {
    let missing = || Error::bug(format_args!("no column {} for a window", arg.column));
    let field = fields.get(arg.column).ok_or_else(missing)?;
    let known = arg.collation_in(connection);
    let text = field.typ.is_text() || matches!(field.typ, Type::ENUM | Type::SET);
    Ok(match known {
        Some(collation) if text => Kind::of_column(field, collation),
        _ => Kind::of_field(field),
    })
}

fn func(func: &WindowFunc, ctx: ExecContext<'_>) -> Result<window::WindowFunc, Error> {
    use window::WindowFunc as Made;
    Ok(match func {
        WindowFunc::RowNumber => Made::RowNumber,
        WindowFunc::Rank => Made::Rank,
        WindowFunc::DenseRank => Made::DenseRank,
        WindowFunc::PercentRank => Made::PercentRank,
        WindowFunc::CumeDist => Made::CumeDist,
        WindowFunc::Ntile(groups) => Made::Ntile(number(groups, "ntile", ctx)?),
        WindowFunc::Lead(by) => Made::Lead(number(by, "lead", ctx)?),
        WindowFunc::Lag(by) => Made::Lag(number(by, "lag", ctx)?),
        WindowFunc::FirstValue => Made::FirstValue,
        WindowFunc::LastValue => Made::LastValue,
        WindowFunc::NthValue(place) => Made::NthValue(number(place, "nth_value", ctx)?),
        WindowFunc::Aggregate(func) => Made::Aggregate(*func),
    })
}

fn number(expr: &Expr, name: &str, ctx: ExecContext<'_>) -> Result<u64, Error> {
    let value = expr.typed(ctx.binds)?;
    whole(&value).ok_or_else(|| {
        let message = format!("Incorrect arguments to {name}");
        Error::mysql(1210, b"HY000", message).with_code(Code::InvalidArgument)
    })
}

/// Returns an integer that is not negative.
fn whole(value: &TypedBytes) -> Option<u64> {
    let text = std::str::from_utf8(&value.bytes).ok()?;
    (value.typ.is_integral()).then(|| text.parse().ok()).flatten()
}

fn frame(frame: &WindowFrame, ctx: ExecContext<'_>) -> Result<Frame, Error> {
    let bound = |bound: &FrameBound| -> Result<Bound, Error> {
        Ok(match bound {
            FrameBound::UnboundedPreceding => Bound::UnboundedPreceding,
            FrameBound::Preceding(by) => Bound::Preceding(offset(by, frame.unit, ctx)?),
            FrameBound::CurrentRow => Bound::CurrentRow,
            FrameBound::Following(by) => Bound::Following(offset(by, frame.unit, ctx)?),
            FrameBound::UnboundedFollowing => Bound::UnboundedFollowing,
        })
    };
    Ok(Frame { unit: frame.unit, start: bound(&frame.start)?, end: bound(&frame.end)? })
}

fn offset(by: &FrameOffset, unit: FrameUnit, ctx: ExecContext<'_>) -> Result<Offset, Error> {
    let value = by.amount.typed(ctx.binds)?;
    let wrong = || {
        let message = "Window '<unnamed window>': frame start or end is negative, NULL or of \
                       non-integral type";
        Error::mysql(3586, b"HY000", message).with_code(Code::InvalidArgument)
    };
    if value.is_null() || value.bytes.first() == Some(&b'-') {
        return Err(wrong());
    }
    if let Some(unit) = by.unit {
        return interval(&value, unit).ok_or_else(wrong);
    }
    match unit {
        FrameUnit::Rows => whole(&value).map(Offset::Rows).ok_or_else(wrong),
        FrameUnit::Range => {
            let number = Value::of_typed(&value, Collation::BINARY)?;
            let is_number = matches!(
                number,
                Value::Int(_) | Value::UInt(_) | Value::Decimal(_) | Value::Float(_)
            );
            if is_number { Ok(Offset::Number(number)) } else { Err(wrong()) }
        }
    }
}

fn interval(value: &TypedBytes, unit: Unit) -> Option<Offset> {
    if let Some(interval) = interval_of_text(unit, &value.bytes) {
        return Some(Offset::Interval(interval, unit));
    }
    let number = Value::of_typed(value, Collation::BINARY).ok()?.to_decimal()?;
    let interval = match unit {
        // Seconds alone have a fraction.
        Unit::Second => {
            let micros = number.mul(&Decimal::from(1_000_000_i64))?.round(0);
            Interval::of_micros(micros.to_i64()?.into())
        }
        unit => Interval::of_count(unit, number.round(0).to_i64()?.into()),
    };
    Some(Offset::Interval(interval, unit))
}
