//! Choosing a tablet that streams come from, and opening them.
//!
//! Nothing is remembered: tablets are read from the topology and asked for their health once, when
//! a stream begins.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use parking_lot::Mutex;
use rand::seq::SliceRandom;
use tonic::Streaming;
use tonic::transport::Channel;
use vt_base::{Code, Error, Result, TabletAlias, TabletType, Target};
use vt_proto::binlogdata::{
    VStreamRequest, VStreamResponse, VStreamResultsRequest, VStreamResultsResponse,
    VStreamRowsRequest, VStreamRowsResponse, VStreamTablesRequest, VStreamTablesResponse,
};
use vt_proto::topodata;
use vt_rpc::dial::{TabletDialer, grpc_address};
use vt_rpc::queryservice::query_client::QueryClient;
use vt_rpc::status::from_status;
use vt_topo::TopoServer;
use vt_topo::records::tablet::{TabletFilter, TabletRecord};

/// How long a tablet has to say how it is.
const HEALTH_PATIENCE: Duration = Duration::from_secs(3);
/// How many tablets are asked at once.
const ASKED_AT_ONCE: usize = 8;
/// The word before types that are to be tried one after the other.
const IN_ORDER: &str = "in_order:";
/// A message has one row at least, however long that is.
const MESSAGE_BYTES_MAX: usize = 1 << 30;

/// Which tablet is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub keyspace: String,
    pub shard: String,
    /// Cells and their aliases; empty takes the cell of the one who asks, then the cells of its
    /// alias, then any.
    pub cells: Vec<String>,
    pub types: TypeWish,
}

/// Which types of tablets are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeWish {
    pub types: Vec<TabletType>,
    /// A type counts only where there is no tablet of those before it.
    pub in_order: bool,
}

impl Default for TypeWish {
    fn default() -> TypeWish {
        TypeWish { types: vec![TabletType::Replica, TabletType::Primary], in_order: true }
    }
}

/// Reads `in_order:REPLICA,PRIMARY`; nothing means the default.
impl std::str::FromStr for TypeWish {
    type Err = Error;

    fn from_str(text: &str) -> Result<TypeWish> {
        let (in_order, list) = match text.trim().strip_prefix(IN_ORDER) {
            Some(list) => (true, list),
            None => (false, text.trim()),
        };
        if list.is_empty() {
            return Ok(TypeWish::default());
        }
        let types = list.split(',').map(|one| one.trim().parse()).collect::<Result<_>>()?;
        Ok(TypeWish { types, in_order })
    }
}

impl std::fmt::Display for TypeWish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.in_order {
            f.write_str(IN_ORDER)?;
        }
        for (index, one) in self.types.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}", one.as_str().to_ascii_uppercase())?;
        }
        Ok(())
    }
}

/// Finds tablets and opens streams of them. Cloning is cheap.
#[derive(Clone)]
pub struct Sources {
    topo: Arc<TopoServer>,
    dialer: TabletDialer,
    /// The cell of the one who asks.
    cell: String,
    /// The topologies of mounted clusters, by name.
    mounted: Arc<Mutex<BTreeMap<String, Arc<TopoServer>>>>,
}

/// A tablet that streams can be opened on.
#[derive(Clone)]
pub struct SourceTablet {
    pub alias: TabletAlias,
    /// What the tablet said it is.
    pub target: Target,
    client: QueryClient<Channel>,
}

impl Sources {
    /// Makes a finder for a cell.
    pub fn new(topo: Arc<TopoServer>, dialer: TabletDialer, cell: &str) -> Sources {
        Sources { topo, dialer, cell: cell.to_owned(), mounted: Arc::default() }
    }

    /// Returns a finder of tablets of a mounted cluster; no name means this cluster.
    ///
    /// # Errors
    /// There is no such cluster, or its topology does not answer.
    pub async fn of_cluster(&self, name: &str) -> Result<Sources> {
        if name.is_empty() {
            return Ok(self.clone());
        }
        let known = self.mounted.lock().get(name).cloned();
        let topo = match known {
            Some(topo) => topo,
            None => Arc::new(self.topo.open_external_cluster(name).await?),
        };
        self.mounted.lock().insert(name.to_owned(), topo.clone());
        Ok(Sources { topo, ..self.clone() })
    }

