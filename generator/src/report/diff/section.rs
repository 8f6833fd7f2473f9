//! The parts of a report, in the order of what they cost.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{Added, Aspect, Change, Changed, Diff, End, Fate};

use super::gather::{families, few, gather, many, short};
use super::words::{code, phrase, verdict};

/// Lines of a section; of more, the count is told.
const LINES: usize = 12;
/// Lines of one kind in a section.
const EACH: usize = 6;

/// So many objects with the same change of a field are told of as one.
const ALIKE: usize = 3;

/// What has happened to a column or a filter, and in which order that is said.
type Verdict = (u8, String);

/// One part: what has changed, what that means, and for which resources.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) note: &'static str,
    pub(super) lines: Vec<String>,
}

pub(super) fn sections(diff: &Diff) -> Vec<Section> {
    let fated = |fate| reading(diff, Some(fate));
    let section = |title, note, lines| Section { title, note, lines };
    let all = [
        section("gone", "their rows stay, and no run changes them any more", gone(diff)),
        section("off", "no run takes them as they are; their rows stay", fated(Fate::Left)),
        section(
            "another key",
            "of rows with the same new key the last stays, and the next run reads them from the start",
            fated(Fate::Rekeyed),
        ),
        section(
            "another table",
            "rows stay in the old one, and the next run fills the new one from the start",
            fated(Fate::Moved),
        ),
        section("read from the start by the next run", "their rows stay", fated(Fate::ReadAnew)),
        section("read in another way", "their rows stay, and nothing is read again", reading(diff, None)),
        section("ready now", "they needed values, and can be read as they are", ready(diff)),
        section("renamed", "a pipeline that has them keeps its names", renamed(diff)),
        section(
            "filters",
            "one that is gone must not be set in config.toml any more",
            items(diff, Aspect::Filter),
        ),
        section(
            "columns",
            "rows get new ones as they change, or at once by `run --full-refresh`; none is taken away",
            items(diff, Aspect::Column),
        ),
        section("new", "", added(diff)),
    ];
    all.into_iter().filter(|section| !section.lines.is_empty()).collect()
}

fn gone(diff: &Diff) -> Vec<String> {
    let line = |(end, names): (End, Vec<&str>)| match end {
        End::Document => many(&names),
        End::Kept => format!("left the document, and are kept, off: {}", many(&names)),
        End::Removed => format!("removed: {}", many(&names)),
    };
    let ends = gather(diff.gone.iter().map(|gone| (gone.end, gone.resource.as_str())));
    ends.into_iter().map(line).collect()
}

fn added(diff: &Diff) -> Vec<String> {
    let of = |is: &dyn Fn(&Added) -> bool| -> Vec<&str> {
        diff.added.iter().filter(|added| is(added)).map(|added| added.resource.as_str()).collect()
    };
    let (core, others) = (of(&|own| own.is_on && own.is_core), of(&|own| own.is_on && !own.is_core));
    let (needy, off) = (of(&|own| !own.is_on && own.is_needy), of(&|own| !own.is_on && !own.is_needy));
    let lines = [
        (!core.is_empty()).then(|| many(&core)),
        (!others.is_empty()).then(|| format!("beyond `core`: {}", few(&others))),
        (!needy.is_empty()).then(|| format!("off, as they need values: {}", few(&needy))),
        (!off.is_empty()).then(|| format!("off, unless they are turned on: {}", few(&off))),
    ];
    lines.into_iter().flatten().collect()
}

fn renamed(diff: &Diff) -> Vec<String> {
    let was = |own: &Changed| Some(format!("{} → {}", code(own.was.as_ref()?), code(&own.resource)));
    short(diff.changed.iter().filter_map(was).collect(), LINES)
}

