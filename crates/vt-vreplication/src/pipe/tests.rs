//! Units beside one another, on a store that knows locks and keys as MySQL does.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use proptest::prelude::*;

use super::*;

#[test]
fn units_meet_in_rows_and_in_whole_tables() {
    let unit = |rows: &[u64], whole: &[&str]| {
        let mut touched = Touched::default();
        rows.iter().for_each(|row| touched.row("t", *row));
        whole.iter().for_each(|table| touched.whole(table));
        touched
    };
    assert!(!unit(&[1, 2], &[]).meets(&unit(&[3], &[])));
    assert!(unit(&[1, 2, 3], &[]).meets(&unit(&[3], &[])));
    assert!(unit(&[3], &[]).meets(&unit(&[1, 2, 3], &[])));
    // Of such a table no row is known to be another than one.
    assert!(unit(&[1], &[]).meets(&unit(&[], &["t"])));
    assert!(unit(&[], &["t"]).meets(&unit(&[1], &[])));
    assert!(!unit(&[1], &[]).meets(&unit(&[], &["u"])));
    assert!(unit(&[1], &["u"]).meets(&unit(&[2], &["u"])));
}

/// A store of rows, each with a value that no other row may have, and a position.
#[derive(Debug, Default)]
struct Db {
    rows: BTreeMap<u64, u64>,
    position: u64,
    /// Who has which row, or the row with which value, under way.
    locks: BTreeMap<(bool, u64), usize>,
    /// How many sessions were open at once, at most.
    open_max: usize,
    open: usize,
    /// Positions in the order in which they came in.
    saved: Vec<u64>,
    /// Statements are let through so many times, and then the process dies.
    fuel: Option<u64>,
}

struct Fake {
    id: usize,
    db: Arc<Mutex<Db>>,
    /// The changes of the transaction under way: a row's value, or that it is gone.
    changes: Option<BTreeMap<u64, Option<u64>>>,
    position: Option<u64>,
    random: u64,
}

impl Fake {
    fn new(id: usize, db: &Arc<Mutex<Db>>, seed: u64) -> Fake {
        let random = seed ^ (id as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Fake { id, db: db.clone(), changes: None, position: None, random }
    }

    fn end(&mut self, db: &mut Db) {
        if self.changes.take().is_some() {
            db.open -= 1;
        }
        self.position = None;
        db.locks.retain(|_, holder| *holder != self.id);
    }

    fn lock(&self, db: &mut Db, what: (bool, u64)) -> Result<()> {
        match db.locks.get(&what) {
            Some(holder) if *holder != self.id => Err(Error::mysql(1205, b"HY000", "locked")),
            _ => {
                db.locks.insert(what, self.id);
                Ok(())
            }
        }
    }

    fn statement(&mut self, sql: &str) -> Result<u64> {
        let db = self.db.clone();
        let mut db = db.lock();
        let words: Vec<&str> = sql.split(' ').collect();
        let number = |index: usize| words[index].parse::<u64>().unwrap();
        match words[0] {
            "begin" => {
                self.end(&mut db);
                self.changes = Some(BTreeMap::new());
                db.open += 1;
                db.open_max = db.open_max.max(db.open);
            }
            "rollback" => self.end(&mut db),
            "commit" => {
                for (row, value) in self.changes.iter().flatten() {
                    match value {
                        Some(value) => db.rows.insert(*row, *value),
                        None => db.rows.remove(row),
                    };
                }
                if let Some(position) = self.position {
                    db.position = position;
                    db.saved.push(position);
                }
                self.end(&mut db);
            }
            "save" if db.position != number(1) => return Ok(0),
            "save" => self.position = Some(number(2)),
            _ => {
                let (row, value) = (number(1), words.get(2).map(|_| number(2)));
                self.lock(&mut db, (true, row))?;
                let mut seen = db.rows.clone();
                for (row, value) in self.changes.iter().flatten() {
                    match value {
                        Some(value) => seen.insert(*row, *value),
                        None => seen.remove(row),
                    };
                }
                if let Some(old) = seen.get(&row).copied() {
                    self.lock(&mut db, (false, old))?;
                }
                if let Some(value) = value {
                    self.lock(&mut db, (false, value))?;
                    if seen.iter().any(|(other, one)| *other != row && *one == value) {
                        return Err(Error::mysql(1062, b"23000", "duplicate"));
                    }
                }
                self.changes.as_mut().unwrap().insert(row, value);
            }
        }
        Ok(1)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let db = self.db.clone();
        self.end(&mut db.lock());
    }
}

impl Session for Fake {
    async fn run(&mut self, sql: &[u8]) -> Result<u64> {
        let sql = String::from_utf8(sql.to_vec()).unwrap();
        let mut last = 0;
        for one in sql.split(';') {
            self.random = self.random.wrapping_mul(6364136223846793005).wrapping_add(1);
            for _ in 0..(self.random >> 60) {
                tokio::task::yield_now().await;
            }
            let is_dead = match &mut self.db.lock().fuel {
                Some(0) => true,
                Some(left) => {
                    *left -= 1;
                    false
                }
                None => false,
            };
            if is_dead {
                std::future::pending::<()>().await;
            }
            last = self.statement(one)?;
        }
        Ok(last)
    }

