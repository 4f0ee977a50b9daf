//! What a stream sends of one table: which rows, which columns.

use std::sync::Arc;

use bytes::Bytes;
use vt_base::key_range::KeyRange;
use vt_base::{Code, Error, Result};
use vt_value::{Field, Type, TypedBytes, Value};
use vt_vschema::{Destination, Vindex};

use crate::Vindexes;
use crate::filter::{ColumnSource, Comparison, Condition, InKeyrange, Selection, Wanted};
use crate::table::SourceTable;

/// A row's values as text in utf8mb4; `None` is NULL.
pub type Values = Vec<Option<Bytes>>;

/// What is sent of a table.
#[derive(Clone, Debug)]
pub struct TablePlan {
    pub table: Arc<SourceTable>,
    /// The columns that are sent.
    pub fields: Vec<Field>,
    columns: Vec<Out>,
    tests: Vec<Test>,
}

#[derive(Clone, Debug)]
enum Out {
    Column(usize),
    KeyspaceId(Placing),
    Literal(TypedBytes),
}

#[derive(Clone, Debug)]
enum Test {
    Compare { column: usize, op: Comparison, value: Value },
    In { column: usize, values: Vec<Value>, negated: bool },
    IsNull { column: usize, negated: bool },
    InKeyrange { placing: Placing, range: KeyRange },
}

/// How a row's place in the keyspace is found.
#[derive(Clone, Debug)]
struct Placing {
    columns: Vec<usize>,
    vindex: Arc<Vindex>,
}

impl TablePlan {
    /// Plans what a rule asks for of a table. `schema` has the vindexes that the rule may name:
    /// those of another keyspace, where a copy is made for that.
    ///
    /// # Errors
    /// The rule names columns or vindexes that are not there.
    pub fn new(
        table: Arc<SourceTable>,
        wanted: &Wanted,
        schema: Option<&Vindexes>,
    ) -> Result<TablePlan> {
        let planner = Planner { table: &table, schema };
        let nothing = Selection::default();
        let (selection, mut tests) = match wanted {
            Wanted::Everything => (&nothing, Vec::new()),
            Wanted::Range(range) => {
                let placing = planner.primary_placing()?;
                (&nothing, vec![Test::InKeyrange { placing, range: range.clone() }])
            }
            Wanted::Select(selection) => (selection, Vec::new()),
        };
        for condition in &selection.conditions {
            tests.push(planner.test(condition)?);
        }
        let (columns, fields) = match selection.columns.is_empty() {
            true => (
                (0..table.columns.len()).map(Out::Column).collect(),
                table.columns.iter().map(|column| column.field.clone()).collect(),
            ),
            false => planner.columns(selection)?,
        };
        Ok(TablePlan { table, fields, columns, tests })
    }

    /// Returns whether rows are sent as they are, those that are sent.
    pub(crate) fn sends_whole_rows(&self) -> bool {
        self.columns.len() == self.table.columns.len()
            && self
                .columns
                .iter()
                .enumerate()
                .all(|(index, out)| matches!(out, Out::Column(column) if *column == index))
    }

    /// Returns the columns that decide whether a row is sent.
    pub(crate) fn tested(&self) -> Vec<usize> {
        let of = |test: &Test| match test {
            Test::Compare { column, .. }
            | Test::In { column, .. }
            | Test::IsNull { column, .. } => {
                vec![*column]
            }
            Test::InKeyrange { placing, .. } => placing.columns.clone(),
        };
        self.tests.iter().flat_map(of).collect()
    }

    /// Returns whether a row is sent; `values` are those of all columns of the table.
    ///
    /// # Errors
    /// A value is none of its column's type, or a vindex does not take it.
    pub(crate) fn takes(&self, values: &Values) -> Result<bool> {
        for test in &self.tests {
            if !self.fulfils(test, values)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns what is sent of a row.
    ///
    /// # Errors
    /// The row has no place in the keyspace, though its place was asked for.
    pub(crate) fn project(&self, values: &Values) -> Result<Values> {
        self.columns
            .iter()
            .map(|out| match out {
                Out::Column(column) => Ok(values.get(*column).cloned().flatten()),
                Out::Literal(value) => Ok((!value.is_null()).then(|| value.bytes.clone())),
                Out::KeyspaceId(placing) => self.keyspace_id(placing, values).map(Some),
            })
            .collect()
    }

    fn fulfils(&self, test: &Test, values: &Values) -> Result<bool> {
        Ok(match test {
            Test::IsNull { column, negated } => {
                values.get(*column).cloned().flatten().is_none() != *negated
            }
            Test::Compare { column, op, value } => {
                let found = self.value(*column, values)?;
                match op {
                    Comparison::NullSafeEq if found.is_null() || value.is_null() => {
                        found.is_null() && value.is_null()
                    }
                    op => found.compare(value).is_some_and(|order| op.holds(order)),
                }
            }
            Test::In { column, values: list, negated } => {
                let found = self.value(*column, values)?;
                let equal: Vec<_> = list.iter().map(|one| found.equal(one)).collect();
                match negated {
                    false => equal.contains(&Some(true)),
                    true => equal.iter().all(|one| *one == Some(false)),
                }
            }
            Test::InKeyrange { placing, range } => {
                range.is_full() || range.contains(&self.keyspace_id(placing, values)?)
            }
        })
    }

    fn value(&self, column: usize, values: &Values) -> Result<Value> {
        let described = &self.table.columns[column];
        let text = values.get(column).cloned().flatten();
        Value::decode(described.field.typ, described.collation, text)
    }

    fn keyspace_id(&self, placing: &Placing, values: &Values) -> Result<Bytes> {
        let row: Vec<TypedBytes> = placing
            .columns
            .iter()
            .map(|column| match values.get(*column).cloned().flatten() {
                Some(bytes) => TypedBytes::new(self.table.columns[*column].field.typ, bytes),
                None => TypedBytes::NULL,
            })
            .collect();
        match placing.vindex.map_row(&row)? {
            Destination::KeyspaceId(id) => Ok(Bytes::copy_from_slice(&id)),
            other => Err(Error::new(
                Code::FailedPrecondition,
                format!(
                    "a row of table {} has no place by vindex {}: {other}",
                    self.table.name, placing.vindex.name
                ),
            )),
        }
    }
}

impl Comparison {
    fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Eq | Comparison::NullSafeEq => order.is_eq(),
            Comparison::Ne => order.is_ne(),
            Comparison::Lt => order.is_lt(),
            Comparison::Le => order.is_le(),
            Comparison::Gt => order.is_gt(),
            Comparison::Ge => order.is_ge(),
        }
    }
}

