//! The figures of every view, computed of records.

use std::collections::{BTreeMap, BTreeSet};

use sample_gitlab::{Moment, SampleServer};
use serde_json::{Map, Value, json};

use crate::figures::Figures;
use crate::records::{Record, day, days, hours, minutes, month, records, week};

/// What a view says of records.
type Compute = fn(&SampleServer) -> Vec<Value>;

const VIEWS: [(&str, Compute); 16] = [
    ("merge_request_cycle_time", cycle_time),
    ("review_load", review_load),
    ("pipelines_by_week", pipelines_by_week),
    ("flaky_jobs", flaky_jobs),
    ("job_queue_times", job_queue_times),
    ("production_deployments", production_deployments),
    ("deployment_frequency", deployment_frequency),
    ("lead_time_for_changes", lead_time),
    ("change_failure_rate", change_failure_rate),
    ("time_to_restore", time_to_restore),
    ("issue_throughput", issue_throughput),
    ("issue_ageing", issue_ageing),
    ("project_issue_labels", issue_labels),
    ("open_issues_by_label", open_issues_by_label),
    ("stale_branches", stale_branches),
    ("release_cadence", release_cadence),
];

pub(crate) fn expected(server: &SampleServer) -> Figures {
    let object = |row: Value| -> Map<String, Value> { row.as_object().expect("an object").clone() };
    let figures = |(name, compute): &(&str, Compute)| {
        ((*name).to_owned(), compute(server).into_iter().map(object).collect())
    };
    VIEWS.iter().map(figures).collect()
}

fn merge_requests(server: &SampleServer) -> Vec<Record> {
    records(server, "/projects/{id}/merge_requests")
}

fn issues(server: &SampleServer) -> Vec<Record> {
    records(server, "/projects/{id}/issues")
}

fn jobs(server: &SampleServer) -> Vec<Record> {
    records(server, "/projects/{id}/pipelines/{pipeline_id}/jobs")
}

/// By the project and the `iid` of what they hang on.
fn below(server: &SampleServer, list: &str) -> BTreeMap<(i64, i64), Vec<Record>> {
    let mut below: BTreeMap<_, Vec<Record>> = BTreeMap::new();
    for record in records(server, list) {
        below.entry((record.path[0], record.path[1])).or_default().push(record);
    }
    below
}

/// Each review with the merge request that it is of.
fn reviews(server: &SampleServer) -> Vec<(Record, Record)> {
    let notes = below(server, "/projects/{id}/merge_requests/{merge_request_iid}/notes");
    let mut reviews = Vec::new();
    for merge_request in merge_requests(server) {
        let place = (merge_request.path[0], merge_request.int("iid"));
        for note in notes.get(&place).into_iter().flatten() {
            let counts = !note.flag("system") || note.is("body", "approved this merge request");
            if counts && note.int("author/id") != merge_request.int("author/id") {
                reviews.push((merge_request.clone(), note.clone()));
            }
        }
    }
    reviews
}

fn cycle_time(server: &SampleServer) -> Vec<Value> {
    let commits = below(server, "/projects/{id}/merge_requests/{merge_request_iid}/commits");
    let mut first_reviews: BTreeMap<i64, Moment> = BTreeMap::new();
    for (merge_request, note) in reviews(server) {
        let first = first_reviews.entry(merge_request.int("id")).or_insert_with(|| note.time("created_at"));
        *first = (*first).min(note.time("created_at"));
    }
    let row = |one: &Record| {
        let (opened, merged) = (one.time("created_at"), one.maybe_time("merged_at"));
        let commits = commits.get(&(one.path[0], one.int("iid"))).into_iter().flatten();
        let first_commit = commits.map(|commit| commit.time("authored_date")).min();
        let started = first_commit.map_or(opened, |commit| commit.min(opened));
        let review = first_reviews.get(&one.int("id")).copied();
        json!({
            "project_id": one.int("project_id"),
            "merge_request_iid": one.int("iid"),
            "title": one.text("title"),
            "state": one.text("state"),
            "first_commit_at": first_commit,
            "opened_at": opened,
            "first_review_at": review,
            "merged_at": merged,
            "hours_to_open": hours(started, opened),
            "hours_to_first_review": review.map(|review| hours(opened, review)),
            "hours_from_review_to_merge": review.zip(merged).map(|(review, merged)| hours(review, merged)),
            "cycle_hours": merged.map(|merged| hours(started, merged)),
            "merged_week": merged.map(week),
        })
    };
    let rows: Vec<Value> = merge_requests(server).iter().map(row).collect();
    let has = |field: &str| {
        rows.iter().any(|row| row[field].is_null()) && rows.iter().any(|row| !row[field].is_null())
    };
    assert!(has("first_review_at") && has("merged_at"), "all are alike");
    rows
}

