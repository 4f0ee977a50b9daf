//! INTERSECT and EXCEPT: the rows of the right are held, those of the left are looked up.

use std::collections::HashMap;

use vt_base::Error;
use vt_plan::{Match, MatchKind};
use vt_value::{Fields, QueryResult, Rows, RowsBuilder};

use crate::concat::Union;
use crate::keys::{Keys, Purpose};
use crate::step::read_cells;
use crate::{ExecContext, node};

pub(crate) async fn run(plan: &Match, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    let left = node::run(&plan.left, ctx).await?;
    let right = node::run(&plan.right, ctx).await?;
    let union = Union::new(&[left.fields.clone(), right.fields.clone()])?;
    let mut matching = Matching::new(plan, union.fields.clone(), ctx)?;
    matching.hold(&union.convert(1, right.rows)?)?;
    let rows = matching.look_up(&union.convert(0, left.rows)?)?;
    Ok(QueryResult::with_rows(union.fields, rows))
}

/// Returns the fields of the rows without running anything.
pub(crate) async fn fields(plan: &Match, ctx: ExecContext<'_>) -> Result<Fields, Error> {
    let left = node::fields(&plan.left, ctx).await?;
    let right = node::fields(&plan.right, ctx).await?;
    Ok(Union::new(&[left, right])?.fields)
}

/// How often the right has a row, and whether the left has had it.
#[derive(Default)]
struct Seen {
    right: usize,
    left: bool,
}

struct Matching<'a> {
    plan: &'a Match,
    keys: Keys,
    width: usize,
    seen: HashMap<Box<[u8]>, Seen>,
    ctx: ExecContext<'a>,
}

impl<'a> Matching<'a> {
    fn new(plan: &'a Match, fields: Fields, ctx: ExecContext<'a>) -> Result<Matching<'a>, Error> {
        let connection = ctx.session.connection_collation;
        let keys = Keys::new(&plan.columns, &fields, Purpose::Equality, connection)?;
        Ok(Matching { plan, keys, width: fields.len(), seen: HashMap::new(), ctx })
    }

    /// Holds the rows of the right.
    fn hold(&mut self, rows: &Rows) -> Result<(), Error> {
        let (mut cells, mut key) = (Vec::new(), Vec::new());
        for row in rows.iter() {
            read_cells(row, self.width, &mut cells)?;
            key.clear();
            self.keys.write(&cells, rows.data(), &mut key)?;
            match self.seen.get_mut(key.as_slice()) {
                Some(seen) => seen.right += 1,
                None => {
                    self.seen.insert(key.as_slice().into(), Seen { right: 1, left: false });
                    self.ctx.limits.check(self.seen.len())?;
                }
            }
        }
        Ok(())
    }

    /// Returns the rows of the left that stay.
    fn look_up(&mut self, rows: &Rows) -> Result<Rows, Error> {
        let mut out = RowsBuilder::default();
        let (mut cells, mut key) = (Vec::new(), Vec::new());
        for row in rows.iter() {
            read_cells(row, self.width, &mut cells)?;
            key.clear();
            self.keys.write(&cells, rows.data(), &mut key)?;
            if self.stays(&key)? {
                out.push_raw(row.0);
            }
        }
        Ok(out.finish())
    }

    fn stays(&mut self, key: &[u8]) -> Result<bool, Error> {
        if !self.seen.contains_key(key) {
            if self.plan.kind == MatchKind::Intersect {
                return Ok(false);
            }
            if !self.plan.all {
                // Once is enough of what stays.
                self.seen.insert(key.into(), Seen { right: 0, left: true });
                self.ctx.limits.check(self.seen.len())?;
            }
            return Ok(true);
        }
        let Some(seen) = self.seen.get_mut(key) else { return Ok(false) };
        Ok(match (self.plan.kind, self.plan.all) {
            (MatchKind::Intersect, false) => !std::mem::replace(&mut seen.left, true),
            (MatchKind::Except, false) => false,
            (kind, true) => {
                let answered = seen.right > 0;
                seen.right = seen.right.saturating_sub(1);
                answered == (kind == MatchKind::Intersect)
            }
        })
    }
}
