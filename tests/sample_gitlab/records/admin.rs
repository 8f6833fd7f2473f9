//! What maintainers and administrators look after: hooks, variables, tokens, flags, snippets, wikis.

use serde_json::{Value, json};

use crate::world::{DAY, MEMBER, Moment, PUBLIC_URL, Project, Snapshot, ids, words};

impl Snapshot {
    pub(crate) fn hook(&self, project: &Project, number: i64) -> Value {
        json!({
            "id": ids::small(140_000, project.ordinal(), number),
            "url": format!("https://hooks.example.com/{number}"),
            "name": Value::Null,
            "description": "",
            "created_at": Moment::START.plus(number * DAY),
            "push_events": true,
            "tag_push_events": false,
            "merge_requests_events": true,
            "enable_ssl_verification": true,
            "alert_status": "executable",
            "disabled_until": Value::Null,
            "url_variables": [],
            "push_events_branch_filter": Value::Null,
            "custom_headers": [],
            "project_id": project.id,
            "issues_events": number % 2 == 0,
        })
    }

    /// The key repeats in every scope: neither it nor anything else identifies a variable alone.
    pub(crate) fn variable(&self, number: i64) -> Value {
        json!({
            "variable_type": "env_var",
            "key": format!("DEPLOY_{}", (number + 1) / 2),
            "value": "not a real secret",
            "hidden": false,
            "protected": number % 2 == 0,
            "masked": false,
            "raw": false,
            "environment_scope": if number % 2 == 0 { "production" } else { "*" },
            "description": Value::Null,
        })
    }

    pub(crate) fn access_token(&self, project: &Project, number: i64) -> Value {
        json!({
            "id": ids::small(150_000, project.ordinal(), number),
            "name": format!("bot {number}"),
            "revoked": false,
            "created_at": Moment::START.plus(number * DAY),
            "description": Value::Null,
            "scopes": ["read_api"],
            "user_id": self.plan.user_id(MEMBER),
            "last_used_at": Value::Null,
            "active": true,
            "expires_at": Moment::NOW.plus(60 * DAY).date(),
            "access_level": 30,
            "resource_type": "project",
            "resource_id": project.id,
        })
    }

    pub(crate) fn feature_flag(&self, number: i64) -> Value {
        json!({
            "name": format!("flag_{number}"),
            "description": Value::Null,
            "active": number % 2 == 1,
            "version": "new_version_flag",
            "created_at": Moment::START,
            "updated_at": Moment::START.plus(number * DAY),
            "scopes": [],
            "strategies": [{
                "id": number,
                "name": "userWithId",
                "parameters": {"userIds": "user1,user2"},
                "scopes": [{"id": number, "environment_scope": "production"}],
                "user_list": Value::Null,
            }],
        })
    }

    pub(crate) fn wiki_page(&self, number: i64) -> Value {
        json!({
            "format": "markdown",
            "slug": format!("ordner/seite-{number}"),
            "title": words::title(self.plan.seed, "wiki", &[number]),
            "wiki_page_meta_id": Value::Null,
        })
    }

    pub(crate) fn snippet(&self, project: Option<&Project>, number: i64) -> Value {
        let holder = project.map_or(999, Project::ordinal);
        let id = ids::small(160_000, holder, number);
        let home = project.map_or_else(|| PUBLIC_URL.to_owned(), Project::web_url);
        let made = Moment::START.plus(number * DAY);
        json!({
            "id": id,
            "title": words::title(self.plan.seed, "snippet", &[holder, number]),
            "description": "",
            "visibility": "private",
            "author": self.user_basic(MEMBER),
            "created_at": made,
            "updated_at": made.plus(DAY),
            "project_id": project.map(|project| project.id),
            "web_url": format!("{home}/-/snippets/{id}"),
            "raw_url": format!("{home}/-/snippets/{id}/raw"),
            "file_name": "snippet.sql",
            "files": [{"path": "snippet.sql", "raw_url": format!("{home}/-/snippets/{id}/raw/main/snippet.sql")}],
            "imported": false,
            "imported_from": "none",
        })
    }
}
