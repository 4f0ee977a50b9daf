//! A plan with the columns that the source sends: rows become statements.

use std::sync::Arc;

use vt_base::{Error, Result};
use vt_mysql::client::Sent;
use vt_proto::query;
use vt_value::{Field, Type};

use crate::fits::check_fits;
use crate::plan::{From, Mode, TablePlan, wrong};
use crate::store::quote_name;
use crate::touch::tells_rows;
use crate::{literal, load};

/// A plan and the columns that come.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) plan: Arc<TablePlan>,
    fields: Vec<Field>,
    /// What is written, in the order of the statement.
    pub(crate) outs: Vec<Out>,
    /// Places in `outs` of the columns that tell rows apart.
    pub(crate) key: Vec<usize>,
    /// The table's name with its database.
    target: String,
    insert: String,
    tail: String,
    /// The statement that takes rows as a file, where that keeps every value.
    load: Option<String>,
    /// The statement that inserts a row whose values come beside it, where these are all it needs.
    prepared: Option<String>,
    /// Keys are the same row only where their bytes are.
    pub(crate) tells_rows: bool,
}

#[derive(Debug)]
pub(crate) struct Out {
    pub(crate) name: String,
    value: OutValue,
    /// The server computes the column: it is not written.
    pub(crate) generated: bool,
}

#[derive(Debug)]
enum OutValue {
    Field(usize),
    Count,
    Sum(usize),
    Expression(String),
}

/// A row of a message, cut into its values.
#[derive(Debug, Default)]
pub(crate) struct Cells<'a> {
    values: Vec<Option<&'a [u8]>>,
}

impl<'a> Cells<'a> {
    /// Cuts a row.
    ///
    /// # Errors
    /// Lengths and values do not agree.
    pub(crate) fn of(row: &'a query::Row) -> Result<Cells<'a>> {
        let mut cells = Cells { values: Vec::with_capacity(row.lengths.len()) };
        let mut rest: &[u8] = &row.values;
        for length in &row.lengths {
            let Ok(length) = usize::try_from(*length) else {
                cells.values.push(None);
                continue;
            };
            let (value, after) = rest
                .split_at_checked(length)
                .ok_or_else(|| Error::bug("a row of a stream is shorter than its lengths say"))?;
            cells.values.push(Some(value));
            rest = after;
        }
        Ok(cells)
    }

    pub(crate) fn get(&self, place: usize) -> Option<&'a [u8]> {
        self.values.get(place).copied().flatten()
    }
}

impl Bound {
    /// Binds a plan to the columns that come; `database` is the one that is written.
    ///
    /// # Errors
    /// A column has no place in the target, or its values would not keep what they are there.
    pub(crate) fn new(plan: Arc<TablePlan>, database: &str, fields: Vec<Field>) -> Result<Bound> {
        let table = plan.table.clone();
        let mut outs = Vec::new();
        let mut places = Vec::new();
        match &plan.columns {
            None => {
                for (index, field) in fields.iter().enumerate() {
                    let place = table.place(&field.name).ok_or_else(|| {
                        wrong(format!(
                            "column {} of table {} is not in the target's table {}",
                            field.name, plan.source_table, table.name
                        ))
                    })?;
                    check_fits(field, &table, place)?;
                    places.push(place);
                    outs.push(out(&table, place, OutValue::Field(index)));
                }
            }
            Some(columns) => {
                let find = |name: &str| {
                    let found = fields.iter().position(|one| one.name.eq_ignore_ascii_case(name));
                    found.ok_or_else(|| {
                        wrong(format!("the source sends no column {name} of {}", plan.source_table))
                    })
                };
                for one in columns {
                    let value = match &one.from {
                        From::Field(name) => {
                            let index = find(name)?;
                            check_fits(&fields[index], &table, one.column)?;
                            OutValue::Field(index)
                        }
                        From::Sum(name) => OutValue::Sum(find(name)?),
                        From::Count => OutValue::Count,
                        From::Expression(sql) => OutValue::Expression(sql.clone()),
                    };
                    places.push(one.column);
                    outs.push(out(&table, one.column, value));
                }
            }
        }
        let key = table.key.iter().map(|key| {
            places.iter().position(|place| place == key).ok_or_else(|| {
                let name = &table.columns[*key].name;
                wrong(format!("the source sends nothing for column {name} of the target's key"))
            })
        });
        let key = key.collect::<Result<Vec<_>>>()?;
        let target = format!("{}.{}", quote_name(database), quote_name(&table.name));
        let (insert, tail) = insert_parts(&plan, &target, &outs);
        let load = load::statement(&plan, &target, (&fields, &outs));
        let prepared = load::prepared(&plan, &insert, (&fields, &outs));
        let tells_rows = tells_rows(&plan, &fields, key.iter().filter_map(|key| outs.get(*key)));
        Ok(Bound { plan, fields, outs, key, target, insert, tail, load, prepared, tells_rows })
    }

