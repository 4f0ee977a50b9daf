//! SHOW WARNINGS and SHOW ERRORS: those of the gateway for the last statement.

use vt_sql::ast::{Expr, Limit};
use vt_value::{QueryResult, Type};

use super::Kind;
use super::table::Table;
use crate::session::{Level, Session};

pub(super) fn read(is_errors: bool, is_count: bool, limit: Option<&Limit<'_>>) -> Kind {
    let number = |expr: &Expr<'_>| match expr {
        Expr::Literal(literal) => literal.text().and_then(|text| text.parse::<usize>().ok()),
        _ => None,
    };
    let limit = limit.map(|limit| {
        let offset = limit.offset.as_ref().and_then(number).unwrap_or(0);
        (offset, number(&limit.count).unwrap_or(usize::MAX))
    });
    Kind::Diagnostics { is_errors, is_count, limit }
}

pub(super) fn show(
    session: &Session,
    is_errors: bool,
    is_count: bool,
    limit: Option<(usize, usize)>,
) -> QueryResult {
    let shown = |level: Level| !is_errors || level == Level::Error;
    let kept = session.warnings.kept().iter().filter(|one| shown(one.level));
    if is_count {
        let name = if is_errors { "@@session.error_count" } else { "@@session.warning_count" };
        let mut table = Table::new(&[name]).number(0, Type::UINT64);
        let count = match is_errors {
            true => kept.count(),
            false => session.warnings.count(),
        };
        table.push([Some(count.to_string())]);
        return table.finish();
    }
    let mut table = Table::new(&["Level", "Code", "Message"]).number(1, Type::UINT32);
    let (offset, count) = limit.unwrap_or((0, usize::MAX));
    for warning in kept.skip(offset).take(count) {
        table.push([
            Some(warning.level.as_str().to_owned()),
            Some(warning.code.to_string()),
            Some(warning.message.clone()),
        ]);
    }
    table.finish()
}
