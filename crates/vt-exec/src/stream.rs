//! The walk over the tree of a plan, with rows in pieces.
//!
//! Each node sends to a channel with little room: a reader that is slow holds its writers back, and
//! a channel whose reader is gone ends them.

use futures::FutureExt;
use futures::future::{BoxFuture, join, join_all};
use tokio::sync::mpsc;
use vt_base::Error;
use vt_plan::{Join, Node, Route};
use vt_value::{Fields, QueryResult, RowsBuilder, StreamPart};

use crate::join::Joining;
use crate::kept::Kept;
use crate::route::{self, destinations, merge::Heads};
use crate::{ExecContext, concat, node, step, subquery};

/// How many pieces a channel between two nodes holds.
const CHANNEL_PARTS: usize = 2;
/// A piece is sent when it has this many bytes.
const PART_BYTES: usize = 32 * 1024;

type Parts = mpsc::Sender<StreamPart>;

/// Runs a node; the result has no rows.
pub(crate) fn run<'a>(
    node: &'a Node,
    ctx: ExecContext<'a>,
    out: Parts,
) -> BoxFuture<'a, Result<QueryResult, Error>> {
    async move {
        match node {
            Node::Route(route) => run_route(route, ctx, out).await,
            Node::Join(join) => run_join(join, ctx, out).await,
            Node::Concat { inputs } => run_concat(inputs, ctx, out).await,
            Node::Subquery(subquery) => {
                let (binds, _) = subquery::bind(subquery, ctx).await?;
                run(&subquery.outer, ExecContext { binds: &binds, ..ctx }, out).await
            }
            Node::With(with) => {
                let kept = Kept::of(with, ctx).await?;
                run(&with.body, ExecContext { kept: Some(&kept), ..ctx }, out).await
            }
            Node::Rows { .. }
            | Node::Match(_)
            | Node::Kept { .. }
            | Node::Recurse(_)
            | Node::VindexRows(_)
            | Node::Insert(_)
            | Node::Update(_)
            | Node::Delete(_)
            | Node::Change(_)
            | Node::ForeignKeys(_) => run_whole(node, ctx, out).await,
            Node::Limit { input, .. }
            | Node::Sort { input, .. }
            | Node::Distinct { input, .. }
            | Node::Filter { input, .. }
            | Node::Project { input, .. }
            | Node::Truncate { input, .. } => run_step(node, input, ctx, out).await,
            Node::Aggregate(aggregate) => run_step(node, &aggregate.input, ctx, out).await,
            Node::Window(window) => run_step(node, &window.input, ctx, out).await,
        }
    }
    .boxed()
}

/// Runs a node in pieces and returns its whole result.
pub(crate) async fn collected<'a>(
    node: &'a Node,
    ctx: ExecContext<'a>,
) -> Result<QueryResult, Error> {
    let mut rows = RowsBuilder::default();
    let held = &mut rows;
    let reader = |mut parts: mpsc::Receiver<StreamPart>| async move {
        let mut fields = None;
        while let Some(part) = parts.recv().await {
            fields = fields.or(part.fields);
            held.append(&part.rows);
            ctx.limits.check(held.len())?;
        }
        Ok(fields)
    };
    let result = connected(|sender| run(node, ctx, sender), reader).await?;
    Ok(QueryResult { rows: rows.finish(), ..result })
}

/// Runs `writer` and `reader` over a channel between them; what the writer returns stands unless
/// the reader fails.
async fn connected<'a, R>(
    writer: impl FnOnce(Parts) -> BoxFuture<'a, Result<QueryResult, Error>>,
    reader: impl FnOnce(mpsc::Receiver<StreamPart>) -> R,
) -> Result<QueryResult, Error>
where
    R: Future<Output = Result<Option<Fields>, Error>>,
{
    let (sender, receiver) = mpsc::channel(CHANNEL_PARTS);
    let (written, read) = join(writer(sender), reader(receiver)).await;
    // The reader's error is the cause where both fail: the writer's is that nobody reads.
    let fields = read?;
    let mut result = written?;
    if let Some(fields) = fields {
        result.fields = fields;
    }
    Ok(result)
}

