//! The eight kinds of reply to an execution, as one.

use vt_proto::{query, vtrpc};
use vt_tablet_api::TxState;
use vt_value::QueryResult;

use crate::convert::alias_from_proto;

/// A reply, or one message of a streamed reply.
#[derive(Default)]
pub(super) struct Part {
    pub(super) error: Option<vtrpc::RpcError>,
    pub(super) result: Option<query::QueryResult>,
    pub(super) state: TxState,
}

macro_rules! parts {
    ($($type:ident { $($field:ident),* };)*) => {
        $(impl From<query::$type> for Part {
            fn from(reply: query::$type) -> Part {
                #[allow(unused_mut, reason = "the plain replies have no state")]
                let mut part = Part { result: reply.result, ..Part::default() };
                $(parts!(@set part, reply, $field);)*
                part
            }
        })*
    };
    (@set $part:ident, $reply:ident, error) => { $part.error = $reply.error; };
    (@set $part:ident, $reply:ident, tablet_alias) => {
        $part.state.tablet_alias = alias_from_proto($reply.tablet_alias.as_ref());
    };
    (@set $part:ident, $reply:ident, $field:ident) => { $part.state.$field = $reply.$field; };
}

parts! {
    ExecuteResponse {};
    StreamExecuteResponse {};
    BeginExecuteResponse { error, transaction_id, tablet_alias, session_state_changes };
    BeginStreamExecuteResponse { error, transaction_id, tablet_alias, session_state_changes };
    ReserveExecuteResponse { error, reserved_id, tablet_alias };
    ReserveStreamExecuteResponse { error, reserved_id, tablet_alias };
    ReserveBeginExecuteResponse {
        error, transaction_id, reserved_id, tablet_alias, session_state_changes
    };
    ReserveBeginStreamExecuteResponse {
        error, transaction_id, reserved_id, tablet_alias, session_state_changes
    };
}

/// Adds what a later message of a stream says of the state.
pub(super) fn merge(mut state: TxState, later: TxState) -> TxState {
    if later.transaction_id != 0 {
        state.transaction_id = later.transaction_id;
    }
    if later.reserved_id != 0 {
        state.reserved_id = later.reserved_id;
    }
    if later.tablet_alias.is_some() {
        state.tablet_alias = later.tablet_alias;
    }
    if !later.session_state_changes.is_empty() {
        state.session_state_changes = later.session_state_changes;
    }
    state
}

/// Adds what a later message of a stream says besides rows.
pub(super) fn merge_counts(mut result: QueryResult, later: QueryResult) -> QueryResult {
    result.rows_affected = result.rows_affected.max(later.rows_affected);
    if later.insert_id_changed || later.insert_id != 0 {
        result.insert_id = later.insert_id;
        result.insert_id_changed = later.insert_id_changed;
    }
    if !later.info.is_empty() {
        result.info = later.info;
    }
    if !later.session_state_changes.is_empty() {
        result.session_state_changes = later.session_state_changes;
    }
    if !later.fields.is_empty() {
        result.fields = later.fields;
    }
    result
}
