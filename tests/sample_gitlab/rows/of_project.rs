//! The long lists of one project, computed row by row.

use std::sync::Arc;

use super::{Key, Series};
use crate::world::{Kind, Numbers, Project, Snapshot, ids};

pub(crate) fn issues(now: &Snapshot, project: &Arc<Project>) -> Series {
    let numbers = now.numbers(Kind::Issue, project);
    let (made, keyed) = ((now.clone(), Arc::clone(project)), (now.clone(), Arc::clone(project)));
    let written = made.clone();
    Series::new(numbers, move |iid| made.0.issue(&made.1, iid))
        .written(move |iid, out| written.0.write_issue(&written.1, iid, out))
        .keys(move |iid, field| {
            let (now, project) = (&keyed.0, &keyed.1);
            Some(match field {
                "id" => ids::issue(project.ordinal(), iid).into(),
                "iid" => iid.into(),
                "created_at" => now.created_at(Kind::Issue, project, iid).into(),
                "updated_at" => now.updated_at(Kind::Issue, project, iid).into(),
                "state" => {
                    Key::from(if now.is_open(Kind::Issue, project, iid) { "opened" } else { "closed" })
                }
                "title" => now.issue_title(project, iid).into(),
                "labels" => {
                    Key::of_texts(now.worn_labels(project, "issue label", iid).iter().map(String::as_str))
                }
                "author/id" => now.plan.user_id(now.issue_author(project, iid)).into(),
                _ => return None,
            })
        })
        .ascending(&["id", "iid", "created_at"])
}

pub(crate) fn merge_requests(now: &Snapshot, project: &Arc<Project>) -> Series {
    let numbers = now.numbers(Kind::MergeRequest, project);
    let (made, keyed) = ((now.clone(), Arc::clone(project)), (now.clone(), Arc::clone(project)));
    Series::new(numbers, move |iid| made.0.merge_request(&made.1, iid))
        .keys(move |iid, field| {
            let (now, project) = (&keyed.0, &keyed.1);
            Some(match field {
                "id" => ids::merge_request(project.ordinal(), iid).into(),
                "iid" => iid.into(),
                "created_at" => now.created_at(Kind::MergeRequest, project, iid).into(),
                "updated_at" => now.updated_at(Kind::MergeRequest, project, iid).into(),
                "state" => Key::from(now.merge_request_state(project, iid)),
                "title" => now.merge_request_title(project, iid).into(),
                "author/id" => now.plan.user_id(now.merge_request_author(project, iid)).into(),
                _ => return None,
            })
        })
        .ascending(&["id", "iid", "created_at"])
}

pub(crate) fn pipelines(now: &Snapshot, project: &Arc<Project>) -> Series {
    let numbers = now.numbers(Kind::Pipeline, project);
    let (made, keyed) = ((now.clone(), Arc::clone(project)), (now.clone(), Arc::clone(project)));
    Series::new(numbers, move |number| made.0.pipeline(&made.1, number))
        .keys(move |number, field| {
            let (now, project) = (&keyed.0, &keyed.1);
            Some(match field {
                "id" => ids::pipeline(project.ordinal(), number).into(),
                "iid" => number.into(),
                "created_at" => now.pipeline_created_at(project, number).into(),
                "updated_at" => now.pipeline_updated_at(project, number).into(),
                "status" => Key::from(now.pipeline_status(project, number)),
                _ => return None,
            })
        })
        .ascending(&["id", "iid", "created_at"])
}

/// All jobs of the project, or those of one pipeline: of each of them the last run, or all.
pub(crate) fn jobs(now: &Snapshot, project: &Arc<Project>, pipeline: Option<(i64, bool)>) -> Series {
    let each = now.plan.size.jobs_per_pipeline;
    let (before, count) = match pipeline {
        Some((number, true)) => ((number - 1) * each, each),
        Some((number, false)) => (number * each - now.different_jobs(), now.different_jobs()),
        None => (0, now.numbers(Kind::Pipeline, project).last() * each),
    };
    let (made, keyed) = ((now.clone(), Arc::clone(project)), (now.clone(), Arc::clone(project)));
    Series::new(Numbers::up_to(count), move |number| made.0.job(&made.1, before + number))
        .keys(move |number, field| {
            let (now, project) = (&keyed.0, &keyed.1);
            Some(match field {
                "id" => ids::job(project.ordinal(), before + number).into(),
                "created_at" => now.job_created_at(project, before + number).into(),
                "status" => Key::from(now.job_status(project, before + number)),
                _ => return None,
            })
        })
        .ascending(&["id", "created_at"])
}

/// Every tenth commit is on another branch than the default one.
pub(crate) fn commits(
    now: &Snapshot,
    project: &Arc<Project>,
    all_branches: bool,
    with_stats: bool,
) -> Series {
    let last = now.numbers(Kind::Commit, project).last();
    let elsewhere =
        if all_branches { Vec::new() } else { (1..=last).filter(|number| number % 10 == 0).collect() };
    let (made, keyed) = ((now.clone(), Arc::clone(project)), (now.clone(), Arc::clone(project)));
    Series::new(Numbers::without(last, elsewhere), move |number| made.0.commit(&made.1, number, with_stats))
        .keys(move |number, field| match field {
            "committed_date" | "created_at" => Some(keyed.0.committed_at(&keyed.1, number).into()),
            _ => None,
        })
        .ascending(&["committed_date", "created_at"])
}

pub(crate) fn events(now: &Snapshot, project: &Arc<Project>) -> Series {
    let (made, keyed) = ((now.clone(), Arc::clone(project)), (now.clone(), Arc::clone(project)));
    Series::new(Numbers::up_to(project.holds.events), move |number| made.0.event(&made.1, number))
        .keys(move |number, field| match field {
            "created_at" => Some(keyed.0.event_created_at(&keyed.1, number).into()),
            _ => None,
        })
        .ascending(&["id", "created_at"])
}
