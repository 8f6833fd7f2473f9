//! What hangs on the rows of a table: the rows of its lists, those of resources below, and theirs.

use super::evolve::Tables;
use super::options::LoadOptions;
use super::plan::{Writes, table_of, writes_of};
use crate::destination::Below;
use crate::resource::{Param, ParamSource, Resource};
use crate::schema::names::pointer_of;
use crate::schema::table::{DELETED_AT, Table};

/// Everything below a resource's table that is there, parents before children.
pub(super) fn below(resource: &'static Resource, options: &LoadOptions, tables: &Tables) -> Vec<Below> {
    let mut found: Vec<Below> = Vec::new();
    let mut waiting = vec![resource];
    while let Some(above) = waiting.pop() {
        let Some(table) = tables.get(&table_of(above, options)) else { continue };
        let writes = writes_of(above, options);
        // The lists of a version stay with it.
        if writes != Writes::History {
            found.extend(lists(table, tables));
        }
        for child in options.all.iter().filter(|child| child.parent() == Some(above.name)) {
            let name = table_of(child, options);
            let on = joins(child, above, table);
            let is_known = name == table.name
                || found.iter().any(|below| below.table == name && below.above == table.name);
            if let (Some(on), false, true) = (on, is_known, tables.get(&name).is_some()) {
                let (mark, mark_above) = (writes_of(child, options).mark(), writes.mark());
                found.push(Below { table: name, mark, above: table.name.clone(), mark_above, on });
                waiting.push(child);
            }
        }
    }
    found
}

fn lists(table: &Table, tables: &Tables) -> Vec<Below> {
    let below = |name: &String| {
        let columns = &tables.get(name)?.columns;
        let on = columns.iter().filter_map(|column| {
            let above = column.source.strip_prefix("parent/")?;
            Some((column.name.clone(), above.to_owned()))
        });
        let on: Vec<_> = on.collect();
        (!on.is_empty()).then(|| Below {
            table: name.clone(),
            mark: DELETED_AT,
            above: table.name.clone(),
            mark_above: DELETED_AT,
            on,
        })
    };
    tables.lists_of(&table.name).iter().filter_map(below).collect()
}

/// Which columns of a child's rows name the row above; `None` where not all of them are known there.
fn joins(child: &Resource, above: &Resource, table: &Table) -> Option<Vec<(String, String)>> {
    let fed = child.params.iter().filter(|param| matches!(param.source, ParamSource::Parent { .. }));
    let join = |param: &Param| Some((param.column.to_owned(), column_above(param, above, table)?));
    fed.map(join).collect::<Option<Vec<_>>>().filter(|on| !on.is_empty())
}

/// A field of the record above, or what that has from its own parent.
fn column_above(param: &Param, above: &Resource, table: &Table) -> Option<String> {
    let ParamSource::Parent { resource, field } = param.source else { return None };
    if resource == above.name {
        let source = pointer_of(field.split('.'));
        let column = table.columns.iter().find(|column| column.source == source)?;
        return Some(column.name.clone());
    }
    let own = above.params.iter().find(|own| own.source == param.source)?;
    table.column(own.column).map(|column| column.name.clone())
}
