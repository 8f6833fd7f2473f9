//! SQL that marks rows which are gone, and what hangs on them. Partitions that are marked alike are marked together: each
//! statement takes a second or more, however few rows it changes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::commit::{Step, TELL, Tells};
use super::dataset::Dataset;
use super::job::Parameter;
use super::names::quoted;
use crate::destination::{Below, Deletion};
use crate::resource::ColumnKind;
use crate::schema::table::Table;

/// What deletions have in common that are made together.
struct Group<'d> {
    like: &'d Deletion,
    /// The columns of a partition, and which of them are null.
    columns: Vec<(&'d str, bool)>,
    /// What the others hold, one partition after the other.
    partitions: Vec<String>,
}

/// The variable of a script that says how many rows a deletion has marked.
pub(super) const MARKED: &str = "marked_rows";

/// Between the values of a partition; none of them has it, as they come from a path.
const BETWEEN: char = '\n';

impl<'d> Group<'d> {
    fn new(like: &'d Deletion) -> Self {
        let columns =
            like.partition.iter().map(|(column, value)| (column.as_str(), value.is_null())).collect();
        Self { like, columns, partitions: Vec::new() }
    }

    fn takes(&self, deletion: &Deletion) -> bool {
        let Deletion { table, mark, partition, from, before, at, below } = deletion;
        let like = self.like;
        (table, mark, from, before, at, below)
            == (&like.table, &like.mark, &like.from, &like.before, &like.at, &like.below)
            && partition
                .iter()
                .map(|(column, value)| (column.as_str(), value.is_null()))
                .eq(self.columns.iter().copied())
    }

    fn add(&mut self, deletion: &Deletion) {
        let values =
            deletion.partition.iter().filter(|(_, value)| !value.is_null()).map(|(_, value)| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
        self.partitions.push(values.collect::<Vec<_>>().join(&BETWEEN.to_string()));
    }

    fn step(self, dataset: &Dataset, known: Option<&Table>, at: usize) -> Step {
        let Deletion { table, mark, from, before, at: time, below, .. } = self.like;
        let mark = quoted(mark);
        let name = |what: &str| format!("{what}_{at}");
        let nulls = self.columns.iter().filter(|(_, is_null)| *is_null);
        let nulls: String = nulls.map(|(column, _)| format!(" AND {} IS NULL", quoted(column))).collect();
        let own =
            self.columns.iter().filter(|(_, is_null)| !is_null).map(|(column, _)| text_of(column, known));
        let own: Vec<String> = own.collect();
        let given = match own.as_slice() {
            [] => String::new(),
            [one] => format!(" AND {one} IN UNNEST(@{})", name("gone")),
            many => format!(" AND CONCAT({}) IN UNNEST(@{})", many.join(", CHR(10), "), name("gone")),
        };
        let marked_at = instant(*time);
        let mut step = Step {
            sql: format!(
                "UPDATE {} SET {mark} = {marked_at} WHERE {mark} IS NULL AND _load_id < @{} AND _load_id >= @{}{nulls}{given};
                 SET {MARKED} = @@row_count;\n{TELL}",
                dataset.table(table), name("before"), name("from")
            ),
            tells: vec![Tells::Deleted(table.clone())],
            tables: BTreeSet::from([table.clone()]),
            parameters: vec![
                (name("before"), Parameter::Text(before.clone())),
                (name("from"), Parameter::Text(from.clone())),
                (name("gone"), Parameter::Texts(self.partitions)),
            ],
        };
        for below in below {
            step.sql.push_str(&below_sql(dataset, below, &marked_at, &name("before")));
            step.tells.push(Tells::Deleted(below.table.clone()));
            step.tables.insert(below.table.clone());
        }
        step
    }
}

fn below_sql(dataset: &Dataset, below: &Below, marked_at: &str, before: &str) -> String {
    let Below { table, mark, above, mark_above, on } = below;
    let (mark, mark_above) = (quoted(mark), quoted(mark_above));
    let same = on.iter().map(|(own, above)| format!(" AND t.{} = a.{}", quoted(own), quoted(above)));
    format!(
        "IF {MARKED} > 0 THEN
         UPDATE {} AS t SET {mark} = {marked_at} WHERE t.{mark} IS NULL AND t._load_id < @{before}
         AND EXISTS (SELECT 1 FROM {} AS a WHERE a.{mark_above} = {marked_at}{});
         {TELL}ELSE SET counts = ARRAY_CONCAT(counts, [0]);\nEND IF;\n",
        dataset.table(table),
        dataset.table(above),
        same.collect::<String>()
    )
}

fn instant(time: SystemTime) -> String {
    format!("TIMESTAMP_MICROS({})", time.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros())
}

/// What a column holds, as a partition has it.
fn text_of(column: &str, known: Option<&Table>) -> String {
    let kind = known.and_then(|table| table.column(column)).map(|column| column.kind);
    match kind {
        Some(ColumnKind::Text | ColumnKind::Json) => quoted(column),
        _ => format!("CAST({} AS STRING)", quoted(column)),
    }
}

/// Marks rows that are gone, in as few statements as it takes.
pub(super) fn marks(dataset: &Dataset, known: &BTreeMap<String, Table>, deletions: &[Deletion]) -> Vec<Step> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for deletion in deletions {
        match groups.iter_mut().find(|group| group.takes(deletion)) {
            Some(group) => group.add(deletion),
            None => {
                let mut group = Group::new(deletion);
                group.add(deletion);
                groups.push(group);
            }
        }
    }
    let step = |(at, group): (usize, Group<'_>)| {
        let table = known.get(&group.like.table);
        group.step(dataset, table, at)
    };
    groups.into_iter().enumerate().map(step).collect()
}
