//! What changed since the start: a thin layer over records that are otherwise computed.

use std::collections::{BTreeMap, BTreeSet};

use super::moment::{HOUR, Moment};

/// The kinds of records that can be edited while they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Issue,
    MergeRequest,
    Pipeline,
    Commit,
    Label,
}

impl Kind {
    /// Whether GitLab makes an event of a new one, which is activity of its project. A pipeline is that of a schedule.
    fn is_event(self) -> bool {
        matches!(self, Self::Issue | Self::MergeRequest | Self::Commit)
    }
}

/// A change of a project itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Appear,
    Archive(bool),
    Issues(bool),
    Ci(bool),
    /// Makes a user of the crowd a member, gives another level, or ends that.
    Member {
        user: i64,
        level: Option<i64>,
    },
}

/// One change. Projects are named by id, rows by iid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Sets `updated_at` and changes the title, as any update would. No activity.
    Touch {
        kind: Kind,
        project: i64,
        iid: i64,
        at: Moment,
    },
    /// Activity, but for what a schedule or a person with settings makes.
    Create {
        kind: Kind,
        project: i64,
        at: Moment,
    },
    /// Of an issue or a merge request. Activity.
    Close {
        kind: Kind,
        project: i64,
        iid: i64,
        at: Moment,
    },
    /// On an issue or a merge request. Activity.
    Comment {
        kind: Kind,
        project: i64,
        iid: i64,
        at: Moment,
    },
    Delete {
        kind: Kind,
        project: i64,
        iid: i64,
    },
    DeleteProject {
        project: i64,
    },
    Change {
        project: i64,
        change: Change,
    },
}

impl Edit {
    pub(super) fn project(self) -> i64 {
        let (Self::Touch { project, .. }
        | Self::Create { project, .. }
        | Self::Close { project, .. }
        | Self::Comment { project, .. }
        | Self::Delete { project, .. }
        | Self::DeleteProject { project }
        | Self::Change { project, .. }) = self;
        project
    }

