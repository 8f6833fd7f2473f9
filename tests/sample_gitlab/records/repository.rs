use serde_json::{Value, json};

use super::user::extend;
use crate::world::{DAY, HOUR, Kind, Moment, Project, Snapshot, words};

const BRANCHES: [&str; 5] = ["main", "feature/suche", "fix/100%-cpu", "release/1.x", "ünïcode?&=#"];

impl Snapshot {
    /// Commit 1 is the oldest.
    pub(crate) fn commit_sha(&self, project: &Project, number: i64) -> String {
        self.plan.seed.sha("commit", &[project.ordinal(), number])
    }

    pub(crate) fn committed_at(&self, project: &Project, number: i64) -> Moment {
        self.created_at(Kind::Commit, project, number)
    }

    pub(crate) fn commit(&self, project: &Project, number: i64, with_stats: bool) -> Value {
        let sha = self.commit_sha(project, number);
        let user = self.plan.somebody("committer", &[project.ordinal(), number]);
        let zone = match number % 4 {
            0 => 0,
            1 => 2,
            2 => -7,
            _ => 9,
        };
        let committed = self.committed_at(project, number).with_offset(zone);
        let authored = self.committed_at(project, number).plus(-HOUR).with_offset(zone);
        let title = words::title(self.plan.seed, "commit", &[project.ordinal(), number]);
        let email = format!("{}@example.com", self.plan.username(user));
        let mut record = json!({
            "id": sha,
            "short_id": sha.chars().take(8).collect::<String>(),
            "created_at": committed,
            "parent_ids": if number > 1 { vec![self.commit_sha(project, number - 1)] } else { Vec::new() },
            "title": title,
            "message": format!("{title}\n\nSigned-off-by: {email}\n"),
            "author_name": self.plan.user_name(user),
            "author_email": email,
            "authored_date": authored,
            "committer_name": self.plan.user_name(user),
            "committer_email": email,
            "committed_date": committed,
            "trailers": {"Signed-off-by": email},
            "extended_trailers": {"Signed-off-by": [email]},
            "web_url": format!("{}/-/commit/{sha}", project.web_url()),
        });
        if with_stats {
            let additions = number % 50;
            extend(
                &mut record,
                json!({"stats": {"additions": additions, "deletions": 3, "total": additions + 3}}),
            );
        }
        record
    }

    pub(crate) fn commit_in_detail(&self, project: &Project, number: i64) -> Value {
        let mut record = self.commit(project, number, true);
        extend(
            &mut record,
            json!({"status": Value::Null, "project_id": project.id, "last_pipeline": Value::Null}),
        );
        record
    }

    /// The same names in every project; several need %2F and other escapes in a path.
    pub(crate) fn branch_name(number: i64) -> String {
        let fixed = usize::try_from(number - 1).ok().and_then(|index| BRANCHES.get(index));
        fixed.map_or_else(|| format!("feature/task-{number:04}"), |name| (*name).to_owned())
    }

    pub(crate) fn branch(&self, project: &Project, number: i64) -> Value {
        let name = Self::branch_name(number);
        json!({
            "name": name,
            "commit": self.commit(project, 1 + number % project.holds.commits.max(1), false),
            "merged": number % 3 == 0,
            "protected": number == 1,
            "developers_can_push": false,
            "developers_can_merge": false,
            "can_push": true,
            "default": number == 1,
            "web_url": format!("{}/-/tree/{name}", project.web_url()),
        })
    }

    pub(crate) fn tag_name(number: i64) -> String {
        if number % 4 == 0 { format!("release/2024/{number}") } else { format!("v1.{number}.0") }
    }

    pub(crate) fn tag(&self, project: &Project, number: i64) -> Value {
        let name = Self::tag_name(number);
        let commit = 1 + number % project.holds.commits.max(1);
        let annotated = number % 2 == 0;
        let release = (number <= project.holds.releases)
            .then(|| json!({"tag_name": name, "description": self.release_text(project, number)}));
        json!({
            "name": name,
            "message": if annotated { "Annotated 🏷️\n" } else { "" },
            "target": self.commit_sha(project, commit),
            "commit": self.commit(project, commit, false),
            "release": release,
            "protected": false,
            "created_at": annotated.then(|| self.committed_at(project, commit)),
        })
    }

    pub(crate) fn contributor(&self, user: i64) -> Value {
        json!({
            "name": self.plan.user_name(user),
            "email": format!("{}@example.com", self.plan.username(user)),
            "commits": 1 + user % 9,
            "additions": 0,
            "deletions": 0,
        })
    }

    pub(crate) fn tree_entry(&self, project: &Project, number: i64) -> Value {
        let folder = number <= 2;
        let name = match number {
            1 => "docs".to_owned(),
            2 => "src".to_owned(),
            _ => format!("Datei {number:04}.md"),
        };
        json!({
            "id": self.plan.seed.sha("blob", &[project.ordinal(), number]),
            "name": name,
            "type": if folder { "tree" } else { "blob" },
            "path": name,
            "mode": if folder { "040000" } else { "100644" },
        })
    }

    pub(crate) fn protected_branch(&self, project: &Project) -> Value {
        let allowed = json!([{
            "id": project.id, "access_level": 40, "access_level_description": "Maintainers",
            "user_id": Value::Null, "group_id": Value::Null,
        }]);
        json!({
            "id": 3_000 + project.id,
            "name": "main",
            "push_access_levels": allowed,
            "merge_access_levels": allowed,
            "allow_force_push": false,
            "unprotect_access_levels": [],
            "code_owner_approval_required": false,
            "inherited": false,
        })
    }

    pub(crate) fn protected_tag(&self) -> Value {
        json!({
            "name": "v*",
            "create_access_levels": [{"id": 1, "access_level": 40, "access_level_description": "Maintainers"}],
        })
    }

    pub(crate) fn deploy_key(&self, project: &Project, number: i64) -> Value {
        json!({
            "id": 60_000 + number,
            "title": format!("key {number}"),
            "created_at": Moment::START.plus(number * DAY),
            "expires_at": Value::Null,
            "last_used_at": Value::Null,
            "key": "ssh-ed25519 AAAA sample",
            "usage_type": "auth_and_signing",
            "fingerprint": Value::Null,
            "fingerprint_sha256": format!("SHA256:{}", self.plan.seed.sha("key", &[number])),
            "can_push": project.ordinal() % 2 == 0,
        })
    }
}
