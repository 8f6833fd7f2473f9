//! When a list need not be asked for: what the record above it says, and how often it changes.

use crate::gitlab::{self, Activity, Refresh, Sign, SystemNotes};

use crate::text::hours_text;

use super::Fact;
use super::draft::{Draft, Entry};

/// When a list is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asking {
    /// What a record of the parent says when there is nothing to ask for.
    pub unless: Vec<Sign>,
    pub refresh: Fact<Refresh>,
    /// What a record of the parent says when the list changes no more.
    pub frozen: Option<Sign>,
    /// How its own records show that something happened below them.
    pub activity: Option<Activity>,
    pub system_notes: Option<SystemNotes>,
}

impl Asking {
    /// How long it is left alone at most, in words; `None`: every run asks for it.
    pub(crate) fn left_alone(&self) -> Option<String> {
        let Refresh { every, quiet } = self.refresh.value;
        match (every.is_zero(), quiet.is_zero()) {
            (false, _) => Some(hours_text(every)),
            (true, false) => Some(format!("{} while its project is quiet", hours_text(quiet))),
            (true, true) => None,
        }
    }
}

/// Of what GitLab is known to do, that which the document's records can tell.
pub(super) fn infer_asking(draft: &Draft<'_>, entry: Entry<'_>) -> Asking {
    let tells = |field: &str| is_told(draft, field);
    let (refresh, reason) = gitlab::refresh(entry.place).unwrap_or_default();
    Asking {
        unless: gitlab::unless(entry.place).into_iter().filter(|sign| tells(sign.field)).collect(),
        refresh: Fact::sure(refresh, reason),
        frozen: gitlab::frozen(entry.place).filter(|sign| tells(sign.field)),
        activity: gitlab::activity(entry.place).filter(|activity| tells(activity.field)),
        system_notes: gitlab::system_notes(entry.place)
            .filter(|notes| entry.endpoint.query_param(notes.without.0).is_some()),
    }
}

/// Whether the document's projects have the field, where it describes them.
fn is_told(draft: &Draft<'_>, field: &str) -> bool {
    let projects = draft.entries().filter(|entry| gitlab::shows_projects(entry.place));
    let mut described =
        projects.filter_map(|entry| draft.record(entry)).filter(|entity| entity.is_described());
    described.any(|entity| entity.properties.contains_key(field))
}