    /// Picks a healthy tablet that fulfils a wish, not one of `except`.
    ///
    /// # Errors
    /// No tablet fulfils it now, or the topology does not answer.
    pub async fn pick(&self, wish: &Wish, except: &[TabletAlias]) -> Result<SourceTablet> {
        let mut last = None;
        for cells in self.cells(wish).await? {
            let filter = TabletFilter {
                keyspace: Some(wish.keyspace.clone()),
                shard: Some(wish.shard.clone()),
                cells,
            };
            // Other cells may have tablets even where one cannot be read.
            let mut found = self.topo.find_tablets(&filter).await?.records;
            found.retain(|one| !except.contains(&one.alias()));
            for types in groups(&wish.types) {
                match self.healthy(&found, &types, Serving::Wanted).await {
                    Ok(Some(tablet)) => return Ok(tablet),
                    Ok(None) => {}
                    Err(error) => last = Some(error),
                }
            }
        }
        let why = last.map(|error| format!(": {}", error.message())).unwrap_or_default();
        Err(Error::new(
            Code::Unavailable,
            format!(
                "no healthy tablet of {}/{} of type {} in cells {:?}{why}",
                wish.keyspace, wish.shard, wish.types, wish.cells
            ),
        ))
    }

    /// Picks a tablet of a shard that others have replaced, whose tablets serve no queries any more;
    /// `None` where the shard is none of these, or has no tablet that is well.
    ///
    /// # Errors
    /// The topology does not answer.
    pub async fn pick_replaced(&self, wish: &Wish) -> Result<Option<SourceTablet>> {
        let shard = match self.topo.get_shard(&wish.keyspace, &wish.shard).await {
            Ok(shard) => shard,
            Err(error) if error.is_no_node() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if shard.is_primary_serving() {
            return Ok(None);
        }
        let filter = TabletFilter {
            keyspace: Some(wish.keyspace.clone()),
            shard: Some(wish.shard.clone()),
            cells: Vec::new(),
        };
        let found = self.topo.find_tablets(&filter).await?.records;
        for types in groups(&wish.types) {
            if let Ok(Some(tablet)) = self.healthy(&found, &types, Serving::NotAsked).await {
                return Ok(Some(tablet));
            }
        }
        Ok(None)
    }

    /// Opens a tablet whatever its health.
    ///
    /// # Errors
    /// Its record tells no address.
    pub fn open(&self, tablet: &topodata::Tablet) -> Result<SourceTablet> {
        let channel = self.dialer.channel(&grpc_address(tablet)?)?;
        let client = QueryClient::new(channel)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let tablet_type = TabletType::from_i32(tablet.r#type);
        let alias = tablet.alias.as_ref().map(TabletAlias::from);
        let alias = alias.ok_or_else(|| {
            Error::new(Code::FailedPrecondition, "a tablet's record has no alias")
        })?;
        Ok(SourceTablet {
            alias,
            target: Target::new(&tablet.keyspace, &tablet.shard, tablet_type),
            client,
        })
    }

    /// Returns the cells to look into: each group only where those before it have nothing.
    async fn cells(&self, wish: &Wish) -> Result<Vec<Vec<String>>> {
        if !wish.cells.is_empty() {
            return Ok(vec![self.topo.expand_cells(&wish.cells).await?]);
        }
        let mut groups = vec![vec![self.cell.clone()]];
        let aliases = self.topo.get_cells_aliases().await?;
        let near = aliases.into_values().find(|one| one.cells.contains(&self.cell));
        groups.extend(near.map(|one| one.cells));
        groups.push(Vec::new());
        Ok(groups)
    }

    /// Returns one of the tablets that is of one of the types and says that it serves.
    async fn healthy(
        &self,
        tablets: &[TabletRecord],
        types: &[TabletType],
        serving: Serving,
    ) -> Result<Option<SourceTablet>> {
        let fitting = tablets.iter().filter(|one| types.contains(&one.tablet_type()));
        let mut fitting: Vec<topodata::Tablet> = fitting.map(|one| one.message.clone()).collect();
        fitting.shuffle(&mut rand::rng());
        let mut last = None;
        let mut asked = futures::stream::iter(fitting)
            .map(|one| async move { self.ask(&one, types, serving).await })
            .buffered(ASKED_AT_ONCE);
        while let Some(answer) = asked.next().await {
            match answer {
                Ok(tablet) => return Ok(Some(tablet)),
                Err(error) => last = Some(error),
            }
        }
        last.map_or(Ok(None), Err)
    }

    async fn ask(
        &self,
        record: &topodata::Tablet,
        types: &[TabletType],
        serving: Serving,
    ) -> Result<SourceTablet> {
        let mut tablet = self.open(record)?;
        let unwell =
            |what: &str| Error::new(Code::Unavailable, format!("tablet {} {what}", tablet.alias));
        let asking = async {
            let request = vt_proto::query::StreamHealthRequest {};
            let mut client = tablet.client.clone();
            let mut stream = client.stream_health(request).await?.into_inner();
            stream.message().await
        };
        let answer = tokio::time::timeout(HEALTH_PATIENCE, asking)
            .await
            .map_err(|_| unwell("does not say how it is"))?
            .map_err(|status| from_status(&status))?
            .ok_or_else(|| unwell("does not say how it is"))?;
        let target = Target::from(&answer.target.unwrap_or_default());
        let stats = answer.realtime_stats.unwrap_or_default();
        let is_closed = serving == Serving::Wanted && !answer.serving;
        if is_closed || !stats.health_error.is_empty() {
            return Err(unwell(&format!("is not healthy: {}", stats.health_error)));
        }
        if !types.contains(&target.tablet_type) {
            return Err(unwell(&format!("is {} now", target.tablet_type)));
        }
        tablet.target = target;
        Ok(tablet)
    }
}

/// Whether a tablet must serve queries to be picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Serving {
    Wanted,
    NotAsked,
}

/// Returns the types that are tried together, one group after the other.
fn groups(wish: &TypeWish) -> Vec<Vec<TabletType>> {
    match wish.in_order {
        true => wish.types.iter().map(|one| vec![*one]).collect(),
        false => vec![wish.types.clone()],
    }
}

impl SourceTablet {
    /// Opens a stream of events; the request's target is filled in.
    ///
    /// # Errors
    /// The tablet does not answer, or refuses.
    pub async fn v_stream(&self, request: VStreamRequest) -> Result<Streaming<VStreamResponse>> {
        let request = VStreamRequest { target: Some((&self.target).into()), ..request };
        let answer = self.client.clone().v_stream(request).await;
        answer.map(tonic::Response::into_inner).map_err(|status| from_status(&status))
    }

