//! One aggregate over rows in the form of the wire.

use bytes::Bytes;
use vt_base::Error;
use vt_eval::aggregate::{Aggregate, AggregateFunc, Options, State};
use vt_eval::kind::NOT_FIXED;
use vt_eval::{Context, Kind};
use vt_plan::{AggregateSpec, SortKey};
use vt_value::{Collation, Field, Type, Value};

use crate::ExecContext;
use crate::keys::{Keys, Purpose};

/// BIT_AND and its like take no longer strings.
const BITS_BYTES_MAX: u32 = 511;

/// An aggregate whose inputs' types are known.
pub(super) struct Call<'a> {
    spec: &'a AggregateSpec,
    aggregate: Aggregate,
    field: Field,
    inputs: Vec<Input>,
    /// What values are compared by, where they do not compare themselves.
    keys: Option<Keys>,
    order: Keys,
    /// A row as the aggregate takes it.
    row: Vec<Value>,
}

/// How an argument is read.
struct Input {
    column: usize,
    typ: Type,
    collation: Collation,
    /// The text of a number or a time goes through as it is.
    as_text: bool,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        spec: &'a AggregateSpec,
        fields: &[Field],
        ctx: ExecContext<'_>,
    ) -> Result<Call<'a>, Error> {
        let missing = |column: usize| Error::bug(format_args!("no column {column} to aggregate"));
        let Some(replaced) = fields.get(spec.column) else { return Err(missing(spec.column)) };
        let (mut inputs, mut kinds) = (Vec::new(), Vec::new());
        for arg in &spec.args {
            let field = fields.get(arg.column).ok_or_else(|| missing(arg.column))?;
            refuse_rounded(spec, field)?;
            let kind = kind_of(spec, arg, field, ctx);
            inputs.push(Input {
                column: arg.column,
                typ: field.typ,
                collation: kind.collation,
                as_text: goes_through(spec, field),
            });
            kinds.push(kind);
        }
        let connection = ctx.session.connection_collation;
        let extreme = matches!(spec.func, AggregateFunc::Min | AggregateFunc::Max);
        let purpose = if extreme { Purpose::Extreme } else { Purpose::Equality };
        let keys = match spec.compares() {
            true => Some(Keys::new(&spec.args, fields, purpose, connection)?),
            false => None,
        };
        let order = Keys::new(&spec.order_by, fields, Purpose::Order, connection)?;
        let separator = match &spec.separator {
            Some(separator) => Some(separator.typed(ctx.binds)?.bytes.to_vec()),
            None => None,
        };
        // The keys of ORDER BY have no kinds of their own: they are only compared.
        kinds.extend(spec.order_by.iter().map(|_| Kind::null()));
        let options = Options {
            distinct: spec.distinct,
            descending: order.descending(),
            separator,
            weighed: keys.is_some(),
        };
        let memory = ctx.limits.bytes();
        let func = match spec.func {
            // What shards have counted is an argument, whatever they have counted.
            AggregateFunc::CountStar if spec.parts => AggregateFunc::Count,
            func => func,
        };
        let aggregate = Aggregate::new(func, options, kinds, ctx.session, memory)?;
        let name = if spec.name.is_empty() { replaced.name.clone() } else { spec.name.clone() };
        let field = match spec.parts {
            // What the shards tell is already that of the aggregate.
            true if !counts(spec.func) || replaced.typ == Type::INT64 => {
                Field { name, ..replaced.clone() }
            }
            _ => aggregate.kind().field(&name),
        };
        Ok(Call { spec, aggregate, field, inputs, keys, order, row: Vec::new() })
    }

    pub(super) fn column(&self) -> usize {
        self.spec.column
    }

    pub(super) fn field(&self) -> &Field {
        &self.field
    }

    pub(super) fn start(&self) -> State {
        self.aggregate.start()
    }

    /// Reads what the aggregate takes of a row, for any number of groups.
    pub(super) fn read(&mut self, cells: &[Option<&[u8]>], owner: &Bytes) -> Result<(), Error> {
        self.row.clear();
        for input in &self.inputs {
            let text = cells.get(input.column).copied().flatten();
            let text = text.map(|text| owner.slice_ref(text));
            self.row.push(match (input.as_text, text) {
                (true, Some(text)) => Value::Text(text, input.collation),
                (true, None) => Value::Null,
                (false, text) => Value::decode(input.typ, input.collation, text)?,
            });
        }
        self.row.extend(self.order.take(cells, owner)?);
        if let Some(keys) = &self.keys {
            self.row.extend(keys.take(cells, owner)?);
        }
        Ok(())
    }

    /// Takes what was read into a group.
    pub(super) fn add(&mut self, state: &mut State, ctx: &mut Context<'_>) -> Result<(), Error> {
        match self.spec.parts {
            true => self.aggregate.add_parts(state, &self.row, ctx),
            false => self.aggregate.add(state, &self.row, ctx),
        }
    }

    /// Returns the column that goes with the least or greatest value, and what it has there.
    pub(super) fn weight(&self, state: &State) -> Option<(usize, Option<Bytes>)> {
        let column = match self.spec.args.as_slice() {
            [arg] if matches!(self.spec.func, AggregateFunc::Min | AggregateFunc::Max) => {
                arg.weight_column?
            }
            _ => return None,
        };
        Some((column, self.aggregate.weight_of(state).and_then(Value::text)))
    }

    /// Returns the text of a group's value; `None` is NULL.
    pub(super) fn finish(
        &mut self,
        state: State,
        ctx: &mut Context<'_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let value = self.aggregate.finish(state, ctx)?;
        let value = self.aggregate.shown(value);
        if value.is_null() {
            return Ok(None);
        }
        if let Value::Float(number) = value
            && !number.is_finite()
        {
            let message = format!("DOUBLE value is out of range in '{}'", self.spec.func.name());
            return Err(Error::mysql(1690, b"22003", message));
        }
        let mut text = Vec::new();
        self.aggregate.kind().write_utf8(&value, &mut text);
        Ok(Some(text))
    }
}

