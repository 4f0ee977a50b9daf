//! Whatever dies between two steps: no write is lost or done on both sides, and the same command,
//! given again, ends where it would have.

use proptest::prelude::*;

use crate::rules::Move;
use crate::*;

/// A cluster of two sides that are written to, and two workflows that lead either way.
#[derive(Clone, Debug)]
struct World {
    /// What each side's tables hold.
    rows: [Vec<u32>; 2],
    /// How much of each side's rows the other side's stream has brought over.
    next: u32,
    denied: [bool; 2],
    rules: Rules,
    /// The streams into each side.
    streams: [Option<Flow>; 2],
    next_id: i32,
    /// The ids of streams whose switch is written down.
    journal: Vec<i32>,
    /// How many rows another keyspace has, and the streams of its copy into each side.
    elsewhere: usize,
    others: [Option<Other>; 2],
}

/// A stream of another workflow.
#[derive(Clone, Debug)]
struct Other {
    /// How many rows it has brought.
    pos: usize,
    runs: bool,
    /// It was stopped for a switch.
    is_marked: bool,
}

/// Rows of the other keyspace have numbers from here.
const ELSEWHERE: u32 = 1000;

/// A stream: which rows of the other side it has not yet brought.
#[derive(Clone, Debug)]
struct Flow {
    id: i32,
    /// From where in the other side's log it reads.
    pos: usize,
    runs: bool,
    is_frozen: bool,
}

const SIDES: [&str; 2] = ["a", "b"];

fn tables() -> Vec<String> {
    vec!["t".to_owned()]
}

impl World {
    fn new() -> World {
        World {
            rows: [vec![1, 2, 3], Vec::new()],
            next: 4,
            denied: [false; 2],
            rules: Rules::default(),
            streams: [None, Some(Flow { id: 1, pos: 0, runs: true, is_frozen: false })],
            next_id: 2,
            journal: Vec::new(),
            elsewhere: 2,
            others: [Some(Other { pos: 0, runs: true, is_marked: false }), None],
        }
    }

    /// Where a gateway sends a write.
    fn routed(&self) -> usize {
        let to = self.rules.0.get("t").and_then(|to| to.first());
        usize::from(to.is_some_and(|to| to.starts_with('b')))
    }

    /// A client writes, if it can.
    fn write(&mut self) {
        let side = self.routed();
        if !self.denied[side] {
            self.rows[side].push(self.next);
            self.next += 1;
        }
    }

    /// The streams do some of their work.
    fn flow(&mut self) {
        self.elsewhere += 1;
        for side in 0..2 {
            let Some(other) = self.others[side].as_mut().filter(|one| one.runs) else { continue };
            for row in other.pos..self.elsewhere {
                let row = ELSEWHERE + u32::try_from(row).unwrap();
                assert!(!self.rows[side].contains(&row), "row {row} comes twice");
                self.rows[side].push(row);
            }
            other.pos = self.elsewhere;
        }
        for side in 0..2 {
            let other = self.rows[1 - side].clone();
            let Some(stream) = &mut self.streams[side] else { continue };
            if stream.runs {
                for row in &other[stream.pos.min(other.len())..] {
                    if !self.rows[side].contains(row) {
                        self.rows[side].push(*row);
                    }
                }
                stream.pos = other.len();
            }
        }
    }

