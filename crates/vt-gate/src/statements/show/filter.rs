//! LIKE and WHERE of SHOW, over rows of text.

use vt_base::{Code, Error, Result};
use vt_sql::ast::{BinaryOp, Expr, InList, IsWhat, ShowFilter, UnaryOp};

/// Which rows are shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    All,
    Like(String),
    Where(Predicate),
}

/// A condition over columns.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    Compare { column: String, op: BinaryOp, value: String },
    Like { column: String, pattern: String, negated: bool },
    In { column: String, values: Vec<String>, negated: bool },
    IsNull { column: String, negated: bool },
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    Not(Box<Predicate>),
}

impl Filter {
    /// Reads the filter of a SHOW.
    pub fn read(filter: Option<&ShowFilter<'_>>) -> Result<Filter> {
        Ok(match filter {
            None => Filter::All,
            Some(ShowFilter::Like(pattern)) => Filter::Like(text(pattern)?),
            Some(ShowFilter::Where(condition)) => Filter::Where(predicate(condition)?),
        })
    }

    /// Fails if the filter names a column that is not there.
    pub fn check(&self, names: &[&str]) -> Result<()> {
        match self {
            Filter::Where(predicate) => predicate.check(names),
            Filter::All | Filter::Like(_) => Ok(()),
        }
    }

    /// Returns whether a row is shown; LIKE looks at the column of this place.
    pub fn takes(&self, names: &[&str], row: &[Option<String>], like: usize) -> bool {
        match self {
            Filter::All => true,
            Filter::Like(pattern) => row
                .get(like)
                .is_some_and(|value| value.as_ref().is_some_and(|v| is_like(v, pattern))),
            Filter::Where(predicate) => predicate.holds(names, row),
        }
    }
}

impl Predicate {
    fn check(&self, names: &[&str]) -> Result<()> {
        match self {
            Predicate::Compare { column, .. }
            | Predicate::Like { column, .. }
            | Predicate::In { column, .. }
            | Predicate::IsNull { column, .. } => {
                if names.iter().any(|name| name.eq_ignore_ascii_case(column)) {
                    return Ok(());
                }
                let message = format!("Unknown column '{column}' in 'where clause'");
                Err(Error::mysql(1054, b"42S22", message).with_code(Code::InvalidArgument))
            }
            Predicate::And(parts) | Predicate::Or(parts) => {
                parts.iter().try_for_each(|part| part.check(names))
            }
            Predicate::Not(inner) => inner.check(names),
        }
    }

    /// Returns whether the condition holds; a comparison with NULL does not.
    fn holds(&self, names: &[&str], row: &[Option<String>]) -> bool {
        let value = |column: &str| -> Option<&str> {
            let place = names.iter().position(|name| name.eq_ignore_ascii_case(column))?;
            row.get(place)?.as_deref()
        };
        match self {
            Predicate::Compare { column, op, value: wanted } => {
                value(column).is_some_and(|value| compare(value, *op, wanted))
            }
            Predicate::Like { column, pattern, negated } => {
                value(column).is_some_and(|value| is_like(value, pattern) != *negated)
            }
            Predicate::In { column, values, negated } => value(column).is_some_and(|value| {
                values.iter().any(|one| compare(value, BinaryOp::Eq, one)) != *negated
            }),
            Predicate::IsNull { column, negated } => value(column).is_none() != *negated,
            Predicate::And(parts) => parts.iter().all(|part| part.holds(names, row)),
            Predicate::Or(parts) => parts.iter().any(|part| part.holds(names, row)),
            Predicate::Not(inner) => !inner.holds(names, row),
        }
    }
}

fn predicate(expr: &Expr<'_>) -> Result<Predicate> {
    Ok(match expr {
        Expr::And(parts) => Predicate::And(parts.iter().map(predicate).collect::<Result<_>>()?),
        Expr::Or(parts) => Predicate::Or(parts.iter().map(predicate).collect::<Result<_>>()?),
        Expr::Unary(unary)
            if matches!(unary.op, UnaryOp::Not | UnaryOp::HighNot | UnaryOp::Bang) =>
        {
            Predicate::Not(Box::new(predicate(&unary.expr)?))
        }
        Expr::Binary(binary) if binary.op.is_comparison() => Predicate::Compare {
            column: column(&binary.left)?,
            op: binary.op,
            value: text(&binary.right)?,
        },
        Expr::Like(like) => Predicate::Like {
            column: column(&like.expr)?,
            pattern: text(&like.pattern)?,
            negated: like.negated,
        },
        Expr::In(one) => {
            let values: Result<Vec<String>> = match one.list {
                InList::Literals(all) => all
                    .iter()
                    .map(|literal| Ok(literal.text().unwrap_or_default().to_owned()))
                    .collect(),
                InList::Exprs(all) => all.iter().map(text).collect(),
                InList::Query(_) | InList::Bind(_) => Err(too_much()),
            };
            Predicate::In { column: column(&one.expr)?, values: values?, negated: one.negated }
        }
        Expr::Is(is) if is.what == IsWhat::Null => {
            Predicate::IsNull { column: column(&is.expr)?, negated: is.negated }
        }
        _ => return Err(too_much()),
    })
}

