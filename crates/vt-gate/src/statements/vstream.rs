//! `VSTREAM * FROM t [WHERE pos > 'gtid'] [LIMIT n]`: the changes of a table as rows, each with the
//! column `op` before it: `+` for a row that came, `*` for one that changed, `-` for one that went.

use tokio::sync::mpsc;
use vt_base::{Code, Error, ErrorId, Result, TabletType};
use vt_proto::binlogdata::{Filter, Rule, ShardGtid, VEvent, VGtid};
use vt_proto::vtgate::{VStreamRequest, VStreamResponse};
use vt_proto::{query, vtgate};
use vt_rpc::convert::{field_from_proto, rows_from_proto};
use vt_sql::ast::{self, BinaryOp, Expr, LiteralKind, SelectItem};
use vt_tablet_api::StreamPart;
use vt_value::{Field, QueryResult, Type};
use vt_vschema::Destination;

use crate::gate::Gate;
use crate::query::Sink;
use crate::session::Session;
use crate::vstream;

/// Where a stream begins that names no position.
const CURRENT: &str = "current";
/// So many messages may lie between the shards and the client.
const MESSAGES_MAX: usize = 2;

/// What is to be streamed.
#[derive(Debug)]
pub struct Vstream {
    keyspace: Option<String>,
    table: String,
    position: String,
    limit: Option<u64>,
}

/// Reads the statement.
///
/// # Errors
/// It asks for columns, or for anything but rows behind a position.
pub fn read(stream: &ast::Stream<'_>) -> Result<Vstream> {
    if !matches!(stream.item, SelectItem::Star(None)) {
        return Err(Error::unsupported("VSTREAM of anything but *"));
    }
    let position = match stream.filter {
        None => CURRENT.to_owned(),
        Some(filter) => position(filter)?,
    };
    let limit = stream.limit.map(|limit| match limit {
        ast::Limit { offset: None, count: Expr::Literal(literal) } => literal
            .text()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Error::unsupported("VSTREAM with a LIMIT that is no number")),
        _ => Err(Error::unsupported("VSTREAM with a LIMIT that is no number")),
    });
    Ok(Vstream {
        keyspace: stream.table.qualifier.map(|name| name.text.to_owned()),
        table: stream.table.name.text.to_owned(),
        position,
        limit: limit.transpose()?,
    })
}

/// Reads `pos > 'gtid'`.
fn position(filter: Expr<'_>) -> Result<String> {
    let refused = || {
        let message = "where clause can only be of the type 'pos > <value>'";
        Error::new(Code::InvalidArgument, message)
    };
    let Expr::Binary(binary) = filter else { return Err(refused()) };
    match (binary.op, binary.left, binary.right) {
        (BinaryOp::Gt, Expr::Column(column), Expr::Literal(literal))
            if column.name.text.eq_ignore_ascii_case("pos") && literal.kind == LiteralKind::Str =>
        {
            literal.text().map(str::to_owned).ok_or_else(refused)
        }
        _ => Err(refused()),
    }
}

/// Streams until the limit is reached, or the client has gone.
///
/// # Errors
/// There is no such table, the session reads from replicas, or the stream fails.
pub async fn run(
    gate: &Gate,
    session: &Session,
    stream: Vstream,
    sink: &mut dyn Sink,
) -> Result<QueryResult> {
    if !sink.is_streaming() {
        return Err(Error::unsupported("VSTREAM where results come whole; use StreamExecute"));
    }
    let request = request(gate, session, &stream)?;
    let request = vstream::Request::read(gate, request)?;
    let (out, mut events) = mpsc::channel::<VStreamResponse>(MESSAGES_MAX);
    let dialer = gate.peers.dialer().clone();
    let running = Box::pin(vstream::run(gate.tablets.clone(), dialer, request, out));
    let mut rows = Rows { sink, fields: None, left: stream.limit };
    let taking = async {
        while rows.left != Some(0) {
            let Some(part) = events.recv().await else { break };
            for event in part.events {
                rows.take(event).await?;
            }
        }
        Ok::<_, Error>(())
    };
    tokio::select! {
        biased;
        taken = taking => taken?,
        ended = running => ended?,
    }
    rows.end().await
}

