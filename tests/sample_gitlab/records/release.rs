use serde_json::{Value, json};

use super::numbered;
use crate::world::{DAY, MEMBER, Moment, Project, Snapshot, timeline, words};

impl Snapshot {
    pub(crate) fn release_text(&self, project: &Project, number: i64) -> &'static str {
        words::body(self.plan.seed, "release", &[project.ordinal(), number])
    }

    /// Release n describes tag n.
    pub(crate) fn released_at(&self, project: &Project, number: i64) -> Moment {
        timeline::nth_of(number, project.holds.releases)
    }

    pub(crate) fn release(&self, project: &Project, number: i64) -> Value {
        let tag = Self::tag_name(number);
        let released = self.released_at(project, number);
        let sources = ["zip", "tar.gz", "tar.bz2", "tar"].map(|format| {
            json!({"format": format, "url": format!("{}/-/archive/{tag}.{format}", project.web_url())})
        });
        json!({
            "name": if number % 2 == 0 { format!("Ausgabe {number} 🎁") } else { tag.clone() },
            "tag_name": tag,
            "description": self.release_text(project, number),
            "created_at": released.plus(-DAY),
            "released_at": released,
            "upcoming_release": false,
            "author": self.user_basic(MEMBER),
            "commit": self.commit(project, 1 + number % project.holds.commits.max(1), false),
            "milestones": numbered(number % 2, |number| self.project_milestone(project, number)),
            "commit_path": format!("/{}/-/commit/{number}", project.full_path),
            "tag_path": format!("/{}/-/tags/{tag}", project.full_path),
            "assets": {
                "count": 4,
                "sources": sources,
                "links": [],
            },
            "evidences": numbered(number % 2, |_| json!({
                "sha": self.plan.seed.sha("evidence", &[project.ordinal(), number]),
                "filepath": format!("{}/-/releases/{tag}/evidences/1.json", project.web_url()),
                "collected_at": released,
            })),
            "_links": {
                "closed_issues_url": format!("{}/-/issues?release_tag={tag}", project.web_url()),
                "self": format!("{}/-/releases/{tag}", project.web_url()),
            },
        })
    }
}
