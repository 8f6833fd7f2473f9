//! Labels, milestones, iterations and boards, of a project or of a group.

use serde_json::{Value, json};

use super::numbered;
use super::text::{self, Object, fields};
use super::user::extend;
use crate::world::{DAY, Group, Kind, Moment, PUBLIC_URL, Project, Snapshot, ids, timeline, words};

const LABELS: [&str; 8] =
    ["bug", "priority::high", "数据", "área: diseño", "with space", "a/b", "🔥 urgent", "C++"];

impl Snapshot {
    fn label_name(number: i64) -> String {
        let base = usize::try_from(number - 1).ok().and_then(|index| LABELS.get(index));
        base.map_or_else(|| format!("label {number:03}"), |name| (*name).to_owned())
    }

    /// Group labels carry the group's path; a project's own have the same names everywhere.
    pub(crate) fn group_label_name(group: &Group, number: i64) -> String {
        format!("{}::{}", group.path, Self::label_name(number))
    }

    fn label(id: i64, name: String, number: i64) -> Value {
        json!({
            "id": id,
            "name": name,
            "description": (number % 2 == 0).then_some("What it is for"),
            "description_html": if number % 2 == 0 { "What it is for" } else { "" },
            "text_color": "#FFFFFF",
            "color": "#428BCA",
            "archived": false,
            "subscribed": false,
        })
    }

    /// The group's own and those of its ancestors.
    pub(crate) fn group_labels(&self, group: &Group, with_ancestors: bool) -> Vec<Value> {
        let mut labels = Vec::new();
        for holder in
            self.plan.lineage(group.index).into_iter().take(if with_ancestors { usize::MAX } else { 1 })
        {
            labels.extend(numbered(self.plan.size.labels, |number| {
                let id = ids::small(1_000, holder.ordinal(), number);
                Self::label(id, Self::group_label_name(holder, number), number)
            }));
        }
        labels
    }

    pub(crate) fn project_labels(&self, project: &Project, with_ancestors: bool) -> Vec<Value> {
        let numbers = self.numbers(Kind::Label, project);
        let mut labels: Vec<Value> = (0..numbers.len())
            .filter_map(|place| numbers.at(place))
            .map(|number| {
                let id = ids::small(500_000, project.ordinal(), number);
                let name = Self::label_name(number) + &self.revision(Kind::Label, project, number);
                let mut label = Self::label(id, name, number);
                let priority = (number % 3 == 1).then_some(number);
                extend(&mut label, json!({"priority": priority, "is_project_label": true}));
                label
            })
            .collect();
        if let Some(group) = project.group.and_then(|group| self.plan.group(group)).filter(|_| with_ancestors)
        {
            labels.extend(self.group_labels(group, true).into_iter().map(|mut label| {
                extend(&mut label, json!({"priority": Value::Null, "is_project_label": false}));
                label
            }));
        }
        labels
    }

    /// Up to three names that issues and merge requests wear; inherited ones among them.
    pub(crate) fn worn_labels(&self, project: &Project, topic: &str, iid: i64) -> Vec<String> {
        let seed = self.plan.seed;
        let place = [project.ordinal(), iid];
        let first = seed.below(self.plan.size.labels.max(1), topic, &place) + 1;
        let own = (0..seed.below(3, "label count", &place)).filter_map(|step| {
            let number = first + step;
            (number <= self.plan.size.labels).then(|| Self::label_name(number))
        });
        let group = project.group.and_then(|group| self.plan.group(group)).filter(|_| iid % 4 == 0);
        own.chain(group.map(|group| Self::group_label_name(group, 1))).collect()
    }

    fn write_milestone(&self, id: i64, number: i64, place: &[i64], milestone: &mut Object<'_>) {
        let created = timeline::nth_of(number, self.plan.size.milestones);
        let closed = number % 3 == 0;
        fields!(milestone, {
            "id": id,
            "iid": number,
            "title": words::title(self.plan.seed, "milestone", place),
            "description": words::body(self.plan.seed, "milestone", place),
            "state": if closed { "closed" } else { "active" },
            "created_at": created,
            "updated_at": created.plus(DAY * (number % 5)),
            "due_date": (number % 2 == 0).then(|| created.plus(30 * DAY).date()),
            "start_date": (number % 4 == 0).then(|| created.date()),
            "expired": closed,
        });
    }

    pub(crate) fn project_milestone(&self, project: &Project, number: i64) -> Value {
        text::value(|out| self.write_project_milestone(project, number, out))
    }

