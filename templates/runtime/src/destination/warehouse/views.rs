//! Views. Their queries name the schema, whatever schema those are in who read them.

use super::load::WarehouseLoad;
use crate::destination::{Result, Views};
use crate::resource::ColumnKind;

impl Views for WarehouseLoad {
    fn dialect(&self) -> &'static str {
        self.gate.schema.warehouse.dialect()
    }

    fn type_of(&self, kind: ColumnKind) -> &'static str {
        self.gate.schema.warehouse.column_type(kind)
    }

    fn quoted(&self, name: &str) -> String {
        self.gate.schema.column(name)
    }

    fn table(&self, name: &str) -> String {
        self.gate.schema.table(name)
    }

    fn is_taken(&mut self, name: &str) -> Result<bool> {
        let schema = &self.gate.schema;
        schema.has(self.main.as_mut(), name).map_err(schema.place().package_failed("look for a view"))
    }

    /// Not all warehouses put a view in the place of one that has other columns.
    fn make(&mut self, name: &str, query: &str) -> Result<()> {
        let (schema, session) = (&self.gate.schema, self.main.as_mut());
        let (view, readers) = (schema.table(name), schema.warehouse.keeps_readers());
        let make = format!("CREATE OR REPLACE VIEW {view}{readers} AS {query}");
        let made = session.run(&make).or_else(|_| {
            session.run(&format!("DROP VIEW IF EXISTS {view}"))?;
            session.run(&make)
        });
        made.map(drop).map_err(schema.place().package_failed("make a view"))
    }

    fn remove(&mut self, name: &str) -> Result<()> {
        let schema = &self.gate.schema;
        let removed = self.main.run(&format!("DROP VIEW IF EXISTS {}", schema.table(name)));
        removed.map(drop).map_err(schema.place().package_failed("remove a view"))
    }
}
