//! The one error type: what kind, whose fault, whether to retry, and what the client may see.

use std::fmt;

use crate::{Code, ErrorId};

/// The result that fallible operations of every crate return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where an error arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Client,
    Gate,
    Tablet,
    Mysql,
    Topo,
}

/// Whether the operation may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same request would fail again, or may have taken effect.
    Never,
    /// Nothing has been sent or done, so another tablet may be asked.
    BeforeSend,
    /// The request had no effect and can be repeated as it is.
    Always,
    /// The request had no effect: what it is for has moved, or is about to. It has to be planned
    /// anew, and asked where that is then.
    Elsewhere,
}

/// An error of any part of the system.
///
/// One machine word; the parts live in a box, so that `Result` stays small on the hot path.
pub struct Error(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: Code,
    id: Option<ErrorId>,
    errno: u16,
    sql_state: [u8; 5],
    origin: Origin,
    retry: Retry,
    message: String,
    source: Option<std::sync::Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error of a kind, with MySQL's errno and SQLSTATE that the kind stands for.
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        let (errno, sql_state) = code.mysql_default();
        Error(Box::new(Parts {
            code,
            id: None,
            errno,
            sql_state,
            origin: Origin::Gate,
            retry: Retry::Never,
            message: message.into(),
            source: None,
        }))
    }

    /// Makes an error of the id table; the message is `VT03001: <the id's template with `detail`>`.
    ///
    /// `detail` replaces `%s` in the template, or follows it where the template has none.
    pub fn vt(id: ErrorId, detail: impl fmt::Display) -> Error {
        let mut error = Error::new(id.code(), id.render(&detail.to_string()));
        if let Some((errno, sql_state)) = id.mysql() {
            error = error.with_mysql(errno, sql_state);
        }
        error.0.id = Some(id);
        error
    }

    /// Makes an error of the id table whose wording takes several details, in their order.
    pub fn vt_with(id: ErrorId, details: &[&dyn fmt::Display]) -> Error {
        let mut error = Error::vt(id, "");
        error.0.message = id.render_all(details);
        error
    }

    /// Makes an error that MySQL itself would give, or gave.
    pub fn mysql(errno: u16, sql_state: &[u8; 5], message: impl Into<String>) -> Error {
        Error::new(Code::Unknown, message).with_mysql(errno, *sql_state)
    }

    /// `VT13001`: an assumption of ours does not hold.
    pub fn bug(detail: impl fmt::Display) -> Error {
        Error::vt(ErrorId::VT13001, detail)
    }

    /// `VT12001`: a statement that cannot be carried out, named by `what`.
    pub fn unsupported(what: impl fmt::Display) -> Error {
        Error::vt(ErrorId::VT12001, what)
    }

    /// Returns whether this is `VT12001`: what was asked for is refused.
    pub fn is_unsupported(&self) -> bool {
        self.0.id == Some(ErrorId::VT12001)
    }

    #[must_use]
    pub fn with_mysql(mut self, errno: u16, sql_state: [u8; 5]) -> Error {
        self.0.errno = errno;
        self.0.sql_state = sql_state;
        self
    }

    #[must_use]
    pub fn with_code(mut self, code: Code) -> Error {
        self.0.code = code;
        self
    }

    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Error {
        self.0.origin = origin;
        self
    }

    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Error {
        self.0.retry = retry;
        self
    }

    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Error {
        self.0.source = Some(std::sync::Arc::new(source));
        self
    }

    /// Sets the id without touching the message; for an error that another process worded.
    #[must_use]
    pub fn with_id(mut self, id: ErrorId) -> Error {
        self.0.id = Some(id);
        self
    }

    /// Replaces the message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Error {
        self.0.message = message.into();
        self
    }

    /// Puts what was being done in front of the message: `context: message`.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Error {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    pub fn code(&self) -> Code {
        self.0.code
    }

    pub fn id(&self) -> Option<ErrorId> {
        self.0.id
    }

    /// Returns MySQL's error number.
    pub fn errno(&self) -> u16 {
        self.0.errno
    }

    pub fn sql_state(&self) -> [u8; 5] {
        self.0.sql_state
    }

    pub fn origin(&self) -> Origin {
        self.0.origin
    }

    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// Returns the message that a client may see, without errno and SQLSTATE.
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl Clone for Error {
    fn clone(&self) -> Error {
        Error(self.0.clone())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = String::from_utf8_lossy(&self.0.sql_state);
        write!(f, "{:?} {} ({state}): {}", self.0.code, self.0.errno, self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests;