fn column(expr: &Expr<'_>) -> Result<String> {
    match expr {
        Expr::Column(column) => Ok(column.name.as_str().to_owned()),
        _ => Err(too_much()),
    }
}

fn text(expr: &Expr<'_>) -> Result<String> {
    match expr {
        Expr::Literal(literal) => Ok(literal.text().unwrap_or_default().to_owned()),
        Expr::True => Ok("1".to_owned()),
        Expr::False => Ok("0".to_owned()),
        _ => Err(too_much()),
    }
}

fn too_much() -> Error {
    Error::unsupported("WHERE of SHOW with more than comparisons of columns with literals")
}

/// Compares as numbers where both are, else as text without case.
fn compare(value: &str, op: BinaryOp, wanted: &str) -> bool {
    let order = match (value.parse::<f64>(), wanted.parse::<f64>()) {
        (Ok(value), Ok(wanted)) => value.partial_cmp(&wanted),
        _ => Some(value.to_lowercase().cmp(&wanted.to_lowercase())),
    };
    let Some(order) = order else { return false };
    match op {
        BinaryOp::Eq | BinaryOp::NullSafeEq => order.is_eq(),
        BinaryOp::Ne => order.is_ne(),
        BinaryOp::Lt => order.is_lt(),
        BinaryOp::Le => order.is_le(),
        BinaryOp::Gt => order.is_gt(),
        BinaryOp::Ge => order.is_ge(),
        _ => false,
    }
}

/// Matches text against a pattern of MySQL: `%`, `_`, `\` before either; without case.
pub fn is_like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let (mut at, mut place) = (0, 0);
    // Where to go on if what follows the last `%` does not match.
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        let matched = match pattern.get(place) {
            Some('%') => {
                retry = Some((place, at));
                place += 1;
                continue;
            }
            Some('_') => Some(1),
            Some('\\') if place + 1 < pattern.len() => {
                (pattern[place + 1] == text[at]).then_some(2)
            }
            Some(one) => (*one == text[at]).then_some(1),
            None => None,
        };
        match (matched, retry) {
            (Some(width), _) => {
                at += 1;
                place += width;
            }
            (None, Some((percent, from))) => {
                retry = Some((percent, from + 1));
                at = from + 1;
                place = percent + 1;
            }
            (None, None) => return false,
        }
    }
    pattern[place..].iter().all(|one| *one == '%')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_as_in_mysql() {
        for (text, pattern, wanted) in [
            ("customer/-80", "customer/%", true),
            ("customer", "CUST%", true),
            ("customer", "cust", false),
            ("abc", "a_c", true),
            ("a%c", "a\\%c", true),
            ("abc", "a\\%c", false),
            ("", "%", true),
            ("aXbXc", "a%b%c", true),
            ("ab", "%%b", true),
            ("abc", "", false),
        ] {
            assert_eq!(is_like(text, pattern), wanted, "{text} like {pattern}");
        }
    }

    #[test]
    fn conditions_are_read_and_hold() {
        let arena = vt_sql::Arena::new();
        let sql = "show vitess_tablets where shard in ('-80', '80-') and not tablettype = 'replica' \
                   or alias like 'zone2%'";
        let modes = vt_sql::Modes::default();
        let Ok(vt_sql::ast::Statement::Show(show)) = vt_sql::parse(&arena, sql, modes) else {
            panic!()
        };
        let filter = Filter::read(show.filter.as_ref()).unwrap();
        let names = ["Shard", "TabletType", "Alias"];
        filter.check(&names).unwrap();
        let takes = |row: [&str; 3]| filter.takes(&names, &row.map(|one| Some(one.to_owned())), 0);
        assert!(takes(["-80", "PRIMARY", "zone1-1"]));
        assert!(!takes(["-80", "REPLICA", "zone1-1"]));
        assert!(takes(["0", "REPLICA", "zone2-1"]));
        assert_eq!(filter.check(&["Shard"]).unwrap_err().errno(), 1054);
    }

    proptest! {
        #[test]
        fn text_is_like_itself(text in "[a-z/0-9-]{0,20}") {
            prop_assert!(is_like(&text, &text));
            let pattern = format!("%{text}%");
            prop_assert!(is_like(&text, &pattern));
        }
    }
}
