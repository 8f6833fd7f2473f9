//! Views, by requests that run no job. One that asks already what it has to ask is left alone.

use super::Result;
use super::job::Query;
use super::load::BigQueryLoad;
use super::names::quoted;
use crate::destination::Views;
use crate::resource::ColumnKind;

impl Views for BigQueryLoad {
    fn dialect(&self) -> &'static str {
        super::KIND.name
    }

    fn type_of(&self, kind: ColumnKind) -> &'static str {
        super::schema::column_type(kind)
    }

    fn quoted(&self, name: &str) -> String {
        quoted(name)
    }

    fn table(&self, name: &str) -> String {
        self.gate.dataset.table(name)
    }

    fn is_taken(&mut self, name: &str) -> Result<bool> {
        let dataset = &self.gate.dataset;
        dataset.has(name).map_err(dataset.place.package_failed("look for a view"))
    }

    fn make(&mut self, name: &str, query: &str) -> Result<()> {
        let dataset = &self.gate.dataset;
        dataset.make_view(name, query).map_err(dataset.place.package_failed("make a view"))
    }

    /// By SQL, which takes no table for a view.
    fn remove(&mut self, name: &str) -> Result<()> {
        let dataset = &self.gate.dataset;
        let query = Query::new(format!("DROP VIEW IF EXISTS {}", dataset.table(name)));
        dataset.query(&query).map(drop).map_err(dataset.place.package_failed("remove a view"))
    }
}
