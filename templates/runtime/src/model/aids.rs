//! What helps those who query tables, and is no part of any row: comments, and indexes on the columns that lead to other
//! tables or that later loads go by.

use super::{Source, Tie, ties, words};
use crate::destination::Aid;
use crate::resource::ColumnKind;
use crate::schema::table::Table;

/// For all tables.
pub(crate) fn aids(sources: &[Source], tables: &[Table]) -> Vec<Aid> {
    let ties = ties(sources, tables);
    tables.iter().map(|table| aid(sources, &ties, tables, table)).collect()
}

fn aid(sources: &[Source], ties: &[Tie], tables: &[Table], table: &Table) -> Aid {
    let columns = table.columns.iter().map(|column| {
        let about = words::of_column(sources, table, column);
        (column.name.clone(), about)
    });
    let towards = ties.iter().filter(|tie| tie.from == table.name && is_short(tie, tables, table));
    let towards = towards.map(|tie| tie.columns.iter().map(|(own, _)| own.clone()).collect::<Vec<_>>());
    let mut wanted: Vec<Vec<String>> = towards.chain(cursors(sources, table)).collect();
    // One on several columns finds by the first of them as well.
    wanted.sort_by_key(|columns| std::cmp::Reverse(columns.len()));
    let mut indexes: Vec<Vec<String>> = Vec::new();
    for index in wanted {
        let is_there = begins(&table.key, &index) || indexes.iter().any(|other| begins(other, &index));
        if !is_there && !index.is_empty() {
            indexes.push(index);
        }
    }
    Aid {
        table: table.name.clone(),
        about: words::of_table(sources, table),
        columns: columns.filter(|(_, about)| !about.is_empty()).collect(),
        indexes,
    }
}

/// Whether an index on some columns finds by others as well, in whichever order they stand.
fn begins(index: &[String], wanted: &[String]) -> bool {
    index.get(..wanted.len()).is_some_and(|first| wanted.iter().all(|column| first.contains(column)))
}

/// No entry of an index may be long. What is a key elsewhere is not, as it stands in an index there.
fn is_short(tie: &Tie, tables: &[Table], table: &Table) -> bool {
    let key = tables.iter().find(|above| above.name == tie.to).map_or(&[][..], |above| &above.key);
    tie.columns.iter().all(|(own, other)| {
        let kind = table.column(own).map(|column| column.kind);
        kind.is_some_and(is_brief) || kind == Some(ColumnKind::Text) && key.contains(other)
    })
}

fn is_brief(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Int | ColumnKind::Date | ColumnKind::Timestamp)
}

/// The columns that say what changed since.
fn cursors(sources: &[Source], table: &Table) -> impl Iterator<Item = Vec<String>> {
    let own = sources.iter().filter(|source| table.parent.is_none() && source.table == table.name);
    let cursors = own.flat_map(|source| {
        let incremental = source.resource.incremental.and_then(|incremental| incremental.cursor);
        incremental.into_iter().chain(source.resource.newest_first.map(|order| order.cursor))
    });
    let brief = cursors.map(|field| field.replace('.', "__"));
    brief
        .filter(|name| table.column(name).is_some_and(|column| is_brief(column.kind)))
        .map(|name| vec![name])
        .collect::<Vec<_>>()
        .into_iter()
}
