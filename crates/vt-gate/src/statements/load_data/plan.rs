//! From the fields of a row to the text of a row of INSERT.

use vt_base::{Error, ErrorId, Result};
use vt_sql::Arena;
use vt_sql::ast::{Bind, Expr, Ident, LoadData, LoadDuplicates, Variable};
use vt_sql::visit::{Node, Rewriter};

use super::format::FieldText;
use super::refused;
use crate::gate::Gate;
use crate::session::Session;

/// What is behind the marks that stand for user variables in SET.
const MARK: &str = "__vtload";

/// How rows become text.
pub(super) struct RowPlan {
    /// Up to and with `values `.
    prefix: String,
    targets: Vec<Target>,
    /// For each column of SET, its expression in pieces, with a field between two.
    sets: Vec<(Vec<String>, Vec<usize>)>,
    charset: Option<String>,
    escapes: bool,
}

/// Where a field goes.
enum Target {
    Column,
    Variable,
}

impl RowPlan {
    pub(super) fn of(gate: &Gate, session: &Session, load: &LoadData<'_>) -> Result<RowPlan> {
        let verb = match load.on_duplicate {
            Some(LoadDuplicates::Replace) => "replace into",
            _ => "insert ignore into",
        };
        let mut prefix = format!("{verb} {}", vt_sql::to_sql(&load.table));
        if !load.partitions.is_empty() {
            let names: Vec<String> = load.partitions.iter().map(vt_sql::to_sql).collect();
            prefix += &format!(" partition ({})", names.join(", "));
        }
        let mut names = Vec::new();
        let mut targets = Vec::new();
        let mut variables = Vec::new();
        for (place, column) in load.columns.iter().enumerate() {
            match column {
                Expr::Column(column) => {
                    names.push(vt_sql::to_sql(&column.name));
                    targets.push(Target::Column);
                }
                Expr::Variable(Variable::User(name)) => {
                    variables.push((name.to_lowercase(), place));
                    targets.push(Target::Variable);
                }
                _ => return Err(refused("into something that is no column or user variable")),
            }
        }
        if load.columns.is_empty() {
            for name in table_columns(gate, session, load)? {
                names.push(vt_sql::to_sql(&Ident::new(&name)));
                targets.push(Target::Column);
            }
        }
        let mut sets = Vec::new();
        for assignment in load.assignments {
            names.push(vt_sql::to_sql(&assignment.column.name));
            sets.push(pieces(assignment.value, &variables)?);
        }
        prefix += &format!(" ({}) values ", names.join(", "));
        let charset = load.charset.map(str::to_ascii_lowercase);
        let charset =
            charset.filter(|name| !matches!(name.as_str(), "utf8mb4" | "utf8" | "utf8mb3"));
        let escapes = !session.modes.no_backslash_escapes;
        Ok(RowPlan { prefix, targets, sets, charset, escapes })
    }

    /// Returns how many fields a row has use for.
    pub(super) fn width(&self) -> usize {
        self.targets.len()
    }

    /// Returns the text of a row; a column for which the line has no field takes its default.
    pub(super) fn row(&self, fields: &[FieldText]) -> Result<String> {
        let mut values = Vec::with_capacity(self.targets.len() + self.sets.len());
        for (place, target) in self.targets.iter().enumerate() {
            match target {
                Target::Variable => {}
                Target::Column => values.push(match fields.get(place) {
                    Some(field) => self.literal(field.as_deref()),
                    None => "default".to_owned(),
                }),
            }
        }
        for (pieces, places) in &self.sets {
            let mut text = String::new();
            for (index, piece) in pieces.iter().enumerate() {
                text.push_str(piece);
                if let Some(place) = places.get(index) {
                    let field = fields.get(*place).and_then(|field| field.as_deref());
                    text.push_str(&self.literal(field));
                }
            }
            values.push(text);
        }
        Ok(format!("({})", values.join(", ")))
    }

    pub(super) fn statement(&self, rows: &[String]) -> String {
        format!("{}{}", self.prefix, rows.join(", "))
    }

