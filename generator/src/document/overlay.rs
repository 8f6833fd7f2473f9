//! OpenAPI overlays: corrections to a document, kept apart from it.

use enumset::EnumSet;
use roas_overlay::apply::Apply;
use roas_overlay::v1_0::Overlay;
use serde::Deserialize;
use serde_json::Value;

use super::{DocumentError, Text, yaml};

/// An action of an overlay whose target is not in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdleAction {
    /// The overlay that it belongs to.
    pub overlay: String,
    pub target: String,
}

/// Applies the actions in their order; returns those that matched nothing.
pub(super) fn apply(text: &Text, root: &mut Value) -> Result<Vec<IdleAction>, DocumentError> {
    let origin = || text.origin.clone();
    let overlay = Overlay::deserialize(yaml::parse(text)?)
        .map_err(|source| DocumentError::NotAnOverlay { origin: origin(), source })?;
    let applied = overlay.apply(root, EnumSet::empty());
    let report = applied.map_err(|source| DocumentError::Action { origin: origin(), source })?;
    let idle = report.actions.into_iter().filter(|action| action.matched == 0);
    Ok(idle.map(|action| IdleAction { overlay: origin(), target: action.target }).collect())
}
