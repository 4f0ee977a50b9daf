//! The operators that a FROM with its WHERE becomes, before a plan is made of them.

use std::ops::Deref;
use std::sync::Arc;

use vt_eval::Expr as Eval;
use vt_plan::{JoinColumn, JoinKind, Matching, Node, Predicate};
use vt_sql::ast::{ColumnName, Expr, SelectExpr, TableRef};
use vt_vschema::{ColumnVindex, Destination, Keyspace, Mapping, Table};

use crate::analyze::Tables;
use crate::analyze::scope::OutColumn;

/// A source of rows with the columns that have been asked of it.
#[derive(Clone, Debug)]
pub(crate) enum Op<'a> {
    Route(Box<RouteOp<'a>>),
    Join(Box<JoinOp<'a>>),
    Filter(Box<FilterOp<'a>>),
    Compute(Box<ComputeOp<'a>>),
    Rows(Box<RowsOp>),
}

/// Tables that one statement to each shard can read together.
#[derive(Clone, Debug)]
pub(crate) struct RouteOp<'a> {
    pub(crate) tables: Tables,
    pub(crate) home: Home,
    pub(crate) members: Vec<Member>,
    /// Tables on the right of a LEFT JOIN: conditions on them do not tell where the rows are.
    pub(crate) nullable: Tables,
    pub(crate) from: Vec<TableRef<'a>>,
    /// Conditions that every row fulfils.
    pub(crate) filters: Vec<Expr<'a>>,
    /// The routing of a query that the route reads as a derived table.
    pub(crate) inherited: Option<Choice<'a>>,
    pub(crate) items: Vec<SelectExpr<'a>>,
}

/// The keyspaces in which a route can read its tables.
#[derive(Clone, Debug)]
pub(crate) enum Home {
    /// Rows spread over the shards of the keyspace.
    Sharded(Arc<Keyspace>),
    /// All rows in each of these: the one shard of an unsharded keyspace, or a copy in every shard
    /// of a sharded one.
    Whole(Vec<Arc<Keyspace>>),
    /// Anywhere: no tables, or such as every MySQL has.
    Anywhere,
}

/// A table of a route.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: Tables,
    /// The vindexes that tell where its rows are.
    pub(crate) vindexes: Vec<MemberVindex>,
    /// All rows are in the shard of this keyspace id.
    pub(crate) pinned: Option<Destination>,
}

/// A vindex over columns that a route reads.
#[derive(Clone, Debug)]
pub(crate) struct MemberVindex {
    /// The columns have the names that the route has for them.
    pub(crate) named: ColumnVindex,
    /// The columns as the table has them.
    pub(crate) mapping: Mapping,
}

impl MemberVindex {
    pub(crate) fn of(table: &Table, vindex: &ColumnVindex) -> MemberVindex {
        MemberVindex { named: vindex.clone(), mapping: Mapping::of(table, vindex) }
    }
}

impl Deref for MemberVindex {
    type Target = ColumnVindex;

    fn deref(&self) -> &ColumnVindex {
        &self.named
    }
}

/// How a route finds its shards.
#[derive(Clone, Debug)]
pub(crate) enum Choice<'a> {
    Unsharded,
    AnyShard,
    Scatter,
    Nowhere,
    By(Destination),
    Equal {
        vindex: Mapping,
        values: Vec<Eval>,
        cost: u32,
    },
    In {
        vindex: Mapping,
        values: Eval,
        filter: Expr<'a>,
        whole_list: bool,
        cost: u32,
    },
    MultiEqual {
        vindex: Mapping,
        rows: Vec<Vec<Eval>>,
        cost: u32,
    },
    Prefix {
        vindex: Mapping,
        values: Vec<Eval>,
        cost: u32,
    },
    /// Whole numbers from one to another.
    Between {
        vindex: Mapping,
        low: Eval,
        high: Eval,
        cost: u32,
    },
    /// Where the row of a table of a query around it is.
    SameAs {
        table: Tables,
    },
}

/// Brings rows of the right side to each row of the left.
#[derive(Clone, Debug)]
pub(crate) struct JoinOp<'a> {
    pub(crate) kind: JoinKind,
    pub(crate) left: Op<'a>,
    pub(crate) right: Op<'a>,
    pub(crate) columns: Vec<JoinColumn>,
    pub(crate) vars: Vec<(&'a str, usize)>,
    pub(crate) predicate: Option<Predicate>,
    pub(crate) matching: Option<Matching>,
}

/// Drops rows at the gateway.
#[derive(Clone, Debug)]
pub(crate) struct FilterOp<'a> {
    pub(crate) input: Op<'a>,
    pub(crate) predicate: Eval,
}

/// Computes columns at the gateway.
#[derive(Clone, Debug)]
pub(crate) struct ComputeOp<'a> {
    pub(crate) input: Op<'a>,
    pub(crate) outputs: Vec<Computed<'a>>,
}

/// A column of a [`ComputeOp`].
#[derive(Clone, Debug)]
pub(crate) enum Computed<'a> {
    /// A column of the input.
    Column(usize),
    /// An expression, over places of the input.
    Eval(Expr<'a>, Eval),
    /// An expression that a shard computes, with the places of its columns in the input.
    Asked(Expr<'a>, Vec<(*const ColumnName<'a>, usize)>),
}

