//! Where rows of a streamed result go.

use async_trait::async_trait;
use bytes::Bytes;
use vt_base::Result;
use vt_tablet_api::StreamPart;

/// Takes a result in pieces; the first piece has the fields.
#[async_trait]
pub trait Sink: Send {
    /// Returns whether pieces are wanted at all; if not, results come back whole.
    fn is_streaming(&self) -> bool;

    /// Takes a piece; waits while the client is slow.
    async fn take(&mut self, part: StreamPart) -> Result<()>;

    /// Returns the way to files of the client, where it has any.
    fn client_file(&mut self) -> Option<&mut dyn ClientFile> {
        None
    }
}

/// Reads one file of the client.
#[async_trait]
pub trait ClientFile: Send {
    /// Asks for the file of a name.
    async fn request(&mut self, name: &[u8]) -> Result<()>;

    /// Returns the next piece; `None` at the end. The file has to be read to its end.
    async fn chunk(&mut self) -> Result<Option<Bytes>>;
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
