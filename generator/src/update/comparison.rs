//! What an update means for the resources and tables of a crate: its definitions as they are, and as they will be.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::DocumentMut;

use crate::diff::{Aspect, Diff, End, diff};
use crate::memory::Memory;
use crate::write::{Snapshot, WritePlan};

use super::content::Content;
use super::definition::{Definition, FOLDER, definitions};
use super::edits::Edits;
use super::outline::outline;

/// Resources that left the document are gone, though their definitions stay, off.
pub(super) fn compare(
    snapshot: &Snapshot,
    memory: &Memory,
    content: &Content,
    edits: &Edits,
    plan: &WritePlan,
) -> Diff {
    let after = definitions(&files_after(snapshot, content, plan));
    let config = snapshot.text("config.toml");
    let config_after = plan.text_after("config.toml").unwrap_or(config.as_deref());
    let kept: BTreeSet<&str> =
        content.past.departed.iter().map(|departed| departed.given.name.as_str()).collect();
    let had_left = |name: &str| {
        let mut given = memory.names.resources.values();
        given.any(|given| given.has_left && edits.name_now(&given.name) == name) && kept.contains(name)
    };
    let outlines =
        |definitions: &BTreeMap<String, Definition>, config: Option<&str>, left: &dyn Fn(&str) -> bool| {
            let config = config.and_then(|text| text.parse::<DocumentMut>().ok());
            let there = definitions.values().filter(|definition| !left(&definition.name));
            there.map(|definition| outline(definition, config.as_ref())).collect::<Vec<_>>()
        };
    let old = outlines(&edits.present, config.as_deref(), &had_left);
    let mut new = outlines(&after, config_after, &|name| kept.contains(name));
    // What says nothing of its filters takes any: those that are named now are not new.
    for own in &mut new {
        let before = edits.present.get(&own.name);
        if before.is_some_and(|before| before.expression("filters").is_none()) {
            own.facts.retain(|(aspect, _), _| *aspect != Aspect::Filter);
        }
    }
    let mut diff = diff(&old, &new);
    for gone in &mut diff.gone {
        gone.end = if kept.contains(gone.resource.as_str()) { End::Kept } else { End::Removed };
    }
    diff
}

/// The files of resources, as they will be; where there are conflicts, as they are rendered.
fn files_after(snapshot: &Snapshot, content: &Content, plan: &WritePlan) -> BTreeMap<String, String> {
    let mut files = snapshot.below(FOLDER);
    for change in plan.changes.iter().filter(|change| change.path.starts_with(FOLDER)) {
        let rendered = || content.files.iter().find(|file| file.path == change.path).map(|file| &*file.body);
        let after = if change.is_conflict() { Some(rendered()) } else { change.after() };
        match after {
            Some(Some(text)) => drop(files.insert(change.path.clone(), text.to_owned())),
            Some(None) => drop(files.remove(&change.path)),
            None => {}
        }
    }
    files
}
