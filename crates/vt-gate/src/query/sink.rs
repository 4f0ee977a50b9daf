//! Where rows of a streamed result go.

use async_trait::async_trait;
use vt_base::Result;
use vt_tablet_api::StreamPart;

/// Takes a result in pieces; the first piece has the fields.
#[async_trait]
pub trait Sink: Send {
    /// Returns whether pieces are wanted at all; if not, results come back whole.
    fn is_streaming(&self) -> bool;

    /// Takes a piece; waits while the client is slow.
    async fn take(&mut self, part: StreamPart) -> Result<()>;
}

/// Wants whole results.
pub struct Collected;

#[async_trait]
impl Sink for Collected {
    fn is_streaming(&self) -> bool {
        false
    }

    async fn take(&mut self, _part: StreamPart) -> Result<()> {
        Err(vt_base::Error::bug("a whole result was sent in pieces"))
    }
}
