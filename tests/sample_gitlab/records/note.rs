//! What is said and done about an issue, a merge request or an epic.

use serde_json::{Value, json};

use super::numbered;
use crate::world::{HOUR, Kind, Moment, Project, Snapshot, ids, words};

/// What notes and events are attached to.
#[derive(Clone, Debug)]
pub(crate) struct Noteable {
    /// Keeps the ids of the notes of different kinds apart.
    pub(crate) kind: i64,
    pub(crate) type_name: &'static str,
    pub(crate) id: i64,
    pub(crate) iid: i64,
    pub(crate) project_id: Option<i64>,
    pub(crate) made: Moment,
    pub(crate) notes: i64,
    /// When comments were made after the start; they are the last of the notes.
    pub(crate) comments: Vec<Moment>,
}

impl Noteable {
    fn commented(&self) -> i64 {
        i64::try_from(self.comments.len()).unwrap_or(0)
    }

    fn said_at(&self, number: i64) -> Moment {
        let later = usize::try_from(number - (self.notes - self.commented()) - 1).ok();
        let commented = later.and_then(|later| self.comments.get(later)).copied();
        commented.unwrap_or_else(|| self.made.plus(number * HOUR))
    }
}

impl Snapshot {
    pub(super) fn comment_count(&self, kind: Kind, project: &Project, iid: i64) -> i64 {
        i64::try_from(self.edits.comments(kind, project.index, iid).len()).unwrap_or(0)
    }

    /// Without those of the system.
    pub(super) fn user_note_count(&self, kind: Kind, project: &Project, iid: i64) -> i64 {
        let notes = match kind {
            Kind::MergeRequest => self.merge_request_note_count(project, iid),
            _ => self.issue_note_count(project, iid),
        };
        let comments = self.comment_count(kind, project, iid);
        (notes - comments + 1) / 2 + comments
    }

    pub(crate) fn noteable(&self, kind: Kind, project: &Project, iid: i64) -> Noteable {
        let (type_name, id, notes) = match kind {
            Kind::MergeRequest => (
                "MergeRequest",
                ids::merge_request(project.ordinal(), iid),
                self.merge_request_note_count(project, iid),
            ),
            _ => ("Issue", ids::issue(project.ordinal(), iid), self.issue_note_count(project, iid)),
        };
        Noteable {
            kind: ids::of_kind(kind),
            type_name,
            id,
            iid,
            project_id: Some(project.id),
            made: self.created_at(kind, project, iid),
            notes,
            comments: self.edits.comments(kind, project.index, iid).to_vec(),
        }
    }

    pub(crate) fn notes(&self, on: &Noteable) -> Vec<Value> {
        numbered(on.notes, |number| self.note(on, number))
    }

    /// Every second note was written by the system.
    fn note(&self, on: &Noteable, number: i64) -> Value {
        let place = [on.kind, on.id, number];
        let system = number % 2 == 0 && number <= on.notes - on.commented();
        let at = on.said_at(number);
        json!({
            "id": ids::note(on.kind, on.id, number),
            "type": Value::Null,
            "body": match system {
                true if on.type_name == "MergeRequest" && on.iid % 3 == 0 => "approved this merge request",
                true => "changed the description",
                false => words::body(self.plan.seed, "note", &place),
            },
            "author": self.user_basic(self.plan.somebody("note", &place)),
            "created_at": at,
            "updated_at": at,
            "system": system,
            "noteable_id": on.id,
            "noteable_type": on.type_name,
            "project_id": on.project_id,
            "resolvable": false,
            "confidential": false,
            "internal": false,
            "imported": false,
            "imported_from": "none",
            "noteable_iid": on.iid,
            "commands_changes": {},
        })
    }

    pub(crate) fn discussions(&self, on: &Noteable) -> Vec<Value> {
        numbered(on.notes, |number| {
            json!({
                "id": self.plan.seed.sha("discussion", &[on.kind, on.id, number]),
                "individual_note": true,
                "notes": [self.note(on, number)],
            })
        })
    }

    pub(crate) fn award_emoji(&self, on: &Noteable) -> Vec<Value> {
        numbered(on.id % 2, |number| {
            json!({
                "id": ids::note(on.kind + 10, on.id, number),
                "name": "thumbsup",
                "user": self.user_basic(self.plan.somebody("emoji", &[on.id])),
                "created_at": on.made.plus(2 * HOUR),
                "updated_at": on.made.plus(2 * HOUR),
                "awardable_id": on.id,
                "awardable_type": on.type_name,
                "url": Value::Null,
            })
        })
    }

    /// The awards of one of the notes; none when there is no such note.
    pub(crate) fn note_award_emoji(&self, on: &Noteable, note: i64) -> Option<Vec<Value>> {
        let number = (1..=on.notes).find(|number| ids::note(on.kind, on.id, *number) == note)?;
        let note = Noteable {
            kind: on.kind + 20,
            type_name: "Note",
            id: note,
            made: on.made.plus(number * HOUR),
            ..on.clone()
        };
        Some(self.award_emoji(&note))
    }

    pub(crate) fn state_events(&self, on: &Noteable) -> Vec<Value> {
        numbered(on.id % 3, |number| {
            json!({
                "id": on.id * 4 + number,
                "user": self.user_basic(self.plan.somebody("state event", &[on.id, number])),
                "created_at": on.made.plus(number * HOUR),
                "resource_type": on.type_name,
                "resource_id": on.id,
                "source_commit": Value::Null,
                "source_merge_request_id": Value::Null,
                "state": if number % 2 == 1 { "closed" } else { "reopened" },
            })
        })
    }

    /// A label that was deleted since leaves a null behind.
    pub(crate) fn label_events(&self, on: &Noteable) -> Vec<Value> {
        numbered(on.id % 3, |number| {
            let label = json!({"id": 500_001, "name": "bug", "color": "#428BCA", "description": Value::Null});
            json!({
                "id": on.id * 4 + number,
                "user": self.user_basic(self.plan.somebody("label event", &[on.id, number])),
                "created_at": on.made.plus(number * HOUR),
                "resource_type": on.type_name,
                "resource_id": on.id,
                "label": if on.id % 5 == 0 { Value::Null } else { label },
                "action": if number % 2 == 1 { "add" } else { "remove" },
            })
        })
    }

    pub(crate) fn participants(&self, author: i64) -> Vec<Value> {
        vec![self.user_basic(author)]
    }
}
