//! What a refused request means: the run ends, one partition is left out, or the request is made in another way.

use super::error::{ExtractError, PartitionError};
use super::replan::replan;
use super::tally::LossKind;
use super::task::{Start, Task};
use crate::client::{Fault, Request, TransportKind};
use crate::config::ApiRoot;

/// What becomes of a request that was refused.
#[derive(Debug)]
pub(super) enum Verdict {
    /// This one takes its place.
    Instead(Box<Task>),
    /// The rest of its partition is left out, and counted.
    LeftOut(LossKind),
}

/// Counts a partition that is left out; an error ends the run. `size` is how many records the page was to hold.
pub(super) fn settle(
    api: &ApiRoot,
    task: &Task,
    request: &Request,
    size: u32,
    error: PartitionError,
) -> Result<Verdict, ExtractError> {
    if let PartitionError::Fault(fault) = &error
        && let Some(task) = replan(task, fault, size)
    {
        tracing::info!(resource = task.node.resource.name, path = %request.path, %fault, paging = ?task.paging, size = ?task.page_size, "asked for in another way");
        return Ok(Verdict::Instead(Box::new(task)));
    }
    if let Some(fatal) = fatal(api, task, &error) {
        return Err(fatal);
    }
    if task.starts_the_scope() {
        return Err(ExtractError::Root { resource: task.node.resource, source: error });
    }
    let kind = match &error {
        PartitionError::Fault(fault) if is_refusal(fault) => LossKind::Skipped,
        _ => LossKind::Failed,
    };
    tracing::info!(resource = task.node.resource.name, path = %request.path, %error, ?kind, "left out");
    task.node.counts.add_loss(kind, error.to_string(), request.path.clone());
    Ok(Verdict::LeftOut(kind))
}

/// The faults that concern the whole run, wherever they occur, and those of roots that have a name of their own.
fn fatal(api: &ApiRoot, task: &Task, error: &PartitionError) -> Option<ExtractError> {
    let PartitionError::Fault(fault) = error else { return None };
    let (api, source) = (api.to_string(), fault.clone());
    let named = match &task.start {
        Start::Root { root, .. } => root.named.clone(),
        Start::Path => None,
    };
    match (fault, named) {
        (Fault::Unauthorized { .. }, _) => Some(ExtractError::InvalidCredentials { api, source }),
        (Fault::NotSaved { .. }, _) => Some(ExtractError::NotSaved { source }),
        (Fault::InsufficientScope { .. }, _) => Some(ExtractError::InvalidPermissions { api, source }),
        (Fault::ForeignRedirect { .. } | Fault::Transport { kind: TransportKind::Connect, .. }, _) => {
            Some(ExtractError::Unreachable { api, source })
        }
        (Fault::NotFound { .. }, Some(named)) => Some(ExtractError::NoSuchRoot { named, source }),
        (fault, _) if is_refusal(fault) && task.starts_the_scope() => {
            Some(ExtractError::RootRefused { resource: task.node.resource, source })
        }
        _ => None,
    }
}

/// What GitLab does not give, to this token or to anybody.
fn is_refusal(fault: &Fault) -> bool {
    matches!(fault, Fault::Forbidden { .. } | Fault::NotFound { .. } | Fault::NeedsToken { .. })
}
