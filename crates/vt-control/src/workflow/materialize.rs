//! MaterializeCreate: streams that keep what selects make of a keyspace's tables in another.

use std::collections::BTreeMap;

use vt_base::{Error, Result};
use vt_proto::binlogdata::{
    BinlogSource, Rule, VReplicationWorkflowState as State, VReplicationWorkflowSubType as SubType,
    VReplicationWorkflowType as Type,
};
use vt_proto::vschema;
use vt_proto::vtctldata::*;
use vt_sql::Arena;
use vt_sql::ast::{Expr, SelectItem, TableRef};

use super::create::NewWorkflow;
use super::ddl::created_table;
use super::ends::{ends, serving_shards};
use super::rules::{
    REFERENCE, SourceOptions, narrowed, on_ddl, plain_select, rule, sql_name, sql_string,
    vindex_columns,
};
use super::snapshot::ShardEnd;
use super::tables::{Tables, TargetRows, read_tables};
use crate::Control;
use crate::control::{invalid, refused};

/// Words in place of a `CREATE TABLE`: the table is made as the source's is.
const COPY: [&str; 2] = ["copy", "copy_schema"];

/// One table that is made, as it was asked for.
pub(super) struct Made {
    pub(super) target: String,
    source: String,
    select: String,
    /// None: the table is there already.
    pub(super) ddl: Option<String>,
}

impl Control {
    pub async fn materialize_create(
        &self,
        request: MaterializeCreateRequest,
    ) -> Result<MaterializeCreateResponse> {
        let Some(settings) = request.settings else {
            return Err(invalid("the request says nothing of what is to be materialized"));
        };
        self.materialize(settings).await?;
        Ok(MaterializeCreateResponse {})
    }

    /// Makes the tables and the streams, and starts them.
    pub(super) async fn materialize(&self, settings: MaterializeSettings) -> Result<()> {
        self.check_keyspace("source", &settings.source_keyspace).await?;
        self.check_keyspace("target", &settings.target_keyspace).await?;
        let keyspace = settings.target_keyspace.clone();
        let lock = self.topo.lock_keyspace(&keyspace, "MaterializeCreate").await?;
        let made = self.make_materialized(settings).await;
        lock.unlock().await?;
        made
    }

    async fn make_materialized(&self, settings: MaterializeSettings) -> Result<()> {
        let (from, to) = (&settings.source_keyspace, &settings.target_keyspace);
        let sources = serving_shards(&self.cluster, from, &settings.source_shards).await?;
        let sources = ends(&self.cluster, sources).await?;
        let targets = serving_shards(&self.cluster, to, &[]).await?;
        let targets = ends(&self.cluster, targets).await?;
        self.check_name_is_free(to, &settings.workflow).await?;
        let Some(first) = sources.first() else {
            return Err(refused(format!("keyspace {from} has no serving shards")));
        };
        let there = read_tables(&first.primary).await?;
        let tables = wanted(&settings)?
            .iter()
            .map(|one| made(from, one, &there))
            .collect::<Result<Vec<Made>>>()?;
        let names: Tables = tables.iter().map(|one| (one.target.clone(), String::new())).collect();
        self.check_tables_are_free(to, &targets, &names).await?;
        let source_vschema = self.vschema_or_empty(&self.cluster, from).await?;
        let target_vschema = self.vschema_or_empty(&self.cluster, to).await?;
        let streams = Streams {
            options: SourceOptions {
                keyspace: from.clone(),
                on_ddl: on_ddl(&settings.on_ddl)?,
                stop_after_copy: settings.stop_after_copy,
                external_cluster: settings.external_cluster.clone(),
                source_time_zone: settings.source_time_zone.clone(),
            },
            target: to,
            tables: &tables,
            source_vschema: &source_vschema,
            target_vschema: &target_vschema,
        };
        let new = NewWorkflow {
            name: settings.workflow.clone(),
            keyspace: to.clone(),
            workflow_type: match settings.materialization_intent() {
                MaterializationIntent::Createlookupindex => Type::CreateLookupIndex,
                _ => Type::Materialize,
            },
            sub_type: SubType::None,
            sources: streams.by_target(&sources, &targets)?,
            cells: list(&settings.cell),
            tablet_types: tablet_types(&settings.tablet_types)?,
            tablet_selection_preference: settings.tablet_selection_preference,
            defer_secondary_keys: settings.defer_secondary_keys,
            stop_after_copy: settings.stop_after_copy,
            options: settings.workflow_options.clone().unwrap_or_default(),
            targets,
        };
        let fresh: Tables =
            tables.iter().filter_map(|one| Some((one.target.clone(), one.ddl.clone()?))).collect();
        self.check_target_tables(&new.targets, &fresh, TargetRows::None).await?;
        self.deploy_tables(&new.targets, &fresh).await?;
        self.check_tables_exist(&new.targets, &tables).await?;
        self.create_streams(&new).await?;
        let ends: Vec<&ShardEnd> = new.targets.iter().collect();
        self.set_streams_state(&new.name, &ends, State::Running).await.map(drop)
    }

