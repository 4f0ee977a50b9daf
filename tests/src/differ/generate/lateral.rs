//! Tables in FROM that are made for each row of those before them: LATERAL and JSON_TABLE.

use super::query::{Maker, Naming, Source};
use super::schema::Kind;

impl Maker<'_> {
    /// Makes a table that reads those before it, with the word that joins it.
    pub(super) fn lateral(&mut self) -> (String, Source) {
        if let Some(document) = self.column(Kind::Json).filter(|_| self.chance.percent(40)) {
            return self.json_table(&document);
        }
        let kept = std::mem::take(&mut self.subqueries);
        let query = self.select(None, 0, Naming::Named);
        self.subqueries = kept;
        let source = self.derived_source(&query);
        let alias = &source.alias;
        let text = match self.chance.below(3) {
            0 => format!(" left join lateral ({}) {alias} on true", query.sql),
            1 => format!(" join lateral ({}) {alias} on true", query.sql),
            _ => format!(" cross join lateral ({}) {alias}", query.sql),
        };
        (text, source)
    }

    fn json_table(&mut self, document: &str) -> (String, Source) {
        let alias = self.alias();
        let path = *self.chance.pick(&["$[*]", "$", "$.b[*]"]);
        let join = *self.chance.pick(&["left join", "join"]);
        let table = format!(
            "json_table({document}, '{path}' columns (c1 for ordinality, c2 int path '$', \
             c3 varchar(20) path '$' default '\"none\"' on empty))"
        );
        let columns = [("c1", Kind::Int), ("c2", Kind::Int), ("c3", Kind::Str)];
        let columns = columns.map(|(name, kind)| (name.to_owned(), kind)).to_vec();
        let text = format!(" {join} {table} {alias} on true");
        (text, Source::made(alias, columns))
    }
}
