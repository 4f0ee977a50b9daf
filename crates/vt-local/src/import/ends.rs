//! How an import ends: back to the server, completed, or given up.

use vt_base::{Code, Error, Result};
use vt_proto::vtctldata::*;
use vt_rpc::status::from_status;

use super::{ImportArgs, Importing};
use crate::job::{Direction, confirm, is_switched};
use crate::preflight::SIDECAR;
use crate::spec::wrong;
use crate::state::State;
use crate::supervisor::tablet_name;

impl Importing {
    pub(super) async fn back(&mut self, args: &ImportArgs) -> Result<String> {
        let status = self.job.status().await?;
        let Some(status) = status.filter(is_switched) else {
            let message = "traffic has not been switched: there is no way to go back";
            return Err(Error::new(Code::FailedPrecondition, message));
        };
        drop(status);
        if !args.yes {
            confirm(&format!(
                "traffic goes back to {}, which has had every write since the switch.",
                self.external.shown()
            ))?;
        }
        let pause = self.switch(Direction::Back).await?;
        Ok(format!(
            "{} serves its tables again; writes were held for {:.1} s; keyspace {} is kept in step, \
             and the import can be switched again or given up with --cancel\n",
            self.external.shown(),
            pause.as_secs_f64(),
            self.job.keyspace
        ))
    }

    /// Gives up the way back. What the server has stays there.
    pub(super) async fn complete(&mut self, args: &ImportArgs) -> Result<String> {
        if let Some(status) = self.job.status().await? {
            if !is_switched(&status) {
                let message = "traffic has not been switched: the import is not over; --cancel \
                               gives it up";
                return Err(Error::new(Code::FailedPrecondition, message));
            }
            if !args.yes {
                confirm(&format!(
                    "{} is forgotten, and there is no way back any more; its tables stay as they \
                     are, and read_only stays on there.",
                    self.external.shown()
                ))?;
            }
            let request = MoveTablesCompleteRequest {
                workflow: self.job.workflow.clone(),
                target_keyspace: self.job.keyspace.clone(),
                keep_data: true,
                ..MoveTablesCompleteRequest::default()
            };
            let completed = self.job.control.client.move_tables_complete(request).await;
            completed.map_err(|status| self.job.failed("completing", &status))?;
        }
        self.remove_source().await?;
        Ok(format!("the import into {} is complete\n", self.job.keyspace))
    }

    pub(super) async fn cancel(&mut self, args: &ImportArgs) -> Result<String> {
        if let Some(status) = self.job.status().await? {
            if is_switched(&status) {
                let message = "traffic has been switched: lead it back with --back first, or keep \
                               it with --complete";
                return Err(Error::new(Code::FailedPrecondition, message));
            }
            if !args.yes {
                confirm(&format!(
                    "what was copied into {} is removed; {} stays as it is.",
                    self.job.keyspace,
                    self.external.shown()
                ))?;
            }
            let request = WorkflowDeleteRequest {
                keyspace: self.job.keyspace.clone(),
                workflow: self.job.workflow.clone(),
                ..WorkflowDeleteRequest::default()
            };
            let deleted = self.job.control.client.workflow_delete(request).await;
            deleted.map_err(|status| self.job.failed("giving up", &status))?;
        }
        self.remove_source().await?;
        Ok(format!("the import into {} was given up\n", self.job.keyspace))
    }

    /// Forgets the server: its tablet, its keyspace, its account, and what the tablet kept there.
    async fn remove_source(&mut self) -> Result<()> {
        self.job.progress.step("forgetting the server");
        let request =
            DeleteKeyspaceRequest { keyspace: self.source.clone(), recursive: true, force: true };
        match self.job.control.client.delete_keyspace(request).await {
            Err(status) if status.code() != tonic::Code::NotFound => {
                return Err(from_status(&status).context("removing the server's keyspace"));
            }
            _ => {}
        }
        let mut spec = self.job.spec()?;
        let gone: Vec<String> = spec
            .tablets()
            .iter()
            .filter(|one| one.keyspace == self.source)
            .map(|one| tablet_name(one.uid))
            .collect();
        spec.remove_keyspace(&self.source);
        spec.save(&self.job.files.spec())?;
        let files = self.job.files.clone();
        self.job
            .until("the server's tablet does not stop", async move |_| {
                let state = State::load(&files.state()).unwrap_or_default();
                let is_there = |name: &String| state.parts.iter().any(|part| part.name == *name);
                Ok((!gone.iter().any(is_there)).then_some(()))
            })
            .await?;
        if !self.external.had_sidecar {
            let mut conn = self.external.connect(&self.password).await?;
            conn.query(format!("drop database if exists `{SIDECAR}`"), 0).await?;
            conn.close().await;
        }
        let path = self.job.files.credentials(&self.source);
        std::fs::remove_file(&path)
            .map_err(|err| wrong(format!("cannot remove {}: {err}", path.display())))
    }
}
