//! The errors that the protocol itself gives, in MySQL's words.

use vt_base::{Code, Error, Origin};

use crate::link::ReadError;
use crate::socket::Peer;

fn client(errno: u16, sql_state: &[u8; 5], code: Code, message: impl Into<String>) -> Error {
    Error::mysql(errno, sql_state, message).with_code(code).with_origin(Origin::Client)
}

pub(super) fn too_many_connections() -> Error {
    client(1040, b"08004", Code::ResourceExhausted, "Too many connections")
}

pub(super) fn bad_handshake() -> Error {
    client(1043, b"08S01", Code::InvalidArgument, "Bad handshake")
}

pub(super) fn access_denied(user: &str, peer: &Peer, has_password: bool) -> Error {
    let using = if has_password { "YES" } else { "NO" };
    let host = peer.host();
    let message = format!("Access denied for user '{user}'@'{host}' (using password: {using})");
    client(1045, b"28000", Code::Unauthenticated, message)
}

pub(super) fn insecure_transport() -> Error {
    let message = "Connections using insecure transport are prohibited while \
                   --require_secure_transport=ON.";
    client(3159, b"HY000", Code::FailedPrecondition, message)
}

pub(super) fn unknown_command() -> Error {
    client(1047, b"08S01", Code::Unimplemented, "Unknown command")
}

pub(super) fn unknown_statement(id: u32, function: &str) -> Error {
    let message = format!("Unknown prepared statement handler ({id}) given to {function}");
    client(1243, b"HY000", Code::InvalidArgument, message)
}

pub(super) fn no_cursor(id: u32) -> Error {
    let message = format!("The statement ({id}) has no open cursor.");
    client(1421, b"HY000", Code::FailedPrecondition, message)
}

pub(super) fn too_many_statements(limit: usize) -> Error {
    let message = format!(
        "Can't create more than max_prepared_stmt_count statements (current value: {limit})"
    );
    client(1461, b"42000", Code::ResourceExhausted, message)
}

pub(super) fn long_data_too_long() -> Error {
    let message = "Parameter of prepared statement which is set through mysql_send_long_data() is \
                   longer than 'max_allowed_packet' bytes";
    client(1105, b"HY000", Code::ResourceExhausted, message)
}

pub(super) fn packet_too_long() -> Error {
    let message = "Got a packet bigger than 'max_allowed_packet' bytes";
    client(1153, b"08S01", Code::ResourceExhausted, message)
}

pub(super) fn inactive() -> Error {
    let message = "The client was disconnected by the server because of inactivity. See \
                   wait_timeout and interactive_timeout for configuring this behavior.";
    client(4031, b"HY000", Code::DeadlineExceeded, message)
}

pub(super) fn shutting_down() -> Error {
    client(1053, b"08S01", Code::Unavailable, "Server shutdown in progress")
}

pub(super) fn panicked() -> Error {
    Error::bug("the session failed, and its connection ends")
}

/// Returns what a client is told of a packet that cannot be read; nothing if it is gone.
pub(super) fn unreadable(error: &ReadError) -> Option<Error> {
    match error {
        ReadError::Gone(_) => None,
        ReadError::OutOfOrder => {
            Some(client(1156, b"08S01", Code::InvalidArgument, "Got packets out of order"))
        }
        ReadError::TooLong => Some(packet_too_long()),
        ReadError::Malformed => {
            let message = "Couldn't uncompress communication packet";
            Some(client(1157, b"08S01", Code::InvalidArgument, message))
        }
    }
}
