//! What is sent to a warehouse, against what its reference documents: servers that stand in for it let more pass.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use super::{Answer, Place, Row, Schema, Session, Warehouse};
use crate::destination::Result;
use crate::destination::reading::Gathered;
use crate::destination::reading::select::Dialect;
use crate::resource::ColumnKind;
use crate::schema::Naming;
use crate::schema::table::Table;

/// Statements that were sent, and whether a transaction was open.
pub(in super::super) type Sent = Arc<Mutex<BTreeSet<(bool, String)>>>;

/// A warehouse whose statements are kept.
#[derive(Debug)]
pub(in super::super) struct Recorded<W> {
    pub(in super::super) warehouse: W,
    pub(in super::super) sent: Sent,
    /// How long names can be where the server that stands in takes shorter ones.
    pub(in super::super) longest: usize,
}

struct Listening {
    session: Box<dyn Session>,
    sent: Sent,
    is_in_transaction: bool,
}

impl Listening {
    fn hear(&mut self, sql: &str) {
        self.is_in_transaction &= !matches!(sql, "COMMIT" | "ROLLBACK");
        // What is long is long for its values.
        if sql.len() < 20_000 {
            self.sent.lock().unwrap().insert((self.is_in_transaction, sql.to_owned()));
        }
        self.is_in_transaction |= sql == "BEGIN";
    }
}

/// Errors do not show statements.
fn told(sql: &str, fault: &super::Fault) {
    eprintln!("{}: {}", fault.source, sql.chars().take(2_000).collect::<String>());
}

impl Session for Listening {
    fn run(&mut self, sql: &str) -> Answer<u64> {
        self.hear(sql);
        self.session.run(sql).inspect_err(|fault| told(sql, fault))
    }

    fn each(&mut self, sql: &str, visit: &mut dyn FnMut(Row) -> Result<()>) -> Answer<Result<()>> {
        self.hear(sql);
        self.session.each(sql, visit).inspect_err(|fault| told(sql, fault))
    }

    fn gather(&mut self, sql: &str, gathered: &mut Gathered) -> Answer<()> {
        self.hear(sql);
        self.session.gather(sql, gathered).inspect_err(|fault| told(sql, fault))
    }

    /// What a person writes is no statement of the pipeline's.
    fn answer(&mut self, sql: &str, gathered: &mut Gathered) -> Answer<()> {
        self.session.answer(sql, gathered)
    }
}

impl<W: Warehouse> Warehouse for Recorded<W> {
    fn place(&self) -> &Place {
        self.warehouse.place()
    }

    fn dialect(&self) -> &'static str {
        self.warehouse.dialect()
    }

    fn schema(&self) -> &str {
        self.warehouse.schema()
    }

    fn naming(&self) -> Naming {
        let naming = self.warehouse.naming();
        Naming { longest: naming.longest.min(self.longest), ..naming }
    }

    fn named(&self, name: &str) -> String {
        self.warehouse.named(name)
    }

    fn connect(&self) -> Result<Box<dyn Session>> {
        let session = self.warehouse.connect()?;
        Ok(Box::new(Listening { session, sent: Arc::clone(&self.sent), is_in_transaction: false }))
    }

    fn enter(&self, session: &mut dyn Session) -> Answer<()> {
        self.warehouse.enter(session)
    }

    fn column_type(&self, kind: ColumnKind) -> &'static str {
        self.warehouse.column_type(kind)
    }

    fn text_type(&self) -> &'static str {
        self.warehouse.text_type()
    }

    fn waiting_kind(&self, kind: ColumnKind) -> ColumnKind {
        self.warehouse.waiting_kind(kind)
    }

    fn settled(&self, column: &str, kind: ColumnKind) -> String {
        self.warehouse.settled(column, kind)
    }

    fn literal(&self, text: &str) -> String {
        self.warehouse.literal(text)
    }

    fn plain_literal(&self, text: &str) -> String {
        self.warehouse.plain_literal(text)
    }

    fn instant(&self, column: &str) -> String {
        self.warehouse.instant(column)
    }

    fn longest(&self, kind: ColumnKind) -> usize {
        self.warehouse.longest(kind)
    }

    fn keeps_nul(&self) -> bool {
        self.warehouse.keeps_nul()
    }

    fn passing_table(&self) -> &'static str {
        self.warehouse.passing_table()
    }

    fn layout(&self, table: &Table, schema: &Schema) -> String {
        self.warehouse.layout(table, schema)
    }

    fn keeps_readers(&self) -> &'static str {
        self.warehouse.keeps_readers()
    }

    fn reading(&self) -> &'static Dialect {
        self.warehouse.reading()
    }

    fn looking(&self) -> String {
        self.warehouse.looking()
    }

    fn patience(&self, patience: Duration) -> String {
        self.warehouse.patience(patience)
    }

    fn commented(&self) -> String {
        self.warehouse.commented()
    }

    fn comment_on_columns(&self, table: &str, columns: &[[String; 2]]) -> String {
        self.warehouse.comment_on_columns(table, columns)
    }

    fn put(&self, session: &mut dyn Session, waiting: &str, file: &str, bytes: Vec<u8>) -> Answer<()> {
        self.warehouse.put(session, waiting, file, bytes)
    }

    fn copy(&self, waiting: &str, schema: &Schema) -> Answer<String> {
        self.warehouse.copy(waiting, schema)
    }

    fn sweep(&self, waiting: Option<&str>) -> Answer<()> {
        self.warehouse.sweep(waiting)
    }
}

/// Has sqlglot read everything that was sent as statements of this dialect; what it does not know is a failure, and so is
/// what `grammar.py` does not find in the reference.
pub(in super::super) fn check(dialect: &str, sent: &Sent) {
    let python = test_servers::Fakesnow::python();
    let script = include_str!("grammar.py");
    let mut python = Command::new(python);
    let child = python.args(["-c", script, dialect]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    let sent = json!(*sent.lock().unwrap()).to_string();
    child.stdin.take().unwrap().write_all(sent.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
