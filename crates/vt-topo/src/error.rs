//! What a topology operation can fail with.

use vt_base::{Code, Error, Origin, Retry};

/// The result of every topology operation.
pub type Result<T, E = TopoError> = std::result::Result<T, E>;

/// A failed topology operation; most kinds carry the path that they are about.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TopoError {
    #[error("node already exists: {0}")]
    NodeExists(String),
    #[error("node doesn't exist: {0}")]
    NoNode(String),
    #[error("node not empty: {0}")]
    NodeNotEmpty(String),
    /// The record has changed since the version that the caller read.
    #[error("bad node version: {0}")]
    BadVersion(String),
    /// The operation may or may not have taken effect.
    #[error("deadline exceeded: {0}")]
    Timeout(String),
    /// The store was closed or the watch ended while the operation ran.
    #[error("interrupted: {0}")]
    Interrupted(String),
    /// Some cells answered and some did not.
    #[error("partial result: {0}")]
    PartialResult(String),
    /// An updater's way to say that the record is already as it should be.
    #[error("no update needed: {0}")]
    NoUpdateNeeded(String),
    #[error("no such topology implementation {0}")]
    NoImplementation(String),
    #[error("server resource exhausted {0}")]
    ResourceExhausted(String),
    /// The lease behind a lock has ended; another holder may have come since.
    #[error("lock lost: {0}")]
    LockLost(String),
    /// The store cannot be reached; nothing was done.
    #[error("topology is not available: {0}")]
    Unavailable(String),
    /// A record that cannot be decoded.
    #[error("cannot read {path}: {detail}")]
    Corrupt { path: String, detail: String },
    /// A name or an argument that the topology cannot hold.
    #[error("{0}")]
    Invalid(String),
    /// The request fits ill with what is stored.
    #[error("{0}")]
    Refused(String),
    /// An error of the caller's own, passed through an updater.
    #[error(transparent)]
    Other(#[from] Error),
}

impl TopoError {
    pub fn is_no_node(&self) -> bool {
        matches!(self, TopoError::NoNode(_))
    }

    pub fn is_node_exists(&self) -> bool {
        matches!(self, TopoError::NodeExists(_))
    }

    pub fn is_bad_version(&self) -> bool {
        matches!(self, TopoError::BadVersion(_))
    }

    /// Returns whether the store itself is at fault, so that a cached value is better than none.
    pub fn is_outage(&self) -> bool {
        matches!(self, TopoError::Unavailable(_) | TopoError::Timeout(_))
    }

    fn code(&self) -> Code {
        match self {
            TopoError::NodeExists(_) => Code::AlreadyExists,
            TopoError::NoNode(_) => Code::NotFound,
            TopoError::NodeNotEmpty(_)
            | TopoError::NoUpdateNeeded(_)
            | TopoError::LockLost(_)
            | TopoError::Refused(_) => Code::FailedPrecondition,
            TopoError::BadVersion(_) => Code::Aborted,
            TopoError::Timeout(_) => Code::DeadlineExceeded,
            TopoError::Interrupted(_) => Code::Canceled,
            TopoError::PartialResult(_) | TopoError::Unavailable(_) => Code::Unavailable,
            TopoError::NoImplementation(_) => Code::Unimplemented,
            TopoError::ResourceExhausted(_) => Code::ResourceExhausted,
            TopoError::Corrupt { .. } => Code::DataLoss,
            TopoError::Invalid(_) => Code::InvalidArgument,
            TopoError::Other(err) => err.code(),
        }
    }
}

impl From<TopoError> for Error {
    fn from(err: TopoError) -> Error {
        let retry = match err {
            TopoError::Unavailable(_) => Retry::Always,
            _ => Retry::Never,
        };
        match err {
            TopoError::Other(inner) => inner,
            err => {
                Error::new(err.code(), err.to_string()).with_origin(Origin::Topo).with_retry(retry)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_ones_that_scripts_know() {
        let path = || "keyspaces/x/Keyspace".to_owned();
        let err = Error::from(TopoError::NoNode(path()));
        assert_eq!(err.message(), "node doesn't exist: keyspaces/x/Keyspace");
        assert_eq!(err.code(), Code::NotFound);
        assert_eq!(err.origin(), Origin::Topo);
        let err = TopoError::NodeExists(path());
        assert_eq!(err.to_string(), "node already exists: keyspaces/x/Keyspace");
        assert_eq!(
            TopoError::BadVersion(path()).to_string(),
            "bad node version: keyspaces/x/Keyspace"
        );
    }

    #[test]
    fn an_error_of_the_caller_passes_unchanged() {
        let own = Error::mysql(1049, b"42000", "Unknown database 'x'");
        let back = Error::from(TopoError::from(own));
        assert_eq!(back.errno(), 1049);
        assert_eq!(back.message(), "Unknown database 'x'");
    }
}
