//! From the text of CREATE TABLE to columns and keys.

use vt_sql::ast::{
    ColumnDef, ColumnOption, ForeignKey, Ident, IndexDef, IndexKind, IndexPart, IndexPartKey,
    References, Statement, TableElement,
};
use vt_sql::{Arena, Modes};
use vt_vschema::spec::{ForeignKeySpec, ReferenceAction, TrackedTable};

use super::columns;

/// Returns a table's columns and keys; `None` if the text cannot be read.
pub fn table(create_table: &str) -> Option<TrackedTable> {
    let arena = Arena::new();
    let Ok(Statement::CreateTable(table)) = vt_sql::parse(&arena, create_table, Modes::default())
    else {
        return None;
    };
    let columns = columns::columns(table);
    let mut tracked = TrackedTable { columns, ..TrackedTable::default() };
    for element in table.elements {
        match element {
            TableElement::Column(column) => add_column(&mut tracked, column),
            TableElement::Index(index) => add_index(&mut tracked, index),
            TableElement::ForeignKey(key) => tracked.foreign_keys.push(foreign_key(key)),
            TableElement::Check(_) => {}
        }
    }
    Some(tracked)
}

fn add_column(tracked: &mut TrackedTable, column: &ColumnDef<'_>) {
    let name = || vec![column.name.as_str().to_owned()];
    for option in column.options {
        match option {
            ColumnOption::PrimaryKey | ColumnOption::Key => tracked.primary_key = name(),
            ColumnOption::Unique => tracked.unique_keys.push(Some(name())),
            // MySQL reads a key behind a column and does nothing with it.
            _ => {}
        }
    }
}

fn add_index(tracked: &mut TrackedTable, index: &IndexDef<'_>) {
    let whole = |part: &IndexPart<'_>| match part.key {
        IndexPartKey::Column { name, length: None } => Some(name.as_str().to_owned()),
        _ => None,
    };
    match index.kind {
        // A primary key may be over prefixes; their columns tell rows apart even so.
        IndexKind::Primary => tracked.primary_key = names(index.parts),
        IndexKind::Unique => tracked.unique_keys.push(index.parts.iter().map(whole).collect()),
        _ => {}
    }
}

fn names(parts: &[IndexPart<'_>]) -> Vec<String> {
    let name = |part: &IndexPart<'_>| match part.key {
        IndexPartKey::Column { name, .. } => Some(name.as_str().to_owned()),
        IndexPartKey::Expr(_) => None,
    };
    parts.iter().filter_map(name).collect()
}

fn foreign_key(key: &ForeignKey<'_>) -> ForeignKeySpec {
    let References { table, columns, on_delete, on_update, .. } = key.references;
    ForeignKeySpec {
        name: key.constraint.or(key.name).map_or("", |name| name.as_str()).to_owned(),
        columns: names(key.columns),
        parent_keyspace: table.qualifier.map(|one: Ident<'_>| one.as_str().to_owned()),
        parent_table: table.name.as_str().to_owned(),
        parent_columns: names(columns),
        on_delete: action(on_delete),
        on_update: action(on_update),
    }
}

fn action(action: Option<vt_sql::ast::ReferenceAction>) -> ReferenceAction {
    use vt_sql::ast::ReferenceAction::{Cascade, NoAction, Restrict, SetDefault, SetNull};
    match action {
        None | Some(Restrict | NoAction) => ReferenceAction::Restrict,
        Some(Cascade) => ReferenceAction::Cascade,
        Some(SetNull) => ReferenceAction::SetNull,
        Some(SetDefault) => ReferenceAction::SetDefault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_with_the_columns() {
        let found = table(
            "CREATE TABLE `t` (`a` int NOT NULL, `b` int, `c` varchar(9), \
             `d` int GENERATED ALWAYS AS (`a` + 1) VIRTUAL, \
             `e` timestamp NULL ON UPDATE CURRENT_TIMESTAMP, \
             PRIMARY KEY (`a`,`b`), UNIQUE KEY `u` (`b`), UNIQUE KEY `p` (`c`(3)), KEY `k` (`c`), \
             CONSTRAINT `f` FOREIGN KEY (`b`) REFERENCES `other` (`x`) ON DELETE CASCADE)",
        )
        .unwrap();
        assert_eq!(found.primary_key, ["a", "b"]);
        assert_eq!(found.unique_keys, [Some(vec!["b".to_owned()]), None]);
        assert!(found.columns[3].generated && !found.columns[2].generated);
        assert!(table("select 1").is_none());
        assert!(found.columns[4].on_update.eq_ignore_ascii_case("current_timestamp()"));
        let key = &found.foreign_keys[0];
        assert_eq!((key.name.as_str(), key.parent_table.as_str()), ("f", "other"));
        assert_eq!(
            (key.columns.as_slice(), key.parent_columns.as_slice()),
            (&["b".to_owned()][..], &["x".to_owned()][..])
        );
        assert_eq!(
            (key.on_delete, key.on_update),
            (ReferenceAction::Cascade, ReferenceAction::Restrict)
        );
    }
}
