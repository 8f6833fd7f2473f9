use serde_json::{Value, json};

use super::text::{self, Object, fields};
use super::user::extend;
use crate::world::{DAY, Kind, Project, Snapshot, ids, words};

impl Snapshot {
    pub(crate) fn issue_title(&self, project: &Project, iid: i64) -> String {
        let title = words::title(self.plan.seed, "issue", &[project.ordinal(), iid]);
        title + &self.revision(Kind::Issue, project, iid)
    }

    pub(crate) fn issue_author(&self, project: &Project, iid: i64) -> i64 {
        self.plan.somebody("issue author", &[project.ordinal(), iid])
    }

    pub(crate) fn issue_note_count(&self, project: &Project, iid: i64) -> i64 {
        let at_start =
            self.plan.seed.below(self.plan.size.notes + 1, "issue notes", &[project.ordinal(), iid]);
        at_start + self.comment_count(Kind::Issue, project, iid)
    }

    pub(crate) fn issue(&self, project: &Project, iid: i64) -> Value {
        text::value(|out| self.write_issue(project, iid, out))
    }

    pub(crate) fn write_issue(&self, project: &Project, iid: i64, out: &mut Vec<u8>) {
        Object::write(out, |issue| {
            self.write_issue_content(project, iid, issue);
            self.write_issue_people(project, iid, issue);
            self.write_issue_numbers(project, iid, issue);
            self.write_issue_links(project, iid, issue);
        });
    }

    fn write_issue_content(&self, project: &Project, iid: i64, issue: &mut Object<'_>) {
        let open = self.is_open(Kind::Issue, project, iid);
        let updated = self.updated_at(Kind::Issue, project, iid);
        fields!(issue, {
            "id": ids::issue(project.ordinal(), iid),
            "iid": iid,
            "project_id": project.id,
            "title": self.issue_title(project, iid),
            "description": words::optional_body(self.plan.seed, "issue", &[project.ordinal(), iid]),
            "state": if open { "opened" } else { "closed" },
            "created_at": self.created_at(Kind::Issue, project, iid),
            "updated_at": updated,
            "closed_at": (!open).then_some(updated),
            "labels": self.worn_labels(project, "issue label", iid),
        });
        issue.nested("milestone", |out| self.write_worn_milestone(project, iid, out));
    }

    fn write_issue_people(&self, project: &Project, iid: i64, issue: &mut Object<'_>) {
        let place = [project.ordinal(), iid];
        let count = self.plan.seed.below(3, "assignee count", &place);
        let assignee = |nth| self.plan.somebody("assignee", &[place[0], iid, nth]);
        issue.nested("assignees", |out| {
            out.push(b'[');
            for nth in 0..count {
                out.extend((nth > 0).then_some(b','));
                self.write_user(assignee(nth), out);
            }
            out.push(b']');
        });
        let closed = !self.is_open(Kind::Issue, project, iid);
        let closer = closed.then(|| self.plan.somebody("closer", &place));
        issue.nested("assignee", |out| self.write_somebody((count > 0).then(|| assignee(0)), out));
        issue.nested("closed_by", |out| self.write_somebody(closer, out));
        issue.nested("author", |out| self.write_user(self.issue_author(project, iid), out));
    }

    fn write_issue_numbers(&self, project: &Project, iid: i64, issue: &mut Object<'_>) {
        let seed = self.plan.seed;
        let place = [project.ordinal(), iid];
        let created = self.created_at(Kind::Issue, project, iid);
        let is_incident = iid % 10 == 4;
        fields!(issue, {
            "type": if is_incident { "INCIDENT" } else { "ISSUE" },
            "issue_type": if is_incident { "incident" } else { "issue" },
            "user_notes_count": self.user_note_count(Kind::Issue, project, iid),
            "merge_requests_count": seed.below(2, "merges", &place),
            "upvotes": seed.below(4, "up", &place),
            "downvotes": 0,
            "start_date": (),
            "due_date": seed.one_in(3, "due", &place).then(|| created.plus(21 * DAY).date()),
            "confidential": seed.one_in(10, "confidential", &place),
            "discussion_locked": seed.one_in(8, "locked", &place).then_some(true),
            "weight": project.premium.then_some(iid % 9),
            "blocking_issues_count": 0,
            "has_tasks": iid % 3 > 0,
            "task_status": format!("{} of {} checklist items completed", iid % 2, iid % 3),
        });
        let spent = 1_800 * seed.below(5, "spent", &place);
        issue.nested("time_stats", |out| {
            Object::write(out, |stats| {
                fields!(stats, {
                    "time_estimate": spent * 2,
                    "total_time_spent": spent,
                    "human_time_estimate": (spent > 0).then(|| format!("{}m", spent / 30)),
                    "human_total_time_spent": (spent > 0).then(|| format!("{}m", spent / 60)),
                });
            });
        });
        issue.nested("task_completion_status", |out| {
            Object::write(out, |status| fields!(status, {"count": iid % 3, "completed_count": iid % 2}));
        });
    }

    fn write_issue_links(&self, project: &Project, iid: i64, issue: &mut Object<'_>) {
        let api = format!("{}/issues/{iid}", project.api_url());
        fields!(issue, {
            "web_url": format!("{}/-/issues/{iid}", project.web_url()),
            "severity": "UNKNOWN",
            "moved_to_id": (),
            "imported": false,
            "imported_from": "none",
            "service_desk_reply_to": (),
            "epic_iid": (project.premium && iid % 5 == 0).then(|| 1 + iid % self.plan.size.epics.max(1)),
            "iteration": (),
            "health_status": project.premium.then_some("on_track"),
        });
        issue.nested("_links", |out| {
            Object::write(out, |links| {
                fields!(links, {
                    "notes": format!("{api}/notes"),
                    "award_emoji": format!("{api}/award_emoji"),
                    "project": project.api_url(),
                    "closed_as_duplicate_of": (),
                    "self": api,
                });
            });
        });
        issue.nested("references", |out| {
            Object::write(out, |references| {
                fields!(references, {
                    "short": format!("#{iid}"),
                    "relative": format!("#{iid}"),
                    "full": format!("{}#{iid}", project.full_path),
                });
            });
        });
    }

    /// Other issues of the project that this one is linked to.
    pub(crate) fn issue_relations(&self, project: &Project, iid: i64) -> Vec<Value> {
        let other = iid - 1;
        if iid % 3 != 0 || !self.numbers(Kind::Issue, project).contains(other) {
            return Vec::new();
        }
        let mut related = self.issue(project, other);
        let linked = self.created_at(Kind::Issue, project, iid);
        extend(
            &mut related,
            json!({
                "issue_link_id": ids::issue(project.ordinal(), iid) + 500,
                "link_type": "relates_to",
                "link_created_at": linked,
                "link_updated_at": linked,
            }),
        );
        vec![related]
    }
}
