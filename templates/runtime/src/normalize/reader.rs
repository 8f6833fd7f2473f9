//! Reads bodies: by the plan as long as they fit it, and by the general way when they do not.

use std::sync::{Arc, PoisonError, RwLock};

use crate::normalize::catalog::Catalog;
use crate::normalize::digest::digest;
use crate::normalize::fill::Fill;
use crate::normalize::plan::{Maker, Plan};
use crate::normalize::rows::{Filled, PageRows};
use crate::normalize::scalar::Bound;
use crate::normalize::tree::{Fields, Rules};
use crate::normalize::visit::{read_body, read_records};
use crate::normalize::{Digests, Layout};
use crate::page::Binding;
use crate::record::{Outcome, Read, Reading, Record, Taps, Value, borrowed_records, field_of};
use crate::resource::Resource;

/// Reads the bodies of one resource into rows of its tables. Many tasks can read at once.
#[derive(Debug)]
pub struct Reader {
    resource: &'static Resource,
    layout: Arc<Layout>,
    catalog: Catalog,
    plan: RwLock<Known>,
    is_general: bool,
}

/// What the pages so far have taught.
#[derive(Debug, Clone)]
struct Known {
    plan: Arc<Plan>,
    /// How many lists the catalog knew.
    lists: usize,
}

/// What the engine looks at, and the fields that are left out.
type Looks<'l> = (&'l Taps, &'static [&'static str]);

impl Reader {
    pub fn new(resource: &'static Resource, layout: Layout, catalog: Catalog) -> Self {
        let maker = Maker {
            resource,
            layout: &layout,
            catalog: &catalog,
            bindings: &[],
            taps: &Taps::default(),
            omit: &[],
            has_digests: layout.digests == Digests::Each,
        };
        let plan = Arc::new(maker.plan(Fields::default()));
        let lists = catalog.list_count();
        let is_general = false;
        Self {
            resource,
            layout: Arc::new(layout),
            catalog,
            plan: RwLock::new(Known { plan, lists }),
            is_general,
        }
    }

    /// The same, by the general way alone: to compare with.
    #[must_use]
    pub fn general(self) -> Self {
        Self { is_general: true, ..self }
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Reads a body of a partition with these bindings.
    ///
    /// # Errors
    /// When the text is not JSON; inside, when the body does not hold what the shape promises.
    pub fn read(&self, reading: Reading<'_>, bindings: &[Binding], text: &str) -> Outcome<PageRows> {
        let bounds = bounds_of(bindings);
        // A digest is of all that a record holds, and a hook is shown all of it.
        let is_whole = self.layout.digests == Digests::Each || reading.hooks.concern(reading.resource.name);
        if !is_whole
            && !self.is_general
            && let Some(read) = self.read_by_plan(reading, &bounds, text)
        {
            return Ok(Ok(read));
        }
        let general = |read: Read<Vec<Record<'_>>>| Read {
            rows: self.rows_with(bounds, &read.rows, (reading.taps, reading.omit)),
            glimpses: read.glimpses,
        };
        Ok(borrowed_records(reading, text)?.map(general))
    }

