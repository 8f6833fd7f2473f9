use serde_json::{Value, json};

use super::numbered;
use super::user::extend;
use crate::world::{DAY, HOUR, Kind, Project, Snapshot, ids, words};

impl Snapshot {
    pub(crate) fn merge_request_title(&self, project: &Project, iid: i64) -> String {
        let title = words::title(self.plan.seed, "merge request", &[project.ordinal(), iid]);
        title + &self.revision(Kind::MergeRequest, project, iid)
    }

    pub(crate) fn merge_request_author(&self, project: &Project, iid: i64) -> i64 {
        self.plan.somebody("merge request author", &[project.ordinal(), iid])
    }

    pub(crate) fn merge_request_state(&self, project: &Project, iid: i64) -> &'static str {
        match (self.is_open(Kind::MergeRequest, project, iid), iid % 4) {
            (true, _) => "opened",
            (false, 0) => "closed",
            (false, _) => "merged",
        }
    }

    pub(crate) fn merge_request_note_count(&self, project: &Project, iid: i64) -> i64 {
        let at_start =
            self.plan.seed.below(self.plan.size.notes + 1, "merge request notes", &[project.ordinal(), iid]);
        at_start + self.comment_count(Kind::MergeRequest, project, iid)
    }

    pub(crate) fn merge_request(&self, project: &Project, iid: i64) -> Value {
        let mut record = self.merge_request_text(project, iid);
        extend(&mut record, self.merge_request_people(project, iid));
        extend(&mut record, self.merge_request_state_of_merge(project, iid));
        extend(&mut record, self.merge_request_links(project, iid));
        record
    }

    fn merge_request_text(&self, project: &Project, iid: i64) -> Value {
        let state = self.merge_request_state(project, iid);
        let updated = self.updated_at(Kind::MergeRequest, project, iid);
        json!({
            "id": ids::merge_request(project.ordinal(), iid),
            "iid": iid,
            "project_id": project.id,
            "title": self.merge_request_title(project, iid),
            "description": words::optional_body(self.plan.seed, "merge request", &[project.ordinal(), iid]),
            "state": state,
            "created_at": self.created_at(Kind::MergeRequest, project, iid),
            "updated_at": updated,
            "merged_at": (state == "merged").then_some(updated),
            "closed_at": (state == "closed").then_some(updated),
            "target_branch": "main",
            "source_branch": format!("feature/{iid}-änderung"),
            "user_notes_count": self.user_note_count(Kind::MergeRequest, project, iid),
            "upvotes": 0,
            "downvotes": 0,
            "labels": self.worn_labels(project, "merge request label", iid),
            "milestone": self.worn_milestone(project, iid),
        })
    }

    fn merge_request_people(&self, project: &Project, iid: i64) -> Value {
        let place = [project.ordinal(), iid];
        let state = self.merge_request_state(project, iid);
        let somebody = |topic: &str| self.user_basic(self.plan.somebody(topic, &place));
        let assignees = numbered(self.plan.seed.below(3, "assignees", &place), |_| somebody("assignee"));
        json!({
            "merged_by": if state == "merged" { somebody("merger") } else { Value::Null },
            "merge_user": if state == "merged" { somebody("merger") } else { Value::Null },
            "closed_by": if state == "closed" { somebody("closer") } else { Value::Null },
            "author": self.user_basic(self.merge_request_author(project, iid)),
            "assignee": assignees.first(),
            "assignees": assignees,
            "reviewers": numbered(iid % 2, |_| somebody("reviewer")),
        })
    }

    fn merge_request_state_of_merge(&self, project: &Project, iid: i64) -> Value {
        let merged = self.merge_request_state(project, iid) == "merged";
        let sha = |topic: &str| self.plan.seed.sha(topic, &[project.ordinal(), iid]);
        let mut record = json!({
            "source_project_id": project.id,
            "target_project_id": project.id,
            "draft": iid % 6 == 0,
            "imported": false,
            "imported_from": "none",
            "work_in_progress": iid % 6 == 0,
            "merge_when_pipeline_succeeds": false,
            "merge_status": "can_be_merged",
            "detailed_merge_status": if merged { "not_open" } else { "mergeable" },
            "merge_after": Value::Null,
            "sha": sha("head"),
            "merge_commit_sha": merged.then(|| sha("merge commit")),
            "squash_commit_sha": Value::Null,
            "discussion_locked": Value::Null,
            "should_remove_source_branch": merged.then_some(true),
            "force_remove_source_branch": iid % 2 == 0,
            "prepared_at": self.created_at(Kind::MergeRequest, project, iid).plus(HOUR / 60),
            "squash": false,
            "squash_on_merge": false,
            "has_conflicts": false,
            "blocking_discussions_resolved": true,
            "approvals_before_merge": Value::Null,
        });
        // Of those that come from forks.
        if iid % 7 == 3 {
            extend(&mut record, json!({"allow_collaboration": true, "allow_maintainer_to_push": true}));
        }
        record
    }

    fn merge_request_links(&self, project: &Project, iid: i64) -> Value {
        json!({
            "reference": format!("!{iid}"),
            "references": {
                "short": format!("!{iid}"),
                "relative": format!("!{iid}"),
                "full": format!("{}!{iid}", project.full_path),
            },
            "web_url": format!("{}/-/merge_requests/{iid}", project.web_url()),
            "time_stats": {
                "time_estimate": 0,
                "total_time_spent": 0,
                "human_time_estimate": Value::Null,
                "human_total_time_spent": Value::Null,
            },
            "task_completion_status": {"count": 0, "completed_count": 0},
        })
    }

    pub(crate) fn merge_request_in_detail(&self, project: &Project, iid: i64) -> Value {
        let mut record = self.merge_request(project, iid);
        let sha = |topic: &str| self.plan.seed.sha(topic, &[project.ordinal(), iid]);
        let pipeline = match project.holds.pipelines {
            0 => Value::Null,
            count => self.pipeline(project, 1 + iid % count),
        };
        extend(
            &mut record,
            json!({
                "subscribed": false,
                "changes_count": "2",
                "latest_build_started_at": Value::Null,
                "latest_build_finished_at": Value::Null,
                "first_deployed_to_production_at": Value::Null,
                "pipeline": pipeline,
                "head_pipeline": pipeline,
                "diff_refs": {"base_sha": sha("base"), "head_sha": sha("head"), "start_sha": sha("base")},
                "merge_error": Value::Null,
                "first_contribution": iid == 1,
                "user": {"can_merge": true},
            }),
        );
        record
    }

    pub(crate) fn merge_request_commits(&self, project: &Project, iid: i64) -> Vec<Value> {
        let count = (1 + iid % 3).min(project.holds.commits);
        numbered(count, |number| {
            self.commit(project, 1 + (iid + number) % project.holds.commits.max(1), false)
        })
    }

    pub(crate) fn merge_request_diffs(&self, iid: i64) -> Vec<Value> {
        numbered(2, |number| {
            let path = format!("src/módulo {iid}/file{number}.rs");
            json!({
                "diff": "@@ -1,2 +1,2 @@\n-old \"line\"\n+new line\n",
                "collapsed": false,
                "too_large": false,
                "new_path": path,
                "old_path": path,
                "a_mode": "100644",
                "b_mode": "100644",
                "new_file": number == 1,
                "renamed_file": false,
                "deleted_file": false,
                "generated_file": Value::Null,
            })
        })
    }

    pub(crate) fn approvals(&self, project: &Project, iid: i64) -> Value {
        let approver = self.user_basic(self.plan.somebody("approver", &[project.ordinal(), iid]));
        let at = self.created_at(Kind::MergeRequest, project, iid).plus(DAY);
        json!({
            "user_has_approved": false,
            "user_can_approve": true,
            "approved": iid % 2 == 0,
            "approved_by": numbered(1 - iid % 2, |_| json!({"user": approver, "approved_at": at})),
        })
    }
}
