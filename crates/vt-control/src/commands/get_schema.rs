//! GetSchema: the tables of one tablet.

use vt_base::Result;
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::{GetSchemaRequest, GetSchemaResponse};

use crate::Control;
use crate::control::{invalid, required_alias};

impl Control {
    pub async fn get_schema(&self, request: GetSchemaRequest) -> Result<GetSchemaResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let forms = [request.table_names_only, request.table_sizes_only, request.table_schema_only];
        if forms.iter().filter(|one| **one).count() > 1 {
            return Err(invalid(
                "only one of --table-names-only, --table-sizes-only and --table-schema-only can be given",
            ));
        }
        let tablet = self.tablet(&alias).await?.within(self.options.action_timeout);
        let wanted = tm::GetSchemaRequest {
            tables: request.tables,
            include_views: request.include_views,
            exclude_tables: request.exclude_tables,
            table_schema_only: request.table_schema_only,
        };
        let mut schema = tablet.get_schema(wanted).await?.schema_definition.unwrap_or_default();
        let keep: fn(tm::TableDefinition) -> tm::TableDefinition = match () {
            () if request.table_names_only => name_only,
            () if request.table_sizes_only => sizes_only,
            () => |table| table,
        };
        schema.table_definitions = schema.table_definitions.into_iter().map(keep).collect();
        Ok(GetSchemaResponse { schema: Some(schema) })
    }
}

fn name_only(table: tm::TableDefinition) -> tm::TableDefinition {
    tm::TableDefinition { name: table.name, ..Default::default() }
}

fn sizes_only(table: tm::TableDefinition) -> tm::TableDefinition {
    tm::TableDefinition {
        name: table.name,
        r#type: table.r#type,
        row_count: table.row_count,
        data_length: table.data_length,
        ..Default::default()
    }
}
