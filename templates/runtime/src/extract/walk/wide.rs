//! One list for many partitions: what hangs on each project is gathered while the projects are listed, and read in lists
//! of their groups once all of them are known.
//!
//! A record of a wide list is handed to the partition of its project, as if it had come from that project's own list; so
//! rows, children and what they carry are the same. `resume/cover.rs` decides who is read in that way, and what is kept
//! of it. What a wide list cannot bring is read by own lists, which hang on it: it is done when they are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::node::Node;
use crate::config::{Config, ResourceConfig};
use crate::extract::resume::{Cover, Member, Point, ReadingRules};
use crate::moment::Moment;
use crate::page::Partition;
use crate::resource::{
    Filter, Incremental, Over, Pagination, Resource, Shape, Start, Wide, WriteDisposition,
};
use crate::scope::{Named, Root, plan_wide_roots};

/// A wide list is given up once so many pages' worth of its records have belonged to nobody.
const MOST_WASTED: u64 = 20;

/// GitLab does not say how long a list is that is longer than this.
const UNTOLD: u32 = 10_000;

/// The lists that a resource can be read in for many partitions at once, and those partitions.
#[derive(Debug)]
pub(in crate::extract) struct Sieve {
    pub(super) wide: &'static Wide,
    /// One for each group of the scope, or a single one.
    pub(super) roots: Vec<Root>,
    waiting: Mutex<Vec<Member>>,
}

impl Sieve {
    /// The list that has the partition of a record which one of the scope's roots has brought.
    pub(super) fn list_of(&self, named: Option<&Named>) -> Option<usize> {
        self.roots.iter().position(|root| root.named.as_ref() == named)
    }

    /// A partition that is to be read once all are known.
    pub(super) fn gather(&self, member: Member) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let member = member.sharing(waiting.last());
        waiting.push(member);
    }

    pub(super) fn take(&self) -> Vec<Member> {
        std::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One wide list that is being read.
#[derive(Debug)]
pub(super) struct WideList {
    pub(super) root: Root,
    pub(super) wide: &'static Wide,
    pub(super) cover: Arc<Cover>,
    /// Its number among those of the resource.
    pub(super) number: usize,
    /// Records that belonged to nobody.
    strays: AtomicU64,
}

impl WideList {
    pub(super) fn new(sieve: &Sieve, root: &Root, cover: &Arc<Cover>, number: usize) -> Self {
        let (wide, strays) = (sieve.wide, AtomicU64::new(0));
        Self { root: root.clone(), wide, cover: Arc::clone(cover), number, strays }
    }

    /// The place from which a later run can go on with it.
    pub(super) fn point(&self, place: Option<Moment>) -> Point {
        Point::Lists([(self.root.path.clone(), place)].into())
    }

    pub(super) fn partition_of(&self, value: &serde_json::Value) -> Option<Arc<Partition>> {
        self.cover.partition(value, self.number)
    }

    /// Whether it costs more than it saves, once a page of so many records has come, of which some belong to nobody: when
    /// that was so for too long, or when its length tells from the first page on. GitLab does not tell a great length.
    pub(super) fn is_wasteful(
        &self,
        strays: usize,
        records: usize,
        total: Option<u32>,
        per_page: u32,
    ) -> bool {
        let is_mostly_strays = strays * 2 > records;
        let strays = u64::try_from(strays).unwrap_or(u64::MAX);
        let before = self.strays.fetch_add(strays, Ordering::Relaxed);
        let members = u64::try_from(self.cover.len(self.number)).unwrap_or(u64::MAX);
        let per_page = u64::from(per_page);
        let is_long = u64::from(total.unwrap_or(UNTOLD)) > per_page.saturating_mul(members);
        let is_first = before == 0 && is_mostly_strays;
        is_first && is_long || before + strays > per_page.saturating_mul(members.min(MOST_WASTED))
    }
}

/// Why lists of their own are read though a wide one holds the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::extract) enum Aside {
    /// Nothing else is to be expected: there is no wide list for this scope, or the configuration says so.
    AsSaid,
    /// Something that a person may want to know.
    Because(String),
}

/// The wide lists that a resource can be read in.
///
/// # Errors
/// Why there are none.
pub(super) fn sieve_of(
    resource: &'static Resource,
    parent: Option<&Resource>,
    rules: &ReadingRules,
    config: &Config,
) -> Result<Sieve, Aside> {
    let said = config.resource(resource.name);
    let is_wanted = said.wide_lists.unwrap_or(config.extract.wide_lists);
    let is_below = parent.is_some_and(|parent| parent.start == Some(Start::Projects));
    if resource.wide.is_empty() || !is_wanted || !is_below {
        return Err(Aside::AsSaid);
    }
    let over = if config.scope.groups.is_empty() { Over::Instance } else { Over::Group };
    let candidates = resource.wide.iter().filter(|wide| wide.over == over);
    let mut planned = candidates.map(|wide| (wide, plan_wide_roots(wide, &config.scope)));
    let Some((wide, roots)) = planned.find(|(_, roots)| !roots.is_empty()) else {
        return Err(Aside::AsSaid);
    };
    match objection(resource, wide, rules, said) {
        Some(objection) => Err(Aside::Because(objection)),
        None => Ok(Sieve { wide, roots, waiting: Mutex::default() }),
    }
}

/// Why a list cannot stand for the resource's own lists, as this run would read those.
fn objection(
    resource: &Resource,
    wide: &Wide,
    rules: &ReadingRules,
    said: &ResourceConfig,
) -> Option<String> {
    let disposition = said.write_disposition.unwrap_or(resource.write_disposition);
    let is_merged = matches!(disposition, WriteDisposition::Merge | WriteDisposition::History);
    if !is_merged || !rules.keeps_state || resource.record_key.is_empty() {
        return Some("rows that come twice would not be merged".to_owned());
    }
    let is_one = resource.params.len() == 1 && resource.fan_out.is_none() && resource.shape == Shape::List;
    if !is_one || rules.newest_first.is_some() {
        return Some("its own lists are not read from their front to their end".to_owned());
    }
    let cursor = |own: Option<Incremental>| own.and_then(|own| own.cursor);
    let has_cursor =
        cursor(wide.incremental).is_some() && cursor(wide.incremental) == cursor(resource.incremental);
    if rules.is_incremental && !has_cursor {
        return Some(format!("`{}` cannot be asked for changes alone", wide.path));
    }
    let is_keyset = |pagination| matches!(pagination, Pagination::Keyset { .. });
    if is_keyset(resource.pagination) && !is_keyset(wide.pagination) && !rules.is_incremental {
        return Some(format!("`{}` has neither keyset pages nor an order of change", wide.path));
    }
    let mut names = said.query.iter().map(|(name, _)| bare(name));
    let unknown = names.find(|name| !takes(resource, wide, name))?;
    Some(format!("`{}` is not known to take `{}`", wide.path, unknown.escape_debug()))
}

fn bare(name: &str) -> &str {
    name.strip_suffix("[]").unwrap_or(name)
}

/// Whether a filter of the resource means the same in the wide list.
fn takes(resource: &Resource, wide: &Wide, name: &str) -> bool {
    let is_known = resource.filters.iter().any(|filter: &Filter| filter.name == name);
    let is_paging = matches!(name, "per_page");
    is_paging || is_known && !wide.lacks.contains(&name)
}

impl Node {
    /// Whether some of what hangs on its records waits until all of them are known.
    pub(in crate::extract) fn has_wide_children(&self) -> bool {
        self.children.iter().any(|child| child.sieve.is_some())
    }
}
