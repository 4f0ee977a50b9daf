//! Errors over gRPC: the code as gRPC's, MySQL's errno and SQLSTATE in the text.
//!
//! The text form is `... (errno 1062) (sqlstate 23000) ...`, anywhere in the message; peers read it
//! back from there. The two codes that gRPC lacks travel in the metadata `vt-code`.

use tonic::Status;
use vt_base::error::{Origin, Retry};
use vt_base::{Code, Error, ErrorId};
use vt_proto::vtrpc::RpcError;

/// The metadata that holds a code which gRPC has no number for.
pub(crate) const CODE_KEY: &str = "vt-code";

/// Texts by which peers know an event of the cluster (a reparent, a tablet going away).
const CLUSTER_EVENTS: [&str; 2] =
    ["operation not allowed in state NOT_SERVING", "operation not allowed in state SHUTTING_DOWN"];

/// The text by which peers know that a table's traffic is being switched away from a tablet.
const MOVING: &str = "disallowed due to rule: enforce denied tables";

/// Returns the message with errno and SQLSTATE where the code alone does not tell them.
pub fn text(error: &Error) -> String {
    let told = find_mysql(error.message()).is_some();
    let plain = (error.errno(), error.sql_state()) == error.code().mysql_default();
    let by_id = error.id().is_some_and(|id| id.mysql().is_some() || plain);
    if told || plain || by_id || error.errno() == 0 {
        return error.message().to_owned();
    }
    let state = error.sql_state();
    let state = String::from_utf8_lossy(&state);
    format!("{} (errno {}) (sqlstate {state})", error.message(), error.errno())
}

/// Makes an error of a code and a text that another process sent.
pub fn from_text(code: Code, message: &str) -> Error {
    let id = message.get(..7).and_then(|name| ErrorId::ALL.iter().find(|id| id.name() == name));
    let mut error = Error::new(code, message);
    if let Some(id) = id {
        error = error.with_id(*id);
        if let Some((errno, state)) = id.mysql() {
            error = error.with_mysql(errno, state);
        }
    }
    if let Some((errno, state)) = find_mysql(message) {
        error = error.with_mysql(errno, state).with_origin(Origin::Mysql);
    } else {
        error = error.with_origin(Origin::Tablet);
    }
    match code {
        Code::ClusterEvent => error.with_retry(Retry::Always),
        Code::FailedPrecondition if message.contains(MOVING) => error.with_retry(Retry::Elsewhere),
        _ => error,
    }
}

/// Finds the first `(errno N) (sqlstate SSSSS)` of a text.
pub fn find_mysql(text: &str) -> Option<(u16, [u8; 5])> {
    text.match_indices("(errno ").find_map(|(at, mark)| {
        let (errno, rest) = text[at + mark.len()..].split_once(')')?;
        let rest = rest.strip_prefix(" (sqlstate ")?;
        let state: [u8; 5] = rest.as_bytes().get(..5)?.try_into().ok()?;
        let closed = rest.as_bytes().get(5) == Some(&b')');
        (closed && state.iter().all(u8::is_ascii_alphanumeric))
            .then_some((errno.parse().ok()?, state))
    })
}

/// Turns an error into the status that carries it.
pub fn to_status(error: &Error) -> Status {
    let code = error.code();
    let mut status = Status::new(tonic::Code::from_i32(code as i32), text(error));
    if matches!(code, Code::ClusterEvent | Code::ReadOnly) {
        status.metadata_mut().insert(CODE_KEY, (code as i32).into());
    }
    status
}

/// Reads the error that a status carries; its message is the status's.
pub fn from_status(status: &Status) -> Error {
    from_text(code_of(status), status.message())
}

/// Returns the code that a status carries.
pub fn code_of(status: &Status) -> Code {
    let own = status.metadata().get(CODE_KEY).and_then(|value| value.to_str().ok()?.parse().ok());
    if let Some(number) = own {
        return Code::from_i32(number);
    }
    // A number that tonic does not know arrives as Unknown; the text then tells.
    if status.code() == tonic::Code::Unknown
        && CLUSTER_EVENTS.iter().any(|event| status.message().contains(event))
    {
        return Code::ClusterEvent;
    }
    Code::from_i32(status.code() as i32)
}

/// Reads the error that a status of a tablet carries, in the words that a gateway passes on.
pub fn from_tablet_status(status: &Status) -> Error {
    tablet_error(from_status(status))
}

/// Puts in front of a tablet's error what a gateway passes on: `vttablet: rpc error: code = ...`.
pub fn tablet_error(error: Error) -> Error {
    let code = error.code().grpc_name();
    let message = format!("vttablet: rpc error: code = {code} desc = {}", error.message());
    error.with_message(message)
}

/// Turns an error into the message that stands inside a reply.
pub fn to_rpc_error(error: &Error) -> RpcError {
    RpcError { message: text(error), code: error.code() as i32 }
}

/// Reads the error that stands inside a reply.
pub fn from_rpc_error(error: &RpcError) -> Error {
    from_text(Code::from_i32(error.code), &error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_being_moved_is_asked_for_elsewhere() {
        let text = format!("{MOVING} (CallerID: ann)");
        let error = from_status(&Status::failed_precondition(text.clone()));
        assert_eq!(error.retry(), Retry::Elsewhere);
        assert_eq!(from_status(&Status::unknown(text)).retry(), Retry::Never);
    }

    #[test]
    fn a_mysql_error_comes_back_with_errno_and_state() {
        let error = Error::mysql(1062, b"23000", "Duplicate entry '1' for key 't.PRIMARY'")
            .with_code(Code::AlreadyExists);
        let status = to_status(&error);
        assert_eq!(
            status.message(),
            "Duplicate entry '1' for key 't.PRIMARY' (errno 1062) (sqlstate 23000)"
        );
        assert_eq!(status.code(), tonic::Code::AlreadyExists);
        let back = from_status(&status);
        assert_eq!((back.errno(), back.sql_state()), (1062, *b"23000"));
        assert_eq!(back.code(), Code::AlreadyExists);
        // A second hop adds nothing.
        assert_eq!(to_status(&back).message(), status.message());
    }

    #[test]
    fn codes_that_grpc_lacks_come_back() {
        let error = Error::new(Code::ClusterEvent, "operation not allowed in state NOT_SERVING");
        assert_eq!(from_status(&to_status(&error)).code(), Code::ClusterEvent);
        let foreign = Status::new(tonic::Code::Unknown, error.message());
        assert_eq!(from_status(&foreign).code(), Code::ClusterEvent);
        let read_only = Error::new(Code::ReadOnly, "no writes");
        assert_eq!(from_status(&to_status(&read_only)).code(), Code::ReadOnly);
    }

    #[test]
    fn ids_come_back_with_their_errno() {
        let error = Error::vt(ErrorId::VT05004, "t");
        let back = from_status(&to_status(&error));
        assert_eq!(back.id(), Some(ErrorId::VT05004));
        assert_eq!(back.errno(), 1146);
        assert_eq!(back.message(), error.message());
    }

    #[test]
    fn odd_texts_have_no_errno() {
        for odd in
            ["(errno", "(errno x) (sqlstate 42000)", "(errno 1) (sqlstate 4200)", "(errno 9)"]
        {
            assert_eq!(find_mysql(odd), None, "{odd}");
        }
        assert_eq!(find_mysql("a (errno 1) b (errno 2) (sqlstate HY000) c"), Some((2, *b"HY000")));
        assert_eq!(find_mysql("é(errno 70000) (sqlstate HY000)"), None);
        assert_eq!(find_mysql("(errno 7) (sqlstate ééééé)"), None);
    }
}
