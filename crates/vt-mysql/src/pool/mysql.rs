//! Pools of connections to MySQL.

use std::sync::Arc;

use vt_base::Result;

use super::{Connector, PoolConn, Settings};
use crate::{Conn, ConnectParams};

impl PoolConn for Conn {
    fn is_broken(&self) -> bool {
        Conn::is_broken(self)
    }

    async fn apply(&mut self, settings: &Settings) -> Result<()> {
        for statement in settings.0.iter() {
            self.query(statement, 0).await?;
        }
        Ok(())
    }

    async fn reset(&mut self) -> Result<()> {
        self.reset_connection().await
    }
}

/// Connects to one place as one user.
impl Connector for Arc<ConnectParams> {
    type Conn = Conn;

    async fn connect(&self) -> Result<Conn> {
        Conn::connect(Arc::clone(self)).await
    }
}
