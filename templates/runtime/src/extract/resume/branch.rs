//! How far a partition and everything below it has come, and what may be kept of that.
//!
//! A partition is read page by page, each page starts partitions below it, and those run at the same time as the next
//! page. What is kept of a partition must not say more than what is loaded, so:
//!
//! - a page counts once its records are handed over and everything below them is done;
//! - a point in the list is kept once that page and all before it count;
//! - a partition is done once its list is read to the end and all its pages count;
//! - where something was cut off or has failed, nothing beyond is kept, here and all the way up: the next run reads it again.
//!
//! What is kept is handed over after the rows it speaks for, so it is committed with them or later.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cover::Cover;
use super::reading::{Reading, ReadingRules};
use super::run::Run;
use super::state::{PartitionState, Point};
use crate::page::{Kept, Partition, Whole};

/// A partition that is being read.
#[derive(Debug)]
pub(in crate::extract) struct Branch {
    rules: Arc<ReadingRules>,
    pub(in crate::extract) partition: Arc<Partition>,
    pub(in crate::extract) reading: Reading,
    /// The page that it hangs on.
    above: Option<(Arc<Branch>, u64)>,
    /// The partitions that are read in it, where it is one of wide lists.
    cover: Option<Arc<Cover>>,
    run: Arc<Run>,
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// Lists that are not read to their end: one, or as many as the scope has roots.
    open_lists: usize,
    pages: VecDeque<OpenPage>,
    /// The number of the page in front.
    front: u64,
    /// Nothing further is kept of this partition.
    is_blocked: bool,
    /// Something of it, or below it, is not loaded though it should be.
    is_lossy: bool,
    /// Its last word was handed over with its last page.
    is_kept: bool,
    is_closed: bool,
    /// State that says nothing any more once this partition's own says it.
    below: Vec<Arc<Partition>>,
}

/// A page that does not count yet.
#[derive(Debug, Default)]
struct OpenPage {
    /// Its own hand-over and the partitions below it.
    waits_for: usize,
    is_lossy: bool,
    /// Where the list goes on behind it.
    point: Option<Point>,
    /// Partitions below it whose state ends with this page.
    below: Vec<Arc<Partition>>,
}

impl Branch {
    pub(in crate::extract) fn new(
        rules: Arc<ReadingRules>,
        partition: Arc<Partition>,
        reading: Reading,
        run: Arc<Run>,
        lists: usize,
    ) -> Self {
        let progress = Mutex::new(Progress { open_lists: lists, ..Progress::default() });
        Self { rules, partition, reading, above: None, cover: None, run, progress }
    }

    /// A partition that hangs on a page of this one.
    pub(in crate::extract) fn below(
        self: &Arc<Self>,
        page: u64,
        rules: Arc<ReadingRules>,
        partition: Arc<Partition>,
        reading: Reading,
    ) -> Self {
        if let Some(open) = self.lock().page(page) {
            open.waits_for += 1;
            if rules.keeps_state && !rules.keeps_cursor() {
                open.below.push(Arc::clone(&partition));
            }
        }
        let above = Some((Arc::clone(self), page));
        Self { above, ..Self::new(rules, partition, reading, Arc::clone(&self.run), 1) }
    }

    /// The same of a branch that reads so many wide lists for these partitions.
    #[must_use]
    pub(in crate::extract) fn over(self, lists: usize, cover: Arc<Cover>) -> Self {
        let progress = Mutex::new(Progress { open_lists: lists, ..Progress::default() });
        Self { cover: Some(cover), progress, ..self }
    }

    /// Notes a page whose records are about to be handed over, and tells its number.
    pub(in crate::extract) fn open_page(&self, point: Option<Point>) -> u64 {
        let mut progress = self.lock();
        progress.pages.push_back(OpenPage { waits_for: 1, point, ..OpenPage::default() });
        progress.front + u64::try_from(progress.pages.len() - 1).unwrap_or(u64::MAX)
    }

