//! One section, piece by piece.

use super::Note;
use super::layout::{Kind, Piece, Section};
use super::value::{Keys, is_same, merge_lists};

/// Brings what is new into the user's section.
pub(super) fn merge_section(
    yours: &mut Section,
    pristine: Option<&Section>,
    new: &Section,
    keys: &Keys,
    notes: &mut Vec<Note>,
) {
    let before = pristine.map_or(&[][..], |section| &section.pieces);
    if pristine.is_some_and(|pristine| pristine.lead == yours.lead) {
        yours.lead.clone_from(&new.lead);
    }
    let mut merge = Merge { yours, before, notes };
    for (at, piece) in new.pieces.iter().enumerate() {
        match &piece.name() {
            Some(name) => merge.named(name, new, at, keys),
            None if piece.kind == Kind::Prose => merge.prose(new, at),
            None => {}
        }
    }
    merge.drop_gone(new);
}

/// Comments out what the user has changed or added, drops the rest, and names the keys of it.
pub(super) fn comment_out_changed(section: &mut Section, before: Option<&Section>) -> Vec<String> {
    if before.is_some_and(|before| before.lead == section.lead) {
        section.lead.clear();
    }
    let before = before.map_or(&[][..], |section| &section.pieces);
    section.pieces.retain(|piece| !before.contains(piece) && piece.kind != Kind::Space);
    section.pieces.retain_mut(|piece| {
        let known = piece.name().and_then(|name| find(before, name));
        let known = known.filter(|known| is_same_text(piece, known));
        known.is_none_or(|known| keeps_lead(piece, known))
    });
    let mut changed = Vec::new();
    for piece in &mut section.pieces {
        match piece.name().map(str::to_owned) {
            Some(name) if piece.value().is_some() => {
                piece.comment_out();
                changed.push(name);
            }
            _ => {}
        }
    }
    section.comment_out_header();
    section.set_apart(true);
    changed
}

/// Comments out the keys of tables that are not there any more.
pub(super) fn comment_out_orphans(section: &mut Section, is_gone: &impl Fn(&[String]) -> bool) -> Vec<Note> {
    let mut notes = Vec::new();
    let path = section.path.clone();
    for piece in &mut section.pieces {
        let Some(name) = piece.value().and(piece.name()).map(str::to_owned) else { continue };
        let Some((table, _)) = name.rsplit_once('.') else { continue };
        let table: Vec<String> = path.iter().cloned().chain(table.split('.').map(str::to_owned)).collect();
        if is_gone(&table) {
            piece.comment_out();
            notes.push(Note::CommentedOut { key: full_name(&path, &name) });
        }
    }
    notes
}

pub(super) fn full_name(path: &[String], name: &str) -> String {
    path.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".")
}

/// Whether two lines differ in spaces alone.
fn is_same_text(one: &Piece, other: &Piece) -> bool {
    one.text.split_whitespace().eq(other.text.split_whitespace())
}

fn find<'p>(pieces: &'p [Piece], name: &str) -> Option<&'p Piece> {
    pieces.iter().find(|piece| piece.name() == Some(name))
}

struct Merge<'m> {
    yours: &'m mut Section,
    before: &'m [Piece],
    notes: &'m mut Vec<Note>,
}

