//! What ties tables together: the keys that the rows of one have from those of another.

use super::Source;
use crate::resource::ParamSource;
use crate::schema::table::Table;

/// Columns of a table that name a row of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tie {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Each column, and that of the other table which it equals.
    pub(crate) columns: Vec<(String, String)>,
    /// Whether nothing stands between the two.
    pub(crate) is_nearest: bool,
}

/// All ties among these tables: of resources to those that feed them, and of lists to the records that they stood in.
pub(crate) fn ties(sources: &[Source], tables: &[Table]) -> Vec<Tie> {
    let of_lists = tables.iter().filter_map(|table| of_list(table, tables));
    let of_resources = sources.iter().flat_map(|source| of_resource(sources, source, tables));
    let mut ties: Vec<Tie> = of_lists.chain(of_resources).collect();
    ties.dedup();
    ties
}

/// The columns with the record's key are called after those of its table.
fn of_list(table: &Table, tables: &[Table]) -> Option<Tie> {
    let above = tables.iter().find(|above| Some(&above.name) == table.parent.as_ref())?;
    let column = |key: &String| {
        let own = [format!("_parent_{key}"), key.clone()];
        let own = own.into_iter().find(|own| table.column(own).is_some())?;
        Some((own, key.clone()))
    };
    let columns = above.key.iter().filter_map(column).collect();
    Some(Tie { from: table.name.clone(), to: above.name.clone(), columns, is_nearest: true })
}

fn of_resource(sources: &[Source], source: &Source, tables: &[Table]) -> Vec<Tie> {
    let Some(table) = tables.iter().find(|table| table.name == source.table) else { return Vec::new() };
    let params = source.resource.params;
    let fed = params.iter().enumerate().filter_map(|(at, param)| {
        let ParamSource::Parent { resource, field } = param.source else { return None };
        let above = sources.iter().find(|above| above.resource.name == resource)?;
        let above = tables.iter().find(|table| table.name == above.table)?;
        let is_same =
            |pair: &(String, String)| table.column(&pair.0).is_some() && above.column(&pair.1).is_some();
        let own = (param.column.to_owned(), field.replace('.', "__"));
        // What is unique below a parent alone is told apart by the columns of that parent.
        let is_key = above.key.as_slice() == [own.1.as_str()];
        let shared = params.iter().take(if is_key { 0 } else { at });
        let shared = shared.map(|param| (param.column.to_owned(), param.column.to_owned()));
        let columns = shared.chain([own]).filter(is_same).collect();
        let is_nearest = Some(resource) == source.resource.parent();
        Some(Tie { from: table.name.clone(), to: above.name.clone(), columns, is_nearest })
    });
    fed.filter(|tie| tie.from != tie.to && !tie.columns.is_empty()).collect()
}