async fn run_step<'a>(
    node: &'a Node,
    input: &'a Node,
    ctx: ExecContext<'a>,
    out: Parts,
) -> Result<QueryResult, Error> {
    let reader = |mut parts: mpsc::Receiver<StreamPart>| async move {
        let mut step: Option<Box<dyn step::Step + 'a>> = None;
        let mut fields = None;
        while let Some(part) = parts.recv().await {
            let mut head = None;
            if let (None, Some(input)) = (&step, &part.fields) {
                let made = step::make(node, input, ctx)?;
                head = Some(made.fields());
                fields = head.clone();
                step = Some(made);
            }
            let Some(step) = &mut step else {
                return Err(Error::bug("rows came before their fields"));
            };
            let rows = if part.rows.is_empty() { part.rows } else { step.push(part.rows)? };
            let silent = head.is_none() && rows.is_empty();
            if !silent && out.send(StreamPart { fields: head, rows }).await.is_err() {
                return Ok(fields);
            }
            if step.is_done() {
                return Ok(fields);
            }
        }
        if let Some(mut step) = step {
            let rows = step.finish()?;
            if !rows.is_empty() {
                let _ = out.send(StreamPart { fields: None, rows }).await;
            }
        }
        Ok(fields)
    };
    connected(|sender| run(input, ctx, sender), reader).await
}

async fn run_route(route: &Route, ctx: ExecContext<'_>, out: Parts) -> Result<QueryResult, Error> {
    let mut calls = destinations::calls(route, ctx).await?;
    let how = route::options(route);
    if calls.is_empty() {
        let binds = destinations::all_binds(route, ctx)?;
        calls.push(route::any_call(route, &route.sql, binds, ctx)?);
    }
    if calls.len() == 1 {
        let results = ctx.shards.stream(calls, how, vec![out]).await;
        return route::gather(route, results, ctx);
    }
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..calls.len()).map(|_| mpsc::channel(CHANNEL_PARTS)).unzip();
    let calls = ctx.shards.stream(calls, how, senders);
    let (results, read) = if route.merge_by.is_empty() {
        join(calls, append(receivers, out).boxed()).await
    } else {
        join(calls, merge(route, receivers, out).boxed()).await
    };
    read?;
    route::gather(route, results, ctx)
}

/// Passes the pieces of all calls on as they come; the fields once.
async fn append(receivers: Vec<mpsc::Receiver<StreamPart>>, out: Parts) -> Result<(), Error> {
    let has_fields = std::sync::atomic::AtomicBool::new(false);
    let (out, has_fields) = (&out, &has_fields);
    let passing = receivers.into_iter().map(|mut parts| async move {
        while let Some(mut part) = parts.recv().await {
            if part.fields.is_some() && has_fields.swap(true, std::sync::atomic::Ordering::AcqRel) {
                part.fields = None;
            }
            let silent = part.fields.is_none() && part.rows.is_empty();
            if !silent && out.send(part).await.is_err() {
                return;
            }
        }
    });
    join_all(passing).await;
    Ok(())
}

/// One call of a merge: the piece that its head is in, and those that follow.
struct Source {
    parts: mpsc::Receiver<StreamPart>,
    part: StreamPart,
    next: usize,
}

impl Source {
    /// Returns whether a row can be put at the head, or none comes any more, without waiting.
    fn is_ready(&mut self) -> bool {
        while self.next >= self.part.rows.len() {
            match self.parts.try_recv() {
                Err(mpsc::error::TryRecvError::Empty) => return false,
                Err(mpsc::error::TryRecvError::Disconnected) => return true,
                Ok(part) => {
                    self.part = part;
                    self.next = 0;
                }
            }
        }
        true
    }

    /// Waits until there is a row to put at the head; returns whether there is one.
    async fn fill(&mut self) -> bool {
        while self.next >= self.part.rows.len() {
            match self.parts.recv().await {
                None => return false,
                Some(part) => {
                    self.part = part;
                    self.next = 0;
                }
            }
        }
        true
    }
}