    fn is_broken(&self) -> bool {
        false
    }
}

/// Changes of one transaction: rows with what they become.
type Transaction = Vec<(u64, Option<u64>)>;

/// Makes transactions that the source could have had: no two rows have one value.
fn history(wishes: Vec<Vec<(u64, Option<u64>)>>) -> (Vec<Transaction>, Vec<BTreeMap<u64, u64>>) {
    let mut rows = BTreeMap::new();
    let (mut done, mut states) = (Vec::new(), vec![rows.clone()]);
    for wish in wishes {
        let mut transaction = Vec::new();
        for (row, value) in wish {
            let taken = value.is_some() && rows.iter().any(|(r, v)| *r != row && Some(*v) == value);
            if taken {
                continue;
            }
            match value {
                Some(value) => rows.insert(row, value),
                None => rows.remove(&row),
            };
            transaction.push((row, value));
        }
        done.push(transaction);
        states.push(rows.clone());
    }
    (done, states)
}

fn unit(number: u64, transaction: &Transaction) -> Unit {
    let mut sql = "begin".to_owned();
    let mut touched = Touched::default();
    for (row, value) in transaction {
        sql.push_str(&match value {
            Some(value) => format!(";set {row} {value}"),
            None => format!(";set {row}"),
        });
        touched.row("t", *row);
    }
    let done = Done { position: (number + 1).to_string(), transactions: 1, ..Done::default() };
    let save = format!("save {number} {}", number + 1);
    Unit { sql: sql.into_bytes(), save, done, touched }
}

/// Applies what comes behind the store's position, as the player does.
async fn apply(db: &Arc<Mutex<Db>>, all: &[Transaction], workers: usize, seed: u64) -> Outcome<()> {
    let mut pipe = Pipe::new(workers);
    let mut sessions = 0;
    let start = db.lock().position;
    for (number, transaction) in (0u64..).zip(all).skip(start as usize) {
        let unit = unit(number, transaction);
        while pipe.must_wait(&unit) {
            pipe.ended().await.unwrap()?;
        }
        let session = pipe.take_idle().unwrap_or_else(|| {
            sessions += 1;
            Fake::new(sessions, db, seed)
        });
        pipe.start(unit, session);
    }
    assert!(sessions <= workers);
    while let Some(ended) = pipe.ended().await {
        ended?;
    }
    Ok(())
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(future)
}

fn wishes() -> impl Strategy<Value = Vec<Vec<(u64, Option<u64>)>>> {
    let change = (0..12u64, prop::option::weighted(0.7, 0..9u64));
    prop::collection::vec(prop::collection::vec(change, 1..4), 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However units run beside one another, they come in as at the source, one after the other,
    /// and what dies in between goes on from a position that is that of its rows.
    #[test]
    fn units_come_in_as_at_the_source(
        wishes in wishes(),
        workers in 1..6usize,
        seed: u64,
        fuels in prop::collection::vec(0..80u64, 0..4),
    ) {
        let (all, states) = history(wishes);
        let db = Arc::new(Mutex::new(Db::default()));
        for fuel in fuels.into_iter().map(Some).chain([None]) {
            db.lock().fuel = fuel;
            let limit = Duration::from_secs(3600);
            let applying = apply(&db, &all, workers, seed);
            let ended = run(async { tokio::time::timeout(limit, applying).await });
            if let Ok(ended) = ended {
                ended.unwrap();
            } else {
                prop_assert!(fuel.is_some(), "units wait for one another");
            }
            let db = db.lock();
            prop_assert_eq!(&db.rows, &states[db.position as usize]);
            prop_assert!(db.locks.is_empty() && db.open == 0);
        }
        let db = db.lock();
        prop_assert_eq!(db.position as usize, all.len());
        let expected: Vec<u64> = (1..=all.len() as u64).collect();
        prop_assert_eq!(&db.saved, &expected);
    }
}

#[test]
fn units_of_other_rows_are_open_at_once_and_those_of_the_same_are_not() {
    let open_max = |all: &[Transaction]| {
        let db = Arc::new(Mutex::new(Db::default()));
        run(apply(&db, all, 4, 7)).unwrap();
        let db = db.lock();
        assert_eq!(db.position, all.len() as u64);
        db.open_max
    };
    let apart: Vec<Transaction> = (0..20).map(|row| vec![(row, Some(row))]).collect();
    assert!(open_max(&apart) > 1);
    let same: Vec<Transaction> = (0..20).map(|value| vec![(1, Some(value))]).collect();
    assert_eq!(open_max(&same), 1);
}

#[test]
fn a_unit_that_is_refused_keeps_later_ones_out() {
    let db = Arc::new(Mutex::new(Db::default()));
    // The third row has the value of the first: the source cannot have had this.
    let all: Vec<Transaction> =
        vec![vec![(1, Some(1))], vec![(2, Some(2))], vec![(3, Some(1))], vec![(4, Some(4))]];
    let trouble = run(apply(&db, &all, 4, 3)).unwrap_err();
    assert!(matches!(&trouble, Trouble::Target(error) if error.errno() == 1062), "{trouble:?}");
    let db = db.lock();
    assert_eq!((db.position, db.rows.len()), (2, 2));
}

#[test]
fn what_came_in_after_all_is_noticed() {
    let db = Arc::new(Mutex::new(Db::default()));
    let all: Vec<Transaction> = (0..6).map(|row| vec![(row, Some(row))]).collect();
    run(apply(&db, &all[..3], 2, 1)).unwrap();
    // Who knew an older position meets the rows themselves, or another position.
    db.lock().position = 2;
    let late = async {
        let mut pipe = Pipe::new(2);
        pipe.start(unit(2, &vec![(7, Some(2))]), Fake::new(1, &db, 1));
        db.lock().position = 3;
        pipe.ended().await.unwrap()
    };
    assert!(matches!(run(late), Err(Trouble::Moved)));
}