/// A derived table that the gateway makes by a plan of its own.
#[derive(Clone, Debug)]
pub(crate) struct RowsOp {
    pub(crate) table: Tables,
    pub(crate) node: Node,
    pub(crate) columns: Vec<OutColumn>,
}

impl Default for RowsOp {
    fn default() -> RowsOp {
        let node = Node::Concat { inputs: Vec::new() };
        RowsOp { table: Tables::NONE, node, columns: Vec::new() }
    }
}

impl<'a> JoinOp<'a> {
    pub(crate) fn new(kind: JoinKind, left: Op<'a>, right: Op<'a>) -> JoinOp<'a> {
        let (columns, vars, predicate, matching) = (Vec::new(), Vec::new(), None, None);
        JoinOp { kind, left, right, columns, vars, predicate, matching }
    }
}

impl Op<'_> {
    /// Makes an operator that stands in for one that is being changed.
    pub(crate) fn nothing() -> Self {
        Op::Rows(Box::default())
    }

    /// Returns how many columns the operator gives so far.
    pub(crate) fn width(&self) -> usize {
        match self {
            Op::Route(route) => route.items.len(),
            Op::Join(join) => join.columns.len(),
            Op::Filter(filter) => filter.input.width(),
            Op::Compute(compute) => compute.outputs.len(),
            Op::Rows(rows) => rows.columns.len(),
        }
    }

    /// Returns the tables whose rows come from plans of the gateway's own.
    pub(crate) fn rows_tables(&self) -> Tables {
        match self {
            Op::Route(_) => Tables::NONE,
            Op::Join(join) => join.left.rows_tables().with(join.right.rows_tables()),
            Op::Filter(filter) => filter.input.rows_tables(),
            Op::Compute(compute) => compute.input.rows_tables(),
            Op::Rows(rows) => rows.table,
        }
    }

    /// Returns the tables whose columns the operator gives.
    pub(crate) fn tables(&self) -> Tables {
        match self {
            Op::Route(route) => route.tables,
            Op::Join(join) => match join.kind {
                JoinKind::Semi | JoinKind::Anti => join.left.tables(),
                _ => join.left.tables().with(join.right.tables()),
            },
            Op::Filter(filter) => filter.input.tables(),
            Op::Compute(compute) => compute.input.tables(),
            Op::Rows(rows) => rows.table,
        }
    }
}

impl Home {
    /// Returns the home of a table; `homes` are the keyspaces that have it.
    pub(crate) fn of(table: &Table, homes: Vec<Arc<Keyspace>>) -> Home {
        match table.keyspace.sharded && !table.is_reference() {
            true => Home::Sharded(table.keyspace.clone()),
            false => Home::Whole(homes),
        }
    }

    /// Returns the keyspace to send statements to, if one is known.
    pub(crate) fn keyspace(&self) -> Option<&Arc<Keyspace>> {
        match self {
            Home::Sharded(keyspace) => Some(keyspace),
            Home::Whole(homes) => {
                homes.iter().find(|keyspace| !keyspace.sharded).or_else(|| homes.first())
            }
            Home::Anywhere => None,
        }
    }

    /// Returns a home that both have; of two sharded ones it is not asked whether their rows lie
    /// together.
    pub(crate) fn common(&self, other: &Home) -> Option<Home> {
        match (self, other) {
            (Home::Anywhere, home) | (home, Home::Anywhere) => Some(home.clone()),
            (Home::Sharded(left), Home::Sharded(right)) => (left == right).then(|| self.clone()),
            (Home::Sharded(keyspace), Home::Whole(homes))
            | (Home::Whole(homes), Home::Sharded(keyspace)) => {
                homes.contains(keyspace).then(|| Home::Sharded(keyspace.clone()))
            }
            (Home::Whole(left), Home::Whole(right)) => {
                let both: Vec<_> =
                    left.iter().filter(|keyspace| right.contains(keyspace)).cloned().collect();
                (!both.is_empty()).then_some(Home::Whole(both))
            }
        }
    }

    pub(crate) fn is_sharded(&self) -> bool {
        matches!(self, Home::Sharded(_))
    }
}

impl Choice<'_> {
    /// Returns whether the rows come from one shard at most.
    pub(crate) fn is_single(&self) -> bool {
        match self {
            Choice::Unsharded | Choice::AnyShard | Choice::Nowhere | Choice::SameAs { .. } => true,
            Choice::Equal { vindex, .. } => vindex.unique,
            Choice::By(Destination::KeyspaceId(_)) => true,
            _ => false,
        }
    }

    /// Returns how dear it is; the least is the best.
    pub(crate) fn rank(&self) -> (u32, u32) {
        match self {
            Choice::Nowhere => (0, 0),
            Choice::Unsharded | Choice::AnyShard | Choice::By(_) => (1, 0),
            Choice::SameAs { .. } => (4, 0),
            Choice::Equal { vindex, cost, .. } if vindex.unique => (3, *cost),
            Choice::Equal { cost, .. } => (5, *cost),
            Choice::In { cost, .. } => (6, *cost),
            Choice::MultiEqual { cost, .. } => (7, *cost),
            Choice::Prefix { cost, .. } => (8, *cost),
            Choice::Between { cost, .. } => (9, *cost),
            Choice::Scatter => (20, 0),
        }
    }
}