/// How resources of one fate are read, those together of which the same is to say.
fn reading(diff: &Diff, fate: Option<Fate>) -> Vec<String> {
    let is_here = |own: &&Changed| own.fate == fate && !own.comes_on() && (own.is_on || fate.is_some());
    let changed = || diff.changed.iter().filter(is_here);
    let is_need = |change: &&Change| change.aspect == Aspect::Need;
    if fate == Some(Fate::Left) && changed().all(|own| own.changes.iter().any(|change| is_need(&change))) {
        return together(changed(), is_need, true);
    }
    // What it needed says that it was off.
    let is_told =
        |change: &&Change| !matches!(change.aspect, Aspect::Filter | Aspect::Column | Aspect::Switch);
    together(changed(), is_told, fate.is_some())
}

/// What had to be given and comes by itself now.
fn ready(diff: &Diff) -> Vec<String> {
    let is_told = |change: &&Change| change.aspect == Aspect::Need;
    together(diff.changed.iter().filter(|own| own.comes_on()), is_told, true)
}

fn together<'d>(
    changed: impl Iterator<Item = &'d Changed>,
    is_told: impl Fn(&&Change) -> bool,
    even_without_words: bool,
) -> Vec<String> {
    let said = changed.filter_map(|own| {
        let phrases: Vec<String> = own.changes.iter().filter(&is_told).map(phrase).collect();
        (!phrases.is_empty() || even_without_words).then(|| (phrases.join("; "), own.resource.as_str()))
    });
    let mut said: Vec<(String, Vec<&str>)> = gather(said).into_iter().collect();
    said.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    let line = |(phrase, names): (String, Vec<&str>)| {
        if phrase.is_empty() { many(&names) } else { format!("{}: {phrase}", few(&names)) }
    };
    short(said.into_iter().map(line).collect(), LINES)
}

/// Columns or filters: those together that the same has happened to in the same resources.
fn items(diff: &Diff, aspect: Aspect) -> Vec<String> {
    let each = diff.changed.iter().flat_map(|own| {
        let changes = own.changes.iter().filter(move |change| change.aspect == aspect);
        changes
            .filter_map(move |change| Some(((verdict(change)?, change.item.as_str()), own.resource.as_str())))
    });
    let alike = fields(gather(each)).into_iter().map(|((verdict, item), of)| ((verdict, of), item));
    let mut alike: Vec<_> = gather(alike).into_iter().collect();
    alike.sort_by_key(|(((order, _), of), items)| (*order, std::cmp::Reverse(of.len() * items.len())));
    let line = |(((order, verdict), of), items): ((Verdict, Vec<&str>), Vec<String>)| {
        (order, format!("{verdict}: {} in {}", families(&items), few(&of)))
    };
    gather(alike.into_iter().map(line)).into_values().flat_map(|lines| short(lines, EACH)).collect()
}

/// What has happened to the same field of many objects, `author__web_url` and `user__web_url`, is one thing: `*__web_url`.
fn fields<'d>(items: BTreeMap<(Verdict, &'d str), Vec<&'d str>>) -> Vec<((Verdict, String), Vec<&'d str>)> {
    let field = |item: &'d str| item.rsplit_once("__").map_or(item, |(_, field)| field);
    let by_field =
        gather(items.into_iter().map(|((verdict, item), of)| ((verdict, field(item)), (item, of))));
    let mut all = Vec::new();
    for ((verdict, field), items) in by_field {
        let (nested, own): (Vec<_>, Vec<_>) = items.into_iter().partition(|(item, _)| *item != field);
        if nested.len() >= ALIKE {
            let of: BTreeSet<&str> = nested.into_iter().flat_map(|(_, of)| of).collect();
            all.push(((verdict.clone(), format!("*__{field}")), of.into_iter().collect()));
        } else {
            all.extend(nested.into_iter().map(|(item, of)| ((verdict.clone(), item.to_owned()), of)));
        }
        all.extend(own.into_iter().map(|(item, of)| ((verdict.clone(), item.to_owned()), of)));
    }
    all
}
