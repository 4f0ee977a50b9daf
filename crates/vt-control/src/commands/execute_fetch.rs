//! ExecuteFetchAsDBA, ExecuteFetchAsApp, ExecuteMultiFetchAsDBA: SQL straight to one MySQL.

use vt_base::Result;
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::*;

use crate::Control;
use crate::control::{invalid, required_alias};

impl Control {
    pub async fn execute_fetch_as_dba(
        &self,
        request: ExecuteFetchAsDbaRequest,
    ) -> Result<ExecuteFetchAsDbaResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let tablet = self.tablet(&alias).await?.within(self.options.action_timeout);
        let reply = tablet
            .execute_fetch_as_dba(tm::ExecuteFetchAsDbaRequest {
                db_name: tablet.record.db_name(),
                query: request.query.into_bytes().into(),
                max_rows: rows_max(request.max_rows)?,
                disable_binlogs: request.disable_binlogs,
                reload_schema: request.reload_schema,
                disable_foreign_key_checks: false,
            })
            .await?;
        Ok(ExecuteFetchAsDbaResponse { result: reply.result })
    }

    pub async fn execute_multi_fetch_as_dba(
        &self,
        request: ExecuteMultiFetchAsDbaRequest,
    ) -> Result<ExecuteMultiFetchAsDbaResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let tablet = self.tablet(&alias).await?.within(self.options.action_timeout);
        let reply = tablet
            .execute_multi_fetch_as_dba(tm::ExecuteMultiFetchAsDbaRequest {
                db_name: tablet.record.db_name(),
                sql: request.sql.into_bytes().into(),
                max_rows: rows_max(request.max_rows)?,
                disable_binlogs: request.disable_binlogs,
                reload_schema: request.reload_schema,
                disable_foreign_key_checks: false,
            })
            .await?;
        Ok(ExecuteMultiFetchAsDbaResponse { results: reply.results })
    }

    pub async fn execute_fetch_as_app(
        &self,
        request: ExecuteFetchAsAppRequest,
    ) -> Result<ExecuteFetchAsAppResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let tablet = self.tablet(&alias).await?.within(self.options.action_timeout);
        let reply = tablet
            .execute_fetch_as_app(tm::ExecuteFetchAsAppRequest {
                query: request.query.into_bytes().into(),
                max_rows: rows_max(request.max_rows)?,
            })
            .await?;
        Ok(ExecuteFetchAsAppResponse { result: reply.result })
    }
}

fn rows_max(max: i64) -> Result<u64> {
    u64::try_from(max).map_err(|_| invalid(format!("max_rows is negative: {max}")))
}