    /// Looks at the workflow that leads into a side.
    fn look(&self, into: usize) -> Snapshot {
        let from = 1 - into;
        let names = tables();
        let of = Move { tables: &names, source: SIDES[from], target: SIDES[into] };
        let state = |side: usize| {
            let stream = self.streams[side].iter().map(|one| Stream {
                id: one.id,
                source_shard: "0".into(),
                state: if one.runs { StreamState::Running } else { StreamState::Stopped },
                is_frozen: one.is_frozen,
                lag_seconds: Some(0),
                message: String::new(),
            });
            ShardState {
                shard: "0".into(),
                takes_writes: !self.denied[side],
                is_journaled: false,
                streams: stream.collect(),
            }
        };
        let mut source = state(from);
        let own = self.streams[into].as_ref().map(|one| one.id);
        source.is_journaled = own.is_some_and(|id| self.journal.contains(&id));
        Snapshot {
            workflow: if into == 1 { "w".into() } else { "w_reverse".into() },
            kind: Kind::Tables,
            source_keyspace: SIDES[from].into(),
            target_keyspace: SIDES[into].into(),
            tables: names.clone(),
            source: vec![source],
            target: vec![state(into)],
            writes: self.rules.writes(of),
            reads: Vec::new(),
            has_rules: !self.rules.0.is_empty(),
            has_others: self.others[from].is_some()
                || self.others[into].as_ref().is_some_and(|one| one.is_marked),
            by_shard: Vec::new(),
        }
    }

    fn run(&mut self, step: &Step, into: usize) {
        let from = 1 - into;
        match step {
            Step::StopWrites => self.denied[from] = true,
            Step::CatchUp => {
                if let Some(stream) = &mut self.streams[into] {
                    stream.runs = true;
                }
                self.flow();
                if let Some(stream) = &mut self.streams[into] {
                    stream.runs = false;
                }
            }
            Step::StopOthers => {
                if let Some(other) = self.others[from].as_mut().filter(|one| one.runs) {
                    (other.runs, other.is_marked) = (false, true);
                }
            }
            Step::MoveOthers => self.others[into] = self.others[from].clone(),
            Step::StartOthers | Step::RestartOthers => {
                let to = if *step == Step::StartOthers { into } else { from };
                if let Some(other) = self.others[to].as_mut().filter(|one| one.is_marked) {
                    (other.runs, other.is_marked) = (true, false);
                }
                self.others[1 - to] = None;
            }
            Step::CreateReverse => {
                let mark = self.streams[from].as_ref().is_some_and(|one| one.is_frozen);
                let pos = self.rows[into].len();
                let flow = Flow { id: self.next_id, pos, runs: false, is_frozen: mark };
                self.streams[from] = Some(flow);
                self.next_id += 1;
            }
            Step::Journal => self.journal.extend(self.streams[into].as_ref().map(|one| one.id)),
            Step::AllowWrites => self.denied[into] = false,
            Step::AllowSourceWrites => self.denied[from] = false,
            Step::RouteWrites => {
                let names = tables();
                let of = Move { tables: &names, source: SIDES[from], target: SIDES[into] };
                self.rules.route_writes(of);
            }
            Step::StartReverse => {
                if let Some(stream) = &mut self.streams[from] {
                    (stream.runs, stream.is_frozen) = (true, false);
                }
            }
            Step::RemoveReverse => self.streams[from] = None,
            Step::Freeze => {
                if let Some(stream) = &mut self.streams[into] {
                    (stream.runs, stream.is_frozen) = (false, true);
                }
            }
            Step::RestartStreams => {
                if let Some(stream) = &mut self.streams[into] {
                    stream.runs = true;
                }
            }
            _ => {}
        }
    }

    fn check(&self) {
        assert!(self.denied != [false; 2] || self.journal.is_empty(), "both sides take writes");
        // What a client was told is written is where clients are sent, or on its way there.
        let side = self.routed();
        if !self.denied[side] {
            for row in 1..self.next {
                assert!(self.rows[side].contains(&row), "row {row} is lost: {self:?}");
            }
        }
    }
}

const OPTIONS: WriteOptions = WriteOptions { has_reverse: true, initializes_sequences: false };

/// Runs a switch into a side and dies after so many steps; returns whether it got to its end.
fn switch(world: &mut World, into: usize, mut steps_left: usize, clients: &mut Clients) -> bool {
    for step in plan_writes(&world.look(into), OPTIONS) {
        if steps_left == 0 {
            return false;
        }
        steps_left -= 1;
        world.run(&step, into);
        clients.come(world);
        world.check();
    }
    true
}

