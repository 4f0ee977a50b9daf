//! The page of system variables, made of the table.

use std::fmt::Write;

use super::{Class, Scope, all};

/// Returns the page.
fn page() -> String {
    let mut out = String::from(
        "# System variables\n\n\
         What `SET` of each system variable of a session does. \
         This page is made of the gateway's table by `UPDATE=1 cargo test -p vt-gate page`.\n\n\
         - `SHOW VARIABLES` and `@@name` give what was set.\n\
         - A statement with several assignments makes all of them, or none if one fails.\n\
         - A name that is not listed is MySQL's to judge: it is tried on a shard as a setting, and an \
         unknown, global or read-only variable gives MySQL's own error (1193, 1229, 1238).\n\
         - `SET GLOBAL` and `SET PERSIST` are refused: a server's own settings belong into the \
         configuration of its tablet.\n\
         - Times that the gateway computes (`NOW()`) are in the session's `time_zone`, or in the \
         servers' own: the gateway asks them for it when it starts, and every 30 seconds.\n",
    );
    let classes = [
        (
            Class::Gate,
            "Kept and obeyed by the gateway",
            "Transactions, character sets and limits are the gateway's own matter. \
             Statements of clients that speak another character set than UTF-8 are turned into \
             utf8mb4 on their way in, and results on their way out.",
        ),
        (
            Class::Setting,
            "Settings of the shards",
            "MySQL is asked whether it takes the value. \
             From then on the session's statements run on connections that have the setting: \
             tablets pool connections by their settings, so that none is kept for the session alone. \
             Grammar and expressions at the gateway follow them too.",
        ),
        (
            Class::Ignored,
            "Without effect",
            "The value is kept and shown. None of these changes a result.",
        ),
        (
            Class::Fixed,
            "Refused",
            "They cannot differ by session in a cluster: ids come of sequences, replication is the \
             tablets' own, and a session's statements run on many connections. \
             The value that a variable has already, and `DEFAULT`, are taken; any other gives `VT12001`.",
        ),
        (Class::ReadOnly, "Read only", "`SET` gives MySQL's error."),
    ];
    for (class, title, text) in classes {
        let _ = write!(out, "\n## {title}\n\n{text}\n\n");
        for variable in all().iter().filter(|one| one.class == class) {
            let whose = match variable.scope {
                Scope::Both => "",
                Scope::Session => " (of sessions alone)",
                Scope::Gateway => " (not MySQL's)",
            };
            let _ = writeln!(out, "- `{}`{whose}", variable.name);
        }
    }
    out
}

#[test]
fn the_page_of_variables_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/system-variables.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let seen = std::fs::read_to_string(path).unwrap_or_default();
    assert!(seen == page, "docs/system-variables.md is stale: UPDATE=1 cargo test -p vt-gate page");
}