fn review_load(server: &SampleServer) -> Vec<Value> {
    let mut weeks: BTreeMap<(String, String), (BTreeSet<i64>, u32, u32)> = BTreeMap::new();
    for (merge_request, note) in reviews(server) {
        let place = (note.text("author/username").to_owned(), week(note.time("created_at")));
        let (merge_requests, comments, approvals) = weeks.entry(place).or_default();
        merge_requests.insert(merge_request.int("id"));
        *(if note.flag("system") { approvals } else { comments }) += 1;
    }
    assert!(weeks.values().any(|(.., approvals)| *approvals > 0), "nobody approves");
    let row = |((reviewer, week), (merge_requests, comments, approvals))| {
        let merge_requests: BTreeSet<i64> = merge_requests;
        json!({"reviewer": reviewer, "week": week, "merge_requests": merge_requests.len(), "comments": comments, "approvals": approvals})
    };
    weeks.into_iter().map(row).collect()
}

/// A project, a branch or an environment of it, and a week.
type Week = (i64, String, String);

/// The pipelines of a week.
#[derive(Default)]
struct Pipelines {
    all: u32,
    finished: u32,
    succeeded: u32,
    /// Minutes, of those that have a length.
    took: Vec<f64>,
}

fn pipelines_by_week(server: &SampleServer) -> Vec<Value> {
    let mut lengths: BTreeMap<i64, (Option<Moment>, Option<Moment>)> = BTreeMap::new();
    for job in jobs(server) {
        let (first, last) = lengths.entry(job.path[1]).or_default();
        *first = [*first, job.maybe_time("started_at")].into_iter().flatten().min();
        *last = (*last).max(job.maybe_time("finished_at"));
    }
    let mut weeks: BTreeMap<Week, Pipelines> = BTreeMap::new();
    for pipeline in records(server, "/projects/{id}/pipelines") {
        let place = (pipeline.path[0], pipeline.text("ref").to_owned(), week(pipeline.time("created_at")));
        let of_week = weeks.entry(place).or_default();
        of_week.all += 1;
        if pipeline.is("status", "success") || pipeline.is("status", "failed") {
            of_week.finished += 1;
            of_week.succeeded += u32::from(pipeline.is("status", "success"));
            if let Some((Some(first), Some(last))) = lengths.get(&pipeline.int("id")) {
                of_week.took.push(minutes(*first, *last));
            }
        }
    }
    assert!(weeks.values().any(|week| week.finished == 0), "every week has a pipeline that is over");
    let row = |((project, branch, week), Pipelines { all, finished, succeeded, took }): (Week, Pipelines)| {
        let (timed, total) = (u32::try_from(took.len()).expect("a few"), took.iter().sum::<f64>());
        json!({
            "project_id": project,
            "branch": branch,
            "week": week,
            "pipelines": all,
            "finished": finished,
            "succeeded": succeeded,
            "success_rate": ratio(f64::from(succeeded), finished),
            "timed": timed,
            "total_minutes": (timed > 0).then_some(total),
            "average_minutes": ratio(total, timed),
        })
    };
    weeks.into_iter().map(row).collect()
}

fn ratio(part: f64, whole: u32) -> Option<f64> {
    (whole > 0).then(|| part / f64::from(whole))
}