    /// Opens a stream of a table's rows in the order of its key.
    ///
    /// # Errors
    /// The tablet does not answer, or refuses.
    pub async fn v_stream_rows(
        &self,
        request: VStreamRowsRequest,
    ) -> Result<Streaming<VStreamRowsResponse>> {
        let request = VStreamRowsRequest { target: Some((&self.target).into()), ..request };
        let answer = self.client.clone().v_stream_rows(request).await;
        answer.map(tonic::Response::into_inner).map_err(|status| from_status(&status))
    }

    /// Opens a stream of the rows of all tables that are asked for, as they are at one position.
    ///
    /// # Errors
    /// The tablet does not answer, or refuses.
    pub async fn v_stream_tables(
        &self,
        request: VStreamTablesRequest,
    ) -> Result<Streaming<VStreamTablesResponse>> {
        let request = VStreamTablesRequest { target: Some((&self.target).into()), ..request };
        let answer = self.client.clone().v_stream_tables(request).await;
        answer.map(tonic::Response::into_inner).map_err(|status| from_status(&status))
    }

    /// Opens a stream of a query's result, as it is at one position.
    ///
    /// # Errors
    /// The tablet does not answer, or refuses.
    pub async fn v_stream_results(&self, query: &str) -> Result<Streaming<VStreamResultsResponse>> {
        let request = VStreamResultsRequest {
            target: Some((&self.target).into()),
            query: query.to_owned(),
            ..Default::default()
        };
        let answer = self.client.clone().v_stream_results(request).await;
        answer.map(tonic::Response::into_inner).map_err(|status| from_status(&status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_and_written_as_the_table_has_them() {
        let wish: TypeWish = "in_order:REPLICA,PRIMARY".parse().unwrap();
        assert_eq!(wish, TypeWish::default());
        assert_eq!(wish.to_string(), "in_order:REPLICA,PRIMARY");
        let any: TypeWish = "rdonly, replica".parse().unwrap();
        assert_eq!(any.to_string(), "RDONLY,REPLICA");
        assert_eq!(groups(&any).len(), 1);
        assert_eq!("".parse::<TypeWish>().unwrap(), TypeWish::default());
        assert!("no_such_type".parse::<TypeWish>().is_err());
    }
}
