//! Plans of statements that came before.
//!
//! A key is the statement's shape. Where literals decide the plan (they are *frozen*), the shape
//! alone leads to a note of which they are, and the shape with their values to the plan.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use vt_base::TabletType;
use vt_eval::Expr;
use vt_plan::{Node, Plan, Routing};
use vt_sql::Modes;
use vt_sql::normalize::FrozenLiteral;

/// What of the session, besides the statement, a plan depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Context {
    pub target: Arc<str>,
    pub tablet_type: TabletType,
    pub modes: Modes,
    pub foreign_key_checks: bool,
    pub vschema_version: u64,
}

/// A plan with what it fits.
#[derive(Debug)]
pub struct CachedPlan {
    pub plan: Plan,
    pub context: Context,
    pub frozen: Vec<FrozenLiteral>,
    tables: Arc<[String]>,
    /// A temporary table lives on a connection, which must then be the session's.
    pub needs_connection: bool,
    /// Whether the gateway computes anything, for which it must know what the session decides.
    pub evaluates: bool,
    /// How often it was used, for `/debug/query_plans`.
    pub uses: AtomicU64,
}

/// Where to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    shape: u128,
    context: u64,
    /// The hash of the frozen literals; 0 looks for the note of which they are.
    frozen: u64,
}

#[derive(Clone)]
enum Entry {
    Plan(Arc<CachedPlan>),
    /// The ordinals of the frozen literals.
    Frozen(Arc<[u32]>),
}

/// What the first look finds.
pub enum Lookup {
    Plan(Arc<CachedPlan>),
    Frozen(Arc<[u32]>),
    Nothing,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Entry> for ByBytes {
    fn weight(&self, _: &Key, entry: &Entry) -> u64 {
        match entry {
            Entry::Plan(plan) => plan.weight(),
            Entry::Frozen(ordinals) => 64 + 4 * ordinals.len() as u64,
        }
    }
}

/// The cache, bounded by bytes.
pub struct PlanCache {
    plans: Cache<Key, Entry, ByBytes>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl CachedPlan {
    /// Makes the entry of a plan.
    pub fn new(plan: Plan, context: Context, frozen: Vec<FrozenLiteral>) -> CachedPlan {
        let tables = plan.tables.clone().into();
        let (needs_connection, uses) = (false, AtomicU64::new(1));
        let evaluates = evaluates(&plan.root);
        CachedPlan { plan, context, frozen, tables, needs_connection, evaluates, uses }
    }

    /// Returns the plan's tables, to be kept.
    pub fn tables(&self) -> &Arc<[String]> {
        &self.tables
    }

    /// Returns about how many bytes the plan takes: its texts, which are most of it, several times
    /// over, and some for each node.
    fn weight(&self) -> u64 {
        let frozen: usize = self.frozen.iter().map(|one| 48 + one.text.len()).sum();
        let tables: usize = self.plan.tables.iter().map(|one| 32 + one.len()).sum();
        (1_024 + 6 * self.plan.original.len() + frozen + tables) as u64
    }
}

/// Returns whether a plan computes anything at the gateway: values that are there already, and
/// rows that are passed on, need no evaluation.
fn evaluates(root: &Node) -> bool {
    let route = match root {
        Node::Route(route) => route,
        Node::Update(write) | Node::Delete(write) if write.input.is_none() => &write.route,
        _ => return true,
    };
    let is_plain = match &route.routing {
        Routing::Unsharded
        | Routing::AnyShard
        | Routing::Scatter
        | Routing::By(_)
        | Routing::Nowhere => true,
        Routing::Equal { values, .. } | Routing::Prefix { values, .. } => {
            values.iter().all(is_given)
        }
        Routing::Between { low, high, .. } => is_given(low) && is_given(high),
        Routing::In { values, .. } => is_given(values),
        Routing::MultiEqual { rows, .. } => rows.iter().flatten().all(is_given),
    };
    !is_plain || !route.merge_by.is_empty()
}

fn is_given(value: &Expr) -> bool {
    match value {
        Expr::Literal(_) | Expr::Bind(_) | Expr::BindTuple(_) => true,
        Expr::Tuple(parts) => parts.iter().all(is_given),
        _ => false,
    }
}

impl Context {
    /// Returns the hash that keys carry.
    pub fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        Hash::hash(self, &mut hasher);
        hasher.finish()
    }
}

/// Returns the hash of frozen literals, never 0.
pub fn frozen_hash(literals: &[FrozenLiteral]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for literal in literals {
        literal.ordinal.hash(&mut hasher);
        literal.text.hash(&mut hasher);
    }
    hasher.finish().max(1)
}

impl PlanCache {
    /// Makes a cache of so many bytes.
    pub fn new(bytes_max: u64) -> PlanCache {
        let expected = usize::try_from(bytes_max / 4_096).unwrap_or(8_192).clamp(16, 100_000);
        PlanCache {
            plans: Cache::with_weighter(expected, bytes_max, ByBytes),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// Looks for a statement by its shape.
    pub fn find(&self, shape: u128, context: u64, wanted: &Context) -> Lookup {
        let key = Key { shape, context, frozen: 0 };
        match self.plans.get(&key) {
            Some(Entry::Plan(plan)) if plan.context == *wanted => self.hit(plan),
            Some(Entry::Frozen(ordinals)) => Lookup::Frozen(ordinals),
            _ => self.miss(),
        }
    }

    /// Looks for a statement by its shape and the values of its frozen literals.
    pub fn find_frozen(
        &self,
        shape: u128,
        context: u64,
        wanted: &Context,
        literals: &[FrozenLiteral],
    ) -> Lookup {
        let key = Key { shape, context, frozen: frozen_hash(literals) };
        match self.plans.get(&key) {
            Some(Entry::Plan(plan)) if plan.context == *wanted && plan.frozen == literals => {
                self.hit(plan)
            }
            _ => self.miss(),
        }
    }

    /// Keeps a plan.
    pub fn insert(&self, shape: u128, context: u64, plan: Arc<CachedPlan>) {
        let key = |frozen| Key { shape, context, frozen };
        if plan.frozen.is_empty() {
            self.plans.insert(key(0), Entry::Plan(plan));
            return;
        }
        let ordinals: Vec<u32> = plan.frozen.iter().map(|one| one.ordinal).collect();
        self.plans.insert(key(0), Entry::Frozen(ordinals.into()));
        self.plans.insert(key(frozen_hash(&plan.frozen)), Entry::Plan(plan));
    }

    fn hit(&self, plan: Arc<CachedPlan>) -> Lookup {
        self.hits.fetch_add(1, Ordering::Relaxed);
        plan.uses.fetch_add(1, Ordering::Relaxed);
        Lookup::Plan(plan)
    }

    fn miss(&self) -> Lookup {
        self.misses.fetch_add(1, Ordering::Relaxed);
        Lookup::Nothing
    }

    /// Forgets all plans.
    pub fn clear(&self) {
        self.plans.clear();
    }

    /// Returns the plans, in no order.
    pub fn plans(&self) -> Vec<Arc<CachedPlan>> {
        let plan = |(_, entry)| match entry {
            Entry::Plan(plan) => Some(plan),
            Entry::Frozen(_) => None,
        };
        self.plans.iter().filter_map(plan).collect()
    }

    pub fn bytes(&self) -> u64 {
        self.plans.weight()
    }

    pub fn len(&self) -> usize {
        self.plans.len()
    }

    pub fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }

    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    pub fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }
}
