//! Commands of a client.

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Quit,
}