    /// Returns the statement that takes rows as the file that [`Bound::file`] writes; none where
    /// values of these types do not come through that way as they are.
    pub(crate) fn load(&self) -> Option<&str> {
        self.load.as_deref()
    }

    /// Returns the statement that inserts a row with the values of [`Bound::sent`]; none where
    /// values of these types do not come through that way as they are.
    pub(crate) fn prepared(&self) -> Option<&str> {
        self.prepared.as_deref()
    }

    /// Returns a row's values as the prepared statement takes them.
    pub(crate) fn sent<'a>(&self, row: &Cells<'a>) -> Vec<Sent<'a>> {
        let places = self.outs.iter().filter_map(Out::loaded_from);
        let sent = places.map(|place| match (row.get(place), self.fields.get(place)) {
            (None, _) => Sent::Null,
            (Some(bytes), Some(field)) => match field.typ {
                Type::BINARY | Type::VARBINARY | Type::BLOB => Sent::Bytes(bytes),
                _ => Sent::Text(bytes),
            },
            (Some(text), None) => Sent::Text(text),
        });
        sent.collect()
    }

    /// Returns the place of a column that comes.
    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|one| one.name.eq_ignore_ascii_case(name))
    }

    /// Writes a statement that inserts rows.
    ///
    /// # Errors
    /// A value is none of its type.
    pub(crate) fn insert<'a>(
        &self,
        rows: impl Iterator<Item = &'a Cells<'a>>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        out.extend_from_slice(self.insert.as_bytes());
        for (index, row) in rows.enumerate() {
            out.extend_from_slice(if index == 0 { b"(" } else { b",(" });
            let written = self.outs.iter().filter(|one| !one.generated);
            for (index, one) in written.enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                self.value(one, row, out)?;
            }
            out.push(b')');
        }
        out.extend_from_slice(self.tail.as_bytes());
        Ok(())
    }

    /// Writes a statement that takes a row away; nothing where rows stay. Returns whether there is
    /// a statement.
    ///
    /// # Errors
    /// A value is none of its type.
    pub(crate) fn delete(&self, row: &Cells<'_>, out: &mut Vec<u8>) -> Result<bool> {
        match self.plan.mode {
            Mode::Ignore => return Ok(false),
            Mode::Plain => {
                out.extend_from_slice(b"delete from ");
                out.extend_from_slice(self.target.as_bytes());
            }
            Mode::Aggregate => {
                out.extend_from_slice(b"update ");
                out.extend_from_slice(self.target.as_bytes());
                out.extend_from_slice(b" set ");
                let mut first = true;
                for one in &self.outs {
                    let name = quote_name(&one.name);
                    let less = match one.value {
                        OutValue::Count => "1".to_owned().into_bytes(),
                        OutValue::Sum(_) => {
                            let mut less = Vec::new();
                            self.value(one, row, &mut less)?;
                            less
                        }
                        _ => continue,
                    };
                    out.extend_from_slice(if first { b"" } else { b"," });
                    out.extend_from_slice(format!("{name} = {name} - ").as_bytes());
                    out.extend_from_slice(&less);
                    first = false;
                }
            }
        }
        self.condition(row, out)?;
        Ok(true)
    }

    /// Writes the statements that make one row of another, the last of them with a semicolon
    /// behind it; returns how many there are.
    ///
    /// # Errors
    /// A value is none of its type.
    pub(crate) fn update(
        &self,
        before: &Cells<'_>,
        after: &Cells<'_>,
        out: &mut Vec<u8>,
    ) -> Result<usize> {
        if self.plan.mode != Mode::Plain {
            let mut count = 0;
            if self.delete(before, out)? {
                out.push(b';');
                count += 1;
            }
            self.insert(std::iter::once(after), out)?;
            out.push(b';');
            return Ok(count + 1);
        }
        // A row that gets another key is changed too: taking it away would take those with it that
        // name it by foreign keys.
        let start = out.len();
        out.extend_from_slice(b"update ");
        out.extend_from_slice(self.target.as_bytes());
        out.extend_from_slice(b" set ");
        let mut first = true;
        for one in &self.outs {
            if one.generated || self.is_same(one, before, after) {
                continue;
            }
            out.extend_from_slice(if first { b"" } else { b"," });
            out.extend_from_slice(quote_name(&one.name).as_bytes());
            out.push(b'=');
            self.value(one, after, out)?;
            first = false;
        }
        if first {
            // Nothing of what is written here has changed.
            out.truncate(start);
            return Ok(0);
        }
        self.condition(before, out)?;
        out.push(b';');
        Ok(1)
    }

    fn is_same(&self, one: &Out, before: &Cells<'_>, after: &Cells<'_>) -> bool {
        match one.value {
            OutValue::Field(place) => before.get(place) == after.get(place),
            OutValue::Expression(_) => {
                (0..self.fields.len()).all(|place| before.get(place) == after.get(place))
            }
            OutValue::Count | OutValue::Sum(_) => false,
        }
    }

    fn condition(&self, row: &Cells<'_>, out: &mut Vec<u8>) -> Result<()> {
        for (index, key) in self.key.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b" where " } else { b" and " });
            let one = &self.outs[*key];
            out.extend_from_slice(quote_name(&one.name).as_bytes());
            out.push(b'=');
            self.value(one, row, out)?;
        }
        Ok(())
    }

    fn value(&self, one: &Out, row: &Cells<'_>, out: &mut Vec<u8>) -> Result<()> {
        match &one.value {
            OutValue::Field(place) => self.field_value(*place, row, out),
            OutValue::Count => {
                out.push(b'1');
                Ok(())
            }
            OutValue::Sum(place) => {
                out.extend_from_slice(b"ifnull(");
                self.field_value(*place, row, out)?;
                out.extend_from_slice(b",0)");
                Ok(())
            }
            OutValue::Expression(sql) => {
                // The expression names columns: it is evaluated over a row that has them.
                out.extend_from_slice(format!("(select {sql} from (select ").as_bytes());
                for (place, field) in self.fields.iter().enumerate() {
                    out.extend_from_slice(if place == 0 { b"" } else { b"," });
                    self.field_value(place, row, out)?;
                    out.extend_from_slice(format!(" as {}", quote_name(&field.name)).as_bytes());
                }
                out.extend_from_slice(b") as `_vt_row`)");
                Ok(())
            }
        }
    }

    fn field_value(&self, place: usize, row: &Cells<'_>, out: &mut Vec<u8>) -> Result<()> {
        let typ = self.fields.get(place).map_or(Type::NULL_TYPE, |field| field.typ);
        match (&self.plan.zones, row.get(place)) {
            (Some(zones), value @ Some(_)) if typ == Type::DATETIME => {
                let mut time = Vec::new();
                literal::write(typ, value, &mut time)?;
                zones.write(&time, out);
                Ok(())
            }
            (_, value) => literal::write(typ, value, out),
        }
    }
}