fn flaky_jobs(server: &SampleServer) -> Vec<Value> {
    let mut runs: BTreeMap<(i64, String), BTreeMap<i64, (u32, u32)>> = BTreeMap::new();
    for job in jobs(server) {
        let pipelines = runs.entry((job.path[0], job.text("name").to_owned())).or_default();
        let (succeeded, failed) = (job.is("status", "success"), job.is("status", "failed"));
        if succeeded || failed {
            let counts = pipelines.entry(job.path[1]).or_default();
            *counts = (counts.0 + u32::from(succeeded), counts.1 + u32::from(failed));
        }
    }
    let row = |((project, job), pipelines): ((i64, String), BTreeMap<i64, (u32, u32)>)| {
        let flaky = pipelines.values().filter(|(succeeded, failed)| *succeeded > 0 && *failed > 0).count();
        let (flaky, all) = (u32::try_from(flaky).ok()?, u32::try_from(pipelines.len()).ok()?);
        let runs: u32 = pipelines.values().map(|(succeeded, failed)| succeeded + failed).sum();
        (flaky > 0).then(|| {
            json!({
                "project_id": project, "job": job, "pipelines": all, "runs": runs,
                "flaky_pipelines": flaky, "flaky_rate": ratio(f64::from(flaky), all),
            })
        })
    };
    runs.into_iter().filter_map(row).collect()
}

fn job_queue_times(server: &SampleServer) -> Vec<Value> {
    let mut weeks: BTreeMap<(i64, String), Vec<f64>> = BTreeMap::new();
    for job in jobs(server) {
        if let Some(queued) = job.get("queued_duration").as_f64() {
            weeks.entry((job.path[0], week(job.time("created_at")))).or_default().push(queued);
        }
    }
    let row = |((project, week), waits): ((i64, String), Vec<f64>)| {
        let (total, count): (f64, _) = (waits.iter().sum(), u32::try_from(waits.len()).expect("a few"));
        json!({
            "project_id": project,
            "week": week,
            "jobs": count,
            "queued_seconds": total,
            "average_seconds": ratio(total, count),
            "longest_seconds": waits.iter().copied().fold(0.0, f64::max),
            "over_a_minute": waits.iter().filter(|wait| **wait > 60.0).count(),
        })
    };
    weeks.into_iter().map(row).collect()
}

/// To production, and over.
fn deployed(server: &SampleServer) -> Vec<(Record, String)> {
    let environments = records(server, "/projects/{id}/environments");
    let production: BTreeMap<i64, String> = environments
        .iter()
        .filter(|environment| environment.is("tier", "production"))
        .map(|environment| (environment.int("id"), environment.text("name").to_owned()))
        .collect();
    let is_over = |one: &Record| one.is("status", "success") || one.is("status", "failed");
    let all = records(server, "/projects/{id}/deployments").into_iter().filter(is_over);
    all.filter_map(|one| production.get(&one.int("environment/id")).cloned().map(|name| (one, name)))
        .collect()
}

fn production_deployments(server: &SampleServer) -> Vec<Value> {
    let deployed = deployed(server);
    assert!(deployed.iter().any(|(one, _)| one.is("status", "failed")), "none fails");
    let row = |(one, environment): &(Record, String)| {
        json!({
            "project_id": one.path[0],
            "deployment_id": one.int("id"),
            "environment": environment,
            "sha": one.text("sha"),
            "status": one.text("status"),
            "started_at": one.time("created_at"),
            "ended_at": one.time("updated_at"),
        })
    };
    deployed.iter().map(row).collect()
}

