//! What a refused request means: the run ends, one partition is left out, or the request is made in another way.

use super::error::{ExtractError, PartitionError};
use super::paging::Position;
use super::tally::LossKind;
use super::task::{Start, Task};
use crate::client::{Fault, Request, TransportKind};
use crate::config::ApiRoot;
use crate::resource::Pagination;

/// Counts a partition that is left out, or returns the error that ends the run.
pub(super) fn settle(
    api: &ApiRoot,
    task: &Task,
    request: &Request,
    error: PartitionError,
) -> Result<Vec<Task>, ExtractError> {
    if let Some(retry) = by_offset(task, &error) {
        return Ok(vec![retry]);
    }
    if let Some(fatal) = fatal(api, task, &error) {
        return Err(fatal);
    }
    if task.is_root() {
        return Err(ExtractError::Root { resource: task.node.resource, source: error });
    }
    let kind = match &error {
        PartitionError::Fault(fault) if is_refusal(fault) => LossKind::Skipped,
        _ => LossKind::Failed,
    };
    tracing::info!(resource = task.node.resource.name, path = %request.path, %error, ?kind, "left out");
    task.node.counts.add_loss(kind, error.to_string(), request.path.clone());
    Ok(Vec::new())
}

/// Versions of GitLab that do not have keyset for a list yet say so with a 405.
fn by_offset(task: &Task, error: &PartitionError) -> Option<Task> {
    let is_refused = matches!(error, PartitionError::Fault(Fault::Refused { status: 405, .. }));
    let is_keyset = matches!(task.pagination(), Pagination::Keyset { .. });
    (is_refused && is_keyset && task.position == Position::First).then(|| {
        let mut task = task.next(Position::First, 0, 0);
        task.previous = None;
        task.by_offset = true;
        task
    })
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
        (Fault::InsufficientScope { .. }, _) => Some(ExtractError::InvalidPermissions { api, source }),
        (Fault::ForeignRedirect { .. } | Fault::Transport { kind: TransportKind::Connect, .. }, _) => {
            Some(ExtractError::Unreachable { api, source })
        }
        (Fault::NotFound { .. }, Some(named)) => Some(ExtractError::NoSuchRoot { named, source }),
        (fault, _) if is_refusal(fault) && task.is_root() => {
            Some(ExtractError::RootRefused { resource: task.node.resource, source })
        }
        _ => None,
    }
}

/// What GitLab does not give, to this token or to anybody.
fn is_refusal(fault: &Fault) -> bool {
    matches!(fault, Fault::Forbidden { .. } | Fault::NotFound { .. } | Fault::NeedsToken { .. })
}
