//! Packages: each is one transaction, known by its id, which ends with what the rows mean. A transaction can change a
//! hundred tables; a package that has more becomes several, of which the last has the state, and each is noted as done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::Result;
use super::job::{Parameter, Query};
use super::lease;
use super::load::BigQueryLoad;
use super::mark::{MARKED, marks};
use super::merge::{Count, Merge};
use super::names::{LOADS, PACKAGES, STATE, quoted_list, stage_of};
use super::schema::{item, items, list};
use super::state::row_of;
use super::write::Incoming;
use crate::destination::{Committed, LoadEntry, Package, StateEntry, Swap, SwapWhen};

/// How many tables a transaction may change, with those of the pipeline's own to spare.
/// <https://cloud.google.com/bigquery/docs/transactions#limitations>
const TABLES: usize = 90;

/// How long the SQL of a script may be, and what it is given: a query has at most 1 MB, a request 10 MB.
const SQL: usize = 600_000;
const GIVEN: usize = 4_000_000;

/// What belongs together, and what it tells.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// Statements, each of which adds to `counts` as many numbers as `tells` has for it.
    pub(super) sql: String,
    pub(super) parameters: Vec<(String, Parameter)>,
    /// The tables that it changes.
    pub(super) tables: BTreeSet<String>,
    pub(super) tells: Vec<Tells>,
}

/// What a number in `counts` is, and what is known without one.
#[derive(Debug, Clone)]
pub(super) enum Tells {
    Rows(String, Count),
    /// No number: so many rows came for a table.
    Came(String, u64),
    /// Whether staged rows have taken the place of a table's.
    Swapped(String),
    Deleted(String),
}

/// SQL that adds how many rows the last statement was about.
pub(super) const TELL: &str = "SET counts = ARRAY_CONCAT(counts, [@@row_count]);\n";

impl Step {
    fn size(&self) -> usize {
        let size = |parameter: &Parameter| match parameter {
            Parameter::Text(text) => text.len(),
            Parameter::Texts(texts) => texts.iter().map(|text| text.len() + 16).sum(),
        };
        self.parameters.iter().map(|(_, parameter)| size(parameter)).sum()
    }
}

impl BigQueryLoad {
    pub(super) fn commit_package(&mut self, package: &Package<'_>) -> Result<Committed> {
        let (open, lost, incoming) = {
            let mut progress = self.gate.progress();
            let lost = progress.lost.as_ref() == Some(package.id);
            (std::mem::take(&mut progress.open), lost, std::mem::take(&mut progress.incoming))
        };
        let incoming: Vec<Arc<Incoming>> = incoming.into_values().collect();
        let committed = self.run(package, &incoming, open == 0 && !lost);
        self.gate.progress().lost = committed.is_err().then(|| package.id.clone());
        // What waited is merged, or is sent anew.
        self.remove_hidden(incoming.iter().flat_map(|incoming| incoming.hidden()));
        committed
    }

    fn run(
        &mut self,
        package: &Package<'_>,
        incoming: &[Arc<Incoming>],
        is_whole: bool,
    ) -> Result<Committed> {
        let mut committed = Committed::default();
        let parts = parts(if is_whole { self.steps(package, incoming) } else { vec![Step::default()] });
        let last = parts.len().saturating_sub(1);
        for (at, part) in parts.into_iter().enumerate() {
            let tells = part.tells.clone();
            let query = self.script(package, part, (at, last), is_whole);
            let Some(counts) = self.counts(&query)? else { continue };
            note(&mut committed, tells, counts);
        }
        self.states.commit(package);
        for swap in package.swaps {
            let stages =
                std::iter::once(&swap.table).chain(&swap.lists).filter_map(|table| self.stages.remove(table));
            let stages: Vec<String> = stages.collect();
            self.remove_hidden(stages.into_iter());
        }
        Ok(committed)
    }

