//! Sequences: values handed out from a block in memory, blocks taken from the sequence's table.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use vt_base::{Code, Error, Result};
use vt_mysql::Conn;
use vt_value::QueryResult;

use crate::db::quote_name;

/// The values of a sequence that are in memory: `next` up to but not including `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Block {
    next: i64,
    end: i64,
}

/// The sequences by table.
#[derive(Default)]
pub struct Sequences {
    blocks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Block>>>>,
}

impl Block {
    /// Takes values out of the block, if it has so many.
    fn take(&mut self, count: i64) -> Option<i64> {
        let end = self.next.checked_add(count)?;
        if self.next == 0 || end > self.end {
            return None;
        }
        let first = self.next;
        self.next = end;
        Some(first)
    }
}

/// Makes the block that has `count` values at least, from what the table says.
fn grown(block: Block, next_id: i64, cache: i64, count: i64) -> Option<Block> {
    // What is left in memory goes on if nobody has taken from the table since.
    let next = if block.next != 0 && block.end == next_id { block.next } else { next_id };
    let wanted = next.checked_add(count)?;
    let missing = wanted.checked_sub(next_id)?.max(1);
    let blocks = missing.checked_add(cache - 1)? / cache;
    let end = next_id.checked_add(blocks.checked_mul(cache)?)?;
    Some(Block { next, end })
}

impl Sequences {
    fn block(&self, table: &str) -> Arc<tokio::sync::Mutex<Block>> {
        let mut blocks = self.blocks.lock();
        if let Some(block) = blocks.get(table) {
            return block.clone();
        }
        let block = Arc::<tokio::sync::Mutex<Block>>::default();
        blocks.insert(table.to_owned(), block.clone());
        block
    }

    /// Forgets the values in memory, of some sequences or of all.
    pub fn reset(&self, tables: Option<&[String]>) {
        let mut blocks = self.blocks.lock();
        match tables {
            None => blocks.clear(),
            Some(tables) => blocks.retain(|table, _| !tables.contains(table)),
        }
    }

    /// Returns the first of `count` values; `connect` gives a connection when a block is needed.
    pub async fn next<C>(
        &self,
        table: &str,
        count: i64,
        connect: impl AsyncFnOnce() -> Result<C>,
    ) -> Result<i64>
    where
        C: std::ops::DerefMut<Target = Conn>,
    {
        if count < 1 {
            return Err(Error::new(
                Code::InvalidArgument,
                format!("invalid increment for sequence {table}: {count}"),
            ));
        }
        let block = self.block(table);
        let mut block = block.lock().await;
        if let Some(first) = block.take(count) {
            return Ok(first);
        }
        let mut conn = connect().await?;
        let grown = refill(&mut conn, table, *block, count).await;
        if grown.is_err() {
            drop(conn.query("rollback", 0).await);
        }
        *block = grown?;
        block.take(count).ok_or_else(|| exhausted(table))
    }
}

fn exhausted(table: &str) -> Error {
    Error::new(Code::OutOfRange, format!("sequence {table} has no values left"))
}

/// Takes a block from the table, in a transaction of its own.
async fn refill(conn: &mut Conn, table: &str, block: Block, count: i64) -> Result<Block> {
    let name = quote_name(table);
    conn.query("begin", 0).await?;
    let select = format!("select next_id, cache from {name} where id = 0 for update");
    let (next_id, cache) = read_row(table, &conn.query(&select, 2).await?)?;
    let grown = grown(block, next_id, cache, count).ok_or_else(|| exhausted(table))?;
    conn.query(format!("update {name} set next_id = {} where id = 0", grown.end), 0).await?;
    conn.query("commit", 0).await?;
    Ok(grown)
}

fn read_row(table: &str, result: &QueryResult) -> Result<(i64, i64)> {
    if result.rows.len() != 1 {
        let text = format!(
            "unexpected rows from reading sequence {table} (possible mis-route): {}",
            result.rows.len()
        );
        return Err(Error::new(Code::Unknown, text));
    }
    let row = result.rows.get(0);
    let number = |index| {
        let text = row.column(index).and_then(|value| std::str::from_utf8(value).ok());
        text.and_then(|text| text.parse::<i64>().ok())
            .ok_or_else(|| Error::new(Code::Unknown, format!("error loading sequence {table}")))
    };
    let (next_id, cache) = (number(0)?, number(1)?);
    if cache < 1 {
        let text = format!("invalid cache value for sequence {table}: {cache}");
        return Err(Error::new(Code::Unknown, text));
    }
    // Zero marks an empty block in memory.
    if next_id < 1 {
        let text = format!("invalid next_id value for sequence {table}: {next_id}");
        return Err(Error::new(Code::Unknown, text));
    }
    Ok((next_id, cache))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_whole_caches_and_goes_on_where_it_stood() {
        let block = grown(Block::default(), 1000, 100, 1).unwrap();
        assert_eq!(block, Block { next: 1000, end: 1100 });
        let block = grown(Block { next: 1098, end: 1100 }, 1100, 100, 5).unwrap();
        assert_eq!(block, Block { next: 1098, end: 1200 });
        // Another took a block meanwhile.
        let block = grown(Block { next: 1098, end: 1100 }, 1300, 100, 250).unwrap();
        assert_eq!(block, Block { next: 1300, end: 1600 });
        assert_eq!(grown(Block::default(), i64::MAX - 5, 100, 1), None);
    }

    #[test]
    fn values_are_taken_once() {
        let mut block = Block { next: 5, end: 8 };
        assert_eq!(block.take(2), Some(5));
        assert_eq!(block.take(2), None);
        assert_eq!(block.take(1), Some(7));
        assert_eq!(block.take(1), None);
        assert_eq!(block.take(i64::MAX), None);
    }
}
