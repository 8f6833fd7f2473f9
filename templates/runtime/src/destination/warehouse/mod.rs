//! Warehouses: databases of columns that take whole files of rows, and change tables by few large statements. Snowflake and
//! Redshift are two of them; what they do alike is here, in SQL that both understand, and [`Warehouse`] is what each says
//! of itself.
//!
//! ```text
//! batches ─▶ Parquet ─ put ─▶ staging area ─ COPY ─▶ waiting table ─ DELETE, INSERT ─▶ table
//!                                            └── before the transaction ──┘└──── in it ────┘
//! ```
//!
//! A package is one transaction. Rows come into waiting tables before it begins, because a warehouse may end a transaction
//! where a table is made; within it there is nothing but `DELETE`, `INSERT` and `UPDATE`. It begins by renewing the lease in
//! the row of `_lease`, which keeps every other commit waiting, and ends with what the rows mean.
//!
//! A change of a table is noted before it is made, and what is noted and not there counts as not there. So a change that
//! was cut off is asked for again.
//!
//! A text that is longer than a column holds is kept whole: its beginning stays in the column, with a mark at its end that
//! names the rows of `_texts` which have all of it, piece by piece.
//!
//! Who looks does so on a connection of its own, in the language that [`Warehouse::reading`] says; a long text is shown as far
//! as its column has it.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use crate::destination::lease::RENEW_EVERY;
use crate::destination::reading::select::Dialect;
use crate::destination::{
    Abilities, Atomicity, Claim, Definitions, Destination, LoadEntry, LoadStatus, OpenLoad, Result,
    StateEntry, Widening,
};
use crate::resource::ColumnKind;
use crate::schema::Naming;
use crate::schema::table::Table;

mod aid;
mod commit;
mod fault;
mod files;
#[cfg(test)]
pub(super) mod grammar;
mod lease;
mod load;
mod long;
mod merge;
mod own_tables;
mod read;
mod schema;
mod session;
mod state;
mod texts;
mod views;
mod write;

pub(super) use self::fault::{Answer, Fault, Place, Why};
use self::load::WarehouseLoad;
pub(super) use self::read::open as read;
pub(super) use self::schema::Schema;
#[cfg(test)]
pub(super) use self::session::rows;
pub(super) use self::session::{Row, Session};

/// What a warehouse says of itself, and how files of rows come to it.
pub(super) trait Warehouse: Debug + Send + Sync {
    fn place(&self) -> &Place;

    /// Whose SQL it takes, as `destination.kind` calls it.
    fn dialect(&self) -> &'static str;

    /// The schema that the tables lie in, as it is called there.
    fn schema(&self) -> &str;

    fn naming(&self) -> Naming;

    /// What a name is called there.
    fn named(&self, name: &str) -> String {
        name.to_owned()
    }

    fn connect(&self) -> Result<Box<dyn Session>>;

    /// A connection made before the schema was there goes on in it.
    fn enter(&self, _session: &mut dyn Session) -> Answer<()> {
        Ok(())
    }

    fn column_type(&self, kind: ColumnKind) -> &'static str;

