//! A call for one row.

use bytes::Bytes;
use vt_base::Error;
use vt_value::{Collation, Decimal, Type, Value};

use super::Choose;
use crate::Func;
use crate::context::Context;
use crate::convert::{self, Int, Read};
use crate::functions::json::cast;
use crate::kind::Kind;
use crate::node::Node;
use crate::session::Session;

/// Beyond this a double is no integer of 64 bits.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// A string with its collation, which tells the character set of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub bytes: Bytes,
    pub collation: Collation,
}

/// What an argument passes on of its own arguments.
pub(crate) enum Chosen<'c> {
    /// The argument is no choice.
    Itself,
    Null,
    Other(&'c Node),
}

/// A call for one row: its arguments, computed when they are asked for.
pub struct Call<'c, 's> {
    pub(crate) node: &'c Node,
    pub(crate) func: Func,
    pub(crate) args: &'c [Node],
    pub(crate) row: &'c [Value],
    pub(crate) ctx: &'c mut Context<'s>,
}

impl<'c, 's> Call<'c, 's> {
    pub fn len(&self) -> usize {
        self.args.len()
    }

    pub fn is_empty(&self) -> bool {
        self.args.is_empty()
    }

    /// Returns the kind of the result.
    pub fn kind(&self) -> &'c Kind {
        &self.node.kind
    }

    /// Returns what is called, with the data of an operator.
    pub fn func(&self) -> Func {
        self.func
    }

    /// Returns the kind of an argument.
    pub fn arg_kind(&self, place: usize) -> &'c Kind {
        &self.args[place].kind
    }

    pub fn args(&self) -> &'c [Node] {
        self.args
    }

    pub fn session(&self) -> &'s Session {
        self.ctx.session
    }

    pub fn context(&mut self) -> &mut Context<'s> {
        self.ctx
    }

    /// Computes an argument.
    pub fn value(&mut self, place: usize) -> Result<Value, Error> {
        self.args[place].eval(self.row, self.ctx)
    }

    /// Returns whether an argument is NULL. What never is, is not even computed; of columns only a
    /// row tells, for an outer join makes NULLs of them.
    pub(crate) fn is_null(&mut self, place: usize) -> Result<bool, Error> {
        let arg = &self.args[place];
        if !arg.kind.nullable && arg.is_still() {
            return Ok(false);
        }
        Ok(self.value(place)?.is_null())
    }

    /// Finds what a choice among strings passes on: IF, CASE and NULLIF give the number of the
    /// argument that they choose, not that of its text.
    pub(crate) fn chosen(&mut self, place: usize) -> Result<Chosen<'c>, Error> {
        self.found(place, Func::choice)
    }

    /// The same for integers and doubles, which ELT passes on too.
    fn chosen_number(&mut self, place: usize) -> Result<Chosen<'c>, Error> {
        self.found(place, Func::number_choice)
    }

    fn found(
        &mut self,
        place: usize,
        choice: fn(Func) -> Option<Choose>,
    ) -> Result<Chosen<'c>, Error> {
        let arg = &self.args[place];
        let typ = arg.kind.typ;
        let passed = arg.kind.is_string() && !arg.kind.is_bits() || typ.is_temporal();
        let call = arg.call().filter(|_| passed);
        let Some((call, choose)) = call.and_then(|call| Some((call, choice(call.func)?))) else {
            return Ok(Chosen::Itself);
        };
        let (func, args) = (call.func, call.args.as_slice());
        let mut choosing = Call { node: arg, func, args, row: self.row, ctx: self.ctx };
        Ok(choose(&mut choosing)?.map_or(Chosen::Null, |place| Chosen::Other(&args[place])))
    }

    /// Returns the call as if it had this argument alone.
    fn over(&mut self, arg: &'c Node) -> Call<'_, 's> {
        let args = std::slice::from_ref(arg);
        Call { node: self.node, func: self.func, args, row: self.row, ctx: self.ctx }
    }

    /// Computes the least or the greatest of times and strings as a number: MySQL compares the
    /// numbers then. The outer `None` is for every other argument.
    fn extreme<T: PartialOrd>(
        &mut self,
        place: usize,
        read: fn(&mut Call<'_, '_>, usize) -> Result<Option<T>, Error>,
    ) -> Result<Option<Option<T>>, Error> {
        let arg = &self.args[place];
        let Some(call) = arg.call().filter(|_| arg.kind.is_string()) else { return Ok(None) };
        let greatest = match call.function.name {
            "greatest" => true,
            "least" => false,
            _ => return Ok(None),
        };
        if !call.args.iter().any(|arg| arg.kind.typ == Type::TIME) {
            return Ok(None);
        }
        let (func, args) = (call.func, call.args.as_slice());
        let mut inner = Call { node: arg, func, args, row: self.row, ctx: self.ctx };
        let mut best: Option<T> = None;
        for place in 0..inner.len() {
            let Some(number) = read(&mut inner, place)? else { return Ok(Some(None)) };
            let better = match &best {
                Some(best) => (number > *best) == greatest && number != *best,
                None => true,
            };
            if better {
                best = Some(number);
            }
        }
        Ok(Some(best))
    }

    /// Does something with an argument that is converted to a number, which warns or not.
    fn numbered<T>(&mut self, arg: &Node, run: impl FnOnce(&mut Context<'s>) -> T) -> T {
        let silent = arg.kind.is_string()
            && arg.call().is_some_and(|call| call.func.is_silent() || call.func.is_bitwise());
        self.ctx.reads_column = arg.is_column();
        let muted = silent.then(|| self.ctx.warnings.mute(true));
        let result = run(self.ctx);
        if let Some(muted) = muted {
            self.ctx.warnings.mute(muted);
        }
        self.ctx.reads_column = false;
        result
    }

    /// Computes an argument as an integer; `None` for NULL.
    pub fn int(&mut self, place: usize) -> Result<Option<Int>, Error> {
        if let Some(number) = self.extreme(place, |call, place| call.int(place))? {
            return Ok(number);
        }
        match self.chosen_number(place)? {
            Chosen::Itself => {}
            Chosen::Null => return Ok(None),
            Chosen::Other(node) => return self.over(node).int(0),
        }
        let value = self.value(place)?;
        let arg = &self.args[place];
        if let Value::Json(json) = &value {
            let source = cast::source(arg);
            return Ok(Some(cast::int(json, &source, self.ctx)));
        }
        if let Value::Temporal(sum) = &value
            && arg.is_sum_of_time()
        {
            return Ok(Some(Int::signed(convert::whole_of_sum(sum, self.ctx))));
        }
        // A moment's seconds are cut, not rounded.
        if let Value::Decimal(seconds) = &value
            && arg.cuts_fraction()
        {
            return Ok(seconds.truncate(0).to_i64().map(Int::signed));
        }
        if let Value::Float(number) = value
            && !(-TWO_TO_63..TWO_TO_63).contains(&number)
            && arg.call().is_some_and(|call| call.func.gives_reals())
        {
            let message = format!("BIGINT value is out of range in '{}'", arg.describe());
            return Err(Error::mysql(1690, b"22003", message));
        }
        let number = self.numbered(arg, |ctx| convert::int(&value, &arg.kind, ctx))?;
        // A string has a sign: the greatest numbers without one are negative.
        let text = matches!(value, Value::Text(..)) && !arg.kind.is_bits();
        if let Value::Text(bytes, collation) = &value
            && text
            && arg.call().is_some()
            && arg.kind.members.is_none()
            && convert::is_beyond_signed(&convert::plain(bytes, *collation))
        {
            let message = "Cast to signed converted positive out-of-range integer to its negative \
                           complement";
            self.ctx.warn(1105, message);
        }
        Ok(number.map(|number| if text { Int::signed(number.bits_i64()) } else { number }))
    }

    /// Computes an argument as a double; `None` for NULL.
    pub fn real(&mut self, place: usize) -> Result<Option<f64>, Error> {
        if let Some(number) = self.extreme(place, |call, place| call.real(place))? {
            return Ok(number);
        }
        match self.chosen_number(place)? {
            Chosen::Itself => {}
            Chosen::Null => return Ok(None),
            Chosen::Other(node) => return self.over(node).real(0),
        }
        let value = self.value(place)?;
        let arg = &self.args[place];
        if let Value::Json(json) = &value {
            let source = cast::source(arg);
            return Ok(Some(cast::real(json, &source, self.ctx)));
        }
        self.numbered(arg, |ctx| convert::real(&value, &arg.kind, ctx))
    }

    /// Computes an argument as a decimal; `None` for NULL.
    pub fn decimal(&mut self, place: usize) -> Result<Option<Decimal>, Error> {
        if let Some(number) = self.extreme(place, |call, place| call.decimal(place))? {
            return Ok(number);
        }
        match self.chosen(place)? {
            Chosen::Itself => {}
            Chosen::Null => return Ok(None),
            Chosen::Other(node) => return self.over(node).decimal(0),
        }
        let value = self.value(place)?;
        let arg = &self.args[place];
        if let Value::Json(json) = &value {
            let source = cast::source(arg);
            return Ok(Some(cast::decimal(json, &source, self.ctx)));
        }
        let Value::Text(bytes, collation) = &value else {
            return convert::decimal(&value, &arg.kind, self.ctx);
        };
        // To MySQL the server's version is a literal.
        let version = arg.call().is_some_and(|call| call.function.name == "version");
        if arg.is_literal() || version || arg.kind.is_bits() || arg.kind.members.is_some() {
            return convert::decimal(&value, &arg.kind, self.ctx);
        }
        // Of strings that are no literals MySQL tells when no number is at their start, and of
        // those of a short column also when they have more than a number.
        let (number, read) = convert::decimal_of_text(&convert::plain(bytes, *collation));
        if arg.call().is_some_and(|call| call.func.is_bitwise()) {
            if read != Read::Whole {
                convert::truncated(self.ctx, "DECIMAL", bytes, &arg.kind);
            }
            return Ok(Some(number));
        }
        if read == Read::Beyond {
            convert::warn_beyond(&convert::plain(bytes, *collation), self.ctx);
        }
        if read == Read::Nothing && !arg.call().is_some_and(|call| call.func.is_regex()) {
            self.ctx.warn(1366, "Incorrect DECIMAL value: '0' for column '' at row -1");
        }
        if read != Read::Whole && arg.is_column() && !arg.kind.is_long() {
            self.numbered(arg, |ctx| convert::truncated(ctx, "DECIMAL", bytes, &arg.kind));
        }
        Ok(Some(number))
    }

    /// Computes an argument as a condition; `None` for NULL.
    pub fn truth(&mut self, place: usize) -> Result<Option<bool>, Error> {
        let arg = &self.args[place];
        // A number needs no conversion, which would be made but once.
        if arg.is_still() && !arg.kind.typ.is_number() {
            let silent =
                arg.call().is_some_and(|call| call.func.is_silent() || call.func.is_bitwise());
            return self.ctx.once(arg, |ctx| {
                let value = arg.eval(&[], ctx)?;
                let muted = silent.then(|| ctx.warnings.mute(true));
                let truth = convert::truth(&value, &arg.kind, ctx);
                if let Some(muted) = muted {
                    ctx.warnings.mute(muted);
                }
                truth
            });
        }
        let value = self.value(place)?;
        self.numbered(arg, |ctx| convert::truth(&value, &arg.kind, ctx))
    }

    /// Computes an argument as the condition of a choice, which warns for every row.
    ///
    /// A document is not compared with zero there but taken for a number.
    pub(crate) fn condition(&mut self, place: usize) -> Result<Option<bool>, Error> {
        if self.arg_kind(place).typ == Type::JSON {
            return Ok(self.real(place)?.map(|number| number != 0.0));
        }
        let value = self.value(place)?;
        let arg = &self.args[place];
        self.numbered(arg, |ctx| convert::truth(&value, &arg.kind, ctx))
    }

    /// Computes an argument as a string, in its own character set; `None` for NULL.
    ///
    /// Numbers and times become text of the collation of their kind.
    pub fn text(&mut self, place: usize) -> Result<Option<Text>, Error> {
        self.args[place].text(self.row, self.ctx)
    }

    /// Computes an argument as the bytes of a string; `None` for NULL.
    pub fn bytes(&mut self, place: usize) -> Result<Option<Bytes>, Error> {
        Ok(self.text(place)?.map(|text| text.bytes))
    }

    /// Computes an argument as a string in the character set of a collation; `None` for NULL.
    pub fn text_in(&mut self, place: usize, collation: Collation) -> Result<Option<Bytes>, Error> {
        let Some(text) = self.text(place)? else { return Ok(None) };
        convert::to_charset(text, collation, self.ctx).map(Some)
    }

    /// Returns a string of the result's collation.
    pub fn made(&self, text: impl Into<Bytes>) -> Value {
        Value::Text(text.into(), self.node.kind.collation)
    }

    pub fn warn(&mut self, errno: u16, message: impl Into<std::sync::Arc<str>>) {
        self.ctx.warn(errno, message);
    }

    /// Gives a warning and NULL.
    pub fn null_with_warning(
        &mut self,
        errno: u16,
        message: impl Into<std::sync::Arc<str>>,
    ) -> Result<Value, Error> {
        self.ctx.warn(errno, message);
        Ok(Value::Null)
    }

    /// Returns 64 bits by chance.
    pub fn random(&mut self) -> u64 {
        self.ctx.random()
    }

    /// Returns what the call kept when it was compiled.
    pub fn kept<T: 'static>(&self) -> Option<&'c T> {
        self.node.kept()?.downcast_ref()
    }

    /// MySQL's error 1690 for a result that its type cannot hold.
    pub fn out_of_range(&self, what: &str) -> Error {
        let message = format!("{what} value is out of range in '{}'", self.node.describe());
        Error::mysql(1690, b"22003", message).with_code(vt_base::Code::InvalidArgument)
    }
}