    /// The numbers that a script tells; `None` where its part was done before.
    fn counts(&self, query: &Query) -> Result<Option<Vec<u64>>> {
        let dataset = &self.gate.dataset;
        let outcome = match dataset.query(query) {
            Ok(outcome) => outcome,
            Err(fault) if fault.says(DONE) => return Ok(None),
            Err(fault) => {
                return Err(lease::lost_or(dataset, fault, dataset.place.package_failed("commit a package")));
            }
        };
        let told = outcome.rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
        let told = told.ok_or_else(|| dataset.place.strange("commit a package"))?;
        serde_json::from_str(&told).map_err(|_| dataset.place.strange("commit a package"))
    }

    /// Does what the steps say, unless that was done before.
    fn script(
        &self,
        package: &Package<'_>,
        step: Step,
        (part, last): (usize, usize),
        is_whole: bool,
    ) -> Query {
        let dataset = &self.gate.dataset;
        let (packages, keep, number) = (dataset.table(PACKAGES), lease::keep(dataset), package.id.number);
        let whole = if part == last { format!(", (@load_id, {number}, {WHOLE})") } else { String::new() };
        let work = if is_whole { step.sql } else { format!("RAISE USING MESSAGE = '{INCOMPLETE}';\n") };
        let sql = format!(
            "DECLARE counts ARRAY<INT64> DEFAULT [];
             {}BEGIN TRANSACTION;
             {keep}
             IF EXISTS (
                 SELECT 1 FROM {packages} WHERE load_id = @load_id AND number = {number} AND part IN ({part}, {WHOLE})
             ) THEN RAISE USING MESSAGE = '{DONE}'; END IF;
             {work}INSERT INTO {packages} (load_id, number, part) VALUES (@load_id, {number}, {part}){whole};
             COMMIT TRANSACTION;
             SELECT TO_JSON_STRING(counts) AS told;",
            if work.contains(MARKED) { format!("DECLARE {MARKED} INT64 DEFAULT 0;\n") } else { String::new() }
        );
        let query = Query { sql, parameters: step.parameters };
        query.with("token", self.token.as_str()).with("load_id", package.id.load_id.as_str())
    }

    /// What a package does, in its order.
    fn steps(&self, package: &Package<'_>, incoming: &[Arc<Incoming>]) -> Vec<Step> {
        let merges = incoming.iter().map(|incoming| self.merge(incoming));
        let swaps = package.swaps.iter().map(|swap| self.swap(swap));
        let mut steps: Vec<Step> = merges.chain(swaps).collect();
        steps.extend(marks(&self.gate.dataset, &self.known, package.deletions));
        steps.extend(self.states(package));
        steps.extend(self.forget(package));
        steps.extend(package.load.map(|load| self.entry(load)));
        steps
    }

    fn merge(&self, incoming: &Incoming) -> Step {
        let arrived = incoming.arrived();
        let merge = Merge { dataset: &self.gate.dataset, incoming, arrived: &arrived };
        let mut step = Step { tables: BTreeSet::from([incoming.target.clone()]), ..Step::default() };
        let table = || incoming.table.name.clone();
        step.tells.push(Tells::Came(table(), arrived.rows));
        for (statement, count) in merge.statements() {
            step.sql.push_str(&format!("{statement};\n"));
            if let Some(count) = count {
                step.sql.push_str(TELL);
                step.tells.push(Tells::Rows(table(), count));
            }
        }
        step
    }

    /// The table itself stays, with its rights and views; who reads it meanwhile sees the old rows.
    fn swap(&self, swap: &Swap) -> Step {
        let dataset = &self.gate.dataset;
        let due = match swap.when {
            SwapWhen::Always => "TRUE".to_owned(),
            SwapWhen::Empty => format!("NOT EXISTS (SELECT 1 FROM {})", dataset.table(&swap.table)),
        };
        let mut step = Step { tells: vec![Tells::Swapped(swap.table.clone())], ..Step::default() };
        step.sql = format!("IF {due} THEN\n");
        for table in std::iter::once(&swap.table).chain(&swap.lists) {
            let own = dataset.table(table);
            step.tables.insert(table.clone());
            step.sql.push_str(&format!("DELETE FROM {own} WHERE TRUE;\n"));
            let known = self.known.get(table).filter(|_| self.stages.contains_key(table));
            if let Some(known) = known {
                let columns = quoted_list(known.columns.iter().map(|column| column.name.as_str()));
                let stage = dataset.table(&stage_of(table, &self.gate.load));
                step.sql.push_str(&format!("INSERT INTO {own} ({columns}) SELECT {columns} FROM {stage};\n"));
            }
        }
        step.sql.push_str(
            "SET counts = ARRAY_CONCAT(counts, [1]);\nELSE SET counts = ARRAY_CONCAT(counts, [0]);\nEND IF;\n",
        );
        step
    }

