//! A plan as lines of text, each step above those that it reads from.

use std::fmt::Write;

use super::expr::{join_column, show, show_all, show_over};
use super::rows::{self, keys};
use crate::{
    Insert, InsertRouting, Join, JoinKind, Node, Plan, Route, Routing, Subquery, Write as Change,
};

/// Writes a plan, a line a step.
pub fn to_text(plan: &Plan) -> String {
    let mut text = Text { out: String::new(), depth: 0 };
    text.node(&plan.root);
    if !plan.needs.is_empty() {
        let needs: Vec<String> =
            plan.needs.iter().map(|need| format!(":{}", need.bind_name())).collect();
        text.line(&format!("needs {}", needs.join(", ")));
    }
    text.out
}

struct Text {
    out: String,
    depth: usize,
}

impl Text {
    fn line(&mut self, line: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "{:indent$}{line}", "", indent = 2 * self.depth);
    }

    fn inside(&mut self, f: impl FnOnce(&mut Text)) {
        self.depth += 1;
        f(self);
        self.depth -= 1;
    }

    fn over(&mut self, line: &str, input: &Node) {
        self.line(line);
        self.inside(|text| text.node(input));
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Route(one) => self.line(&route("Route", one)),
            Node::Rows { rows, .. } => self.line(&format!("Rows {}", rows.len())),
            Node::Limit { input, count, offset, counts_all } => {
                let mut line = "Limit".to_owned();
                if *counts_all {
                    line += " counting all";
                }
                if let Some(count) = count {
                    line += &format!(" {}", show(count));
                }
                if let Some(offset) = offset {
                    line += &format!(" offset {}", show(offset));
                }
                self.over(&line, input);
            }
            Node::Sort { input, keys: by, .. } => self.over(&format!("Sort {}", keys(by)), input),
            Node::Aggregate(one) => self.over(&rows::aggregate(one), &one.input),
            Node::Window(one) => self.over(&rows::window(one), &one.input),
            Node::Match(one) => {
                self.line(&rows::matching(one));
                self.inside(|text| {
                    text.node(&one.left);
                    text.node(&one.right);
                });
            }
            Node::Distinct { input, columns } => {
                self.over(&format!("Distinct {}", keys(columns)), input);
            }
            Node::Filter { input, predicate } => {
                self.over(&format!("Filter {}", show(predicate)), input);
            }
            Node::Project { input, exprs, names } => {
                let named = exprs.iter().zip(names).map(|(expr, name)| match name.is_empty() {
                    true => show(expr),
                    false => format!("{} as {name}", show(expr)),
                });
                let named: Vec<String> = named.collect();
                self.over(&format!("Project {}", named.join(", ")), input);
            }
            Node::Truncate { input, columns } => self.over(&format!("Truncate {columns}"), input),
            Node::Join(one) => self.join(one),
            Node::Subquery(one) => self.subquery(one),
            Node::Concat { inputs } => {
                self.line("Concat");
                self.inside(|text| inputs.iter().for_each(|input| text.node(input)));
            }
            Node::With(one) => self.line_over(&format!("With {}", one.name), node),
            Node::VindexRows(one) => {
                let values = one.values.as_ref().map_or(String::new(), show);
                self.line(&format!("Vindex {} {}{values}", one.keyspace, one.vindex.name));
            }
            Node::Kept { name, .. } => self.line(&format!("Kept {name}")),
            Node::Recurse(one) => {
                let how = if one.distinct.is_some() { "distinct" } else { "all" };
                self.line_over(&format!("Recurse {} {how}", one.name), node);
            }
            Node::Insert(one) => self.insert(one),
            Node::Update(one) => self.change("Update", one),
            Node::Delete(one) => self.change("Delete", one),
            Node::Change(one) => {
                self.line("Change");
                self.inside(|text| {
                    for table in &one.tables {
                        text.line(&super::change::line(table));
                        for line in table.foreign.iter().flat_map(|one| super::change::foreign(one))
                        {
                            text.line(&line);
                        }
                    }
                    node.inputs().into_iter().for_each(|input| text.node(input));
                });
            }
            Node::ForeignKeys(_) => self.line_over("ForeignKeys", node),
        }
    }

    fn line_over(&mut self, line: &str, node: &Node) {
        self.line(line);
        self.inside(|text| node.inputs().into_iter().for_each(|input| text.node(input)));
    }

    fn join(&mut self, one: &Join) {
        let verb = match one.kind {
            JoinKind::Value | JoinKind::Any | JoinKind::All => "Apply",
            _ => "Join",
        };
        let columns: Vec<String> = one.columns.iter().map(join_column).collect();
        let mut line = format!("{verb} {:?} [{}]", one.kind, columns.join(", "));
        let vars = one.vars.iter().map(|(name, place)| format!(":{name} = L{place}"));
        let vars: Vec<String> = vars.collect();
        if !vars.is_empty() {
            line += &format!(" with {}", vars.join(", "));
        }
        if let Some(matching) = &one.matching {
            let keys = matching.keys.iter();
            let keys: Vec<String> =
                keys.map(|(left, right)| format!("L{} = R{}", left.column, right.column)).collect();
            line += &format!(" on {}", keys.join(", "));
            if let Some(var) = &matching.list_var {
                line += &format!(" as ::{var}");
            }
        }
        if let Some(predicate) = &one.predicate {
            let columns = predicate.columns.iter().map(join_column);
            line += &format!(" where {}", show_over(&predicate.expr, &columns.collect::<Vec<_>>()));
        }
        self.line(&line);
        self.inside(|text| {
            text.node(&one.left);
            text.node(&one.right);
        });
    }

    fn subquery(&mut self, one: &Subquery) {
        let mut line = format!("Subquery {:?} :{}", one.kind, one.var);
        if let Some(var) = &one.has_values_var {
            line += &format!(" :{var}");
        }
        self.line(&line);
        self.inside(|text| {
            text.node(&one.subquery);
            text.node(&one.outer);
        });
    }

    fn insert(&mut self, one: &Insert) {
        let rows: Vec<&str> = one.rows.iter().map(|row| &**row).collect();
        let mut line = format!("Insert {}", one.keyspace);
        if one.ignore {
            line += " ignore";
        }
        line += &format!(": {}{}{}", one.prefix, rows.join(", "), one.suffix);
        self.line(&line);
        self.inside(|text| {
            if let Some(auto) = &one.auto_increment {
                let given = match auto.offset {
                    Some(offset) => format!("${offset}"),
                    None => show_all(&auto.values),
                };
                text.line(&format!("ids {}: {} for ({given})", auto.keyspace, auto.sql));
            }
            if let InsertRouting::Sharded(vindexes) = &one.routing {
                for vindex in vindexes {
                    let rows = vindex.rows.iter().map(|row| format!("({})", show_all(row)));
                    let mut places: Vec<String> = rows.collect();
                    places.extend(vindex.offsets.iter().map(|offset| format!("${offset}")));
                    let owned = if vindex.owned { "owned " } else { "" };
                    text.line(&format!(
                        "{owned}{}({}) {}",
                        vindex.vindex.name,
                        vindex.columns.join(", "),
                        places.join(" ")
                    ));
                }
            }
            if let Some(conflicts) = &one.conflicts {
                let how = format!("{:?}", conflicts.how).to_lowercase();
                conflicts.probes.iter().for_each(|probe| text.line(&format!("{how} if {probe}")));
                if let Some(probe) = &conflicts.selected {
                    text.line(&format!("{how} if {}", probe.shown()));
                }
                text.line(&super::change::line(&conflicts.removal));
                for line in
                    conflicts.removal.foreign.iter().flat_map(|one| super::change::foreign(one))
                {
                    text.line(&line);
                }
            }
            for parent in &one.parents {
                let rows = parent.rows.iter().map(|row| format!("({})", show_all(row)));
                let mut places: Vec<String> = rows.collect();
                places.extend(parent.offsets.iter().map(|offset| format!("${offset}")));
                text.line(&format!("parent of {}", places.join(" ")));
            }
            crate::inputs::of_insert(one).into_iter().for_each(|input| text.node(input));
        });
    }

    fn change(&mut self, verb: &str, one: &Change) {
        self.line(&route(verb, &one.route));
        if let Some(input) = &one.input {
            self.inside(|text| text.node(input));
        }
    }
}