    /// The type of a text of the pipeline's own, as long as the longest text.
    fn text_type(&self) -> &'static str {
        self.column_type(ColumnKind::Text)
    }

    /// As what values of this kind come in files and wait: JSON is text.
    fn waiting_kind(&self, kind: ColumnKind) -> ColumnKind {
        if kind == ColumnKind::Json { ColumnKind::Text } else { kind }
    }

    /// The value of a column of a waiting table, whose quoted name this is, as the table keeps it.
    fn settled(&self, column: &str, _kind: ColumnKind) -> String {
        column.to_owned()
    }

    /// A text as SQL writes it.
    fn literal(&self, text: &str) -> String;

    /// The same where an expression may not stand.
    fn plain_literal(&self, text: &str) -> String {
        self.literal(text)
    }

    /// An instant, as microseconds since 1970 or as a text with `T` and `Z`.
    fn instant(&self, column: &str) -> String;

    /// How long a text of this kind can be, in bytes. A longer one is kept in pieces.
    fn longest(&self, kind: ColumnKind) -> usize;

    /// Whether a text may have the character NUL; if not, `␀` (U+2400) stands for it.
    fn keeps_nul(&self) -> bool {
        true
    }

    /// What stands between `CREATE` and the name of a table of which nobody needs a copy.
    fn passing_table(&self) -> &'static str {
        "TABLE"
    }

    /// How the rows of a table lie, at the end of a `CREATE TABLE`.
    fn layout(&self, _table: &Table, _schema: &Schema) -> String {
        String::new()
    }

    /// What stands behind the name of a view that takes the place of another, so that whoever could read it still can.
    fn keeps_readers(&self) -> &'static str {
        ""
    }

    /// How its SQL reads rows.
    fn reading(&self) -> &'static Dialect;

    /// What a connection is told that only looks: names without a schema are those of this one.
    fn looking(&self) -> String;

    /// What ends whatever runs from then on for longer than this.
    fn patience(&self, patience: Duration) -> String;

    /// A query of all tables and columns that have a comment, each with the name of its table; a table has no column's.
    fn commented(&self) -> String;

    /// Comments on columns of a table, in one request. Each is a name and a text, as SQL writes them.
    fn comment_on_columns(&self, table: &str, columns: &[[String; 2]]) -> String;

    /// Puts a file of rows where [`copy`](Self::copy) finds all that belong to a waiting table.
    fn put(&self, session: &mut dyn Session, waiting: &str, file: &str, bytes: Vec<u8>) -> Answer<()>;

    /// The statement that brings the rows of all files of a waiting table into it: they have its columns, in its order.
    fn copy(&self, waiting: &str, schema: &Schema) -> Answer<String>;

    /// Removes the files of a waiting table that is gone, or of all. Files that go with their table need no more.
    fn sweep(&self, _waiting: Option<&str>) -> Answer<()> {
        Ok(())
    }
}

/// How many connections bring rows at a time.
const CONNECTIONS: usize = 3;

pub(super) fn abilities(naming: Naming) -> Abilities {
    Abilities {
        merges: true,
        replaces: true,
        marks_deleted: true,
        // A type cannot be changed where it is: another column stands beside it.
        widens: |from, to| if from == to { Widening::Free } else { Widening::No },
        atomic: Atomicity::Package,
        writers: CONNECTIONS,
        batch_rows: 1_000,
        // Each package costs a few statements a table, whatever it holds.
        package_rows: 250_000,
        list_columns: false,
        keeps_history: true,
        naming,
        renew_every: Some(RENEW_EVERY),
        ..Abilities::DEFAULT
    }
}

/// How tables are made there.
pub(super) fn definitions(warehouse: Arc<dyn Warehouse>) -> Box<dyn Definitions> {
    Box::new(Schema::new(warehouse))
}

/// A load that says that it runs, while nobody holds the lease, is dead.
fn latest_loads(session: &mut dyn Session, schema: &Schema, most: usize) -> Result<Vec<LoadEntry>> {
    let mut loads = state::loads(session, schema, most)?;
    let is_running = |load: &&mut LoadEntry| load.status == LoadStatus::Running;
    if loads.iter_mut().any(|load| is_running(&load)) && !lease::is_held(session, schema)? {
        loads.iter_mut().filter(is_running).for_each(|load| load.status = LoadStatus::Interrupted);
    }
    Ok(loads)
}

/// A schema of a warehouse that is looked at.
pub(super) struct Looked {
    schema: Schema,
    session: Box<dyn Session>,
}

impl Looked {
    /// Connects.
    pub(super) fn open(warehouse: Arc<dyn Warehouse>) -> Result<Self> {
        let session = warehouse.connect()?;
        Ok(Self { schema: Schema::new(warehouse), session })
    }
}

impl Destination for Looked {
    fn place(&self) -> String {
        self.schema.place().name()
    }

    fn abilities(&self) -> Abilities {
        abilities(self.schema.warehouse.naming())
    }

    /// Makes a table, brings a row into it by a file, and drops it.
    fn probe(self: Box<Self>) -> Result<()> {
        let Self { schema, mut session } = *self;
        files::probe(&schema, session.as_mut())
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        latest_loads(self.session.as_mut(), &self.schema, most)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        state::each(self.session.as_mut(), &self.schema, visit)
    }

    fn open_load(self: Box<Self>, claim: &Claim) -> Result<Box<dyn OpenLoad>> {
        let Self { schema, session } = *self;
        Ok(Box::new(WarehouseLoad::open(schema, session, claim)?))
    }
}