/// Clients and streams, whose turns are drawn by lot.
struct Clients(Vec<bool>);

impl Clients {
    fn come(&mut self, world: &mut World) {
        for _ in 0..2 {
            match self.0.pop() {
                Some(true) => world.write(),
                Some(false) => world.flow(),
                None => {}
            }
        }
    }
}

proptest! {
    #[test]
    fn a_switch_that_dies_is_finished_by_the_same_command(
        deaths in prop::collection::vec(0usize..10, 0..4),
        turns in prop::collection::vec(any::<bool>(), 0..80),
        undo in any::<bool>(),
        switches in 1usize..5,
    ) {
        let mut world = World::new();
        let mut clients = Clients(turns);
        for turn in 0..switches {
            let into = 1 - turn % 2;
            for death in &deaths {
                let ended = switch(&mut world, into, *death, &mut clients);
                if ended || !undo {
                    continue;
                }
                if let Some(steps) = plan_undo(&world.look(into)) {
                    let mark = world.streams[1 - into].as_ref().is_some_and(|one| one.is_frozen);
                    for step in steps {
                        world.run(&step, into);
                        clients.come(&mut world);
                        world.check();
                    }
                    // All is as it was: writes go on where they were, and rows still flow.
                    prop_assert_eq!(world.routed(), 1 - into);
                    prop_assert!(!world.denied[1 - into]);
                    prop_assert!(world.streams[into].as_ref().is_some_and(|one| one.runs));
                    prop_assert_eq!(world.streams[1 - into].is_some(), mark);
                    prop_assert!(world.others[1 - into].as_ref().is_some_and(|one| one.runs));
                    prop_assert!(world.others[into].is_none());
                }
            }
            prop_assert!(switch(&mut world, into, usize::MAX, &mut clients));
            prop_assert_eq!(world.routed(), into);
            let after = world.look(into);
            prop_assert!(plan_writes(&after, OPTIONS).is_empty(), "{:?}", plan_writes(&after, OPTIONS));
            prop_assert!(after.is_frozen() && plan_undo(&after).is_none());
            world.write();
            world.flow();
            // What the other keyspace has came once, and comes on where clients are.
            prop_assert!(world.others[into].as_ref().is_some_and(|one| one.runs));
            prop_assert!(world.others[1 - into].is_none());
            for row in 0..world.elsewhere {
                let row = ELSEWHERE + u32::try_from(row).unwrap();
                prop_assert!(world.rows[into].contains(&row), "row {row} is lost");
            }
            world.flow();
            prop_assert_eq!(world.rows[0].len(), world.rows[1].len());
            world.check();
        }
    }

    #[test]
    fn an_end_takes_away_nothing_that_is_served(
        death in 0usize..10,
        switches in 0usize..3,
    ) {
        let mut world = World::new();
        let mut clients = Clients(Vec::new());
        for turn in 0..switches {
            switch(&mut world, 1 - turn % 2, usize::MAX, &mut clients);
        }
        switch(&mut world, 1 - switches % 2, death, &mut clients);
        // Both ends are asked for of the workflow that the user knows.
        let snapshot = world.look(1);
        let ending = Ending::default();
        if check_complete(&snapshot).is_ok() {
            prop_assert_eq!(world.routed(), 1);
            let steps = plan_complete(&snapshot, ending);
            prop_assert!(!steps.contains(&Step::RemoveTargetTables));
            prop_assert_eq!(steps.last(), Some(&Step::RemoveStreams));
        }
        if check_cancel(&snapshot).is_ok() {
            prop_assert_eq!(world.routed(), 0);
            let steps = plan_cancel(&snapshot, ending);
            let removes_source =
                steps.iter().any(|step| matches!(step, Step::RemoveSourceTables { .. }));
            prop_assert!(!removes_source);
            prop_assert_eq!(steps.last(), Some(&Step::RemoveStreams));
        }
    }
}