fn route(verb: &str, one: &Route) -> String {
    let mut line = format!("{verb} {} {}", one.keyspace, routing(&one.routing));
    if !one.merge_by.is_empty() {
        line += &format!(" merge {}", keys(&one.merge_by));
    }
    if let Some(limit) = &one.upper_limit {
        line += &format!(" upper_limit {} + {}", show(&limit.count), show(&limit.offset));
    }
    if one.timeout_ms > 0 {
        line += &format!(" timeout {}ms", one.timeout_ms);
    }
    if one.multi_shard_autocommit {
        line += " autocommit";
    }
    if one.errors_as_warnings {
        line += " errors_as_warnings";
    }
    format!("{line}: {}", one.sql)
}

fn routing(one: &Routing) -> String {
    match one {
        Routing::Unsharded => "unsharded".to_owned(),
        Routing::AnyShard => "any".to_owned(),
        Routing::Scatter => "scatter".to_owned(),
        Routing::Nowhere => "nowhere".to_owned(),
        Routing::By(destination) => format!("by {destination}"),
        Routing::Equal { vindex, values } => {
            let how = if vindex.unique { "unique" } else { "equal" };
            format!("{how} {}({})", vindex.name, show_all(values))
        }
        Routing::In { vindex, values, list_var } => {
            let var = list_var.as_ref().map_or(String::new(), |var| format!(" as ::{var}"));
            format!("in {}({}){var}", vindex.name, show(values))
        }
        Routing::MultiEqual { vindex, rows } => {
            let rows: Vec<String> = rows.iter().map(|row| format!("({})", show_all(row))).collect();
            format!("multi {}({})", vindex.name, rows.join(", "))
        }
        Routing::Between { vindex, low, high } => {
            format!("between {}({}, {})", vindex.name, show(low), show(high))
        }
        Routing::Prefix { vindex, values } => {
            format!("prefix {}({})", vindex.name, show_all(values))
        }
    }
}
