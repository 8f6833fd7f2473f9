//! The resources that a pipeline is made of: a preset, patterns that add and take away, and the parents of all of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::gitlab::Preset;

use super::{Pattern, Resource, ResourceGraph};

/// Names in a message; of more, the count is told.
const SHOWN: usize = 8;

/// A document with fewer resources of the core preset is about something else, or about a part of GitLab.
const FEWEST_OF_CORE: usize = 12;

/// What the user asks for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Without a preset and without patterns, the core preset, or all that can run where the document hardly knows it.
    pub preset: Option<Preset>,
    pub select: Vec<Pattern>,
    pub exclude: Vec<Pattern>,
    /// What a crate has already, by name: it is taken, whatever the patterns say. False is what was off, and stays so.
    pub kept: BTreeMap<String, bool>,
}

/// Why a selection cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    #[error("`{pattern}` matches no resource")]
    NoMatch { pattern: String, suggestions: Vec<String> },
    #[error("nothing is selected")]
    Empty,
    #[error("the document has nothing of the preset `{preset}`")]
    NothingOfPreset { preset: String },
    #[error("`{parent}` is excluded, but from its records start {}", named(children))]
    ParentExcluded { parent: String, children: Vec<String> },
}

impl SelectionError {
    pub fn hint(&self) -> String {
        match self {
            Self::NoMatch { suggestions, .. } => match suggestions.as_slice() {
                [] => "`gitlab-init inspect` lists all resources".into(),
                [only] => format!("did you mean `{only}`?"),
                [before @ .., last] => {
                    let before: Vec<String> = before.iter().map(|name| format!("`{name}`")).collect();
                    format!("did you mean {} or `{last}`?", before.join(", "))
                }
            },
            Self::Empty => "give a `--preset` or a `--select`".into(),
            Self::NothingOfPreset { .. } => {
                "`--preset all` takes all that the document has, `--select` what you name; `gitlab-init inspect` with \
                 the same `--spec` lists it"
                    .into()
            }
            Self::ParentExcluded { children, .. } => {
                format!("keep it, or exclude these as well: `--exclude {}`", children.join(","))
            }
        }
    }
}

/// A few names, and how many more there are.
fn named(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

impl ResourceGraph {
    /// The part of the graph that a selection takes, in the same order; what it did not ask for is no longer in it.
    ///
    /// # Errors
    /// When a pattern matches nothing, nothing is left, or a parent that is needed is excluded.
    pub fn select(&self, selection: &Selection) -> Result<Self, SelectionError> {
        selection.select.iter().chain(&selection.exclude).try_for_each(|pattern| self.require(pattern))?;
        let takes_all = self.takes_all(selection);
        let excluded = |resource: &Resource| {
            !selection.kept.contains_key(&resource.name)
                && selection.exclude.iter().any(|pattern| pattern.matches(resource))
        };
        let wants = |resource: &&Resource| (takes_all || selection.wants(resource)) && !excluded(resource);
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let mut orphans: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for resource in self.resources.iter().filter(wants) {
            self.take_with_parents(resource, &excluded, &mut names, &mut orphans);
        }
        if let Some((parent, children)) = orphans.into_iter().next() {
            return Err(SelectionError::ParentExcluded { parent, children });
        }
        if names.is_empty() {
            return Err(selection.emptiness());
        }
        let taken = self.resources.iter().filter(|resource| names.contains(resource.name.as_str()));
        let mut resources: Vec<Resource> =
            taken.cloned().map(|resource| selection.asked_for(resource)).collect();
        if takes_all {
            resources.iter_mut().for_each(|resource| resource.enabled &= runs_unasked(resource));
        }
        Ok(Self { resources, skipped: self.skipped.clone(), api_root: self.api_root.clone() })
    }

    /// Makes sure that a pattern matches something.
    ///
    /// # Errors
    /// When it does not; it says what may have been meant.
    pub fn require(&self, pattern: &Pattern) -> Result<(), SelectionError> {
        if self.resources.iter().any(|resource| pattern.matches(resource)) {
            return Ok(());
        }
        let suggestions = self.suggestions(pattern.as_str());
        Err(SelectionError::NoMatch { pattern: pattern.as_str().into(), suggestions })
    }

    /// Whether nothing was asked for, and the document hardly knows what is taken then.
    pub fn takes_all(&self, selection: &Selection) -> bool {
        let core = || {
            self.resources.iter().filter(|resource| resource.is_declared && resource.default.value).count()
        };
        selection.preset.is_none() && selection.select.is_empty() && core() < FEWEST_OF_CORE
    }

    /// Takes a resource and what it starts from; what is excluded of that is told with all that needs it.
    fn take_with_parents<'a>(
        &'a self,
        resource: &'a Resource,
        excluded: &impl Fn(&Resource) -> bool,
        names: &mut BTreeSet<&'a str>,
        orphans: &mut BTreeMap<String, Vec<String>>,
    ) {
        if !names.insert(&resource.name) {
            return;
        }
        for param in &resource.params {
            let source = param.source.value.as_ref();
            let Some(parent) = source.and_then(|source| self.get(&source.resource)) else { continue };
            if excluded(parent) {
                let children = orphans.entry(parent.name.clone()).or_default();
                if !children.contains(&resource.name) {
                    children.push(resource.name.clone());
                }
            } else {
                self.take_with_parents(parent, excluded, names, orphans);
            }
        }
    }
}

/// Of all that can run: not what only an administrator may read, nor what costs a request for each record of a list.
fn runs_unasked(resource: &Resource) -> bool {
    let is_item = resource.request_path.ends_with('}') && !resource.shape.value.is_many();
    !is_item && !resource.presets.contains(&Preset::Admin)
}

impl Selection {
    /// Whether anything was asked for.
    pub fn is_said(&self) -> bool {
        self.preset.is_some() || !self.select.is_empty() || !self.exclude.is_empty()
    }

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
            }
        };
        by_preset || self.named(resource) || self.kept.contains_key(&resource.name)
    }

    fn named(&self, resource: &Resource) -> bool {
        self.select.iter().any(|pattern| pattern.matches(resource))
    }

    /// What is asked for by its very name is on, even if it carries secrets.
    fn asked_for(&self, mut resource: Resource) -> Resource {
        let exactly = self.select.iter().any(|pattern| pattern.as_str() == resource.name);
        resource.enabled |= exactly && resource.is_ready();
        if resource.enabled && self.kept.get(&resource.name) == Some(&false) {
            resource.enabled = false;
            resource.default.reason = "it was off before".into();
        }
        resource
    }

    fn emptiness(&self) -> SelectionError {
        match self.preset {
            Some(preset) if self.select.is_empty() && self.exclude.is_empty() => {
                SelectionError::NothingOfPreset { preset: preset.name().to_owned() }
            }
            _ => SelectionError::Empty,
        }
    }
}
