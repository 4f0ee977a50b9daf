//! Killing a query or a connection from another connection.

use std::sync::Arc;

use vt_base::Result;

use super::{Conn, ConnectParams};

/// What it takes to kill a connection's query while the connection itself is in use.
#[derive(Clone, Debug)]
pub struct KillHandle {
    pub(super) id: u32,
    pub(super) params: Arc<ConnectParams>,
}

impl KillHandle {
    /// Returns the server's id of the connection.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Ends the statement that runs on the connection, over a connection made for this.
    pub async fn kill_query(&self) -> Result<()> {
        self.run(&format!("KILL QUERY {}", self.id)).await
    }

    /// Ends the connection.
    pub async fn kill_connection(&self) -> Result<()> {
        self.run(&format!("KILL {}", self.id)).await
    }

    async fn run(&self, sql: &str) -> Result<()> {
        let mut side = Conn::connect(Arc::clone(&self.params)).await?;
        let killed = side.query(sql, 0).await;
        side.close().await;
        killed.map(|_| ())
    }
}
