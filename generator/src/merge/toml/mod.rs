//! TOML, edited in place: keys are found by name, wherever the user has moved them.
//!
//! The user's text is cut into sections and pieces (see [`layout`]); pieces that nobody changed are exchanged, new ones
//! are put behind the one that they follow, and all else stays as it is, byte for byte.

mod layout;
mod pieces;
mod value;

use super::{Merged, Sides};
use layout::{Layout, Section};
use value::Keys;

/// What a person should know of a key after a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The user's value stays, although the generator now writes another.
    Kept { key: String, new: String },
    /// It is not written any more. The user's value stands there as a comment.
    CommentedOut { key: String },
    /// A parameter that the user sends and the document no longer has.
    LeftDocument { key: String },
}

/// Merges by key. `None` when a side cannot be read, or what came out cannot.
pub(super) fn merge_toml(sides: Sides<'_>) -> Option<Merged> {
    let pristine = Layout::parse(sides.pristine)?;
    let new = Layout::parse(sides.new)?;
    let mut yours = Layout::parse(sides.yours)?;
    let keys = Keys::parse(sides.yours)?;
    let mut notes = Vec::new();
    for (at, section) in new.sections.iter().enumerate() {
        let before = pristine.get(&section.path);
        match (yours.position(&section.path), before) {
            (Some(own), _) => {
                let own = yours.sections.get_mut(own)?;
                pieces::merge_section(own, before, section, &keys, &mut notes);
            }
            (None, Some(_)) => {}
            (None, None) if keys.has(&section.path) => {}
            (None, None) => insert(&mut yours, &new, at),
        }
    }
    let (known, present) = (Keys::parse(sides.pristine)?, Keys::parse(sides.new)?);
    let is_gone = |path: &[String]| present.lacks_a_table_of(path, &known);
    yours.sections.retain_mut(|section| {
        let was_written = pristine.get(&section.path).is_some() && new.get(&section.path).is_none();
        let goes = was_written || is_gone(&section.path);
        !goes || leaves_something(section, pristine.get(&section.path), &mut notes)
    });
    for section in &mut yours.sections {
        notes.extend(pieces::comment_out_orphans(section, &is_gone));
    }
    let text = yours.to_string();
    Keys::parse(&text)?;
    Some(Merged { text, conflicts: 0, notes })
}

/// The sections of the new text that the user's has as well.
pub(super) fn known_part(yours: &str, new: &str) -> Option<String> {
    let keys = Keys::parse(yours)?;
    let mut known = Layout::parse(new)?;
    known.sections.retain(|section| section.path.is_empty() || keys.has(&section.path));
    Some(known.to_string())
}

/// Takes a section out of use. What the user has put there stays as a comment.
fn leaves_something(section: &mut Section, before: Option<&Section>, notes: &mut Vec<Note>) -> bool {
    let changed = pieces::comment_out_changed(section, before);
    notes.extend(
        changed.iter().map(|name| Note::CommentedOut { key: pieces::full_name(&section.path, name) }),
    );
    !section.lead.is_empty() || section.pieces.iter().any(|piece| piece.kind != layout::Kind::Space)
}

/// Puts a section of the new text behind the one that it follows there.
fn insert(yours: &mut Layout, new: &Layout, at: usize) {
    let Some(mut section) = new.sections.get(at).cloned() else { return };
    let earlier = new.sections.get(..at).unwrap_or_default().iter().rev();
    let previous = earlier.clone().find_map(|section| yours.position(&section.path));
    let place = previous.map_or(0, |previous| previous + 1);
    let is_apart = earlier.clone().next().is_none_or(Section::ends_apart);
    if let Some(previous) = previous.and_then(|previous| yours.sections.get_mut(previous)) {
        let was_apart = previous.ends_apart();
        previous.set_apart(is_apart);
        section.set_apart(was_apart || section.ends_apart());
    }
    if place == yours.sections.len() {
        section.set_apart(false);
    } else if yours.sections.get(place).is_some_and(|next| !next.lead.is_empty()) {
        section.set_apart(true);
    }
    yours.sections.insert(place, section);
}

#[cfg(test)]
mod tests;
