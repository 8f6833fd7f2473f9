//! The resources that a pipeline is made of: a preset, patterns that add and take away, and the parents of all of them.

use std::collections::BTreeSet;

use crate::gitlab::Preset;

use super::{Pattern, Resource, ResourceGraph};

/// What the user asks for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Without a preset and without patterns, the core preset.
    pub preset: Option<Preset>,
    pub select: Vec<Pattern>,
    pub exclude: Vec<Pattern>,
}

/// Why a selection cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    #[error("`{pattern}` matches no resource")]
    NoMatch { pattern: String, closest: Option<String> },
    #[error("nothing is selected")]
    Empty,
    #[error("`{parent}` is excluded, but `{child}` starts from its records")]
    ParentExcluded { parent: String, child: String },
}

impl SelectionError {
    pub fn hint(&self) -> String {
        match self {
            Self::NoMatch { closest: Some(closest), .. } => format!("did you mean `{closest}`?"),
            Self::NoMatch { closest: None, .. } => "`gitlab-init inspect` lists all resources".into(),
            Self::Empty => "give a `--preset` or a `--select`".into(),
            Self::ParentExcluded { child, .. } => format!("exclude `{child}` as well, or keep its parent"),
        }
    }
}

impl ResourceGraph {
    /// The part of the graph that a selection takes, in the same order; what it did not ask for is no longer in it.
    ///
    /// # Errors
    /// When a pattern matches nothing, nothing is left, or a parent that is needed is excluded.
    pub fn select(&self, selection: &Selection) -> Result<Self, SelectionError> {
        for pattern in selection.select.iter().chain(&selection.exclude) {
            if !self.resources.iter().any(|resource| pattern.matches(resource)) {
                let closest = self.closest(pattern.as_str());
                return Err(SelectionError::NoMatch { pattern: pattern.as_str().into(), closest });
            }
        }
        let excluded =
            |resource: &Resource| selection.exclude.iter().any(|pattern| pattern.matches(resource));
        let wanted =
            self.resources.iter().filter(|resource| selection.wants(resource) && !excluded(resource));
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for resource in wanted {
            self.take_with_parents(resource, &excluded, &mut names)?;
        }
        if names.is_empty() {
            return Err(SelectionError::Empty);
        }
        let taken = self.resources.iter().filter(|resource| names.contains(resource.name.as_str()));
        let resources = taken.cloned().map(|resource| selection.asked_for(resource)).collect();
        Ok(Self { resources, skipped: self.skipped.clone() })
    }

    fn take_with_parents<'a>(
        &'a self,
        resource: &'a Resource,
        excluded: &impl Fn(&Resource) -> bool,
        names: &mut BTreeSet<&'a str>,
    ) -> Result<(), SelectionError> {
        if !names.insert(&resource.name) {
            return Ok(());
        }
        for param in &resource.params {
            let source = param.source.value.as_ref();
            let Some(parent) = source.and_then(|source| self.get(&source.resource)) else { continue };
            if excluded(parent) {
                return Err(SelectionError::ParentExcluded {
                    parent: parent.name.clone(),
                    child: resource.name.clone(),
                });
            }
            self.take_with_parents(parent, excluded, names)?;
        }
        Ok(())
    }

    /// The resource whose name is most like a pattern.
    pub fn closest(&self, name: &str) -> Option<String> {
        let scored =
            self.resources.iter().map(|resource| (strsim::jaro_winkler(name, &resource.name), resource));
        let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
        (best.0 > 0.8).then(|| best.1.name.clone())
    }
}

impl Selection {
    fn wants(&self, resource: &Resource) -> bool {
        let by_preset = match self.preset {
            None => self.select.is_empty() && resource.default.value,
            Some(Preset::Core) => resource.default.value,
            Some(Preset::All) => true,
            Some(Preset::Admin) => resource.enabled && resource.presets.contains(&Preset::Admin),
            Some(preset) => {
                resource.enabled
                    && resource.presets.contains(&preset)
                    && !resource.presets.contains(&Preset::Admin)
                    && resource.shape.value.is_many()
            }
        };
        by_preset || self.named(resource)
    }

    fn named(&self, resource: &Resource) -> bool {
        self.select.iter().any(|pattern| pattern.matches(resource))
    }

    /// What is asked for by its very name is on, even if it carries secrets.
    fn asked_for(&self, mut resource: Resource) -> Resource {
        let exactly = self.select.iter().any(|pattern| pattern.as_str() == resource.name);
        resource.enabled |= exactly && resource.is_ready();
        resource
    }
}
