//! Errors that name the path or program that they are about.

use std::path::Path;

use vt_base::{Code, Error};

/// Wraps a failure on a file or folder; a full disk says so plainly.
pub(crate) fn on_path(doing: &str, path: &Path, err: &std::io::Error) -> Error {
    let hint = match err.kind() {
        std::io::ErrorKind::StorageFull => "; the disk is full: free some space and try again",
        std::io::ErrorKind::PermissionDenied => "; check the owner of the folder",
        _ => "",
    };
    Error::new(Code::FailedPrecondition, format!("cannot {doing} {}: {err}{hint}", path.display()))
}

pub(crate) fn failed(message: impl Into<String>) -> Error {
    Error::new(Code::FailedPrecondition, message)
}
