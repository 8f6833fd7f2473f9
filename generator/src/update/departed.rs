//! Resources that the document no longer has. They stay in the crate, off, until somebody removes them: their tables
//! hold rows that no other place has any more.

use std::collections::BTreeSet;

use toml_edit::{DocumentMut, Item};

use crate::graph::ResourceGraph;
use crate::memory::Memory;
use crate::render::{Departed, Given, Names, is_way};

use super::definition::way_to;
use super::edits::Edits;

/// Those of a crate's resources that a document does not have, with the names that they have now.
pub(super) fn departed(memory: &Memory, names: &Names, edits: &Edits, all: &ResourceGraph) -> Vec<Departed> {
    let paths: BTreeSet<&str> = all.resources.iter().map(|resource| resource.path.as_str()).collect();
    let gone = names.resources.iter().filter(|(path, _)| !paths.contains(path.as_str()));
    let config = memory.pristine.get("config.toml").and_then(|text| text.parse::<DocumentMut>().ok());
    let stays = |(path, given): (&String, &Given)| {
        let written = edits.written_as(&given.name)?;
        let way = way_to(edits.moved.get(&written.file).unwrap_or(&written.file))?;
        let is_plain = is_way(&given.name) && (way.is_empty() || is_way(way));
        if !is_plain || edits.deleted.contains(&written.name) || all.get(&given.name).is_some() {
            return None;
        }
        Some(Departed {
            path: path.clone(),
            given: Given { has_left: true, ..given.clone() },
            request_path: written.path().to_owned(),
            modules: way.split('/').filter(|module| !module.is_empty()).map(str::to_owned).collect(),
            definition: written.item.clone(),
            sections: config.as_ref().map_or_else(Vec::new, |config| sections(config, &written.name)),
        })
    };
    gone.filter_map(stays).collect()
}

/// The tables below a resource's own in the configuration.
fn sections(config: &DocumentMut, name: &str) -> Vec<String> {
    let resource = config.get("resources").and_then(|resources| resources.get(name)).and_then(Item::as_table);
    let below = resource.into_iter().flat_map(|table| table.iter()).filter(|(_, item)| item.is_table());
    below.map(|(section, _)| section.to_owned()).collect()
}
