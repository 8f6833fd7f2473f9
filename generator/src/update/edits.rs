//! What the user has done to the resources of a crate: renamed some, deleted some, renamed the files that they stand in.

use std::collections::{BTreeMap, BTreeSet};

use crate::endpoint::Path;
use crate::graph::ResourceGraph;
use crate::memory::Memory;
use crate::render::{Given, Names, is_way};
use crate::write::Snapshot;

use super::definition::{Definition, FOLDER, definitions, way_to};

/// The definitions that were written, those that are there, and what lies between them.
#[derive(Debug, Default)]
pub(super) struct Edits {
    pub(super) written: BTreeMap<String, Definition>,
    pub(super) present: BTreeMap<String, Definition>,
    /// New names, by those that were written.
    pub(super) renamed: BTreeMap<String, String>,
    /// Resources whose definitions are not there any more.
    pub(super) deleted: BTreeSet<String>,
    /// What files are called now, by what they were called when they were written.
    pub(super) moved: BTreeMap<String, String>,
    /// Files that were written and are not there any more, nor anywhere else.
    pub(super) missing: BTreeSet<String>,
}

impl Edits {
    pub(super) fn find(snapshot: &Snapshot, memory: &Memory) -> Self {
        let pristine = &memory.pristine;
        let there = snapshot.below(FOLDER);
        let (written, present) = (definitions(pristine), definitions(&there));
        let mut edits = Self { written, present, ..Self::default() };
        for file in pristine.keys().filter(|path| path.starts_with(FOLDER) && !snapshot.has(path)) {
            match edits.place_of(file).filter(|place| !pristine.contains_key(place)) {
                Some(place) => drop(edits.moved.insert(file.clone(), place)),
                None => drop(edits.missing.insert(file.clone())),
            }
        }
        for (name, definition) in &edits.written {
            let is_unreadable =
                there.get(&definition.file).is_some_and(|text| syn::parse_file(text).is_err());
            // What cannot be read as Rust may hold anything.
            if edits.present.contains_key(name) || is_unreadable {
                continue;
            }
            let same = edits
                .present
                .values()
                .find(|own| own.path() == definition.path() && !edits.written.contains_key(&own.name));
            match same {
                Some(own) => drop(edits.renamed.insert(name.clone(), own.name.clone())),
                None => drop(edits.deleted.insert(name.clone())),
            }
        }
        edits
    }

    /// The one file in which all definitions of a file that is gone stand now.
    fn place_of(&self, file: &str) -> Option<String> {
        let mut places =
            self.written.values().filter(|definition| definition.file == file).map(|definition| {
                let paths = || self.present.values().find(|own| own.path() == definition.path());
                self.present.get(&definition.name).or_else(paths).map(|own| own.file.clone())
            });
        let place = places.next()??;
        let is_module = way_to(&place).is_some_and(is_way);
        (is_module && places.all(|other| other.as_ref() == Some(&place))).then_some(place)
    }

    /// What the user calls modules, beside what was known before.
    pub(super) fn modules(&self, known: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut modules = known.clone();
        for (from, to) in &self.moved {
            let (Some(from), Some(to)) = (way_to(from), way_to(to)) else { continue };
            let first = known.iter().find(|(_, called)| *called == from).map(|(first, _)| first.clone());
            modules.insert(first.unwrap_or_else(|| from.to_owned()), to.to_owned());
        }
        modules
    }

    /// The names of a crate, as they are now, by the paths of a document. Documents write the same place differently; a
    /// crate of the first release tells its names by its definitions alone.
    pub(super) fn names(&self, memory: &Memory, graph: &ResourceGraph) -> Names {
        let mut resources = memory.names.resources.clone();
        resources.values_mut().for_each(|given| given.name = self.name_now(&given.name).to_owned());
        let known = if memory.is_scant() { &self.present } else { &self.written };
        let places: BTreeMap<String, &Definition> =
            known.values().map(|definition| (place(definition.path()), definition)).collect();
        let is_new = |path: &String| !memory.names.resources.contains_key(path);
        for resource in graph.resources.iter().filter(|resource| is_new(&resource.path)) {
            let Some(definition) = places.get(&place(&resource.request_path)) else { continue };
            let name = self.name_now(&definition.name).to_owned();
            // Of two paths to one place, each keeps its name.
            if resources.iter().any(|(path, given)| given.name == name && graph.at(path).is_some()) {
                continue;
            }
            let before = resources.extract_if(.., |_, given| given.name == name).next();
            let new = Given { name, table: definition.field("table").to_owned(), has_left: false };
            resources.insert(resource.path.clone(), before.map_or(new, |(_, given)| given));
        }
        Names { resources, modules: memory.names.modules.clone() }
    }

    /// The definition that was written of what is called so now.
    pub(super) fn written_as(&self, name: &str) -> Option<&Definition> {
        self.written.values().find(|written| self.name_now(&written.name) == name)
    }

    /// What a resource that was written is called now.
    pub(super) fn name_now<'n>(&'n self, name: &'n str) -> &'n str {
        self.renamed.get(name).map_or(name, String::as_str)
    }
}

/// Where a path leads, whatever a document calls its placeholders.
fn place(path: &str) -> String {
    Path::parse(path, "").place()
}