fn deployment_frequency(server: &SampleServer) -> Vec<Value> {
    let mut weeks: BTreeMap<Week, (u32, u32, BTreeSet<String>)> = BTreeMap::new();
    for (one, environment) in deployed(server) {
        let ended = one.time("updated_at");
        let (succeeded, failed, days) = weeks.entry((one.path[0], environment, week(ended))).or_default();
        if one.is("status", "success") {
            *succeeded += 1;
            days.insert(day(ended));
        } else {
            *failed += 1;
        }
    }
    let row = |((project, environment, week), (succeeded, failed, days))| {
        let days: BTreeSet<String> = days;
        json!({
            "project_id": project, "environment": environment, "week": week, "deployments": succeeded,
            "failed_deployments": failed, "days_with_deployments": days.len(),
        })
    };
    weeks.into_iter().map(row).collect()
}

fn lead_time(server: &SampleServer) -> Vec<Value> {
    let deployed: Vec<(i64, Moment)> = deployed(server)
        .iter()
        .filter(|(one, _)| one.is("status", "success"))
        .map(|(one, _)| (one.path[0], one.time("updated_at")))
        .collect();
    let row = |one: &Record| {
        let merged = one.maybe_time("merged_at")?;
        let of_project = deployed.iter().filter(|(project, _)| *project == one.path[0]);
        let next = of_project.map(|(_, ended)| *ended).filter(|ended| *ended >= merged).min();
        Some(json!({
            "project_id": one.path[0],
            "merge_request_iid": one.int("iid"),
            "merged_at": merged,
            "deployed_at": next,
            "lead_hours": next.map(|next| hours(merged, next)),
            "deployed_week": next.map(week),
        }))
    };
    let rows: Vec<Value> = merge_requests(server).iter().filter_map(row).collect();
    assert!(rows.iter().any(|row| row["deployed_at"].is_null()), "everything is deployed");
    assert!(rows.iter().any(|row| !row["deployed_at"].is_null()), "nothing is deployed");
    rows
}

fn incidents(server: &SampleServer) -> Vec<Record> {
    issues(server).into_iter().filter(|issue| issue.is("issue_type", "incident")).collect()
}

fn change_failure_rate(server: &SampleServer) -> Vec<Value> {
    let mut months: BTreeMap<(i64, String), (u32, u32, u32)> = BTreeMap::new();
    for (one, _) in deployed(server) {
        let counts = months.entry((one.path[0], month(one.time("updated_at")))).or_default();
        if one.is("status", "success") { counts.0 += 1 } else { counts.1 += 1 }
    }
    for incident in incidents(server) {
        months.entry((incident.path[0], month(incident.time("created_at")))).or_default().2 += 1;
    }
    assert!(months.values().any(|(deployments, ..)| *deployments == 0), "every month has a deployment");
    let row = |((project, month), (deployments, failed, incidents))| {
        json!({
            "project_id": project, "month": month, "deployments": deployments, "failed_deployments": failed,
            "incidents": incidents, "change_failure_rate": ratio(f64::from(incidents), deployments),
        })
    };
    months.into_iter().map(row).collect()
}

fn time_to_restore(server: &SampleServer) -> Vec<Value> {
    let row = |incident: &Record| {
        let (opened, closed) = (incident.time("created_at"), incident.maybe_time("closed_at"));
        json!({
            "project_id": incident.path[0],
            "issue_iid": incident.int("iid"),
            "title": incident.text("title"),
            "opened_at": opened,
            "restored_at": closed,
            "hours_to_restore": closed.map(|closed| hours(opened, closed)),
            "restored_month": closed.map(month),
        })
    };
    let rows: Vec<Value> = incidents(server).iter().map(row).collect();
    assert!(rows.iter().any(|row| row["restored_at"].is_null()), "no incident is open");
    rows
}

fn issue_throughput(server: &SampleServer) -> Vec<Value> {
    let mut weeks: BTreeMap<(i64, String), [u32; 3]> = BTreeMap::new();
    let mut count =
        |project: i64, at: Moment, what: usize| weeks.entry((project, week(at))).or_default()[what] += 1;
    for issue in issues(server) {
        count(issue.path[0], issue.time("created_at"), 0);
        if issue.is("state", "closed") {
            count(issue.path[0], issue.time("closed_at"), 1);
        }
    }
    for event in records(server, "/projects/{id}/issues/{issue_iid}/resource_state_events") {
        if event.is("state", "reopened") {
            count(event.path[0], event.time("created_at"), 2);
        }
    }
    assert!(weeks.values().any(|[_, _, reopened]| *reopened > 0), "no issue is reopened");
    let row = |((project, week), [opened, closed, reopened]): ((i64, String), [u32; 3])| json!({"project_id": project, "week": week, "opened": opened, "closed": closed, "reopened": reopened});
    weeks.into_iter().map(row).collect()
}