/// Merges the rows of all calls into one order, holding no more than a piece of each.
async fn merge(
    route: &Route,
    receivers: Vec<mpsc::Receiver<StreamPart>>,
    out: Parts,
) -> Result<(), Error> {
    let mut sources = Vec::with_capacity(receivers.len());
    let mut fields = None;
    for mut parts in receivers {
        let part = parts.recv().await.unwrap_or_default();
        fields = fields.or_else(|| part.fields.clone());
        sources.push(Source { parts, part, next: 0 });
    }
    // No call had fields: each has failed, and its result says why.
    let Some(fields) = fields else { return Ok(()) };
    let mut heads = Heads::new(&route.merge_by, &fields)?;
    for (place, source) in sources.iter_mut().enumerate() {
        if source.fill().await {
            heads.put(place, &source.part.rows, source.next)?;
        }
    }
    let first = StreamPart { fields: Some(fields), ..StreamPart::default() };
    if out.send(first).await.is_err() {
        return Ok(());
    }
    let mut batch = RowsBuilder::default();
    while let Some(place) = heads.pop(&mut batch) {
        let source = &mut sources[place];
        source.next += 1;
        // What is merged goes out before a slow shard is waited for.
        let full = batch.byte_len() >= PART_BYTES || !source.is_ready();
        if full && !send_batch(&mut batch, &out).await {
            return Ok(());
        }
        if source.fill().await {
            heads.put(place, &source.part.rows, source.next)?;
        }
    }
    send_batch(&mut batch, &out).await;
    Ok(())
}

/// Sends the rows collected so far; returns whether anyone reads on.
async fn send_batch(batch: &mut RowsBuilder, out: &Parts) -> bool {
    let rows = std::mem::take(batch).finish();
    rows.is_empty() || out.send(StreamPart { fields: None, rows }).await.is_ok()
}

async fn run_join<'a>(
    plan: &'a Join,
    ctx: ExecContext<'a>,
    out: Parts,
) -> Result<QueryResult, Error> {
    let reader = |mut parts: mpsc::Receiver<StreamPart>| async move {
        let mut joining: Option<Joining<'a>> = None;
        let mut fields = None;
        while let Some(part) = parts.recv().await {
            if let (None, Some(left)) = (&joining, &part.fields) {
                joining = Some(Joining::new(plan, left.clone()));
            }
            let Some(joining) = &mut joining else {
                return Err(Error::bug("rows came before their fields"));
            };
            for batch in crate::join::batches(plan, &part.rows) {
                let mut rows = RowsBuilder::default();
                joining.batch(&batch, ctx, &mut rows).await?;
                if rows.is_empty() {
                    continue;
                }
                let head = match fields {
                    None => Some(joining.fields(ctx).await?),
                    Some(_) => None,
                };
                fields = fields.or_else(|| head.clone());
                if out.send(StreamPart { fields: head, rows: rows.finish() }).await.is_err() {
                    return Ok(fields);
                }
            }
        }
        if let (None, Some(joining)) = (&fields, &mut joining) {
            fields = Some(joining.fields(ctx).await?);
            let _ = out.send(StreamPart { fields: fields.clone(), ..StreamPart::default() }).await;
        }
        Ok(fields)
    };
    if ctx.exclusive {
        return connected(|sender| run_whole(&plan.left, ctx, sender).boxed(), reader).await;
    }
    connected(|sender| run(&plan.left, ctx, sender), reader).await
}

/// Runs a node to its end before it sends the rows.
async fn run_whole(node: &Node, ctx: ExecContext<'_>, out: Parts) -> Result<QueryResult, Error> {
    let mut result = node::run(node, ctx).await?;
    let rows = std::mem::take(&mut result.rows);
    if result.has_fields() {
        let part = StreamPart { fields: Some(result.fields.clone()), rows };
        // A receiver that is gone wants nothing more.
        let _ = out.send(part).await;
    }
    Ok(result)
}

async fn run_concat<'a>(
    inputs: &'a [Node],
    ctx: ExecContext<'a>,
    out: Parts,
) -> Result<QueryResult, Error> {
    let union = concat::union_of(inputs, ctx).await?;
    let fields = union.fields.clone();
    let head = StreamPart { fields: Some(fields.clone()), ..StreamPart::default() };
    if out.send(head).await.is_err() {
        return Ok(QueryResult { fields, ..QueryResult::default() });
    }
    for (place, input) in inputs.iter().enumerate() {
        let (union, out) = (&union, &out);
        let reader = |mut parts: mpsc::Receiver<StreamPart>| async move {
            while let Some(part) = parts.recv().await {
                let rows = union.convert(place, part.rows)?;
                if !rows.is_empty() && out.send(StreamPart { fields: None, rows }).await.is_err() {
                    break;
                }
            }
            Ok(None)
        };
        connected(|sender| run(input, ctx, sender), reader).await?;
        if out.is_closed() {
            break;
        }
    }
    Ok(QueryResult { fields, ..QueryResult::default() })
}
