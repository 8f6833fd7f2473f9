//! State is made to say nothing of some resources: at a user's word, outside of a load.

use super::definition::PIPELINE;
use super::load_id::new_load_id;
use super::options::Without;
use crate::destination::{Claim, Destination, DestinationError, Package, PackageId, StateEntry};

/// Forgets what is kept of these resources, and what others say of them; tells of how many partitions. The next load reads
/// them from their start.
pub fn forget_states(
    destination: Box<dyn Destination>,
    pipeline: &str,
    without: Without,
    is_meant: &dyn Fn(&str) -> bool,
) -> Result<usize, DestinationError> {
    let mut load = destination.open_load(&Claim::new(pipeline))?;
    let mut states: Vec<StateEntry> = Vec::new();
    load.each_state(&mut |entry| {
        if entry.resource == PIPELINE {
            return;
        }
        if is_meant(&entry.resource) {
            states.push(StateEntry { state: None, ..entry });
        } else if let Some(state) = entry.state.as_ref().and_then(|state| without(state, is_meant)) {
            states.push(StateEntry { state: Some(state), ..entry });
        }
    })?;
    if !states.is_empty() {
        let id = PackageId { load_id: new_load_id(std::time::SystemTime::now()), number: 0 };
        load.commit(&Package {
            id: &id,
            swaps: &[],
            deletions: &[],
            states: &states,
            forget: &[],
            load: None,
        })?;
    }
    load.close()?;
    Ok(states.len())
}
