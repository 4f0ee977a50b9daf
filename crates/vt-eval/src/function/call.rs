//! A call for one row.

use bytes::Bytes;
use vt_base::Error;
use vt_value::{Collation, Decimal, Type, Value};

use crate::Func;
use crate::context::Context;
use crate::convert::{self, Int};
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

    /// Computes an argument as an integer; `None` for NULL.
    pub fn int(&mut self, place: usize) -> Result<Option<Int>, Error> {
        let value = self.value(place)?;
        if let Value::Json(json) = &value {
            let source = cast::source(&self.args[place]);
            return Ok(Some(cast::int(json, &source, self.ctx)));
        }
        let arg = &self.args[place];
        let great = |number: &f64| !(-TWO_TO_63..TWO_TO_63).contains(number);
        if let Value::Float(number) = value
            && great(&number)
            && arg.call().is_some_and(|call| call.func.is_arithmetic())
        {
            let message = format!("BIGINT value is out of range in '{}'", arg.describe());
            return Err(Error::mysql(1690, b"22003", message));
        }
        if let Value::Float(number) = value
            && arg.is_column()
            && great(&number)
        {
            let mut text = Vec::new();
            vt_value::float::write_f64(number, &mut text);
            convert::truncated(self.ctx, "INTEGER", &text, &arg.kind);
        }
        self.ctx.reads_column = arg.is_column();
        if arg.call().is_some_and(|call| call.func.is_bitwise()) {
            // MySQL does not tell of what is lost of the bytes that operators on bits give.
            let muted = self.ctx.warnings.mute(true);
            let number = convert::int(&value, &arg.kind, self.ctx);
            self.ctx.warnings.mute(muted);
            return number;
        }
        let number = convert::int(&value, &arg.kind, self.ctx);
        self.ctx.reads_column = false;
        number
    }

    /// Computes an argument as a double; `None` for NULL.
    pub fn real(&mut self, place: usize) -> Result<Option<f64>, Error> {
        let value = self.value(place)?;
        if let Value::Json(json) = &value {
            let source = cast::source(&self.args[place]);
            return Ok(Some(cast::real(json, &source, self.ctx)));
        }
        let arg = &self.args[place];
        self.ctx.reads_column = arg.is_column();
        let number = convert::real(&value, &arg.kind, self.ctx);
        self.ctx.reads_column = false;
        number
    }

    /// Computes an argument as a decimal; `None` for NULL.
    pub fn decimal(&mut self, place: usize) -> Result<Option<Decimal>, Error> {
        let value = self.value(place)?;
        if let Value::Json(json) = &value {
            let source = cast::source(&self.args[place]);
            return Ok(Some(cast::decimal(json, &source, self.ctx)));
        }
        let arg = &self.args[place];
        let Value::Text(bytes, _) = &value else {
            return convert::decimal(&value, &arg.kind, self.ctx);
        };
        if arg.is_literal() || arg.kind.is_bits() || arg.kind.members.is_some() {
            return convert::decimal(&value, &arg.kind, self.ctx);
        }
        // Of strings that are no literals MySQL tells when they have no digit, and of those of a
        // short column also when they have more than a number.
        let (number, whole) = convert::decimal_of_text(bytes);
        if !whole && !bytes.iter().any(u8::is_ascii_digit) {
            self.ctx.warn(1366, "Incorrect DECIMAL value: '0' for column '' at row -1");
        }
        if !whole && arg.is_column() && !arg.kind.is_long_column() {
            self.ctx.reads_column = true;
            convert::truncated(self.ctx, "DECIMAL", bytes, &arg.kind);
            self.ctx.reads_column = false;
        }
        Ok(Some(number))
    }

    /// Computes an argument as a condition; `None` for NULL.
    pub fn truth(&mut self, place: usize) -> Result<Option<bool>, Error> {
        let arg = &self.args[place];
        if let Some(value) = arg.constant() {
            return self.ctx.once(arg, |ctx| {
                arg.eval(&[], ctx)?;
                convert::truth(value, &arg.kind, ctx)
            });
        }
        let value = self.value(place)?;
        self.ctx.reads_column = arg.is_column();
        let truth = convert::truth(&value, &arg.kind, self.ctx);
        self.ctx.reads_column = false;
        truth
    }

    /// Computes an argument as the condition of a choice, which warns for every row.
    ///
    /// A document is not compared with zero there but taken for a number.
    pub(crate) fn condition(&mut self, place: usize) -> Result<Option<bool>, Error> {
        if self.arg_kind(place).typ == Type::JSON {
            return Ok(self.real(place)?.map(|number| number != 0.0));
        }
        let value = self.value(place)?;
        convert::truth(&value, &self.args[place].kind, self.ctx)
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
