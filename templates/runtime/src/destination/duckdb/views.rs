//! Views: DuckDB keeps their text, and the types of their columns, which have to be the same afterwards.

use super::load::{DuckdbLoad, lock};
use super::{Result, quoted};
use crate::destination::Views;
use crate::resource::ColumnKind;

impl Views for DuckdbLoad {
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

    fn make(&mut self, name: &str, query: &str) -> Result<()> {
        let database = lock(&self.database);
        let sql = format!("CREATE OR REPLACE VIEW {} AS {query}", quoted(name));
        database.connected.execute_batch(&sql).map_err(database.place.package_failed("make a view"))
    }

    fn remove(&mut self, name: &str) -> Result<()> {
        let database = lock(&self.database);
        let sql = format!("DROP VIEW IF EXISTS {}", quoted(name));
        database.connected.execute_batch(&sql).map_err(database.place.package_failed("remove a view"))
    }
}
