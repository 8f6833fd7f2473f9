//! What a refused request means: the run ends, one partition is left out, or the request is made in another way.

use super::task::{Start, Task};
use crate::client::{Client, Fault, Missing, Request};
use crate::extract::error::{At, ExtractError, PartitionError};
use crate::extract::paging::{List, Pager};
use crate::extract::tally::LossKind;

/// What becomes of a request that was refused.
#[derive(Debug)]
pub(super) enum Verdict {
    /// This one takes its place.
    Instead(Box<Task>),
    /// GitLab does not give the rest of its partition, and says this; counted.
    Refused(String),
    /// The rest of its partition should have come, and is left out; counted.
    Failed,
    /// It is a wide list: the partitions in it are read by lists of their own.
    Aside(String),
}

/// Counts a partition that is left out; an error ends the run.
pub(super) fn settle(
    client: &Client,
    task: &Task,
    list: &List,
    request: &Request,
    error: PartitionError,
) -> Result<Verdict, ExtractError> {
    if let Some(pager) = instead(task, list, &error) {
        tracing::info!(resource = task.node.resource.name, path = %request.path, %error, size = pager.size(list), "asked for in another way");
        return Ok(Verdict::Instead(Box::new(task.at(pager))));
    }
    if let Some(fatal) = fatal(client, task, &error) {
        return Err(fatal);
    }
    if task.wide().is_some() {
        tracing::info!(resource = task.node.resource.name, path = %request.path, %error, "read by lists of their own");
        return Ok(Verdict::Aside(error.to_string()));
    }
    if task.starts_the_scope() && !matches!(&error, PartitionError::Fault(fault) if is_missing_route(fault)) {
        return Err(ExtractError::Root { resource: task.node.resource, source: error });
    }
    let reason = error.to_string();
    let (kind, verdict) = match &error {
        PartitionError::Fault(fault) if is_refusal(fault) => {
            task.node.refusals.add(fault, &task.partition().bindings);
            (LossKind::Skipped, Verdict::Refused(reason.clone()))
        }
        _ => (LossKind::Failed, Verdict::Failed),
    };
    tracing::info!(resource = task.node.resource.name, path = %request.path, %error, ?kind, "left out");
    task.node.counts.add_loss(kind, reason, request.path.clone());
    Ok(verdict)
}

/// Another way to ask, if there is one that may help.
fn instead(task: &Task, list: &List, error: &PartitionError) -> Option<Pager> {
    match error {
        PartitionError::Fault(fault) => {
            let pager = task.pager.instead(list, fault)?;
            if let Some(way) = pager.learned().filter(|_| task.wide().is_none()) {
                let _ = task.node.way.set(way);
            }
            Some(pager)
        }
        PartitionError::Paging(error) => task.pager.again(*error),
        PartitionError::Decode(_) => None,
    }
}

/// The faults that concern the whole run, wherever they occur, and those of what the scope starts from.
fn fatal(client: &Client, task: &Task, error: &PartitionError) -> Option<ExtractError> {
    let PartitionError::Fault(fault) = error else { return None };
    let place = match &task.start {
        Start::Root { root, .. } if task.starts_the_scope() => At::Start(root.named.as_ref()),
        _ => At::Below,
    };
    if let Some(fatal) = ExtractError::of_run(client, fault, place) {
        return Some(fatal);
    }
    let is_refused = is_refusal(fault) && task.starts_the_scope() && !is_missing_route(fault);
    is_refused.then(|| ExtractError::RootRefused { resource: task.node.resource, source: fault.clone() })
}

/// Versions of GitLab that do not list subgroups say so; the group itself is read.
fn is_missing_route(fault: &Fault) -> bool {
    matches!(fault, Fault::NotFound { missing: Missing::Route, .. })
}

/// What GitLab does not give, to this token or to anybody.
fn is_refusal(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Forbidden { .. }
            | Fault::InsufficientScope { .. }
            | Fault::NotFound { .. }
            | Fault::NeedsToken { .. }
    )
}
