//! What is read of a table at each side, and in which order.

use vt_base::{Code, Error, Result};
use vt_proto::binlogdata::Filter;
use vt_proto::query;
use vt_value::Type;
use vt_vstream::SourceTable;
use vt_vstream::filter::{ColumnSource, Selection, Wanted, read_rule, rule_of};

use crate::order::{KeyColumn, KeyOrder};

/// What is read of a table at the target.
#[derive(Clone, Debug)]
pub(crate) struct TargetPlan {
    pub(crate) table: SourceTable,
    /// Places in the table of the columns that are compared.
    pub(crate) columns: Vec<usize>,
    pub(crate) order: KeyOrder,
    pub(crate) query: String,
}

/// What is read of a table at the source of one stream.
#[derive(Clone, Debug)]
pub(crate) struct SourcePlan {
    pub(crate) query: String,
    selection: Selection,
}

/// A condition that restricts the target: the rows of one tenant.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) column: String,
    pub(crate) id: String,
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn refused(message: String) -> Error {
    Error::new(Code::FailedPrecondition, message)
}

impl SourcePlan {
    /// Plans what a stream's filter says of a table of the target; `None` where the stream has
    /// nothing for it.
    ///
    /// # Errors
    /// The rule cannot be read back: it aggregates, say.
    pub(crate) fn new(filter: &Filter, table: &str) -> Result<Option<SourcePlan>> {
        let Some(rule) = rule_of(filter, table)? else { return Ok(None) };
        let wanted = read_rule(rule).map_err(|error| {
            error.context(format!("table {table} cannot be compared by its workflow's rule"))
        })?;
        let all = format!("select * from {}", quoted(table));
        Ok(Some(match wanted {
            Wanted::Everything => SourcePlan { query: all, selection: Selection::default() },
            Wanted::Range(_) => {
                let range = rule.filter.trim().replace('\'', "");
                let query = format!("{all} where in_keyrange('{range}')");
                SourcePlan { query, selection: Selection::default() }
            }
            Wanted::Select(selection) => SourcePlan { query: rule.filter.clone(), selection },
        }))
    }