    /// Notes that one of its lists is read to the end; whether it was the last.
    pub(in crate::extract) fn end_list(&self) -> bool {
        let mut progress = self.lock();
        progress.open_lists = progress.open_lists.saturating_sub(1);
        progress.open_lists == 0
    }

    /// Notes that one of its lists is not read further: nothing beyond is kept. `is_lossy` unless that is as it should
    /// be. Whether it was the last.
    pub(in crate::extract) fn break_off(&self, is_lossy: bool) -> bool {
        let mut progress = self.lock();
        progress.open_lists = progress.open_lists.saturating_sub(1);
        progress.is_blocked = true;
        progress.is_lossy |= is_lossy;
        progress.open_lists == 0
    }

    /// What may be kept of a partition that GitLab does not give, once none of its lists is left: when it was asked for, and
    /// what was said. `is_shared`: it counts as read for the runs that share this load's work.
    pub(in crate::extract) fn kept_as_refused(&self, reason: String, is_shared: bool) -> Option<Kept> {
        let is_over = self.lock().open_lists == 0;
        let is_left = self.rules.keeps_cursor().then_some(reason);
        let state = self.reading.state_when_refused(is_left, is_shared.then_some(&self.rules), &self.run);
        self.kept(&state, None).filter(|_| is_over && (is_shared || state.refused.is_some()))
    }

    /// What may be kept together with the records of a page that nothing hangs on.
    pub(in crate::extract) fn kept_with(&self, page: u64) -> Option<Kept> {
        let mut progress = self.lock();
        let is_next = progress.front == page && !progress.is_blocked && self.cover.is_none();
        let open_lists = progress.open_lists;
        let open =
            progress.page(page).filter(|open| is_next && open.waits_for == 1 && open.below.is_empty())?;
        let point = open.point.take();
        match (open_lists, progress.pages.len()) {
            (0, 1) => {
                progress.is_kept = true;
                self.kept_at_end()
            }
            _ => point.and_then(|point| self.kept_at(point)),
        }
    }

    /// Notes that a page is handed over; what may be kept of this partition and of those above it.
    pub(in crate::extract) fn hand_over(self: &Arc<Self>, page: u64) -> Vec<Kept> {
        self.release(page, false);
        self.close()
    }

    /// What may be kept of this partition and of those above it now that no request of it is left.
    pub(in crate::extract) fn close(self: &Arc<Self>) -> Vec<Kept> {
        let mut kept = Vec::new();
        let mut ended = self.settle(&mut kept);
        let mut above = self.above.clone();
        while let (Some(is_lossy), Some((branch, page))) = (ended, above) {
            branch.release(page, is_lossy);
            ended = branch.settle(&mut kept);
            above = branch.above.clone();
        }
        kept
    }

    fn release(&self, page: u64, is_lossy: bool) {
        if let Some(open) = self.lock().page(page) {
            open.waits_for = open.waits_for.saturating_sub(1);
            open.is_lossy |= is_lossy;
        }
    }

    /// Takes the pages in front that count; whether something was lost, once nothing is left to wait for.
    fn settle(&self, kept: &mut Vec<Kept>) -> Option<bool> {
        let mut progress = self.lock();
        let mut point = None;
        while let Some(page) = progress.pages.pop_front_if(|page| page.waits_for == 0) {
            progress.front += 1;
            progress.is_lossy |= page.is_lossy;
            progress.is_blocked |= page.is_lossy;
            progress.below.extend(page.below);
            if !progress.is_blocked {
                point = match point {
                    Some(before) => Some(Point::and_then(before, page.point)),
                    None => page.point,
                };
            }
        }
        let is_over = progress.open_lists == 0 && progress.pages.is_empty();
        let own = match (is_over && !progress.is_blocked && !progress.is_closed, point, &self.cover) {
            (true, ..) if progress.is_kept => None,
            (true, _, None) => self.kept_at_end(),
            (true, _, Some(cover)) => self.kept_of_all(cover, kept),
            (false, Some(point), _) => self.kept_at(point),
            (false, None, _) => None,
        };
        if own.is_some() || progress.is_kept {
            let forgotten = std::mem::take(&mut progress.below).into_iter();
            kept.extend(own);
            kept.extend(forgotten.map(|partition| Kept { partition, state: None, whole: None }));
        }
        // Whoever sees it first tells the partition above, once.
        let is_first = is_over && !std::mem::replace(&mut progress.is_closed, is_over);
        is_first.then_some(progress.is_lossy)
    }