fn out(table: &crate::target::TargetTable, place: usize, value: OutValue) -> Out {
    let column = &table.columns[place];
    Out { name: column.name.clone(), value, generated: column.generated }
}

impl Out {
    /// Returns the place of the field whose value is stored as it is.
    pub(crate) fn loaded_from(&self) -> Option<usize> {
        match self.value {
            OutValue::Field(place) if !self.generated => Some(place),
            _ => None,
        }
    }
}

/// Returns what stands before the rows of an insert, and behind them.
fn insert_parts(plan: &TablePlan, target: &str, outs: &[Out]) -> (String, String) {
    let ignore = if plan.mode == Mode::Ignore { "ignore " } else { "" };
    let names: Vec<String> =
        outs.iter().filter(|one| !one.generated).map(|one| quote_name(&one.name)).collect();
    let insert = format!("insert {ignore}into {target} ({}) values ", names.join(","));
    if plan.mode != Mode::Aggregate {
        return (insert, String::new());
    }
    let added = outs.iter().filter_map(|one| {
        let name = quote_name(&one.name);
        match one.value {
            OutValue::Count => Some(format!("{name}={name}+values({name})")),
            OutValue::Sum(_) => Some(format!("{name}={name}+ifnull(values({name}),0)")),
            OutValue::Field(_) | OutValue::Expression(_) => None,
        }
    });
    (insert, format!(" on duplicate key update {}", added.collect::<Vec<_>>().join(",")))
}

#[cfg(test)]
pub(crate) mod tests {
    use vt_proto::binlogdata::Rule;

    use super::*;
    use crate::plan::tests::table;