    /// Rows of records that are there already.
    pub fn rows(&self, bindings: &[Binding], records: &[Record<'_>]) -> PageRows {
        let plan = self.known().plan;
        self.rows_with(bounds_of(bindings), records, (&plan.sight.taps, plan.sight.omit))
    }

    /// Whether a body is read by the plan as it is.
    #[cfg(test)]
    pub(super) fn fits(&self, reading: Reading<'_>, bindings: &[Binding], text: &str) -> bool {
        self.layout.digests != Digests::Each
            && self.read_by_plan(reading, &bounds_of(bindings), text).is_some()
    }

    fn read_by_plan(&self, reading: Reading<'_>, bounds: &[Bound], text: &str) -> Option<Read<PageRows>> {
        let plan = self.plan_for(bounds, (reading.taps, reading.omit)).filter(|plan| plan.sight.is_clear)?;
        let mut fill = Fill::new(&plan, bounds, true);
        read_body(&mut fill, reading.shape, text).ok()?;
        let (tables, glimpses) = fill.finish();
        let bindings = bounds.iter().map(|bound| bound.value.clone()).collect();
        let layout = Arc::clone(&self.layout);
        Some(Read { glimpses, rows: PageRows { plan, layout, bindings, tables, digests: Vec::new() } })
    }

    fn rows_with(&self, bounds: Vec<Bound>, records: &[Record<'_>], looks: Looks<'_>) -> PageRows {
        let digests = self.digests(&bounds, records);
        let known = self.plan_for(&bounds, looks).filter(|plan| plan.has_digests || digests.is_empty());
        let known = known.and_then(|plan| filled(&plan, &bounds, records).map(|tables| (plan, tables)));
        let (plan, tables) = known.unwrap_or_else(|| {
            let plan = self.learn(&bounds, records, looks, !digests.is_empty());
            // What has just been learnt fits; without its tables, a page ends the load and not a record.
            let tables = filled(&plan, &bounds, records).unwrap_or_default();
            (plan, tables)
        });
        let bindings = bounds.into_iter().map(|bound| bound.value).collect();
        PageRows { plan, layout: Arc::clone(&self.layout), bindings, tables, digests }
    }
}

impl Reader {
    fn known(&self) -> Known {
        self.plan.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The plan as it is, if the page can be read by it.
    fn plan_for(&self, bounds: &[Bound], looks: Looks<'_>) -> Option<Arc<Plan>> {
        let Known { plan, lists } = self.known();
        let count = self.catalog.list_count();
        if lists != count {
            if !Arc::ptr_eq(&plan.lists, &self.catalog.lists(&self.layout.table)) {
                return None;
            }
            // The new lists are those of other tables.
            self.plan.write().unwrap_or_else(PoisonError::into_inner).lists = count;
        }
        plan.takes(bounds, looks.0, looks.1).then_some(plan)
    }

    /// Makes a plan that takes these records as well.
    fn learn(
        &self,
        bounds: &[Bound],
        records: &[Record<'_>],
        (taps, omit): Looks<'_>,
        has_digests: bool,
    ) -> Arc<Plan> {
        let mut known = self.plan.write().unwrap_or_else(PoisonError::into_inner);
        let mut root = known.plan.root.clone();
        let lists = self.catalog.lists(&self.layout.table);
        let list_columns = self.catalog.list_columns();
        let rules = Rules { layout: &self.layout, bindings: bounds, omit, known_lists: &lists, list_columns };
        root.learn(records, rules);
        let count = self.catalog.list_count();
        let maker = Maker {
            resource: self.resource,
            layout: &self.layout,
            catalog: &self.catalog,
            bindings: bounds,
            taps,
            omit,
            has_digests: has_digests || known.plan.has_digests,
        };
        let plan = Arc::new(maker.plan(root));
        *known = Known { plan: Arc::clone(&plan), lists: count };
        plan
    }

    fn digests(&self, bounds: &[Bound], records: &[Record<'_>]) -> Vec<Option<u64>> {
        let key = &self.layout.record_key;
        let is_keyless = |record: &Record<'_>| {
            !key.is_empty() && key.iter().all(|field| field_of(record, field).is_none_or(Value::is_null))
        };
        // Nothing is left of a record that a hook drops.
        let wanted = |record: &&Record<'_>| match self.layout.digests {
            Digests::None => false,
            Digests::Each => !record.is_empty(),
            Digests::Keyless => !record.is_empty() && is_keyless(record),
        };
        if !records.iter().any(|record| wanted(&record)) {
            return Vec::new();
        }
        records.iter().map(|record| wanted(&record).then(|| digest(record, bounds))).collect()
    }
}

fn filled(plan: &Plan, bounds: &[Bound], records: &[Record<'_>]) -> Option<Vec<Filled>> {
    let mut fill = Fill::new(plan, bounds, false);
    read_records(&mut fill, records).ok()?;
    Some(fill.finish().0)
}

fn bounds_of(bindings: &[Binding]) -> Vec<Bound> {
    bindings.iter().map(|binding| Bound::new(binding.column, &binding.value)).collect()
}