/// Whole days until now.
fn age(at: Moment) -> i64 {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_millis();
    (i64::try_from(now).expect("a time") - at.millis()).div_euclid(86_400_000)
}

fn issue_ageing(server: &SampleServer) -> Vec<Value> {
    let row = |issue: &Record| {
        json!({
            "project_id": issue.path[0],
            "issue_iid": issue.int("iid"),
            "title": issue.text("title"),
            "opened_at": issue.time("created_at"),
            "updated_at": issue.time("updated_at"),
            "age_days": age(issue.time("created_at")),
            "days_since_update": age(issue.time("updated_at")),
            "opened_month": month(issue.time("created_at")),
        })
    };
    issues(server).iter().filter(|issue| issue.is("state", "opened")).map(row).collect()
}

fn labels(issue: &Record) -> impl Iterator<Item = String> {
    issue
        .get("labels")
        .as_array()
        .expect("labels")
        .iter()
        .map(|label| label.as_str().expect("a name").to_owned())
}

fn issue_labels(server: &SampleServer) -> Vec<Value> {
    let row = |issue: &Record| {
        let row = |label: String| json!({"project_id": issue.path[0], "issue_id": issue.int("id"), "issue_iid": issue.int("iid"), "label": label});
        labels(issue).map(row).collect::<Vec<_>>()
    };
    issues(server).iter().flat_map(row).collect()
}

fn open_issues_by_label(server: &SampleServer) -> Vec<Value> {
    let mut found: BTreeMap<(i64, String), Vec<Moment>> = BTreeMap::new();
    for issue in issues(server).iter().filter(|issue| issue.is("state", "opened")) {
        for label in labels(issue) {
            found.entry((issue.path[0], label)).or_default().push(issue.time("created_at"));
        }
    }
    let row = |((project, label), opened): ((i64, String), Vec<Moment>)| json!({"project_id": project, "label": label, "open_issues": opened.len(), "oldest_opened_at": opened.iter().min()});
    found.into_iter().map(row).collect()
}

fn stale_branches(server: &SampleServer) -> Vec<Value> {
    let all = records(server, "/projects/{id}/repository/branches");
    assert!(all.iter().any(|branch| branch.flag("default")), "there is no default branch");
    let is_stale = |branch: &&Record| {
        !branch.flag("default") && !branch.flag("protected") && age(branch.time("commit/committed_date")) > 90
    };
    let row = |branch: &Record| {
        let last = branch.time("commit/committed_date");
        json!({
            "project_id": branch.path[0],
            "branch": branch.text("name"),
            "last_commit_at": last,
            "days_since_commit": age(last),
            "merged": branch.flag("merged"),
            "last_commit_month": month(last),
        })
    };
    all.iter().filter(is_stale).map(row).collect()
}

fn release_cadence(server: &SampleServer) -> Vec<Value> {
    let mut projects: BTreeMap<i64, Vec<(Moment, String)>> = BTreeMap::new();
    for release in records(server, "/projects/{id}/releases") {
        let released = (release.time("released_at"), release.text("tag_name").to_owned());
        projects.entry(release.path[0]).or_default().push(released);
    }
    let mut rows = Vec::new();
    for (project, mut releases) in projects {
        releases.sort();
        let mut before: Option<Moment> = None;
        for (at, tag) in releases {
            rows.push(json!({
                "project_id": project,
                "tag_name": tag,
                "released_at": at,
                "days_since_previous": before.map(|before| days(before, at)),
                "released_month": month(at),
            }));
            before = Some(at);
        }
    }
    rows
}