    pub(crate) fn row(values: &[Option<&str>]) -> query::Row {
        query::Row {
            lengths: values.iter().map(|one| one.map_or(-1, |one| one.len() as i64)).collect(),
            values: values.iter().flatten().copied().collect::<String>().into_bytes().into(),
        }
    }

    pub(crate) fn bound(filter: &str, columns: &[(&str, Type)], fields: &[(&str, Type)]) -> Bound {
        let rule = Rule { filter: filter.into(), ..Rule::default() };
        let plan = TablePlan::new(table("t", columns, &[0]), &rule).unwrap();
        let fields = fields.iter().map(|(name, typ)| Field::new(name, *typ)).collect();
        Bound::new(Arc::new(plan), "d", fields).unwrap()
    }

    pub(crate) fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn plain_rows_are_inserted_changed_and_deleted() {
        let columns = [("id", Type::INT64), ("name", Type::VARCHAR)];
        let bound = bound("", &columns, &columns);
        let rows = [row(&[Some("1"), Some("a'b")]), row(&[Some("2"), None])];
        let cells: Vec<Cells<'_>> = rows.iter().map(|one| Cells::of(one).unwrap()).collect();
        let insert = text(|out| bound.insert(cells.iter(), out).unwrap());
        assert_eq!(insert, "insert into `d`.`t` (`id`,`name`) values (1,'a\\'b'),(2,null)");
        let delete = text(|out| assert!(bound.delete(&cells[0], out).unwrap()));
        assert_eq!(delete, "delete from `d`.`t` where `id`=1");
        let same_key = row(&[Some("1"), None]);
        let same_key = Cells::of(&same_key).unwrap();
        let update = text(|out| assert_eq!(bound.update(&cells[0], &same_key, out).unwrap(), 1));
        assert_eq!(update, "update `d`.`t` set `name`=null where `id`=1;");
        let moved = text(|out| assert_eq!(bound.update(&cells[0], &cells[1], out).unwrap(), 1));
        assert_eq!(moved, "update `d`.`t` set `id`=2,`name`=null where `id`=1;");
        let nothing = text(|out| assert_eq!(bound.update(&cells[0], &cells[0], out).unwrap(), 0));
        assert_eq!(nothing, "");
    }

    #[test]
    fn aggregates_are_added_and_taken_away() {
        let columns = [("sku", Type::VARCHAR), ("n", Type::INT64), ("total", Type::INT64)];
        let filter = "select sku, count(*) as n, sum(price) as total from o group by sku";
        let fields = [("sku", Type::VARCHAR), ("price", Type::INT64)];
        let bound = bound(filter, &columns, &fields);
        let one = row(&[Some("x"), Some("5")]);
        let one = Cells::of(&one).unwrap();
        assert_eq!(
            text(|out| bound.insert(std::iter::once(&one), out).unwrap()),
            "insert into `d`.`t` (`sku`,`n`,`total`) values ('x',1,ifnull(5,0)) \
             on duplicate key update `n`=`n`+values(`n`),`total`=`total`+ifnull(values(`total`),0)"
        );
        assert_eq!(
            text(|out| assert!(bound.delete(&one, out).unwrap())),
            "update `d`.`t` set `n` = `n` - 1,`total` = `total` - ifnull(5,0) where `sku`='x'"
        );
    }

    #[test]
    fn expressions_are_evaluated_over_the_row() {
        let columns = [("id", Type::INT64), ("loud", Type::VARCHAR)];
        let fields = [("id", Type::INT64), ("name", Type::VARCHAR)];
        let bound = bound("select id, upper(name) as loud from s", &columns, &fields);
        let one = row(&[Some("1"), Some("x")]);
        let one = Cells::of(&one).unwrap();
        assert_eq!(
            text(|out| bound.insert(std::iter::once(&one), out).unwrap()),
            "insert into `d`.`t` (`id`,`loud`) values (1,(select upper(name) from \
             (select 1 as `id`,'x' as `name`) as `_vt_row`))"
        );
    }

    #[test]
    fn columns_without_a_place_are_refused() {
        let columns = [("id", Type::INT64)];
        let plan = Arc::new(TablePlan::new(table("t", &columns, &[0]), &Rule::default()).unwrap());
        let fields = vec![Field::new("id", Type::INT64), Field::new("extra", Type::INT64)];
        let message = Bound::new(plan, "d", fields).unwrap_err().message().to_owned();
        assert!(message.contains("column extra of table t is not in the target's"), "{message}");
        let broken = query::Row { lengths: vec![5], values: b"abc".to_vec().into() };
        assert!(Cells::of(&broken).is_err());
    }
}
