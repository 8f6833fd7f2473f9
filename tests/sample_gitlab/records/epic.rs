use serde_json::{Value, json};

use super::note::Noteable;
use super::user::extend;
use crate::world::{DAY, Group, HOUR, Moment, Project, Snapshot, ids, timeline, words};

impl Snapshot {
    pub(crate) fn epic_created_at(&self, number: i64) -> Moment {
        timeline::nth_of(number, self.plan.size.epics)
    }

    pub(crate) fn epic(&self, group: &Group, iid: i64) -> Value {
        let created = self.epic_created_at(iid);
        let closed = iid % 3 == 0;
        json!({
            "id": Self::epic_id(group, iid),
            "work_item_id": Self::epic_id(group, iid) + 5_000_000,
            "iid": iid,
            "color": "#1068bf",
            "text_color": "#FFFFFF",
            "group_id": group.id,
            "parent_id": (iid % 4 == 0).then(|| Self::epic_id(group, 1)),
            "parent_iid": (iid % 4 == 0).then_some(1),
            "title": words::title(self.plan.seed, "epic", &[group.ordinal(), iid]),
            "description": words::optional_body(self.plan.seed, "epic", &[group.ordinal(), iid]),
            "confidential": false,
            "author": self.user_basic(self.plan.somebody("epic", &[group.ordinal(), iid])),
            "start_date": Value::Null,
            "start_date_is_fixed": false,
            "end_date": (iid % 2 == 0).then(|| created.plus(90 * DAY).date()),
            "due_date": (iid % 2 == 0).then(|| created.plus(90 * DAY).date()),
            "state": if closed { "closed" } else { "opened" },
            "web_url": format!("{}/-/epics/{iid}", group.web_url()),
            "references": {
                "short": format!("&{iid}"),
                "relative": format!("&{iid}"),
                "full": format!("{}&{iid}", group.full_path),
            },
            "created_at": created,
            "updated_at": created.plus((iid * 13 % 40) * HOUR),
            "closed_at": closed.then(|| created.plus(30 * DAY)),
            "labels": [],
            "upvotes": 0,
            "downvotes": 0,
            "imported": false,
            "imported_from": "none",
        })
    }

    pub(crate) fn epic_id(group: &Group, iid: i64) -> i64 {
        ids::small(4_000_000, group.ordinal(), iid)
    }

    pub(crate) fn epic_issue(&self, group: &Group, epic: i64, project: &Project, iid: i64) -> Value {
        let mut record = self.issue(project, iid);
        let link = Self::epic_id(group, epic) * 100 + iid;
        extend(&mut record, json!({"epic_issue_id": link, "relative_position": iid * 10}));
        record
    }

    pub(crate) fn epic_noteable(&self, group: &Group, iid: i64) -> Noteable {
        Noteable {
            kind: 3,
            type_name: "Epic",
            id: Self::epic_id(group, iid),
            iid,
            project_id: None,
            made: self.epic_created_at(iid),
            notes: iid % (self.plan.size.notes + 1),
            comments: Vec::new(),
        }
    }
}
