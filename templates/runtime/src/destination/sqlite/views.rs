//! Views: SQLite keeps their text, so what it names may change under them.

use super::load::SqliteLoad;
use super::{Result, lock};
use crate::destination::Views;
use crate::destination::sql::quoted;
use crate::resource::ColumnKind;

impl Views for SqliteLoad {
    fn dialect(&self) -> &'static str {
        super::KIND.name
    }

    fn type_of(&self, kind: ColumnKind) -> &'static str {
        super::schema::column_type(kind)
    }

    fn is_taken(&mut self, name: &str) -> Result<bool> {
        let database = lock(&self.database);
        database.exists(name).map_err(database.place.package_failed("look for a view"))
    }

    /// A query is compiled when it is asked only, so it is tried once: one that cannot be is not left there.
    fn make(&mut self, name: &str, query: &str) -> Result<()> {
        let database = lock(&self.database);
        let view = quoted(name);
        let sql = format!("SAVEPOINT made; DROP VIEW IF EXISTS {view}; CREATE VIEW {view} AS {query}");
        let made = database
            .connection
            .execute_batch(&sql)
            .and_then(|()| database.connection.prepare(&format!("SELECT * FROM {view}")).map(drop));
        let end = if made.is_ok() { "RELEASE made" } else { "ROLLBACK TO made; RELEASE made" };
        let ended = database.connection.execute_batch(end);
        made.and(ended).map_err(database.place.package_failed("make a view"))
    }

    fn remove(&mut self, name: &str) -> Result<()> {
        let database = lock(&self.database);
        let sql = format!("DROP VIEW IF EXISTS {}", quoted(name));
        database.connection.execute_batch(&sql).map_err(database.place.package_failed("remove a view"))
    }
}
