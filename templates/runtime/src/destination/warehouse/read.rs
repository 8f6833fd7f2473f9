//! Looks at what is loaded, on a connection of its own. What takes longer than it may is ended by the warehouse; what a
//! person has written is a matter of the [`Session`], which takes nothing but a query.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::fault::{Answer as Told, Fault, Why};
use super::schema::{self, Schema};
use super::session::Session;
use super::{Warehouse, latest_loads};
use crate::destination::reading::{
    Answer, COUNTING, COUNTING_ALL, Filter, Gathered, MOST_ROWS, PATIENCE, Read, ReadError, Window,
};
use crate::destination::{LoadEntry, Reader, Result};
use crate::schema::table::Table;

/// Of how many tables the rows are counted at a time: a statement takes a while, whatever it does.
const COUNTED: usize = 40;

/// A schema that is looked at.
struct Look {
    schema: Schema,
    session: Box<dyn Session>,
    /// How long a statement may take as things are.
    patience: Option<Duration>,
}

/// Connects.
pub(in super::super) fn open(warehouse: Arc<dyn Warehouse>) -> Result<Box<dyn Reader>> {
    let mut session = warehouse.connect()?;
    let told = session.run(&warehouse.looking());
    told.map_err(warehouse.place().package_failed("set a connection up"))?;
    Ok(Box::new(Look { schema: Schema::new(warehouse), session, patience: None }))
}

impl Look {
    fn wait_at_most(&mut self, patience: Duration) -> Told<()> {
        if self.patience != Some(patience) {
            self.session.run(&self.schema.warehouse.patience(patience))?;
            self.patience = Some(patience);
        }
        Ok(())
    }

    fn gather(&mut self, sql: &str, patience: Duration, mut gathered: Gathered) -> Told<Answer> {
        self.wait_at_most(patience)?;
        self.session.gather(sql, &mut gathered)?;
        Ok(gathered.end())
    }

    /// The numbers of rows, as a statement tells them: the first column is the place of a table among these.
    fn numbers(&mut self, tables: &[&Table], patience: Duration) -> Told<Vec<Option<u64>>> {
        let counting = |(at, table): (usize, &&Table)| {
            format!("SELECT {at} AS place, count(*) AS counted FROM {}", self.schema.table(&table.name))
        };
        let counting: Vec<String> = tables.iter().enumerate().map(counting).collect();
        let gathered = Gathered::new(Vec::new(), tables.len());
        let answer = self.gather(&counting.join(" UNION ALL "), patience, gathered)?;
        let mut numbers = vec![None; tables.len()];
        for row in answer.rows {
            let mut cells = row.iter().map(|cell| cell.as_ref()?.parse::<u64>().ok());
            let (place, number) = (cells.next().flatten(), cells.next().flatten());
            let place = place.and_then(|place| numbers.get_mut(usize::try_from(place).ok()?));
            place.into_iter().for_each(|place| *place = number);
        }
        Ok(numbers)
    }

    fn said(&self, fault: Fault) -> ReadError {
        match fault.why {
            Why::Late => ReadError::Slow,
            Why::Writes => ReadError::OnlyReads,
            Why::Denied | Why::Other => ReadError::Said(fault.source.to_string()),
            _ => self.schema.place().package_failed("answer a statement")(fault).into(),
        }
    }
}

impl Reader for Look {
    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        latest_loads(self.session.as_mut(), &self.schema, most)
    }

    fn tables(&mut self) -> Result<Vec<Table>> {
        let (session, schema) = (self.session.as_mut(), &self.schema);
        let exists = schema.has(session, "_tables").map_err(schema.place().failed("find", "_tables"))?;
        if exists { schema::tables(session, schema) } else { Ok(Vec::new()) }
    }

    fn count(&mut self, table: &Table, filter: Option<&Filter>) -> Read<Option<u64>> {
        let failed = self.schema.place().failed("count the rows of", &table.name);
        let (sql, _) = self.schema.warehouse.reading().count(&self.schema.table(&table.name), filter);
        let answer = within(self.gather(&sql, COUNTING, Gathered::new(Vec::new(), 1))).map_err(failed)?;
        let cell = answer.and_then(|answer| answer.rows.into_iter().next()?.into_iter().next()?);
        Ok(cell.and_then(|cell| cell.parse().ok()))
    }

    fn counts(&mut self, tables: &[&Table]) -> Read<Vec<Option<u64>>> {
        let end = Instant::now() + COUNTING_ALL;
        let mut counts = Vec::new();
        for group in tables.chunks(COUNTED) {
            let rest = end.saturating_duration_since(Instant::now());
            let numbers = if rest.is_zero() { Ok(None) } else { within(self.numbers(group, rest)) };
            let numbers = numbers.map_err(self.schema.place().package_failed("count rows"))?;
            counts.extend(numbers.unwrap_or_else(|| vec![None; group.len()]));
        }
        Ok(counts)
    }

    fn rows(&mut self, table: &Table, window: &Window<'_>) -> Read<Answer> {
        let failed = self.schema.place().failed("read", &table.name);
        let (sql, _) = self.schema.warehouse.reading().rows(&self.schema.table(&table.name), table, window);
        let gathered = Gathered::new(Vec::new(), window.most);
        let answer = within(self.gather(&sql, PATIENCE, gathered)).map_err(failed)?;
        let mut answer = answer.ok_or(ReadError::Slow)?;
        // As the table calls them, and not the warehouse.
        answer.columns = table.columns.iter().map(|column| column.name.clone()).collect();
        Ok(answer)
    }

    fn dialect(&self) -> Option<&'static str> {
        Some(self.schema.warehouse.reading().name)
    }

    fn quoted(&self, name: &str) -> String {
        (self.schema.warehouse.reading().quoted)(name)
    }

    fn literal(&self, text: &str) -> String {
        self.schema.literal(text)
    }

    fn query(&mut self, sql: &str) -> Read<Answer> {
        let mut gathered = Gathered::new(Vec::new(), MOST_ROWS);
        let answered = self.wait_at_most(PATIENCE).and_then(|()| self.session.answer(sql, &mut gathered));
        match answered {
            Ok(()) => Ok(gathered.end()),
            Err(fault) => Err(self.said(fault)),
        }
    }
}

/// What came in time.
fn within<T>(told: Told<T>) -> Told<Option<T>> {
    match told {
        Err(fault) if fault.why == Why::Late => Ok(None),
        told => told.map(Some),
    }
}
