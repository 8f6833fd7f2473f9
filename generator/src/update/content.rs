//! What would be written anew: the resources of the crate, in the newer document, with what the user has done to them.

use std::collections::BTreeSet;

use crate::Read;
use crate::graph::{Pattern, Resource, ResourceGraph, Selection, SelectionError};
use crate::memory::Memory;
use crate::render::{Answers, Departed, File, Names, Past, render};

use super::definition::{definitions, parents};
use super::departed::departed;
use super::edits::Edits;
use super::{UpdateError, Wishes};

#[derive(Debug)]
pub(super) struct Content {
    pub(super) answers: Answers,
    pub(super) graph: ResourceGraph,
    pub(super) past: Past,
    pub(super) files: Vec<File>,
    /// Names of resources that are left out because the user has deleted them, or the file that they belong to.
    pub(super) left_out: BTreeSet<String>,
}

impl Content {
    pub(super) fn choose(
        names: &Names,
        memory: &Memory,
        wishes: &Wishes,
        read: &Read,
        edits: &Edits,
    ) -> Result<Self, UpdateError> {
        let modules = edits.modules(&names.modules);
        let mut departed = departed(memory, names, edits, &read.graph);
        let choice = Choice::new(names, wishes, &read.graph, edits, &mut departed)?;
        let mut left_out: BTreeSet<String> = edits.deleted.clone();
        let mut needed: BTreeSet<String> = BTreeSet::new();
        loop {
            let graph = match read.graph.select(&choice.without(&left_out, &read.graph)) {
                Err(SelectionError::ParentExcluded { parent, .. }) if left_out.remove(&parent) => {
                    needed.insert(parent);
                    continue;
                }
                graph => graph?,
            };
            let past = Past { departed: with_their_parents(&departed, &graph), modules: modules.clone() };
            let answers = choice.answers(&left_out);
            let files = render(&answers, &graph, &past)?;
            let homeless: Vec<String> =
                homeless(&files, edits).into_iter().filter(|name| !needed.contains(name)).collect();
            if homeless.is_empty() {
                return Ok(Self { answers, graph, past, files, left_out });
            }
            left_out.extend(homeless);
        }
    }

    pub(super) fn names(&self) -> Names {
        Names::of(&self.graph, &self.past)
    }
}

/// The resources that the crate is to have, as patterns and by name.
#[derive(Debug)]
struct Choice {
    answers: Answers,
    selection: Selection,
}

impl Choice {
    /// Patterns of the past may match nothing in a newer document; those of today have to.
    fn new(
        names: &Names,
        wishes: &Wishes,
        all: &ResourceGraph,
        edits: &Edits,
        departed: &mut Vec<Departed>,
    ) -> Result<Self, SelectionError> {
        wishes.add.iter().try_for_each(|pattern| all.require(pattern))?;
        let mut removed = Vec::new();
        for pattern in &wishes.remove {
            let before = departed.len();
            departed.retain(|departed| !pattern.matches_name(&departed.given.name));
            match all.require(pattern) {
                Ok(()) => removed.push(pattern.clone()),
                Err(_) if departed.len() < before => {}
                Err(error) => return Err(error),
            }
        }
        let mut select = patterns(&wishes.answers.select);
        select.retain(|pattern| !wishes.remove.contains(pattern));
        extend(&mut select, &wishes.add);
        let mut exclude = patterns(&wishes.answers.exclude);
        exclude.retain(|pattern| !wishes.add.iter().any(|add| add.matches_name(pattern.as_str())));
        extend(&mut exclude, &removed);
        let is_any = |patterns: &[Pattern], resource: &Resource| {
            patterns.iter().any(|pattern| pattern.matches(resource))
        };
        let has = |resource: &&Resource| {
            let is_known = !wishes.anew && names.resources.contains_key(&resource.path);
            (is_known && !is_any(&removed, resource)) || is_any(&wishes.add, resource)
        };
        let was_off = |resource: &Resource| {
            let has_left = names.resources.get(&resource.path).is_some_and(|given| given.has_left);
            let written = edits.written_as(&resource.name);
            !has_left && written.is_some_and(|written| written.field("enabled") == "false")
        };
        let may_be_on = |resource: &Resource| is_any(&wishes.add, resource) || !was_off(resource);
        let kept = all.resources.iter().filter(has);
        let kept = kept.map(|resource| (resource.name.clone(), may_be_on(resource))).collect();
        let known = |patterns: &[Pattern]| {
            patterns.iter().filter(|pattern| all.require(pattern).is_ok()).cloned().collect()
        };
        let (preset, text) = (wishes.answers.preset, |pattern: &Pattern| pattern.as_str().to_owned());
        Ok(Self {
            selection: Selection { preset, select: known(&select), exclude: known(&exclude), kept },
            answers: Answers {
                select: select.iter().map(text).collect(),
                exclude: exclude.iter().map(text).collect(),
                ..wishes.answers.clone()
            },
        })
    }

    /// Without some, whatever the patterns say.
    fn without(&self, left_out: &BTreeSet<String>, all: &ResourceGraph) -> Selection {
        let mut selection = self.selection.clone();
        selection.kept.retain(|name, _| !left_out.contains(name));
        let names = left_out.iter().filter(|name| all.get(name).is_some());
        selection.exclude.extend(names.filter_map(|name| name.parse::<Pattern>().ok()));
        selection
    }

    /// What is left out stays so.
    fn answers(&self, left_out: &BTreeSet<String>) -> Answers {
        let mut answers = self.answers.clone();
        for name in left_out {
            if !answers.exclude.contains(name) {
                answers.exclude.push(name.clone());
            }
        }
        answers
    }
}

fn patterns(texts: &[String]) -> Vec<Pattern> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

fn extend(patterns: &mut Vec<Pattern>, more: &[Pattern]) {
    for pattern in more {
        if !patterns.contains(pattern) {
            patterns.push(pattern.clone());
        }
    }
}

/// Those whose parents are there as well, in the graph or among themselves.
fn with_their_parents(departed: &[Departed], graph: &ResourceGraph) -> Vec<Departed> {
    let mut rest = departed.to_vec();
    loop {
        let names: BTreeSet<String> = rest.iter().map(|departed| departed.given.name.clone()).collect();
        let before = rest.len();
        let is_there = |parent: &String| graph.get(parent).is_some() || names.contains(parent);
        rest.retain(|departed| parents(&departed.definition).iter().all(is_there));
        if rest.len() == before {
            return rest;
        }
    }
}

/// New resources of a file that the user has deleted: it stays deleted, so they have no place.
fn homeless(files: &[File], edits: &Edits) -> BTreeSet<String> {
    let missing = files.iter().filter(|file| edits.missing.contains(&file.path));
    let found = definitions(missing.map(|file| (&file.path, &file.body)));
    found.into_keys().filter(|name| !edits.written.contains_key(name)).collect()
}
