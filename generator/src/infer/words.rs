//! The words of identifiers, in whatever spelling.

use crate::text::snake_case;

/// The words of an identifier in snake, kebab or camel case, in lower case.
pub(super) fn words(identifier: &str) -> Vec<String> {
    snake_case(identifier).split('_').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The last word, in lower case.
pub(super) fn last_word(identifier: &str) -> String {
    words(identifier).pop().unwrap_or_default()
}

/// Whether two identifiers are the same words.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one == other || (has_same_letters(one, other) && words(one) == words(other))
}

/// Whether two identifiers are the same but for case and what stands between words: cheap, and true of the same words.
pub(super) fn has_same_letters(one: &str, other: &str) -> bool {
    !(one.is_ascii() && other.is_ascii()) || letters(one).eq(letters(other))
}

fn letters(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase())
}
