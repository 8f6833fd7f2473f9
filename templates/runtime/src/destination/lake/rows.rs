//! What a package does to tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::draft::{Copy, Draft};
use super::site::Site;
use super::write::Rows;
use super::{Result, history, mark};
use crate::destination::{Committed, Package, PackageId, Written};

/// Changes tables as a package with these rows says; what there is of it is told.
pub(in super::super) fn apply(
    draft: &mut Draft,
    site: &Arc<Site>,
    rows: &[Rows],
    package: &Package<'_>,
) -> Result<Committed> {
    let mut committed = Committed::default();
    let mut touched: BTreeSet<String> = rows.iter().map(|rows| rows.table.clone()).collect();
    add(draft, site, rows, package.id, &mut committed.written)?;
    for swap in package.swaps {
        if draft.swap(swap) {
            committed.swapped.insert(swap.table.clone());
            touched.extend(swap.lists.iter().chain([&swap.table]).cloned());
        }
    }
    committed.deleted = mark::mark(draft, site, package.deletions, package.id)?;
    for table in &touched {
        draft.compact(site, table, package.id)?;
    }
    site.settle()?;
    Ok(committed)
}

/// What goes goes before anything comes, so that no row of the package goes as well.
fn add(
    draft: &mut Draft,
    site: &Arc<Site>,
    rows: &[Rows],
    package: &PackageId,
    written: &mut BTreeMap<String, Written>,
) -> Result<()> {
    for rows in rows {
        let copy = if rows.is_staged { Copy::Stage } else { Copy::Table };
        for parents in rows.parents.values() {
            draft.remove(site, (&rows.table, copy), parents, package)?;
        }
        let updated = match rows.successors.clone() {
            Some(successors) => history::end(draft, site, (&rows.table, &rows.keys), successors, package)?,
            None => draft.remove(site, (&rows.table, copy), &rows.keys, package)?,
        };
        let inserted = rows.count.saturating_sub(updated);
        *written.entry(rows.table.clone()).or_default() += Written { inserted, updated };
    }
    for rows in rows {
        let copy = if rows.is_staged { Copy::Stage } else { Copy::Table };
        draft.add_files(&rows.table, copy, &rows.files);
    }
    Ok(())
}