fn counts(func: AggregateFunc) -> bool {
    matches!(func, AggregateFunc::Count | AggregateFunc::CountStar)
}

/// Returns the kind of an argument: more than its column's where the planner knows the collation.
fn kind_of(spec: &AggregateSpec, arg: &SortKey, field: &Field, ctx: ExecContext<'_>) -> Kind {
    let known = arg.collation_in(ctx.session.connection_collation);
    let text = field.typ.is_text() || matches!(field.typ, Type::ENUM | Type::SET);
    let kind = match known {
        Some(collation) if text => Kind::of_column(field, collation),
        // Texts of a collation that nobody knows arrive in utf8mb4, where nothing compares them.
        None if text => Kind::of_column(field, Collation::UTF8MB4_0900_AI_CI),
        _ => Kind::of_field(field),
    };
    // Parts are as long as the greatest arguments, and have an end of their own.
    let length = if spec.parts { kind.length.min(BITS_BYTES_MAX) } else { kind.length };
    let bits =
        matches!(spec.func, AggregateFunc::BitAnd | AggregateFunc::BitOr | AggregateFunc::BitXor);
    if bits { Kind { length, ..kind } } else { kind }
}

/// Returns whether an argument's text is what the aggregate makes of it.
fn goes_through(spec: &AggregateSpec, field: &Field) -> bool {
    // Strings have the character set of their collation, and not that in which they arrive.
    if field.typ.is_text() || matches!(field.typ, Type::ENUM | Type::SET) {
        return false;
    }
    let plain = !field.typ.is_integral() && field.typ != Type::YEAR;
    match spec.func {
        AggregateFunc::Min | AggregateFunc::Max | AggregateFunc::AnyValue => spec.parts || plain,
        // Numbers with leading zeroes keep them; doubles have another text as strings.
        AggregateFunc::GroupConcat => !field.typ.is_text() && !field.typ.is_float(),
        _ => false,
    }
}

/// Refuses to compute with numbers of which a result does not tell all digits.
fn refuse_rounded(spec: &AggregateSpec, field: &Field) -> Result<(), Error> {
    let computes = !matches!(
        spec.func,
        AggregateFunc::Min
            | AggregateFunc::Max
            | AggregateFunc::AnyValue
            | AggregateFunc::Count
            | AggregateFunc::CountStar
            | AggregateFunc::GroupConcat
    );
    let rounded =
        field.typ == Type::FLOAT32 || field.typ == Type::FLOAT64 && field.decimals < NOT_FIXED;
    if !spec.parts && rounded && computes {
        return Err(Error::unsupported(format_args!(
            "{}() of the {} column '{}' over several shards",
            spec.func.name(),
            field.typ,
            field.name
        )));
    }
    Ok(())
}
