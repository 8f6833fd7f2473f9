//! Records as GitLab sends them.

use serde_json::{Value, json};

fn user(id: i64) -> Value {
    let name = format!("user-{id}");
    json!({
        "id": id, "username": name, "public_email": "", "name": "Some Person", "state": "active", "locked": false,
        "avatar_url": format!("https://gitlab.example.com/uploads/-/system/user/avatar/{id}/avatar.png"),
        "web_url": format!("https://gitlab.example.com/{name}"),
    })
}

pub(super) fn issue(id: i64) -> Value {
    let url = format!("https://gitlab.example.com/api/v4/projects/{}/issues/{id}", id % 50);
    json!({
        "id": id, "iid": id % 1000, "project_id": id % 50, "title": format!("Issue number {id} of the instance"),
        "description": "A description with some words in it, as people write them.\n".repeat(21), "state": "opened",
        "created_at": "2024-05-01T12:30:00.123Z", "updated_at": "2024-05-02T12:30:00.456Z", "closed_at": null,
        "closed_by": null, "labels": ["bug", "priority::2"], "milestone": null, "assignees": [user(id % 20)],
        "author": user(id % 30), "type": "ISSUE", "assignee": user(id % 20), "user_notes_count": 3,
        "merge_requests_count": 0, "upvotes": 1, "downvotes": 0, "due_date": null, "confidential": false,
        "discussion_locked": null, "issue_type": "issue", "web_url": url,
        "time_stats": {"time_estimate": 0, "total_time_spent": 0, "human_time_estimate": null},
        "task_completion_status": {"count": 0, "completed_count": 0}, "has_tasks": true, "weight": null,
        "blocking_issues_count": 0, "_links": {"self": url, "notes": format!("{url}/notes"), "project": url},
        "references": {"short": "#1", "relative": "#1", "full": "group/project#1"}, "severity": "UNKNOWN",
        "moved_to_id": null, "imported": false, "imported_from": "none", "service_desk_reply_to": null,
    })
}

pub(super) fn job(id: i64) -> Value {
    let url = format!("https://gitlab.example.com/group/project/-/jobs/{id}");
    let commit = "3f2a9c1b7d5e4f6a8b9c0d1e2f3a4b5c6d7e8f90";
    json!({
        "id": id, "status": "success", "stage": "test", "name": format!("rspec {}/20", id % 20), "ref": "main",
        "tag": false, "coverage": 93.25, "allow_failure": false, "created_at": "2024-05-01T12:30:00.123Z",
        "started_at": "2024-05-01T12:31:10.000Z", "finished_at": "2024-05-01T12:41:59.999Z", "erased_at": null,
        "duration": 649.999, "queued_duration": 12.5, "user": user(id % 30),
        "commit": {
            "id": commit, "short_id": "3f2a9c1b", "created_at": "2024-05-01T12:00:00.000+02:00",
            "parent_ids": [commit], "title": "Change a thing", "message": "Change a thing\n\nBecause it was wrong.\n",
            "author_name": "Some Person", "author_email": "person@example.com", "trailers": {},
            "authored_date": "2024-05-01T12:00:00.000+02:00", "web_url": url,
        },
        "pipeline": {
            "id": id / 20, "iid": id / 200, "project_id": 7, "sha": commit, "ref": "main", "status": "success",
            "source": "push", "created_at": "2024-05-01T12:29:00.123Z", "updated_at": "2024-05-01T12:50:00.123Z",
            "web_url": url,
        },
        "web_url": url, "project": {"ci_job_token_scope_enabled": false}, "failure_reason": null,
        "artifacts": [{"file_type": "trace", "size": 10_240, "filename": "job.log", "file_format": null}],
        "runner": {
            "id": 3, "description": "runner-3", "ip_address": "10.0.0.3", "active": true, "paused": false,
            "is_shared": true, "runner_type": "instance_type", "name": "gitlab-runner", "online": true,
        },
        "artifacts_expire_at": null, "archived": false, "tag_list": ["docker", "linux"],
    })
}

pub(super) fn note(id: i64) -> Value {
    json!({
        "id": id, "type": "DiscussionNote", "body": format!("I looked at this again, and number {id} is fine."),
        "author": user(id % 30), "created_at": "2024-05-01T12:30:00.123Z", "updated_at": "2024-05-01T12:30:00.123Z",
        "system": false, "noteable_id": id / 5, "noteable_type": "Issue", "project_id": 7, "resolvable": false,
        "confidential": false, "internal": false, "imported": false, "imported_from": "none",
        "noteable_iid": id / 5, "commands_changes": {},
    })
}

/// A hundred records as a page, as text.
pub(super) fn page(record: fn(i64) -> Value, at: u32) -> String {
    let ids = i64::from(at * 100)..i64::from((at + 1) * 100);
    Value::from(ids.map(record).collect::<Vec<_>>()).to_string()
}