    fn write_project_milestone(&self, project: &Project, number: i64, out: &mut Vec<u8>) {
        let id = ids::small(100_000, project.ordinal(), number);
        Object::write(out, |milestone| {
            self.write_milestone(id, number, &[project.ordinal(), number], milestone);
            milestone.field("project_id", &project.id);
            milestone.field("web_url", &format!("{}/-/milestones/{number}", project.web_url()));
        });
    }

    pub(crate) fn group_milestone(&self, group: &Group, number: i64) -> Value {
        let id = ids::small(50_000_000, group.ordinal(), number);
        text::value(|out| {
            Object::write(out, |milestone| {
                self.write_milestone(id, number, &[-group.ordinal(), number], milestone);
                milestone.field("group_id", &group.id);
                milestone.field("web_url", &format!("{}/-/milestones/{number}", group.web_url()));
            });
        })
    }

    /// The milestone of an issue or merge request, often none.
    pub(crate) fn worn_milestone(&self, project: &Project, iid: i64) -> Value {
        text::value(|out| self.write_worn_milestone(project, iid, out))
    }

    pub(super) fn write_worn_milestone(&self, project: &Project, iid: i64, out: &mut Vec<u8>) {
        let count = self.plan.size.milestones;
        match self.plan.seed.below(count + 2, "milestone of", &[project.ordinal(), iid]) {
            number if number < 1 || number > count => out.extend_from_slice(b"null"),
            number => self.write_project_milestone(project, number, out),
        }
    }

    pub(crate) fn iteration(&self, group: &Group, number: i64) -> Value {
        let start = timeline::nth_of(number, self.plan.size.milestones);
        json!({
            "id": ids::small(700_000, group.ordinal(), number),
            "iid": number,
            "sequence": number,
            "group_id": group.id,
            "title": Value::Null,
            "description": Value::Null,
            "state": 1 + number % 3,
            "created_at": start,
            "updated_at": start.plus(DAY),
            "start_date": start.date(),
            "due_date": start.plus(14 * DAY).date(),
            "web_url": format!("{}/-/iterations/{number}", group.web_url()),
        })
    }

    pub(crate) fn project_board(&self, project: &Project, number: i64) -> Value {
        let project_in_board = json!({
            "id": project.id,
            "name": project.name,
            "path_with_namespace": project.full_path,
            "web_url": project.web_url(),
        });
        self.board(ids::small(800_000, project.ordinal(), number), project_in_board, Value::Null)
    }

    pub(crate) fn group_board(&self, group: &Group, number: i64) -> Value {
        let holder = json!({"id": group.id, "name": group.name, "web_url": group.web_url()});
        self.board(ids::small(850_000, group.ordinal(), number), Value::Null, holder)
    }

    fn board(&self, id: i64, project: Value, group: Value) -> Value {
        json!({
            "id": id,
            "name": "Development",
            "hide_backlog_list": false,
            "hide_closed_list": false,
            "project": project,
            "lists": self.board_lists(id),
            "group": group,
            "milestone": Value::Null,
            "assignee": Value::Null,
            "labels": [],
            "weight": Value::Null,
        })
    }

    pub(crate) fn board_lists(&self, board: i64) -> Vec<Value> {
        numbered(2, |number| {
            json!({
                "id": board * 10 + number,
                "label": Self::label(board * 10 + number, Self::label_name(number), number),
                "position": number - 1,
                "max_issue_count": 0,
                "max_issue_weight": 0,
                "limit_metric": Value::Null,
            })
        })
    }

    pub(crate) fn topic(&self, number: i64) -> Value {
        json!({
            "id": number,
            "name": if number == 1 { "sample" } else { "数据" },
            "title": if number == 1 { "Sample" } else { "数据" },
            "description": Value::Null,
            "total_projects_count": self.plan.projects.len(),
            "organization_id": 1,
            "avatar_url": Value::Null,
        })
    }

    pub(crate) fn todo(&self, project: &Project, number: i64) -> Value {
        let made = Moment::NOW.plus(-number * DAY);
        json!({
            "id": 40_000 + number,
            "project": {"id": project.id, "name": project.name, "path_with_namespace": project.full_path},
            "author": self.user_basic(self.plan.somebody("todo", &[number])),
            "action_name": "assigned",
            "target_type": "Issue",
            "target": self.issue(project, number),
            "target_url": format!("{PUBLIC_URL}/{}/-/issues/{number}", project.full_path),
            "body": "",
            "state": "pending",
            "created_at": made,
            "updated_at": made,
        })
    }
}
