//! Where the values of path parameters come from: bound by position, through all ancestors.

use crate::endpoint::{QueryParam, Segment};
use crate::gitlab;

use super::draft::{Draft, Entry};
use super::fact::Fact;
use super::feeder::{
    Placeholder, follows_a_placeholder, has_field_like, infer_field, is_collection_of, named_after,
};
use super::property;
use super::shape::Shape;

/// A list that provides the values of a path parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The index of the list among the endpoints.
    pub list: usize,
    /// The field of its records that fills the placeholder, at a dotted path.
    pub field: String,
}

/// One entry per placeholder that a request needs, in the order of the path.
pub(super) fn infer_params(draft: &Draft<'_>, entry: Entry<'_>) -> Vec<(String, Fact<Option<Provider>>)> {
    let mut params: Vec<(String, Fact<Option<Provider>>)> = Vec::new();
    let mut before = None;
    for (at, segment) in entry.endpoint.path.segments.iter().enumerate() {
        match segment {
            Segment::Literal(_) => {}
            // The same name further on stands for the same value.
            Segment::Param(name) if params.iter().any(|(known, _)| known == name) => {}
            Segment::Param(name) => {
                let fact = infer_provider(draft, Placeholder { entry, at, name }, before);
                before = fact.value.as_ref().map(|provider: &Provider| provider.list);
                params.push((name.clone(), fact));
            }
            Segment::Mixed { params: names, .. } => params.extend(
                names
                    .iter()
                    .map(|name| (name.clone(), Fact::sure(None, "it is only part of a segment of the path"))),
            ),
        }
    }
    entry.stated.params(params, draft.site.endpoints)
}

/// `before` is the list that feeds the placeholder in front.
fn infer_provider(
    draft: &Draft<'_>,
    placeholder: Placeholder<'_>,
    before: Option<usize>,
) -> Fact<Option<Provider>> {
    let Placeholder { entry, at, name } = placeholder;
    let slot = entry.endpoint.path.slot(at);
    let at_slot = || best(draft, draft.site.at(&slot).map(|(index, _)| index));
    let has_own_list = || named_after(name).is_some_and(|one| !draft.site.roots_of(&one).is_empty());
    let follows = || follows_a_placeholder(entry.endpoint, at) && !has_own_list() && !placeholder.is_closed();
    let same_record = || before.filter(|_| follows());
    let elsewhere = || in_same_parent(draft, placeholder).or_else(|| nearby(draft, placeholder));
    let found = at_slot()
        .map(|list| (list, "stands at its position"))
        .or_else(|| same_record().map(|list| (list, "feeds the placeholder in front of it")))
        .or_else(|| elsewhere().map(|list| (list, "lists what it leads to")));
    let Some((list, how)) = found.and_then(|(index, how)| Some((draft.entry(index)?, how))) else {
        let looked = if slot.is_empty() { "/".to_owned() } else { slot };
        return Fact::unsure(None, format!("looked for a list at `{looked}`: there is none"));
    };
    let path = if list.endpoint.is_declared() {
        format!("`{}` {how}", list.endpoint.path.raw)
    } else {
        format!("`[scope]` names them, and GitLab has the list `{}`", list.endpoint.path.raw)
    };
    match infer_field(draft, list, placeholder) {
        Some(field) => {
            let reason = format!("{path}; {}", field.reason);
            let provider = Provider { list: list.index, field: field.value };
            Fact { value: Some(provider), reason, sure: field.sure }
        }
        None => Fact::unsure(None, format!("{path}, but none of its fields is known to fill `{{{name}}}`")),
    }
}

/// The list among twins that is not a variant: neither deprecated nor behind a `-`.
fn best(draft: &Draft<'_>, candidates: impl Iterator<Item = usize>) -> Option<usize> {
    let lists = candidates.filter(|index| is_list(draft, *index));
    lists.min_by_key(|index| {
        let endpoint = draft.site.endpoints.get(*index);
        endpoint.map(|endpoint| (endpoint.deprecated, endpoint.path.raw.contains("/-/"), *index))
    })
}

fn is_list(draft: &Draft<'_>, index: usize) -> bool {
    let facts = draft.facts.get(index);
    facts.is_some_and(|facts| matches!(facts.shape.value, Shape::List | Shape::Envelope { .. }))
}

/// A list in the same parent: of the same collection (`/merge_requests` for `/merge_trains/merge_requests/{iid}`), or
/// one below whose records have a field like the placeholder (`/saml/identities` for `/saml/{uid}`).
fn in_same_parent(draft: &Draft<'_>, placeholder: Placeholder<'_>) -> Option<usize> {
    let Placeholder { entry, at, name } = placeholder;
    let path = &entry.endpoint.path;
    let before = path.segments.get(..at)?;
    let parent = before.iter().rposition(Segment::is_param)?;
    let collection = before.last()?.literal()?;
    let slot = format!("{}/{collection}", path.slot(parent + 1));
    let same_collection = || best(draft, draft.site.at(&slot).map(|(index, _)| index));
    let has_field = |index: &usize| {
        let list = draft.entry(*index).and_then(|list| draft.record(list));
        list.is_some_and(|entity| has_field_like(name, entity))
    };
    let below = draft.site.below(&path.slot(at)).iter().copied();
    same_collection().or_else(|| best(draft, below.filter(has_field)))
}

/// A list elsewhere of the same collection, when its key is unique in the instance: `/jobs/{id}` from
/// `/projects/{id}/jobs`; or of the collection that the placeholder is named after: `{project_id}` from `/projects`.
fn nearby(draft: &Draft<'_>, placeholder: Placeholder<'_>) -> Option<usize> {
    let Placeholder { entry, at, name } = placeholder;
    let before = entry.endpoint.path.segments.get(..at)?;
    let literals: Vec<&str> = before.iter().rev().map_while(Segment::literal).collect();
    let starts_path = literals.len() == at;
    let mut found: Vec<usize> = Vec::new();
    if starts_path && let [last, ..] = literals.as_slice() {
        let same = |index: &&usize| {
            let list = draft.site.endpoints.get(**index);
            list.is_some_and(|list| ends_in(&list.path.segments, &literals))
        };
        found.extend(draft.site.ending_in(last).iter().filter(same));
    }
    if let ([only], true) = (literals.as_slice(), starts_path) {
        found.extend(draft.site.roots_of(only));
    }
    let is_elsewhere = literals.first().is_none_or(|literal| !is_collection_of(literal, name));
    if let Some(one) = named_after(name).filter(|_| is_elsewhere) {
        found.extend(draft.site.roots_of(&one));
    }
    let lists = found.into_iter().filter_map(|index| draft.entry(index));
    let fitting = lists.filter(|list| is_list(draft, list.index) && has_global_id(draft, *list));
    let by_rank = fitting.min_by_key(|list| {
        let needy = list.endpoint.query.iter().any(QueryParam::is_needed);
        (needy, list.endpoint.path.params().count(), gitlab::is_of_group(list.place), list.index)
    });
    by_rank.map(|list| list.index)
}

fn has_global_id(draft: &Draft<'_>, list: Entry<'_>) -> bool {
    let [key] = list.own.key.value.fields.as_slice() else { return false };
    draft.record(list).and_then(|entity| property::find(entity, "id")).map_or(key == "id", |id| id == key)
}

/// Whether the literals at the end of a path are these, given from the last to the first.
fn ends_in(segments: &[Segment], reversed: &[&str]) -> bool {
    let mut tail = segments.iter().rev().map(Segment::literal);
    reversed.iter().all(|literal| tail.next() == Some(Some(literal)))
}