    /// The row that it changes, which has to be there.
    pub(super) fn row(self) -> Option<(Kind, i64)> {
        match self {
            Self::Touch { kind, iid, .. }
            | Self::Close { kind, iid, .. }
            | Self::Comment { kind, iid, .. }
            | Self::Delete { kind, iid, .. } => Some((kind, iid)),
            Self::Create { .. } | Self::DeleteProject { .. } | Self::Change { .. } => None,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Edits {
    /// Grows with every edit: what was sorted for an older version is stale.
    pub(crate) version: u64,
    projects_gone: BTreeSet<usize>,
    /// When something last happened in a project, as GitLab shows it.
    active: BTreeMap<usize, Moment>,
    series: BTreeMap<(Kind, usize), SeriesEdits>,
}

/// The edits of one kind in one project.
#[derive(Clone, Debug, Default)]
struct SeriesEdits {
    touched: BTreeMap<i64, Touch>,
    created: Vec<Moment>,
    /// Ascending.
    gone: Vec<i64>,
    closed: BTreeSet<i64>,
    comments: BTreeMap<i64, Vec<Moment>>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Touch {
    pub(crate) at: Moment,
    pub(crate) times: u32,
}

impl Edits {
    /// `active` is when something last happened in the project, as far as it was shown.
    pub(super) fn apply(&mut self, edit: Edit, project: usize, active: Moment) {
        self.version += 1;
        match edit {
            Edit::Touch { kind, iid, at, .. } => self.touch(kind, project, iid, at),
            Edit::Create { kind, at, .. } => {
                self.create(kind, project, at);
                if kind.is_event() {
                    self.happened(project, active, at);
                }
            }
            Edit::Close { kind, iid, at, .. } => {
                self.of(kind, project).closed.insert(iid);
                self.touch(kind, project, iid, at);
                self.happened(project, active, at);
            }
            Edit::Comment { kind, iid, at, .. } => {
                self.of(kind, project).comments.entry(iid).or_default().push(at);
                self.touch(kind, project, iid, at);
                self.happened(project, active, at);
            }
            Edit::Delete { kind, iid, .. } => self.delete(kind, project, iid),
            Edit::DeleteProject { .. } => {
                self.projects_gone.insert(project);
            }
            Edit::Change { .. } => {}
        }
    }

    fn of(&mut self, kind: Kind, project: usize) -> &mut SeriesEdits {
        self.series.entry((kind, project)).or_default()
    }

    /// An event within the hour after another does not show.
    fn happened(&mut self, project: usize, active: Moment, at: Moment) {
        if active.plus(HOUR) <= at {
            self.active.insert(project, at);
        }
    }

    pub(crate) fn active(&self, project: usize) -> Option<Moment> {
        self.active.get(&project).copied()
    }

    pub(crate) fn is_closed(&self, kind: Kind, project: usize, iid: i64) -> bool {
        self.series.get(&(kind, project)).is_some_and(|series| series.closed.contains(&iid))
    }

    /// When comments were made after the start.
    pub(crate) fn comments(&self, kind: Kind, project: usize, iid: i64) -> &[Moment] {
        let series = self.series.get(&(kind, project));
        series.and_then(|series| series.comments.get(&iid)).map_or(&[], Vec::as_slice)
    }

    fn touch(&mut self, kind: Kind, project: usize, iid: i64, at: Moment) {
        let touched = &mut self.of(kind, project).touched;
        touched
            .entry(iid)
            .and_modify(|touch| *touch = Touch { at, times: touch.times + 1 })
            .or_insert(Touch { at, times: 1 });
    }

    /// Rows are created in the order of time: an earlier moment becomes that of the row before.
    fn create(&mut self, kind: Kind, project: usize, at: Moment) {
        let created = &mut self.of(kind, project).created;
        let not_before = created.last().copied().unwrap_or(Moment::NOW);
        created.push(at.max(not_before));
    }

    fn delete(&mut self, kind: Kind, project: usize, iid: i64) {
        let gone = &mut self.of(kind, project).gone;
        if let Err(place) = gone.binary_search(&iid) {
            gone.insert(place, iid);
        }
    }

    pub(crate) fn lacks_project(&self, project: usize) -> bool {
        self.projects_gone.contains(&project)
    }

    pub(crate) fn touched(&self, kind: Kind, project: usize, iid: i64) -> Option<Touch> {
        self.series.get(&(kind, project))?.touched.get(&iid).copied()
    }

    /// When the nth row after those of the start was created.
    pub(crate) fn created(&self, kind: Kind, project: usize, nth: i64) -> Option<Moment> {
        let nth = usize::try_from(nth).ok()?;
        self.series.get(&(kind, project))?.created.get(nth).copied()
    }

    /// The numbers in use, when `first` rows were there at the start.
    pub(crate) fn numbers(&self, kind: Kind, project: usize, first: i64) -> Numbers {
        let Some(series) = self.series.get(&(kind, project)) else {
            return Numbers::up_to(first);
        };
        let created = i64::try_from(series.created.len()).unwrap_or(0);
        Numbers { last: first + created, gone: series.gone.clone() }
    }
}

/// The numbers `1..=last` without those that are gone; the nth is found without counting.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    last: i64,
    gone: Vec<i64>,
}

impl Numbers {
    pub(crate) fn up_to(last: i64) -> Self {
        Self { last, gone: Vec::new() }
    }

    /// `gone` ascends.
    pub(crate) fn without(last: i64, gone: Vec<i64>) -> Self {
        Self { last, gone }
    }

    /// The highest that was ever in use.
    pub(crate) fn last(&self) -> i64 {
        self.last
    }

    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.last).unwrap_or(0).saturating_sub(self.gone.len())
    }

    pub(crate) fn contains(&self, number: i64) -> bool {
        (1..=self.last).contains(&number) && self.gone.binary_search(&number).is_err()
    }

    /// The number at this place, counted from 0.
    pub(crate) fn at(&self, place: usize) -> Option<i64> {
        let place = i64::try_from(place).ok()?;
        let mut before = 0;
        // Each gone number that is not above the candidate pushes it up by one.
        let (mut low, mut high) = (0, self.gone.len());
        while low < high {
            let middle = low.midpoint(high);
            let gone = self.gone.get(middle).copied()?;
            if gone - i64::try_from(middle).ok()? <= place + 1 {
                before = middle + 1;
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let number = place + 1 + i64::try_from(before).ok()?;
        (number <= self.last).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nth_number_skips_what_is_gone() {
        let numbers = Numbers { last: 9, gone: vec![1, 2, 5, 9] };
        let found: Vec<_> = (0..numbers.len()).filter_map(|place| numbers.at(place)).collect();
        assert_eq!(found, [3, 4, 6, 7, 8]);
        assert_eq!(numbers.len(), found.len());
        assert_eq!(numbers.at(5), None);
        assert!(!numbers.contains(5) && numbers.contains(6) && !numbers.contains(10));
    }

    #[test]
    fn created_rows_follow_those_of_the_start() {
        let mut edits = Edits::default();
        edits.create(Kind::Issue, 0, Moment::START);
        assert_eq!(edits.numbers(Kind::Issue, 0, 4).at(4), Some(5));
        assert_eq!(edits.created(Kind::Issue, 0, 0), Some(Moment::NOW), "never before the rows of the start");
    }
}
