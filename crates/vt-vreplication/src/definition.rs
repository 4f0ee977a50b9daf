//! Definitions of the source: what a stream that follows does with them.

use vt_proto::binlogdata::{OnDdlAction, VReplicationWorkflowState as State};

use crate::player::{Played, Player};
use crate::trouble::{Outcome, Trouble};

impl Player<'_> {
    /// Does with a definition of the source what the stream is told to.
    pub(crate) async fn define(&mut self, statement: &str) -> Outcome<Option<Played>> {
        self.drain().await?;
        self.stream.count_definition(self.on_ddl);
        self.bound.clear();
        match self.on_ddl {
            OnDdlAction::Ignore => {
                self.save().await?;
                Ok(None)
            }
            OnDdlAction::Stop => {
                self.save().await?;
                let message = format!("Stopped at DDL {statement}");
                self.stream.set_state(self.conn, State::Stopped, &message).await?;
                Ok(Some(Played::Stopped))
            }
            OnDdlAction::Exec | OnDdlAction::ExecIgnore => {
                let database = self.stream.store.database.clone();
                self.conn.init_db(&database).await?;
                let done = self.conn.query(statement, 0).await;
                if let (Err(error), OnDdlAction::Exec) = (done, self.on_ddl) {
                    return Err(Trouble::Target(error.context(format!("DDL {statement}"))));
                }
                self.save().await?;
                Ok(Some(Played::Redefined))
            }
        }
    }
}