    /// States take the place of others, as many at a time as a request takes.
    fn states(&self, package: &Package<'_>) -> Vec<Step> {
        let last: BTreeMap<(&str, &str), &StateEntry> = package
            .states
            .iter()
            .map(|entry| ((entry.resource.as_str(), entry.partition.as_str()), entry))
            .collect();
        let mut chunks: Vec<Vec<Value>> = Vec::new();
        let mut size = usize::MAX;
        for ((resource, partition), entry) in last {
            let row = serde_json::json!([resource, partition, entry.state.as_ref().map(Value::to_string)]);
            let own = row.to_string().len();
            if size.saturating_add(own) > GIVEN / 2 {
                chunks.push(Vec::new());
                size = 0;
            }
            size += own;
            chunks.last_mut().into_iter().for_each(|chunk| chunk.push(row.clone()));
        }
        let state = self.gate.dataset.table(STATE);
        let step = |(at, rows): (usize, Vec<Value>)| {
            let given = format!("states_{at}");
            let key = format!("CONCAT({}, CHR(10), {})", item(0), item(1));
            let sql =
                format!(
                "DELETE FROM {state} WHERE CONCAT(resource, CHR(10), `partition`) IN (SELECT {key} FROM {});
                 INSERT INTO {state} (resource, `partition`, state, load_id) SELECT {}, @load_id FROM {}
                 WHERE {} IS NOT NULL;\n",
                items(&given), list(3), items(&given), item(2)
            );
            let parameters = vec![(given, Parameter::Text(Value::Array(rows).to_string()))];
            Step { sql, parameters, tables: BTreeSet::from([STATE.to_owned()]), tells: Vec::new() }
        };
        chunks.into_iter().enumerate().map(step).collect()
    }

    fn forget(&self, package: &Package<'_>) -> Vec<Step> {
        let state = self.gate.dataset.table(STATE);
        let step = |(at, forget): (usize, &crate::destination::Forget)| {
            let sql = format!(
                "DELETE FROM {state} WHERE resource = @forget_{at} AND load_id != @load_id
                 AND `partition` NOT IN UNNEST(@except_{at});\n"
            );
            let except = Parameter::Texts(forget.except.iter().cloned().collect());
            let resource = Parameter::Text(forget.resource.clone());
            let parameters = vec![(format!("forget_{at}"), resource), (format!("except_{at}"), except)];
            Step { sql, parameters, tables: BTreeSet::from([STATE.to_owned()]), tells: Vec::new() }
        };
        package.forget.iter().enumerate().map(step).collect()
    }

    fn entry(&self, load: &LoadEntry) -> Step {
        let loads = self.gate.dataset.table(LOADS);
        let time = |at| format!("TIMESTAMP({})", item(at));
        let sql = format!(
            "DELETE FROM {loads} WHERE load_id IN (SELECT {} FROM {});
             INSERT INTO {loads} (load_id, pipeline, started_at, finished_at, status, `rows`, report)
             SELECT {}, {}, {}, {}, {}, {}, {} FROM {};\n",
            item(0),
            items("load"),
            item(0),
            item(1),
            time(2),
            time(3),
            item(4),
            item(5),
            item(6),
            items("load")
        );
        let parameters =
            vec![("load".to_owned(), Parameter::Text(Value::Array(vec![row_of(load)]).to_string()))];
        Step { sql, parameters, tables: BTreeSet::from([LOADS.to_owned()]), tells: Vec::new() }
    }
}

/// The part that says that all of a package is done.
const WHOLE: i64 = -1;

