//! Views. PostgreSQL changes the type of no column that one reads, so those of a pipeline are taken away before.

use super::Result;
use super::load::PostgresLoad;
use crate::destination::Views;
use crate::destination::sql::quoted;
use crate::resource::ColumnKind;

impl PostgresLoad {
    fn change_view(&self, action: &'static str, sql: &str) -> Result<()> {
        let schema = &self.gate.schema;
        let failed = self.gate.server.address.place.package_failed(action);
        self.main.transaction(action, |session| {
            let sql = format!("SET LOCAL search_path = {}; {sql}", schema.quoted());
            session.batch(&sql).map_err(&failed)
        })
    }
}

impl Views for PostgresLoad {
    fn dialect(&self) -> &'static str {
        super::KIND.name
    }

    fn type_of(&self, kind: ColumnKind) -> &'static str {
        super::schema::column_type(kind)
    }

    fn is_taken(&mut self, name: &str) -> Result<bool> {
        let failed = self.gate.server.address.place.package_failed("look for a view");
        self.gate.schema.has(&self.main, name).map_err(failed)
    }

    /// What people built on it stays where its columns are the same; else it is made anew, which they may hinder.
    fn make(&mut self, name: &str, query: &str) -> Result<()> {
        let view = quoted(name);
        let replaced = self.change_view("make a view", &format!("CREATE OR REPLACE VIEW {view} AS {query}"));
        replaced.or_else(|_| {
            let anew = format!("DROP VIEW IF EXISTS {view}; CREATE VIEW {view} AS {query}");
            self.change_view("make a view", &anew)
        })
    }

    fn remove(&mut self, name: &str) -> Result<()> {
        self.change_view("remove a view", &format!("DROP VIEW IF EXISTS {}", quoted(name)))
    }
}
