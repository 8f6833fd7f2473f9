//! Pages wait here, by their resource, until they are worth a batch.

use std::collections::HashMap;
use std::sync::Arc;

use super::plan::Plan;
use crate::destination::Mode;
use crate::schema::table::{Table, TableRows};

/// All that waits.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// By resource: two that share a table stay apart.
    families: HashMap<&'static str, Family>,
    pub(super) bytes: usize,
}

/// The pages of one resource that are written together.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) plan: Arc<Plan>,
    pub(super) pages: Vec<GatheredPage>,
    rows: usize,
    bytes: usize,
}

/// The rows of a page: of the records, and of their lists.
#[derive(Debug)]
pub(super) struct GatheredPage {
    /// The columns that tell the records apart.
    pub(super) identity: Vec<String>,
    pub(super) tables: Vec<TableRows>,
}

impl Gather {
    pub(super) fn add(&mut self, plan: &Arc<Plan>, mut tables: Vec<TableRows>) {
        let rows: usize = tables.iter().map(TableRows::row_count).sum();
        let bytes: usize = tables.iter().map(TableRows::size).sum();
        let identity =
            tables.first_mut().map(|records| plan.take_identity(&mut records.table)).unwrap_or_default();
        let empty = || Family { plan: Arc::clone(plan), pages: Vec::new(), rows: 0, bytes: 0 };
        let family = self.families.entry(plan.resource.name).or_insert_with(empty);
        family.pages.push(GatheredPage { identity, tables });
        family.rows += rows;
        family.bytes += bytes;
        self.bytes += bytes;
    }

    /// The pages of a resource, if they have so many rows.
    pub(super) fn take_full(&mut self, resource: &str, rows: usize) -> Option<Family> {
        let is_full = self.families.get(resource)?.rows >= rows;
        let family = if is_full { self.families.remove(resource) } else { None }?;
        self.bytes = self.bytes.saturating_sub(family.bytes);
        Some(family)
    }

    /// Everything, in an order that is always the same.
    pub(super) fn take(&mut self) -> Vec<Family> {
        let mut families: Vec<Family> = std::mem::take(self).families.into_values().collect();
        families.sort_by_key(|family| family.plan.resource.name);
        families
    }
}

impl Family {
    /// The names of its tables, that of the records first.
    pub(super) fn tables(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for rows in self.pages.iter().flat_map(|page| &page.tables) {
            if !names.contains(&rows.table.name) {
                names.push(rows.table.name.clone());
            }
        }
        names
    }

    /// The rows of a table, with the numbers of their pages.
    pub(super) fn rows_of(&self, table: &str) -> impl Iterator<Item = (usize, &TableRows)> + Clone {
        let rows = self
            .pages
            .iter()
            .enumerate()
            .flat_map(|(at, page)| page.tables.iter().map(move |rows| (at, rows)));
        rows.filter(move |(_, rows)| rows.table.name == table)
    }

    /// The columns that tell the records apart.
    pub(super) fn identity(&self) -> &[String] {
        self.pages.last().map(|page| page.identity.as_slice()).unwrap_or_default()
    }

    pub(super) fn mode(&self, table: &Table) -> Mode {
        self.plan.mode(table, self.identity())
    }
}