/// Makes the request for the shards that the session is aimed at.
fn request(gate: &Gate, session: &Session, stream: &Vstream) -> Result<VStreamRequest> {
    let tablet_type = session.target.tablet_type;
    if tablet_type != TabletType::Primary {
        return Err(Error::vt(ErrorId::VT09009, tablet_type.as_str()));
    }
    let keyspace = stream.keyspace.as_deref().or(session.target.keyspace());
    let vschema = gate.vschemas.current().vschema.clone();
    let table = vschema.find_table(keyspace, &stream.table, tablet_type)?;
    let keyspace = table.keyspace.name.to_string();
    let shards = gate.tablets.serving.shards(&keyspace, tablet_type)?;
    let destination = session.target.destination.clone().unwrap_or(Destination::AllShards);
    let places = shards.resolve(&destination)?;
    let names = places.into_iter().filter_map(|place| shards.shards().get(place));
    let shard_gtids = names.map(|shard| ShardGtid {
        keyspace: keyspace.clone(),
        shard: shard.name.to_string(),
        gtid: stream.position.clone(),
        ..ShardGtid::default()
    });
    let rule = Rule { r#match: table.name.to_string(), ..Rule::default() };
    Ok(VStreamRequest {
        tablet_type: tablet_type as i32,
        vgtid: Some(VGtid { shard_gtids: shard_gtids.collect() }),
        filter: Some(Filter { rules: vec![rule], ..Filter::default() }),
        flags: Some(vtgate::VStreamFlags::default()),
        ..VStreamRequest::default()
    })
}

/// Makes rows of events.
struct Rows<'a> {
    sink: &'a mut dyn Sink,
    /// The columns, once they are told.
    fields: Option<Vec<query::Field>>,
    left: Option<u64>,
}

impl Rows<'_> {
    async fn take(&mut self, event: VEvent) -> Result<()> {
        if let Some(told) = event.field_event {
            return self.columns(told.fields).await;
        }
        let Some(told) = event.row_event else { return Ok(()) };
        let changed = told.row_changes.into_iter().filter_map(|change| {
            let op = match (&change.before, &change.after) {
                (None, _) => b'+',
                (_, None) => b'-',
                _ => b'*',
            };
            change.after.or(change.before).map(|row| with_op(op, row))
        });
        let most = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let rows = rows_from_proto(&changed.take(most).collect::<Vec<_>>())?;
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(rows.len() as u64);
        }
        self.sink.take(StreamPart { fields: None, rows }).await
    }

    /// Begins the result with the columns. Every shard tells them; a table that was changed has
    /// others, which a result cannot have.
    async fn columns(&mut self, fields: Vec<query::Field>) -> Result<()> {
        let same = |one: &query::Field, other: &query::Field| {
            one.name == other.name && one.r#type == other.r#type
        };
        if let Some(before) = &self.fields {
            let is_same = before.len() == fields.len()
                && before.iter().zip(&fields).all(|(one, other)| same(one, other));
            return match is_same {
                true => Ok(()),
                false => Err(Error::new(
                    Code::Aborted,
                    "the table's columns were changed; start the stream anew",
                )),
            };
        }
        let columns = fields.iter().map(field_from_proto);
        let all = std::iter::once(Field::new("op", Type::VARBINARY)).chain(columns);
        let part =
            StreamPart { fields: Some(all.collect::<Vec<_>>().into()), ..Default::default() };
        self.fields = Some(fields);
        self.sink.take(part).await
    }

    /// Ends the result; one that had no rows has the column `op` alone.
    async fn end(self) -> Result<QueryResult> {
        if self.fields.is_none() {
            let fields = vec![Field::new("op", Type::VARBINARY)];
            let part = StreamPart { fields: Some(fields.into()), ..Default::default() };
            self.sink.take(part).await?;
        }
        Ok(QueryResult::default())
    }
}

/// Puts the sign of a change before a row.
fn with_op(op: u8, row: query::Row) -> query::Row {
    let mut values = Vec::with_capacity(row.values.len() + 1);
    values.push(op);
    values.extend_from_slice(&row.values);
    let lengths = std::iter::once(1).chain(row.lengths).collect();
    query::Row { lengths, values: values.into() }
}

#[cfg(test)]
mod tests {
    use vt_sql::Arena;
    use vt_sql::ast::Statement;

    use super::*;

    fn check(sql: &str) -> Result<Vstream, String> {
        let arena = Arena::new();
        match vt_sql::parse(&arena, sql, vt_sql::Modes::default()).unwrap() {
            Statement::Stream(stream) => read(stream).map_err(|err| err.message().to_owned()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn statements_are_read() {
        let one = check("vstream * from ks.t where pos > 'MySQL56/a:1-2' limit 10").unwrap();
        assert_eq!((one.keyspace.as_deref(), one.table.as_str()), (Some("ks"), "t"));
        assert_eq!((one.position.as_str(), one.limit), ("MySQL56/a:1-2", Some(10)));
        let one = check("vstream * from t").unwrap();
        assert_eq!((one.keyspace, one.position.as_str(), one.limit), (None, "current", None));
        for wrong in ["vstream * from t where id = 1", "vstream * from t where pos > 1"] {
            assert!(check(wrong).unwrap_err().contains("pos > <value>"), "{wrong}");
        }
        assert!(check("vstream id from t").is_err());
        assert!(check("vstream * from t limit 1, 2").is_err());
    }

    #[test]
    fn rows_have_the_sign_of_their_change() {
        let row = query::Row { lengths: vec![2, -1], values: b"ab".to_vec().into() };
        let rows = rows_from_proto(&[with_op(b'*', row)]).unwrap();
        let row = rows.iter().next().unwrap();
        let columns: Vec<_> = (0..3).map(|place| row.column(place)).collect();
        assert_eq!(columns, [Some(&b"*"[..]), Some(&b"ab"[..]), None]);
    }
}
