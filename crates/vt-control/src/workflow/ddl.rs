//! What a workflow reads in the text of a `CREATE TABLE`, and how it changes one for its target.

use vt_base::Result;
use vt_sql::ast::{
    ColumnDef, ColumnOption, CreateTable, DataType, IndexDef, IndexKind, IndexPartKey, Statement,
    TableElement, TypeKind,
};
use vt_sql::print::to_sql;
use vt_sql::{Arena, Modes};

use crate::control::invalid;

/// What is left out of a table's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Without {
    pub(super) auto_increment: bool,
    pub(super) foreign_keys: bool,
}

/// What a workflow must know of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableShape {
    pub(super) columns: Vec<ColumnShape>,
    pub(super) auto_increment: Option<String>,
    /// The columns that tell rows apart: those of the primary key, or of the first unique key
    /// without NULL; none where there is no such key.
    pub(super) row_key: Vec<String>,
}

/// A column's type as far as values must fit into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnShape {
    pub(super) name: String,
    /// As it is written.
    pub(super) text: String,
    pub(super) kind: TypeKind,
    pub(super) length: Option<u64>,
    pub(super) scale: Option<u64>,
    pub(super) unsigned: bool,
    pub(super) values: Vec<String>,
    pub(super) nullable: bool,
    pub(super) generated: bool,
    /// A row may be inserted without a value for it.
    pub(super) optional: bool,
}