impl Merge<'_> {
    /// A key, or a comment that would be one.
    fn named(&mut self, name: &str, new: &Section, at: usize, keys: &Keys) {
        let Some(piece) = new.pieces.get(at) else { return };
        let before = find(self.before, name);
        let Some(own) = self.yours.pieces.iter().position(|piece| piece.name() == Some(name)) else {
            let mut path = self.yours.path.clone();
            path.extend(name.split('.').map(str::to_owned));
            if before.is_none() && !keys.has(&path) {
                self.insert(new, at);
            }
            return;
        };
        let Some(own) = self.yours.pieces.get_mut(own) else { return };
        let is_left = |before: &&Piece| {
            before.lead == own.lead && (before.text == own.text || piece.lead != before.lead)
        };
        if before.is_some_and(|before| is_left(&before)) {
            own.lead.clone_from(&piece.lead);
        }
        if let Some(note) = renew(own, before, piece, &self.yours.path) {
            self.notes.push(note);
        }
    }

    /// Comments for themselves are known by their text; one that was reworded stands at the same place among them.
    fn prose(&mut self, new: &Section, at: usize) {
        let Some(piece) = new.pieces.get(at) else { return };
        let is_there = |piece: &Piece, pieces: &[Piece]| pieces.iter().any(|known| known.text == piece.text);
        if is_there(piece, &self.yours.pieces) || is_there(piece, self.before) {
            return;
        }
        let is_prose = |piece: &&Piece| piece.kind == Kind::Prose;
        let order = new.pieces.iter().take(at).filter(is_prose).count();
        let before = self.before.iter().filter(is_prose).nth(order);
        let reworded = before.filter(|before| !is_there(before, &new.pieces));
        match reworded {
            Some(before) => {
                if let Some(own) = self.yours.pieces.iter_mut().find(|own| own.text == before.text) {
                    own.text.clone_from(&piece.text);
                }
            }
            None => self.insert(new, at),
        }
    }

    /// Behind the piece that it follows in the new text.
    fn insert(&mut self, new: &Section, at: usize) {
        let Some(piece) = new.pieces.get(at) else { return };
        let earlier = new.pieces.get(..at).unwrap_or_default().iter().rev();
        let place = earlier.filter_map(Piece::name).find_map(|name| {
            let position = self.yours.pieces.iter().position(|own| own.name() == Some(name));
            position.map(|position| position + 1)
        });
        self.yours.pieces.insert(place.unwrap_or(0), piece.clone());
    }

    /// What is not written any more goes, unless the user has changed it.
    fn drop_gone(&mut self, new: &Section) {
        let (before, path) = (self.before, self.yours.path.clone());
        let notes = &mut *self.notes;
        self.yours.pieces.retain_mut(|own| {
            let Some(name) = own.name().map(str::to_owned) else {
                let is_gone = own.kind == Kind::Prose && before.contains(own) && !new.pieces.contains(own);
                return !is_gone;
            };
            let Some(known) = find(before, &name).filter(|_| find(&new.pieces, &name).is_none()) else {
                return true;
            };
            match (&own.kind, &known.kind) {
                _ if is_same_text(own, known) => return keeps_lead(own, known),
                (Kind::Key { .. }, Kind::Key { .. }) => {
                    notes.push(Note::CommentedOut { key: full_name(&path, &name) });
                    own.comment_out();
                }
                (Kind::Key { .. }, _) => notes.push(Note::LeftDocument { key: full_name(&path, &name) }),
                _ => {}
            }
            true
        });
    }
}

/// Takes the new text where the user has left the old one; says when the user's value stands against a new one.
fn renew(own: &mut Piece, before: Option<&Piece>, new: &Piece, path: &[String]) -> Option<Note> {
    let before = before?;
    if own.text == before.text {
        own.text.clone_from(&new.text);
        own.kind = new.kind.clone();
        return None;
    }
    let (Kind::Key { name, value }, Some(old), Some(wanted)) = (&own.kind, before.value(), new.value())
    else {
        return None;
    };
    if is_same(old, wanted) || is_same(value, wanted) {
        return None;
    }
    let merged = if is_same(value, old) { Some(wanted.to_owned()) } else { merge_lists(old, value, wanted) };
    let Some(merged) = merged else {
        return Some(Note::Kept { key: full_name(path, name), new: wanted.to_owned() });
    };
    let (key, rest) = own.text.split_once('=').unwrap_or(("", &own.text));
    own.text = format!("{key}={}", rest.replacen(value.as_str(), &merged, 1));
    own.kind = Kind::Key { name: name.clone(), value: merged };
    None
}

/// What the user wrote above a piece that goes stays.
fn keeps_lead(own: &mut Piece, known: &Piece) -> bool {
    let is_written = own.lead != known.lead && !own.lead.is_empty();
    own.text = std::mem::take(&mut own.lead);
    own.kind = Kind::Prose;
    is_written
}
