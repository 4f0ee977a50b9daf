//! From the text of CREATE TABLE to columns.

use vt_sql::ast::{
    Charset as NamedCharset, ColumnDef, ColumnOption, CreateTable, OptionValue, TableElement,
    TableOption, TypeKind,
};
use vt_value::{Charset, Type};
use vt_vschema::spec::ColumnSpec;

/// Returns a table's columns.
pub fn columns(table: &CreateTable<'_>) -> Vec<ColumnSpec> {
    let default = table_collation(table.options);
    let columns = table.elements.iter().filter_map(|element| match element {
        TableElement::Column(column) => Some(spec(column, &default)),
        _ => None,
    });
    columns.collect()
}

/// Returns the collation of a table's columns that name none; empty if it is not said.
fn table_collation(options: &[TableOption<'_>]) -> String {
    let named = |names: &[&str]| {
        let option = options.iter().find(|one| names.contains(&one.name))?;
        match option.value {
            OptionValue::Word(word) => Some(word.to_owned()),
            OptionValue::String(literal) => literal.text().map(str::to_owned),
            _ => None,
        }
    };
    let of_charset = || default_collation(&named(&["charset", "character set"])?);
    named(&["collate"]).or_else(of_charset).unwrap_or_default()
}

/// Returns the collation that a character set has where none is named.
fn default_collation(charset: &str) -> Option<String> {
    let collation = Charset::from_name(charset)?.default_collation();
    collation.name().map(str::to_owned)
}

fn spec(column: &ColumnDef<'_>, default: &str) -> ColumnSpec {
    let data_type = &column.data_type;
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or_default();
    let mut spec = ColumnSpec {
        name: column.name.as_str().to_owned(),
        typ: value_type(data_type.kind, data_type.unsigned),
        size: number(data_type.length),
        scale: number(data_type.scale),
        collation_name: data_type.collate.unwrap_or_default().to_owned(),
        values: data_type.values.iter().filter_map(|one| one.text().map(str::to_owned)).collect(),
        nullable: Some(true),
        ..ColumnSpec::default()
    };
    for option in column.options {
        match option {
            ColumnOption::NotNull | ColumnOption::PrimaryKey | ColumnOption::Key => {
                spec.nullable = Some(false);
            }
            ColumnOption::Invisible => spec.invisible = true,
            ColumnOption::Collate(name) => (*name).clone_into(&mut spec.collation_name),
            ColumnOption::Default(expr) => spec.default = vt_sql::to_sql(expr),
            ColumnOption::DefaultExpr(expr) => {
                spec.default = format!("({})", vt_sql::to_sql(expr));
            }
            ColumnOption::OnUpdate(expr) => spec.on_update = vt_sql::to_sql(expr),
            ColumnOption::Generated { .. } => spec.generated = true,
            _ => {}
        }
    }
    let has_collation = spec.typ.is_text() || matches!(spec.typ, Type::ENUM | Type::SET);
    if spec.collation_name.is_empty() && has_collation && !spec.typ.is_binary() {
        spec.collation_name = match data_type.charset {
            None => default.to_owned(),
            Some(NamedCharset::Named(charset)) => default_collation(charset).unwrap_or_default(),
            Some(_) => String::new(),
        };
    }
    spec
}

fn value_type(kind: TypeKind, unsigned: bool) -> Type {
    let pick = |signed, other| if unsigned { other } else { signed };
    match kind {
        TypeKind::TinyInt => pick(Type::INT8, Type::UINT8),
        TypeKind::SmallInt => pick(Type::INT16, Type::UINT16),
        TypeKind::MediumInt => pick(Type::INT24, Type::UINT24),
        TypeKind::Int => pick(Type::INT32, Type::UINT32),
        TypeKind::BigInt => pick(Type::INT64, Type::UINT64),
        TypeKind::Serial => Type::UINT64,
        TypeKind::Decimal => Type::DECIMAL,
        TypeKind::Float => Type::FLOAT32,
        TypeKind::Double => Type::FLOAT64,
        TypeKind::Bit => Type::BIT,
        TypeKind::Date => Type::DATE,
        TypeKind::Time => Type::TIME,
        TypeKind::Datetime => Type::DATETIME,
        TypeKind::Timestamp => Type::TIMESTAMP,
        TypeKind::Year => Type::YEAR,
        TypeKind::Char => Type::CHAR,
        TypeKind::VarChar => Type::VARCHAR,
        TypeKind::Binary => Type::BINARY,
        TypeKind::VarBinary => Type::VARBINARY,
        TypeKind::TinyText | TypeKind::Text | TypeKind::MediumText | TypeKind::LongText => {
            Type::TEXT
        }
        TypeKind::TinyBlob | TypeKind::Blob | TypeKind::MediumBlob | TypeKind::LongBlob => {
            Type::BLOB
        }
        TypeKind::Enum => Type::ENUM,
        TypeKind::Set => Type::SET,
        TypeKind::Json => Type::JSON,
        TypeKind::Vector => Type::VECTOR,
        _ => Type::GEOMETRY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(create_table: &str) -> Option<Vec<ColumnSpec>> {
        crate::vschema::definition::table(create_table).map(|table| table.columns)
    }

    #[test]
    fn columns_come_with_type_and_default() {
        let found = columns(
            "CREATE TABLE `t` (`id` bigint unsigned NOT NULL AUTO_INCREMENT, \
             `name` varchar(10) COLLATE utf8mb4_bin DEFAULT 'x', `hidden` int INVISIBLE, \
             PRIMARY KEY (`id`)) ENGINE=InnoDB",
        )
        .unwrap();
        let brief: Vec<_> =
            found.iter().map(|one| (one.name.as_str(), one.typ, one.size, one.invisible)).collect();
        assert_eq!(
            brief,
            [
                ("id", Type::UINT64, 0, false),
                ("name", Type::VARCHAR, 10, false),
                ("hidden", Type::INT32, 0, true)
            ]
        );
        assert_eq!(found[1].collation_name, "utf8mb4_bin");
        assert_eq!(found[1].default, "'x'");
        assert_eq!((found[0].nullable, found[1].nullable), (Some(false), Some(true)));
        assert!(columns("select 1").is_none());
    }

    #[test]
    fn a_column_has_the_collation_of_its_character_set_or_of_its_table() {
        let collations = |options: &str| {
            let text = format!(
                "CREATE TABLE `t` (`a` varchar(10), `b` text CHARACTER SET latin1, `c` int, \
                 `d` varchar(3) COLLATE utf8mb4_bin, `e` blob, `f` enum('x')) {options}"
            );
            let found = columns(&text).unwrap();
            found.into_iter().map(|one| one.collation_name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            collations("ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"),
            "utf8mb4_0900_ai_ci latin1_swedish_ci  utf8mb4_bin  utf8mb4_0900_ai_ci"
        );
        assert_eq!(
            collations("DEFAULT CHARSET=latin1"),
            "latin1_swedish_ci latin1_swedish_ci  utf8mb4_bin  latin1_swedish_ci"
        );
        assert_eq!(collations("ENGINE=InnoDB"), " latin1_swedish_ci  utf8mb4_bin  ");
    }
}