/// What a script says that is asked for a package of which rows are missing.
const INCOMPLETE: &str = "some rows of the package are not written";

/// What one says whose work is done already.
const DONE: &str = "the package was committed before";

/// Steps, put together as far as a transaction takes them.
fn parts(steps: Vec<Step>) -> Vec<Step> {
    let mut parts: Vec<Step> = vec![Step::default()];
    for step in steps {
        let fits = parts.last().is_some_and(|part| {
            part.tables.union(&step.tables).count() <= TABLES
                && part.sql.len() + step.sql.len() <= SQL
                && part.size() + step.size() <= GIVEN
        });
        if !fits {
            parts.push(Step::default());
        }
        if let Some(part) = parts.last_mut() {
            part.sql.push_str(&step.sql);
            part.parameters.extend(step.parameters);
            part.tables.extend(step.tables);
            part.tells.extend(step.tells);
        }
    }
    parts
}

/// What the numbers of a part say.
fn note(committed: &mut Committed, tells: Vec<Tells>, counts: Vec<u64>) {
    let (mut counts, mut came) = (counts.into_iter(), 0);
    for tells in tells {
        let mut count = || counts.next().unwrap_or_default();
        match tells {
            Tells::Came(table, rows) => {
                came = rows;
                committed.written.entry(table).or_default().inserted += rows;
            }
            Tells::Rows(table, of) => {
                let written = committed.written.entry(table).or_default();
                written.inserted = written.inserted.saturating_sub(came);
                match (of, count()) {
                    (Count::Updated, updated) => {
                        written.inserted += came.saturating_sub(updated);
                        written.updated += updated;
                    }
                    (Count::Inserted, inserted) => written.inserted += inserted,
                }
            }
            Tells::Swapped(table) => {
                if count() > 0 {
                    committed.swapped.insert(table);
                }
            }
            Tells::Deleted(table) => {
                let marked = count();
                if marked > 0 {
                    *committed.deleted.entry(table).or_default() += marked;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(tables: std::ops::Range<usize>, sql: usize, given: usize) -> Step {
        let parameters = vec![("p".to_owned(), Parameter::Text("x".repeat(given)))];
        let tables = tables.map(|at| format!("t{at}")).collect();
        Step { sql: "x".repeat(sql), parameters, tables, tells: Vec::new() }
    }

    #[test]
    fn a_transaction_takes_no_more_than_it_may() {
        let count =
            |steps: Vec<Step>| parts(steps).iter().map(|part| part.parameters.len()).collect::<Vec<_>>();
        assert_eq!(count((0..95).map(|at| step(at..at + 1, 10, 10)).collect()), [TABLES, 5]);
        assert_eq!(count(vec![step(0..60, 1, 1), step(0..60, 1, 1), step(30..91, 1, 1)]), [2, 1]);
        assert_eq!(count(vec![step(0..1, SQL, 1), step(0..1, 1, 1)]), [1, 1]);
        assert_eq!(count(vec![step(0..1, 1, GIVEN), step(0..1, 1, 1), step(0..1, 1, 1)]), [1, 2]);
        assert_eq!(parts(Vec::new()).len(), 1, "it is noted all the same");
    }

    #[test]
    fn counts_say_what_became_of_the_rows_that_came() {
        let rows = |table: &str, came, of: Option<Count>| {
            let table = table.to_owned();
            std::iter::once(Tells::Came(table.clone(), came)).chain(of.map(|of| Tells::Rows(table, of)))
        };
        let tells = rows("merged", 5, Some(Count::Updated)).chain(rows("versions", 4, Some(Count::Inserted)));
        let tells = tells.chain(rows("staged", 3, None)).chain([Tells::Deleted("merged".to_owned())]);
        let mut committed = Committed::default();
        note(&mut committed, tells.collect(), vec![2, 1, 7]);
        let written = |table: &str| (committed.written[table].inserted, committed.written[table].updated);
        assert_eq!([written("merged"), written("versions"), written("staged")], [(3, 2), (1, 0), (3, 0)]);
        assert_eq!(committed.deleted["merged"], 7);
    }
}