    /// Writes a field as a literal.
    fn literal(&self, field: Option<&[u8]>) -> String {
        let Some(bytes) = field else { return "null".to_owned() };
        let charset = self.charset.as_deref();
        match (charset, std::str::from_utf8(bytes)) {
            (None, Ok(text)) => self.quoted(text),
            (Some(_), Ok(text)) if text.is_ascii() => self.quoted(text),
            (charset, _) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("_{} x'{hex}'", charset.unwrap_or("binary"))
            }
        }
    }

    fn quoted(&self, text: &str) -> String {
        let mut quoted = String::with_capacity(text.len() + 2);
        quoted.push('\'');
        for one in text.chars() {
            match one {
                '\'' => quoted.push_str("''"),
                '\\' if self.escapes => quoted.push_str("\\\\"),
                other => quoted.push(other),
            }
        }
        quoted.push('\'');
        quoted
    }
}

/// Returns the columns that a file without a list of columns fills: all of the table.
fn table_columns(gate: &Gate, session: &Session, load: &LoadData<'_>) -> Result<Vec<String>> {
    let snapshot = gate.vschemas.current();
    let keyspace = load.table.qualifier.map(|one| one.as_str()).or(session.target.keyspace());
    let tablet_type = session.target.tablet_type;
    let name = load.table.name.as_str();
    let table = snapshot.vschema.find_table(keyspace, name, tablet_type)?;
    if !table.authoritative {
        return Err(Error::vt(ErrorId::VT09004, ""));
    }
    let visible = table.columns.iter().filter(|column| !column.invisible);
    Ok(visible.map(|column| column.name.to_string()).collect())
}

/// Parts the text of an expression where fields stand in it.
fn pieces(expr: Expr<'_>, variables: &[(String, usize)]) -> Result<(Vec<String>, Vec<usize>)> {
    let arena = Arena::new();
    let mut marks = Marks { arena: &arena, variables };
    let text = vt_sql::to_sql(&expr.rewritten(&mut marks));
    let mut pieces = Vec::new();
    let mut places = Vec::new();
    let mut rest = text.as_str();
    let mark = format!(":{MARK}");
    while let Some((before, after)) = rest.split_once(mark.as_str()) {
        let (number, behind) =
            after.split_once('_').ok_or_else(|| Error::bug("a mark without end"))?;
        let place = number.parse().map_err(|_| Error::bug("a mark without a number"))?;
        pieces.push(before.to_owned());
        places.push(place);
        rest = behind;
    }
    pieces.push(rest.to_owned());
    Ok((pieces, places))
}

/// Puts marks in place of the user variables that fields go to.
struct Marks<'a, 'v> {
    arena: &'a Arena,
    variables: &'v [(String, usize)],
}

impl<'a> Rewriter<'a> for Marks<'a, '_> {
    fn arena(&self) -> &'a Arena {
        self.arena
    }

    fn expr(&mut self, expr: &Expr<'a>) -> Option<Expr<'a>> {
        let Expr::Variable(Variable::User(name)) = expr else { return None };
        let name = name.to_lowercase();
        let (_, place) = self.variables.iter().rfind(|(one, _)| *one == name)?;
        let name = self.arena.text(&format!("{MARK}{place}_"));
        Some(Expr::Bind(self.arena.node(Bind { name, list: false })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vt_sql::Modes;
    use vt_sql::ast::Statement;

    #[test]
    fn fields_stand_where_variables_stood() {
        let arena = Arena::new();
        let sql = "do concat(@A, 'x', upper(@b), @other)";
        let Ok(Statement::Do([expr])) = vt_sql::parse(&arena, sql, Modes::default()) else {
            panic!("it is an expression");
        };
        let variables = [("a".to_owned(), 0), ("b".to_owned(), 3)];
        let (pieces, places) = super::pieces(*expr, &variables).unwrap();
        assert_eq!(pieces, ["concat(", ", 'x', upper(", "), @other)"]);
        assert_eq!(places, [0, 3]);
    }

    #[test]
    fn rows_are_written_with_defaults_and_character_sets() {
        let plan = |charset: Option<&str>| RowPlan {
            prefix: "insert into t (a, b, c) values ".to_owned(),
            targets: vec![Target::Column, Target::Variable, Target::Column],
            sets: vec![(vec!["upper(".to_owned(), ")".to_owned()], vec![1])],
            charset: charset.map(str::to_owned),
            escapes: true,
        };
        let fields = [Some(b"it's \\".to_vec()), Some("\u{e9}".into()), None];
        assert_eq!(plan(None).row(&fields).unwrap(), "('it''s \\\\', null, upper('\u{e9}'))");
        assert_eq!(
            plan(Some("latin1")).row(&fields[..2]).unwrap(),
            "('it''s \\\\', default, upper(_latin1 x'c3a9'))"
        );
    }
}
