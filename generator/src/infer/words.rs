//! The words of identifiers, in whatever spelling.

use heck::ToSnakeCase;

/// The words of an identifier in snake, kebab or camel case, in lower case.
pub(super) fn words(identifier: &str) -> Vec<String> {
    identifier.to_snake_case().split('_').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The last word, in lower case.
pub(super) fn last_word(identifier: &str) -> String {
    words(identifier).pop().unwrap_or_default()
}

/// Whether two identifiers are the same words.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one == other || words(one) == words(other)
}