    /// Refuses to fill tables that are neither there nor said how to make.
    pub(super) async fn check_tables_exist(
        &self,
        targets: &[ShardEnd],
        tables: &[Made],
    ) -> Result<()> {
        for end in targets {
            let there = read_tables(&end.primary).await?;
            let missing = tables.iter().find(|one| !there.contains_key(&one.target));
            if let Some(missing) = missing {
                return Err(refused(format!(
                    "table {} does not exist in the target keyspace; make it, or say with create_ddl how \
                     it is made",
                    missing.target
                )));
            }
        }
        Ok(())
    }
}

/// Returns the settings of all tables, reference tables among them.
pub(super) fn wanted(settings: &MaterializeSettings) -> Result<Vec<TableMaterializeSettings>> {
    let copied = |table: &String| TableMaterializeSettings {
        target_table: table.clone(),
        source_expression: format!("select * from {}", sql_name(table)),
        create_ddl: COPY[0].to_owned(),
    };
    let mut all = settings.table_settings.clone();
    all.extend(settings.reference_tables.iter().map(copied));
    if all.is_empty() {
        return Err(invalid("no table is to be materialized"));
    }
    Ok(all)
}

/// Reads what is asked for of one table.
pub(super) fn made(keyspace: &str, one: &TableMaterializeSettings, there: &Tables) -> Result<Made> {
    let target = one.target_table.clone();
    if target.is_empty() {
        return Err(invalid("a table of the target must be named"));
    }
    let arena = Arena::new();
    let select = plain_select(&arena, &format!("table {target}"), &one.source_expression)?;
    let [TableRef::Table(table)] = select.from else {
        return Err(invalid(format!(
            "table {target} must be made of one table: {}",
            one.source_expression
        )));
    };
    let source = table.name.name.text.to_owned();
    let Some(text) = there.get(&source) else {
        return Err(refused(format!("table(s) not found in source keyspace {keyspace}: {source}")));
    };
    let ddl = match one.create_ddl.trim() {
        "" => None,
        word if COPY.contains(&word.to_ascii_lowercase().as_str()) => {
            if target != source {
                return Err(invalid(format!(
                    "source and target table names must match for copying schema: {source} vs {target}; \
                     give the CREATE TABLE in create_ddl"
                )));
            }
            Some(text.clone())
        }
        ddl => {
            let name = created_table(&target, ddl)?;
            if name != target {
                return Err(invalid(format!("create_ddl of table {target} makes a table {name}")));
            }
            Some(ddl.to_owned())
        }
    };
    Ok(Made { target, source, select: one.source_expression.clone(), ddl })
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// Reads types of tablets, with `in_order:` in front or without.
fn tablet_types(text: &str) -> Result<Vec<i32>> {
    let text = text.strip_prefix("in_order:").unwrap_or(text);
    list(text).iter().map(|one| Ok(one.parse::<vt_base::TabletType>()? as i32)).collect()
}

/// What the streams are made from.
pub(super) struct Streams<'a> {
    pub(super) options: SourceOptions,
    pub(super) target: &'a str,
    pub(super) tables: &'a [Made],
    pub(super) source_vschema: &'a vschema::Keyspace,
    pub(super) target_vschema: &'a vschema::Keyspace,
}