struct Planner<'a> {
    table: &'a SourceTable,
    schema: Option<&'a Vindexes>,
}

impl Planner<'_> {
    fn columns(&self, selection: &Selection) -> Result<(Vec<Out>, Vec<Field>)> {
        let mut outs = Vec::new();
        let mut fields = Vec::new();
        for column in &selection.columns {
            let (out, mut field) = match &column.source {
                ColumnSource::Column(name) => {
                    let place = self.place(name)?;
                    (Out::Column(place), self.table.columns[place].field.clone())
                }
                ColumnSource::KeyspaceId => {
                    let out = Out::KeyspaceId(self.primary_placing()?);
                    (out, Field::new(&column.name, Type::VARBINARY))
                }
                ColumnSource::Literal(value) => {
                    (Out::Literal(value.clone()), Field::new(&column.name, value.typ))
                }
            };
            field.name = column.name.as_str().into();
            outs.push(out);
            fields.push(field);
        }
        Ok((outs, fields))
    }

    fn test(&self, condition: &Condition) -> Result<Test> {
        Ok(match condition {
            Condition::Compare { column, op, value } => {
                let column = self.place(column)?;
                Test::Compare { column, op: *op, value: self.operand(column, value)? }
            }
            Condition::In { column, values, negated } => {
                let column = self.place(column)?;
                let values = values.iter().map(|one| self.operand(column, one));
                Test::In { column, values: values.collect::<Result<_>>()?, negated: *negated }
            }
            Condition::IsNull { column, negated } => {
                Test::IsNull { column: self.place(column)?, negated: *negated }
            }
            Condition::InKeyrange(wanted) => {
                Test::InKeyrange { placing: self.placing(wanted)?, range: wanted.range.clone() }
            }
        })
    }

    /// Reads a literal as a value that compares with a column: numbers with numbers, text by the
    /// column's collation, dates and times as such.
    fn operand(&self, column: usize, value: &TypedBytes) -> Result<Value> {
        let described = &self.table.columns[column];
        let typ = described.field.typ;
        if value.typ.is_text() && (typ.is_temporal() || typ == Type::JSON) {
            return Value::decode(typ, described.collation, Some(value.bytes.clone())).map_err(
                |_| {
                    let shown = String::from_utf8_lossy(&value.bytes);
                    wrong(format!("{shown:?} is no {typ} to compare {} with", described.field.name))
                },
            );
        }
        Value::decode(value.typ, described.collation, Some(value.bytes.clone()))
    }

    fn placing(&self, wanted: &InKeyrange) -> Result<Placing> {
        if wanted.vindex.is_empty() {
            return self.primary_placing();
        }
        let name = wanted.vindex.rsplit('.').next().unwrap_or(&wanted.vindex);
        let found = self.schema.and_then(|schema| schema.find(&wanted.vindex)).cloned();
        let vindex = match found {
            Some(vindex) => vindex,
            // A stream may name a type of vindex that no keyspace has to declare.
            None => Arc::new(Vindex::new(
                name,
                &vt_vschema::spec::VindexSpec { typ: name.to_owned(), ..Default::default() },
            )?),
        };
        if !vindex.unique {
            return Err(wrong(format!("vindex {name} does not tell one place for a row")));
        }
        let columns =
            wanted.columns.iter().map(|column| self.place(column)).collect::<Result<_>>()?;
        Ok(Placing { columns, vindex })
    }

    fn primary_placing(&self) -> Result<Placing> {
        let name = &self.table.name;
        let Some(vindex) = self.schema.and_then(|schema| schema.primary(name)) else {
            return Err(wrong(format!("table {name} has no primary vindex in the vschema")));
        };
        let columns =
            vindex.columns.iter().map(|column| self.place(column)).collect::<Result<_>>()?;
        Ok(Placing { columns, vindex: vindex.vindex.clone() })
    }

    fn place(&self, column: &str) -> Result<usize> {
        self.table
            .place(column)
            .ok_or_else(|| wrong(format!("table {} has no column {column}", self.table.name)))
    }
}

fn wrong(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}
