//! Rows that are found first and changed then, as text.

use crate::{ChangeAction, ChangePlace, ChildHow, Dependents, Move, MovedColumn, TableChange};

/// Returns the line of what becomes of one table's rows.
pub(super) fn line(one: &TableChange) -> String {
    let place = match &one.place {
        ChangePlace::Unsharded => "unsharded".to_owned(),
        ChangePlace::EveryShard => "every".to_owned(),
        ChangePlace::Pinned(_) => "pinned".to_owned(),
        ChangePlace::Vindex { vindex, columns } => format!("{}({})", vindex.name, places(columns)),
    };
    let mut line = format!("change {} by {place}", one.table);
    if !one.key.is_empty() {
        line += &format!(" key {}", places(&one.key));
    }
    for lookup in &one.lookups {
        line += &format!(" {}({}", lookup.vindex.name, places(&lookup.old));
        if let Some(new) = &lookup.new {
            line += &format!(" to {}", places(new));
        }
        if let Some(same) = lookup.same {
            line += &format!(" unless ${same}");
        }
        line.push(')');
    }
    match &one.action {
        ChangeAction::ByKey { prefix, suffix, sets } => {
            format!("{line}: {}", by_key(prefix, suffix, sets))
        }
        ChangeAction::Move(one) => format!("{line} move: {}", moved(one)),
    }
}

fn by_key(prefix: &str, suffix: &str, sets: &[(std::sync::Arc<str>, usize)]) -> String {
    let sets: Vec<String> =
        sets.iter().map(|(name, place)| format!(" :{name} = ${place}")).collect();
    format!("{prefix}...{suffix}{}", sets.concat())
}

fn moved(one: &Move) -> String {
    let (prefix, suffix, sets) = &one.stay;
    let columns = one.columns.iter().map(|column| match column {
        MovedColumn::Input(place) => format!("${place}"),
        MovedColumn::Sql(sql) => sql.to_string(),
    });
    let columns: Vec<String> = columns.collect();
    format!(
        "{}...{}; {}({}); stay {}",
        one.delete.0,
        one.delete.1,
        one.insert,
        columns.join(", "),
        by_key(prefix, suffix, sets)
    )
}

/// Returns the lines of what foreign keys ask of a table's rows.
pub(super) fn foreign(foreign: &Dependents) -> Vec<String> {
    let unless = |same: Option<usize>| same.map_or(String::new(), |at| format!(" unless ${at}"));
    let parents = foreign
        .parents
        .iter()
        .map(|one| format!("parent of {}{}", places(&one.new), unless(one.same)));
    let children = foreign.children.iter().map(|one| {
        let to = one.new.as_ref().map_or(String::new(), |new| format!(" to {}", places(new)));
        let how = match &one.how {
            ChildHow::Refuse(_) => "refused".to_owned(),
            ChildHow::Change(number) => format!("cascade {number}"),
        };
        format!("children of {}{to}{}: {how}", places(&one.old), unless(one.same))
    });
    parents.chain(children).collect()
}

fn places(places: &[usize]) -> String {
    places.iter().map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}
