//! What the path of one item gives that its list does not.

use super::draft::{Draft, Entry};

/// Names in a reason; of more, the count is told.
const SHOWN: usize = 6;

/// The fields that an item's record has and the records of its list lack; none where the document does not describe both.
fn added_fields<'a>(draft: &Draft<'a>, item: Entry<'_>) -> Vec<&'a str> {
    let list = draft.list_of_item(item).and_then(|list| draft.record(list));
    let (Some(detail), Some(brief)) = (draft.record(item), list.filter(|brief| brief.is_described())) else {
        return Vec::new();
    };
    let added = detail.properties.keys().filter(|name| !brief.has(name));
    added.map(String::as_str).collect()
}

/// Why an item is not read unasked.
pub(super) fn reason(draft: &Draft<'_>, item: Entry<'_>) -> String {
    let added = added_fields(draft, item);
    if added.is_empty() {
        return if draft.list_of_item(item).is_some() {
            "its list already gives its records".into()
        } else {
            "it is one record, which costs a request of its own".into()
        };
    }
    let mut names: Vec<String> = added.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if added.len() > SHOWN {
        names.push(format!("{} more", added.len() - SHOWN));
    }
    format!("it adds {} to what its list gives, at a request a record", names.join(", "))
}