    /// Returns where the compared columns are in the rows that the source sends, and their types.
    ///
    /// # Errors
    /// The source does not send one of them.
    pub(crate) fn places(
        &self,
        target: &TargetPlan,
        fields: &[query::Field],
    ) -> Result<Vec<(usize, Type)>> {
        let found = |place: &usize| {
            let name = &target.table.columns[*place].field.name;
            let index = fields.iter().position(|field| field.name.eq_ignore_ascii_case(name));
            let missing = || {
                refused(format!("the source of table {} has no column {name}", target.table.name))
            };
            let index = index.ok_or_else(missing)?;
            Ok((index, Type(fields[index].r#type)))
        };
        target.columns.iter().map(found).collect()
    }

    /// Makes sure that the source's rows come in the order of the target's key.
    ///
    /// # Errors
    /// They come in the order of other columns.
    pub(crate) fn check_order(
        &self,
        target: &TargetPlan,
        key_fields: &[query::Field],
        tenant: Option<&Tenant>,
    ) -> Result<()> {
        let name = |place: usize| target.table.columns[target.columns[place]].field.name.clone();
        // A column with one value in all rows makes no difference to their order.
        let wanted: Vec<String> = target
            .order
            .0
            .iter()
            .map(|key| name(key.place).to_string())
            .filter(|name| !self.is_constant(name))
            .filter(|name| tenant.is_none_or(|tenant| !tenant.column.eq_ignore_ascii_case(name)))
            .collect();
        let mut sent = Vec::new();
        for field in key_fields {
            if tenant.is_some_and(|tenant| tenant.column.eq_ignore_ascii_case(&field.name)) {
                continue;
            }
            match self.sent_as(&field.name) {
                Some(name) => sent.push(name),
                // The order behind a column that is not sent is not seen.
                None => break,
            }
        }
        let same = sent.iter().zip(&wanted).all(|(one, other)| one.eq_ignore_ascii_case(other));
        let whole = sent.len() == key_fields.len() || sent.len() >= wanted.len();
        if same && whole && (!sent.is_empty() || wanted.is_empty()) {
            return Ok(());
        }
        let own: Vec<&str> = key_fields.iter().map(|field| field.name.as_str()).collect();
        Err(Error::unsupported(format!(
            "VDiff of table {}: its key is ({}) at the target and ({}) at the source, so that \
             the two cannot be read in one order; compare it with SELECTs at both sides",
            target.table.name,
            wanted.join(", "),
            own.join(", ")
        )))
    }

    fn is_constant(&self, name: &str) -> bool {
        self.selection.columns.iter().any(|column| {
            column.name.eq_ignore_ascii_case(name)
                && matches!(column.source, ColumnSource::Literal(_))
        })
    }

    /// Returns the name under which a column of the source is sent.
    fn sent_as(&self, name: &str) -> Option<String> {
        if self.selection.columns.is_empty() {
            return Some(name.to_owned());
        }
        let found = self.selection.columns.iter().find(|column| match &column.source {
            ColumnSource::Column(source) => source.eq_ignore_ascii_case(name),
            _ => false,
        });
        found.map(|column| column.name.clone())
    }

    /// Returns where the columns of the source's key are among the compared columns; `None` where
    /// one of them is not compared.
    pub(crate) fn key_places(
        &self,
        target: &TargetPlan,
        key_fields: &[query::Field],
    ) -> Option<Vec<usize>> {
        let place = |field: &query::Field| {
            let name = self.sent_as(&field.name)?;
            let own = |place: &usize| target.table.columns[*place].field.name.as_ref();
            target.columns.iter().position(|place| own(place).eq_ignore_ascii_case(&name))
        };
        key_fields.iter().map(place).collect()
    }
}

impl TargetPlan {
    /// Plans what is read at the target: the columns that the workflow fills, of one tenant if it
    /// moves one.
    ///
    /// # Errors
    /// The workflow fills columns that are not there, or leaves out one of the key.
    pub(crate) fn new(
        table: SourceTable,
        source: &SourcePlan,
        tenant: Option<&Tenant>,
    ) -> Result<TargetPlan> {
        let columns: Vec<usize> = match source.selection.columns.is_empty() {
            true => (0..table.columns.len()).collect(),
            false => {
                let place = |name: &str| {
                    let missing = || refused(format!("table {} has no column {name}", table.name));
                    table.place(name).ok_or_else(missing)
                };
                let columns = source.selection.columns.iter();
                columns.map(|column| place(&column.name)).collect::<Result<_>>()?
            }
        };
        let mut order = KeyOrder::default();
        for place in &table.key {
            let column = table.columns[*place].clone();
            let Some(compared) = columns.iter().position(|one| one == place) else {
                let (name, table) = (&column.field.name, &table.name);
                return Err(refused(format!(
                    "column {name} of table {table} is part of its key, and the workflow does not \
                     fill it"
                )));
            };
            order.0.push(KeyColumn { place: compared, column });
        }
        let names: Vec<String> =
            columns.iter().map(|place| quoted(&table.columns[*place].field.name)).collect();
        let mut query = format!("select {} from {}", names.join(", "), quoted(&table.name));
        if let Some(tenant) = tenant {
            let column = table.place(&tenant.column).ok_or_else(|| {
                refused(format!("table {} has no column {} of tenants", table.name, tenant.column))
            })?;
            let is_number = table.columns[column].field.typ.is_number();
            let id = match is_number && tenant.id.bytes().all(|byte| byte.is_ascii_digit()) {
                true => tenant.id.clone(),
                false => crate::store::literal(&tenant.id),
            };
            query.push_str(&format!(" where {} = {id}", quoted(&tenant.column)));
        }
        Ok(TargetPlan { table, columns, order, query })
    }
}

#[cfg(test)]
mod tests {
    use vt_proto::binlogdata::Rule;

    use super::*;
    use crate::order::tests::column;

    fn table(key: &[usize]) -> SourceTable {
        let columns = ["id", "tenant", "v"].map(|name| column(name, Type::INT64, ""));
        SourceTable { name: "t".to_owned(), columns: columns.to_vec(), key: key.to_vec() }
    }

    fn source(filter: &str) -> SourcePlan {
        let rule = Rule { r#match: "/.*".to_owned(), filter: filter.to_owned(), ..Rule::default() };
        let filter = Filter { rules: vec![rule], ..Filter::default() };
        SourcePlan::new(&filter, "t").unwrap().unwrap()
    }

    fn fields(names: &[&str]) -> Vec<query::Field> {
        let field = |name: &&str| query::Field { name: (*name).to_owned(), ..Default::default() };
        names.iter().map(field).collect()
    }

    #[test]
    fn a_rule_says_what_is_read_of_the_source() {
        assert_eq!(source("").query, "select * from `t`");
        assert_eq!(source("-80").query, "select * from `t` where in_keyrange('-80')");
        let select = "select a as id, v from s where in_keyrange(a, 'hash', '-80')";
        assert_eq!(source(select).query, select);
        let target = TargetPlan::new(table(&[0]), &source(select), None).unwrap();
        assert_eq!(target.query, "select `id`, `v` from `t`");
        let places = source(select).places(&target, &fields(&["id", "v"])).unwrap();
        assert_eq!(places.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(source(select).key_places(&target, &fields(&["a"])), Some(vec![0]));
        assert!(source(select).places(&target, &fields(&["id"])).is_err());
    }

    #[test]
    fn what_cannot_be_compared_is_refused_with_its_reason() {
        let rule = Rule {
            r#match: "t".to_owned(),
            filter: "select count(*) as c from t".to_owned(),
            ..Rule::default()
        };
        let filter = Filter { rules: vec![rule], ..Filter::default() };
        let error = SourcePlan::new(&filter, "t").unwrap_err();
        assert!(error.message().contains("table t cannot be compared"), "{error}");
        assert!(SourcePlan::new(&filter, "other").unwrap().is_none());
        let error = TargetPlan::new(table(&[0]), &source("select v from t"), None).unwrap_err();
        assert!(error.message().contains("part of its key"), "{error}");
    }

    #[test]
    fn both_sides_must_come_in_one_order() {
        let check = |filter: &str, key: &[usize], sent: &[&str], tenant: Option<&Tenant>| {
            let source = source(filter);
            let target = TargetPlan::new(table(key), &source, tenant).unwrap();
            source.check_order(&target, &fields(sent), tenant)
        };
        assert!(check("", &[0], &["id"], None).is_ok());
        // The rows of a key that is part of the other's come in its order too.
        assert!(check("", &[0, 1], &["id"], None).is_ok());
        assert!(check("", &[0], &["id", "tenant"], None).is_ok());
        let error = check("", &[0], &["v"], None).unwrap_err();
        assert!(error.message().contains("VDiff of table t"), "{error}");
        assert!(check("", &[1, 0], &["id"], None).is_err());
        let constant = "select id, 7 as tenant, v from t";
        assert!(check(constant, &[1, 0], &["id"], None).is_ok());
        let tenant = Tenant { column: "tenant".to_owned(), id: "7".to_owned() };
        assert!(check("", &[1, 0], &["id"], Some(&tenant)).is_ok());
        let renamed = "select a as id, v from s";
        assert!(check(renamed, &[0], &["a"], None).is_ok());
        assert!(check("select id, v from s", &[0], &["a"], None).is_err());
    }

    #[test]
    fn the_target_of_a_tenant_is_that_tenants_rows() {
        let tenant = Tenant { column: "tenant".to_owned(), id: "7".to_owned() };
        let target = TargetPlan::new(table(&[0]), &source(""), Some(&tenant)).unwrap();
        assert_eq!(target.query, "select `id`, `tenant`, `v` from `t` where `tenant` = 7");
    }
}