impl Streams<'_> {
    fn by_target(
        &self,
        sources: &[ShardEnd],
        targets: &[ShardEnd],
    ) -> Result<BTreeMap<String, Vec<BinlogSource>>> {
        let mut out = BTreeMap::new();
        for target in targets {
            let mut streams = Vec::new();
            for (index, source) in sources.iter().enumerate() {
                let rules = self.rules(&target.record.name, index == 0)?;
                if !rules.is_empty() {
                    streams.push(self.options.source(&source.record.name, rules));
                }
            }
            out.insert(target.record.name.clone(), streams);
        }
        Ok(out)
    }

    /// Every shard has the rows of a reference table: they come from the first.
    pub(super) fn rules(&self, shard: &str, is_first: bool) -> Result<Vec<Rule>> {
        let mut rules = Vec::new();
        for table in self.tables {
            let known = self.source_vschema.tables.get(&table.source);
            if known.is_some_and(|one| one.r#type == REFERENCE) && !is_first {
                continue;
            }
            let place = self.place(table, shard)?;
            let what = format!("table {}", table.target);
            rules.push(rule(&table.target, narrowed(&what, &table.select, place.as_slice())?));
        }
        Ok(rules)
    }

    /// Returns the condition that what is made of a row belongs into a shard.
    fn place(&self, table: &Made, shard: &str) -> Result<Option<String>> {
        if !self.target_vschema.sharded {
            return Ok(None);
        }
        let (name, keyspace) = (&table.target, self.target);
        let Some(found) = self.target_vschema.tables.get(name) else {
            return Err(refused(format!(
                "table {name} not found in vschema for keyspace {keyspace}; say by which vindex it is \
                 sharded with ApplyVSchema first"
            )));
        };
        if found.r#type == REFERENCE {
            return Ok(None);
        }
        let Some(primary) = found.column_vindexes.first() else {
            return Err(refused(format!(
                "table {name} has no vindex in the vschema of keyspace {keyspace}"
            )));
        };
        let columns: Vec<String> = vindex_columns(primary)
            .iter()
            .map(|column| source_column(table, column))
            .collect::<Result<_>>()?;
        Ok(Some(format!(
            "in_keyrange({}, {}, {})",
            columns.join(", "),
            sql_string(&format!("{keyspace}.{}", primary.name)),
            sql_string(shard)
        )))
    }
}

/// Finds the column of the source that a column of the target comes from.
fn source_column(table: &Made, column: &str) -> Result<String> {
    let arena = Arena::new();
    let select = plain_select(&arena, &format!("table {}", table.target), &table.select)?;
    for item in select.items {
        match item {
            SelectItem::Next(_) => {}
            SelectItem::Star(_) => return Ok(sql_name(column)),
            SelectItem::Expr(item) => {
                let Expr::Column(from) = item.expr else { continue };
                let name = item.alias.map_or(from.name.text, |alias| alias.text);
                if name.eq_ignore_ascii_case(column) {
                    return Ok(sql_name(from.name.text));
                }
            }
        }
    }
    Err(Error::new(
        vt_base::Code::FailedPrecondition,
        format!(
            "could not find vindex column {column} of table {} among the plain columns of {}",
            table.target, table.select
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there() -> Tables {
        let text = "create table `corder` (`id` bigint primary key, sku varchar(9))".to_owned();
        [("corder".to_owned(), text)].into()
    }

    fn settings(target: &str, select: &str, ddl: &str) -> TableMaterializeSettings {
        TableMaterializeSettings {
            target_table: target.to_owned(),
            source_expression: select.to_owned(),
            create_ddl: ddl.to_owned(),
        }
    }

    #[test]
    fn tables_are_made_as_asked() {
        let read = |target: &str, select: &str, ddl: &str| {
            made("ks", &settings(target, select, ddl), &there())
                .map(|one| (one.source, one.ddl))
                .map_err(|err| err.message().to_owned())
        };
        let all = "select * from corder";
        assert_eq!(read("x", all, "").unwrap(), ("corder".to_owned(), None));
        assert_eq!(read("corder", all, "copy").unwrap().1.unwrap(), there()["corder"]);
        let own = "create table x (sku varchar(9) primary key, n bigint)";
        let counted = "select sku, count(*) as n from corder group by sku";
        assert_eq!(read("x", counted, own).unwrap().1.unwrap(), own);
        for (target, select, ddl, why) in [
            ("x", all, "copy", "source and target table names must match"),
            ("y", all, own, "create_ddl of table y makes a table x"),
            ("x", "select * from a, b", "", "table x must be made of one table"),
            ("x", "select * from nothing", "", "table(s) not found in source keyspace ks: nothing"),
            ("", all, "", "a table of the target must be named"),
            ("x", all, "drop table x", "the definition of table x is no CREATE TABLE"),
        ] {
            let err = read(target, select, ddl).unwrap_err();
            assert!(err.starts_with(why), "{err}");
        }
    }

    #[test]
    fn rows_are_placed_by_the_columns_that_the_select_takes_over() {
        let one = |select: &str| Made {
            target: "t".to_owned(),
            source: "corder".to_owned(),
            select: select.to_owned(),
            ddl: None,
        };
        assert_eq!(source_column(&one("select * from corder"), "id").unwrap(), "id");
        assert_eq!(source_column(&one("select a as id, b from corder"), "id").unwrap(), "a");
        assert!(source_column(&one("select a + 1 as id from corder"), "id").is_err());
        assert_eq!(tablet_types("in_order:REPLICA,primary").unwrap(), [2, 1]);
        assert!(tablet_types("nothing").is_err());
    }
}