    fn kept_at(&self, point: Point) -> Option<Kept> {
        let state = match &self.cover {
            Some(cover) => cover.at_point(self.reading.state_at(cover.reached(point), &self.rules)),
            None => self.reading.state_at(point, &self.rules),
        };
        self.kept(&state, None)
    }

    /// Of wide lists, and of the partitions that were read in them.
    fn kept_of_all(&self, cover: &Cover, kept: &mut Vec<Kept>) -> Option<Kept> {
        let state = self.reading.state_at_end(&self.rules, &self.run);
        let (state, of_each) = cover.at_end(state, &self.reading);
        kept.extend(of_each);
        self.kept(&state, None)
    }

    fn kept_at_end(&self) -> Option<Kept> {
        self.kept(&self.reading.state_at_end(&self.rules, &self.run), self.whole())
    }

    fn kept(&self, state: &PartitionState, whole: Option<Whole>) -> Option<Kept> {
        // A state of texts and numbers is always JSON.
        let state = serde_json::to_value(state).ok();
        let kept = Kept { partition: Arc::clone(&self.partition), state, whole };
        self.rules.keeps_state.then_some(kept)
    }

    fn whole(&self) -> Option<Whole> {
        let is_whole = self.reading.is_whole() && self.rules.marks_deleted;
        is_whole.then(|| Whole {
            since: self.reading.load.clone(),
            from: self.rules.is_filtered.then(|| self.reading.filtered_since().to_owned()),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn page(&mut self, number: u64) -> Option<&mut OpenPage> {
        self.pages.get_mut(usize::try_from(number.checked_sub(self.front)?).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::extract::resume::{Above, History, Plan};
    use crate::moment::{Clock, Moment};
    use crate::page::Binding;
    use crate::resource::Resource;

    const ISSUES: &Resource = &Resource { name: "issues", ..Resource::DEFAULT };
    const NOTES: &Resource = &Resource { name: "notes", ..Resource::DEFAULT };

    /// Issues are asked for changes; the notes of each are not.
    fn rules(resource: &'static Resource) -> Arc<ReadingRules> {
        let is_incremental = resource == ISSUES;
        let with = if is_incremental { vec!["issues", "notes"] } else { vec!["notes"] };
        let usual = ReadingRules { keeps_state: true, marks_deleted: true, ..ReadingRules::default() };
        Arc::new(ReadingRules { with, is_incremental, ..usual })
    }

    fn reading(rules: &ReadingRules) -> Reading {
        match Reading::plan(None, rules, String::new(), Above::default(), &History::default()) {
            Plan::Read(reading) => *reading,
            other => panic!("{other:?}"),
        }
    }

    fn partition(resource: &'static Resource, number: u64) -> Arc<Partition> {
        let bindings = vec![Binding { column: "n", value: number.into() }];
        Arc::new(Partition { resource, bindings, carried: Vec::new() })
    }

    fn issues() -> Arc<Branch> {
        let rules = rules(ISSUES);
        let reading = reading(&rules);
        let run = Run::new("load", Clock::default(), || Duration::ZERO);
        Arc::new(Branch::new(rules, partition(ISSUES, 1), reading, Arc::new(run), 1))
    }

    fn notes(issues: &Arc<Branch>, page: u64, number: u64) -> Arc<Branch> {
        let rules = rules(NOTES);
        let reading = reading(&rules);
        Arc::new(issues.below(page, rules, partition(NOTES, number), reading))
    }

    fn point(second: u32) -> Option<Point> {
        Moment::parse(&format!("2024-01-01T00:00:{second:02}Z")).map(Point::From)
    }

    /// Reads one page of a leaf to its end.
    fn read(leaf: &Arc<Branch>) -> Vec<Kept> {
        let page = leaf.open_page(None);
        assert!(leaf.end_list());
        let own = leaf.kept_with(page);
        own.into_iter().chain(leaf.hand_over(page)).collect()
    }

    fn state_of(kept: &Kept) -> Option<PartitionState> {
        kept.state.clone().map(|state| serde_json::from_value(state).unwrap())
    }

    /// What is kept, in short: the resource, and `point`, `done` or `-`.
    fn shown(kept: &[Kept]) -> Vec<String> {
        let word = |kept: &Kept| match state_of(kept) {
            None => "-".to_owned(),
            Some(PartitionState { reading: Some(reading), .. }) => format!("{:?}", reading.point),
            Some(_) => "done".to_owned(),
        };
        kept.iter().map(|kept| format!("{} {}", kept.partition.resource.name, word(kept))).collect()
    }

    #[test]
    fn a_point_is_kept_once_everything_in_front_of_it_is_done() {
        let issues = issues();
        let first = issues.open_page(point(1));
        let (slow, quick) = (notes(&issues, first, 1), notes(&issues, first, 2));
        assert_eq!(issues.kept_with(first), None, "something hangs on it");
        assert!(issues.hand_over(first).is_empty());
        assert_eq!(shown(&read(&quick)), ["notes done"]);
        // The second page is done before the first.
        let second = issues.open_page(point(2));
        assert_eq!(issues.kept_with(second), None);
        assert!(issues.hand_over(second).is_empty());
        let kept = shown(&read(&slow));
        let expected = format!("issues {:?}", point(2).unwrap());
        let forgotten = "notes -".to_owned();
        assert_eq!(kept, ["notes done".to_owned(), expected, forgotten.clone(), forgotten]);
    }

    #[test]
    fn a_partition_is_done_when_its_list_and_all_below_are() {
        let issues = issues();
        let page = issues.open_page(None);
        let below = notes(&issues, page, 1);
        assert!(issues.end_list());
        assert!(issues.hand_over(page).is_empty());
        let kept = read(&below);
        assert_eq!(shown(&kept), ["notes done", "issues done", "notes -"]);
        let cursors = state_of(&kept[1]).unwrap().cursors;
        assert_eq!(cursors.keys().collect::<Vec<_>>(), ["issues", "notes"]);
        assert!(kept[1].whole.is_some());
    }

    #[test]
    fn behind_a_failure_nothing_is_kept() {
        let issues = issues();
        let first = issues.open_page(point(1));
        let (failing, fine) = (notes(&issues, first, 1), notes(&issues, first, 2));
        issues.hand_over(first);
        failing.break_off(true);
        assert!(failing.close().is_empty());
        assert_eq!(shown(&read(&fine)), ["notes done"], "what is done stays done");
        let last = issues.open_page(None);
        assert!(issues.end_list());
        assert_eq!(issues.kept_with(last), None);
        assert!(issues.hand_over(last).is_empty());
    }

    #[test]
    fn what_gitlab_refuses_is_no_failure() {
        let issues = issues();
        let page = issues.open_page(None);
        let refused = notes(&issues, page, 1);
        issues.end_list();
        issues.hand_over(page);
        refused.break_off(false);
        assert_eq!(
            shown(&refused.kept_as_refused("no".to_owned(), true).into_iter().collect::<Vec<_>>()),
            ["notes done"]
        );
        assert_eq!(shown(&refused.close()), ["issues done", "notes -"]);
    }
}
