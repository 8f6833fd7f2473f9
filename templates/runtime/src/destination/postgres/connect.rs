//! Connections to the server. The client is asynchronous and calls here block, also from within somebody's runtime: a
//! few threads of their own carry what all connections send and get.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt, TryStreamExt};
use pollster::block_on;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, NoTls, Row};

use super::Result;
use super::settings::Address;
use crate::destination::DestinationError;
use crate::destination::reading::Gathered;

/// How many rows of a cursor come at a time. A cluster of Redshift's of one node gives 1,000 at most.
const FETCHED: usize = 500;

pub(in super::super) type Sql<T> = std::result::Result<T, Error>;

/// A value and its type. With types, a statement needs no name on the server, and a pooler in between may send each
/// transaction elsewhere.
pub(super) type Parameter<'p> = (&'p (dyn ToSql + Sync), Type);

/// Where connections lead to, and what carries them.
#[derive(Debug, Clone)]
pub(in super::super) struct Server {
    pub(in super::super) address: Arc<Address>,
    carrier: Arc<Carrier>,
}

/// A runtime that may be dropped anywhere.
#[derive(Debug)]
struct Carrier(Option<Runtime>);

impl Drop for Carrier {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A connection.
pub(in super::super) struct Session {
    client: Client,
    pub(super) server: Server,
}

impl Server {
    pub(in super::super) fn new(address: Address) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let place = address.place.name();
        let runtime = runtime.map_err(|error| DestinationError::Open { place, source: error.into() })?;
        Ok(Self { address: Arc::new(address), carrier: Arc::new(Carrier(Some(runtime))) })
    }

    pub(in super::super) fn connect(&self) -> Result<Session> {
        let address = Arc::clone(&self.address);
        let failed = |source| DestinationError::Unreachable { place: self.address.place.name(), source };
        let Some(runtime) = &self.carrier.0 else { return Err(failed("its threads have ended".into())) };
        let client = block_on(runtime.spawn(async move { connect(&address).await }));
        let client = client.map_err(|error| failed(error.into()))?;
        let client = client.map_err(|error| self.address.place.not_connected(error))?;
        Ok(Session { client, server: self.clone() })
    }
}

async fn connect(address: &Address) -> Sql<Client> {
    // How a connection ends, whoever uses it is told.
    match &address.tls {
        None => {
            let (client, connection) = address.config.connect(NoTls).await?;
            tokio::spawn(async move { drop(connection.await) });
            Ok(client)
        }
        Some(tls) => {
            let (client, connection) = address.config.connect(tls.clone()).await?;
            tokio::spawn(async move { drop(connection.await) });
            Ok(client)
        }
    }
}

impl Session {
    /// Statements without parameters, one after the other.
    pub(in super::super) fn batch(&self, sql: &str) -> Sql<()> {
        block_on(self.client.batch_execute(sql))
    }

    /// How many rows it was about.
    pub(super) fn execute(&self, sql: &str, parameters: &[Parameter<'_>]) -> Sql<u64> {
        block_on(self.client.execute_typed(sql, parameters))
    }

    pub(super) fn rows(&self, sql: &str, parameters: &[Parameter<'_>]) -> Sql<Vec<Row>> {
        block_on(self.client.query_typed(sql, parameters))
    }

    pub(super) fn row(&self, sql: &str, parameters: &[Parameter<'_>]) -> Sql<Row> {
        block_on(self.client.query_typed_one(sql, parameters))
    }

    /// Shows rows one by one, however many there are.
    pub(super) fn each_row(&self, sql: &str, mut visit: impl FnMut(Row) -> Result<()>) -> Sql<Result<()>> {
        block_on(async {
            let rows = self.client.query_typed_raw(sql, Vec::<(String, Type)>::new()).await?;
            let mut rows = std::pin::pin!(rows);
            while let Some(row) = rows.try_next().await? {
                if let Err(error) = visit(row) {
                    return Ok(Err(error));
                }
            }
            Ok(Ok(()))
        })
    }

    /// Shows rows one by one, with all values as texts; how many rows it was about. A statement goes as it is, which is what
    /// servers take that know no types of parameters.
    #[cfg(feature = "redshift")]
    pub(in super::super) fn each_text(
        &self,
        sql: &str,
        mut visit: impl FnMut(&tokio_postgres::SimpleQueryRow) -> Result<()>,
    ) -> Sql<Result<u64>> {
        use tokio_postgres::SimpleQueryMessage::{CommandComplete, Row};
        block_on(async {
            let mut messages = std::pin::pin!(self.client.simple_query_raw(sql).await?);
            let mut count = 0;
            while let Some(message) = messages.try_next().await? {
                match message {
                    CommandComplete(rows) => count = rows,
                    Row(row) => {
                        if let Err(error) = visit(&row) {
                            return Ok(Err(error));
                        }
                    }
                    _ => {}
                }
            }
            Ok(Ok(count))
        })
    }

    /// Gathers what a query finds that a person has written, in a transaction that only reads. It becomes the query of a
    /// cursor: the protocol takes one statement at a time there, and a cursor one query, so nothing can end the transaction
    /// and begin something else.
    pub(in super::super) fn answer(&self, query: &str, gathered: &mut Gathered) -> Sql<()> {
        self.execute(&format!("DECLARE shown CURSOR FOR {query}"), &[])?;
        while self.gather(&format!("FETCH FORWARD {FETCHED} FROM shown"), gathered)? == FETCHED {}
        Ok(())
    }

    /// Gathers rows with all values as texts, of whatever types they are; how many there was room for.
    pub(in super::super) fn gather(&self, sql: &str, gathered: &mut Gathered) -> Sql<usize> {
        use tokio_postgres::SimpleQueryMessage::{Row, RowDescription};
        block_on(async {
            let mut taken = 0;
            let mut messages = std::pin::pin!(self.client.simple_query_raw(sql).await?);
            while let Some(message) = messages.try_next().await? {
                match message {
                    RowDescription(columns) => {
                        gathered.name(columns.iter().map(|column| column.name().to_owned()).collect());
                    }
                    Row(row) => {
                        let cells = (0..row.len()).map(|at| row.get(at).map(str::to_owned));
                        if !gathered.push(cells.collect()) {
                            break;
                        }
                        taken += 1;
                    }
                    _ => {}
                }
            }
            Ok(taken)
        })
    }

    /// Sends what a `COPY … FROM STDIN` takes; how many rows came in. A chunk that fails ends it, and none of them count.
    pub(super) fn copy<E>(
        &self,
        sql: &str,
        chunks: impl Iterator<Item = std::result::Result<Bytes, E>>,
    ) -> Sql<std::result::Result<u64, E>> {
        block_on(async {
            let mut sink = std::pin::pin!(self.client.copy_in(sql).await?);
            for chunk in chunks {
                match chunk {
                    Ok(chunk) => sink.send(chunk).await?,
                    Err(error) => return Ok(Err(error)),
                }
            }
            sink.finish().await.map(Ok)
        })
    }

    /// All or nothing of what is done within. Merging takes as long as it takes.
    pub(super) fn transaction<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        let place = &self.server.address.place;
        self.batch("BEGIN; SET LOCAL statement_timeout = 0").map_err(place.package_failed(action))?;
        match work(self) {
            Ok(done) => {
                self.batch("COMMIT").map_err(place.package_failed(action))?;
                Ok(done)
            }
            Err(error) => {
                // The error that is told is the cause.
                let _ = self.batch("ROLLBACK");
                Err(error)
            }
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("place", &self.server.address.place).finish_non_exhaustive()
    }
}