/// Reads a table's text; `table` names it in errors.
fn with_table<T>(
    table: &str,
    sql: &str,
    look: impl FnOnce(&Arena, &CreateTable<'_>) -> T,
) -> Result<T> {
    let arena = Arena::new();
    let statement = vt_sql::parse(&arena, sql, Modes::default())
        .map_err(|err| err.context(format!("cannot read the definition of table {table}")))?;
    match statement {
        Statement::CreateTable(create) => Ok(look(&arena, create)),
        _ => Err(invalid(format!("the definition of table {table} is no CREATE TABLE: {sql}"))),
    }
}

/// Returns what there is to know of a table.
pub(super) fn table_shape(table: &str, sql: &str) -> Result<TableShape> {
    with_table(table, sql, |_, create| {
        let mut shape =
            TableShape { columns: Vec::new(), auto_increment: None, row_key: Vec::new() };
        for element in create.elements {
            if let TableElement::Column(column) = element {
                if column.options.iter().any(|one| matches!(one, ColumnOption::AutoIncrement)) {
                    shape.auto_increment = Some(column.name.text.to_owned());
                }
                shape.columns.push(column_shape(column));
            }
        }
        shape.row_key = row_key(create, &shape.columns);
        shape
    })
}

/// Returns the name of the table that a statement makes.
pub(super) fn created_table(table: &str, sql: &str) -> Result<String> {
    with_table(table, sql, |_, create| create.name.name.text.to_owned())
}

/// Returns the type of a column as it is written.
pub(super) fn column_type(table: &str, sql: &str, column: &str) -> Result<String> {
    let shape = table_shape(table, sql)?;
    let found = shape.columns.iter().find(|one| one.name.eq_ignore_ascii_case(column));
    found
        .map(|one| one.text.clone())
        .ok_or_else(|| invalid(format!("table {table} has no column {column}")))
}

fn column_shape(column: &ColumnDef<'_>) -> ColumnShape {
    let DataType { kind, length, scale, unsigned, values, .. } = column.data_type;
    let number = |digits: Option<&str>| digits.and_then(|text| text.parse().ok());
    let any = |wanted: fn(&ColumnOption<'_>) -> bool| column.options.iter().any(wanted);
    let nullable = !any(|one| {
        matches!(one, ColumnOption::NotNull | ColumnOption::PrimaryKey | ColumnOption::Key)
    });
    let generated = any(|one| matches!(one, ColumnOption::Generated { .. }));
    let has_default = any(|one| {
        matches!(
            one,
            ColumnOption::Default(_) | ColumnOption::DefaultExpr(_) | ColumnOption::AutoIncrement
        )
    });
    ColumnShape {
        name: column.name.text.to_owned(),
        text: to_sql(&column.data_type),
        kind,
        length: number(length),
        scale: number(scale),
        unsigned,
        values: values.iter().map(to_sql).collect(),
        nullable,
        generated,
        optional: nullable || generated || has_default,
    }
}

/// Finds the key by which rows are told apart.
fn row_key(create: &CreateTable<'_>, columns: &[ColumnShape]) -> Vec<String> {
    let mut unique = Vec::new();
    for element in create.elements {
        match element {
            TableElement::Column(column) => {
                let name = vec![column.name.text.to_owned()];
                for option in column.options {
                    match option {
                        ColumnOption::PrimaryKey | ColumnOption::Key => return name,
                        ColumnOption::Unique => unique.push(name.clone()),
                        _ => {}
                    }
                }
            }
            TableElement::Index(index) if index.kind == IndexKind::Primary => {
                return key_columns(index).unwrap_or_default();
            }
            TableElement::Index(index) if index.kind == IndexKind::Unique => {
                unique.extend(key_columns(index));
            }
            _ => {}
        }
    }
    let never_null = |name: &String| {
        columns.iter().any(|one| one.name.eq_ignore_ascii_case(name) && !one.nullable)
    };
    unique.into_iter().find(|key| key.iter().all(never_null)).unwrap_or_default()
}

/// Returns the columns of a key; none for one over expressions or beginnings of columns.
fn key_columns(index: &IndexDef<'_>) -> Option<Vec<String>> {
    let whole_primary = index.kind == IndexKind::Primary;
    let columns = index.parts.iter().map(|part| match part.key {
        IndexPartKey::Column { name, length } if length.is_none() || whole_primary => {
            Some(name.text.to_owned())
        }
        _ => None,
    });
    columns.collect()
}

/// Returns a table's text without what the target is not to have; the same text if it has none
/// of that.
pub(super) fn rewritten(table: &str, sql: &str, without: Without) -> Result<String> {
    with_table(table, sql, |arena, create| {
        let mut changed = false;
        let mut elements: Vec<TableElement<'_>> = Vec::new();
        for element in create.elements {
            match element {
                TableElement::ForeignKey(_) if without.foreign_keys => changed = true,
                TableElement::Column(column) => {
                    let left: Vec<ColumnOption<'_>> = column
                        .options
                        .iter()
                        .filter(|option| !is_left_out(option, without))
                        .copied()
                        .collect();
                    changed |= left.len() != column.options.len();
                    let column = ColumnDef { options: arena.list(&left), ..**column };
                    elements.push(TableElement::Column(arena.node(column)));
                }
                other => elements.push(*other),
            }
        }
        if !changed {
            return sql.to_owned();
        }
        let options: Vec<_> = create
            .options
            .iter()
            .filter(|option| !(without.auto_increment && option.name == "auto_increment"))
            .copied()
            .collect();
        let create = CreateTable {
            elements: arena.list(&elements),
            options: arena.list(&options),
            ..*create
        };
        to_sql(&create)
    })
}

fn is_left_out(option: &ColumnOption<'_>, without: Without) -> bool {
    match option {
        ColumnOption::AutoIncrement => without.auto_increment,
        ColumnOption::References(_) => without.foreign_keys,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: &str = "CREATE TABLE `corder` (\n  `order_id` bigint NOT NULL AUTO_INCREMENT,\n  \
        `customer_id` bigint DEFAULT NULL,\n  `sku` varbinary(128) DEFAULT NULL,\n  \
        `double` bigint GENERATED ALWAYS AS (`customer_id` * 2) VIRTUAL,\n  \
        PRIMARY KEY (`order_id`),\n  KEY `c` (`customer_id`),\n  \
        CONSTRAINT `f` FOREIGN KEY (`customer_id`) REFERENCES `customer` (`id`)\n\
        ) ENGINE=InnoDB AUTO_INCREMENT=6 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci";

    #[test]
    fn auto_increment_and_foreign_keys_are_left_out_on_demand() {
        let same = rewritten("corder", ORDERS, Without::default()).unwrap();
        assert_eq!(same, ORDERS);
        let plain = Without { auto_increment: true, foreign_keys: false };
        let text = rewritten("corder", ORDERS, plain).unwrap();
        assert!(!text.to_lowercase().contains("auto_increment"), "{text}");
        assert!(text.contains("foreign key"), "{text}");
        let none = Without { auto_increment: false, foreign_keys: true };
        let text = rewritten("corder", ORDERS, none).unwrap();
        assert!(text.contains("auto_increment"), "{text}");
        assert!(!text.contains("foreign key"), "{text}");
        assert!(rewritten("v", "create view v as select 1", none).is_err());
    }

    #[test]
    fn columns_and_the_key_of_rows_are_found() {
        let shape = table_shape("corder", ORDERS).unwrap();
        assert_eq!(shape.auto_increment.as_deref(), Some("order_id"));
        assert_eq!(shape.row_key, ["order_id"]);
        let optional: Vec<bool> = shape.columns.iter().map(|one| one.optional).collect();
        assert_eq!(optional, [true, true, true, true]);
        assert!(shape.columns[3].generated);
        assert_eq!(shape.columns[2].length, Some(128));
    }

    #[test]
    fn a_unique_key_without_null_stands_in_for_a_primary_key() {
        for (sql, key) in [
            ("create table t (a int, unique key (a))", vec![]),
            ("create table t (a int not null, unique key (a))", vec!["a"]),
            ("create table t (a int not null, b int not null, unique key (b, a))", vec!["b", "a"]),
            ("create table t (a varchar(9) not null, unique key (a(3)))", vec![]),
            ("create table t (a int not null unique)", vec!["a"]),
            ("create table t (a int primary key)", vec!["a"]),
            ("create table t (a int)", vec![]),
        ] {
            assert_eq!(table_shape("t", sql).unwrap().row_key, key, "{sql}");
        }
    }
}
