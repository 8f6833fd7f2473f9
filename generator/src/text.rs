//! Text of a document, made safe to show: documents are untrusted.

use std::time::Duration;

/// Without what steers a terminal or turns the direction of text: such characters become spaces.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() || turns_text(letter) { ' ' } else { letter }).collect()
}

/// As [`printable`], with its lines.
pub(crate) fn lines(text: &str) -> String {
    let is_plain = |letter: char| letter == '\n' || !(letter.is_control() || turns_text(letter));
    text.chars().map(|letter| if is_plain(letter) { letter } else { ' ' }).collect()
}

/// What may stand in a path: other characters as a URI writes them, so that different paths stay different.
pub(crate) fn path(text: &str) -> String {
    let mut path = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || turns_text(letter) {
            let mut bytes = [0; 4];
            path.extend(letter.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
        } else {
            path.push(letter);
        }
    }
    path
}

/// On one line, with single spaces.
pub(crate) fn one_line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `a day`, `6 hours`.
pub(crate) fn hours_text(length: Duration) -> String {
    match length.as_secs() / 3600 {
        1 => "an hour".to_owned(),
        24 => "a day".to_owned(),
        hours if hours % 24 == 0 => format!("{} days", hours / 24),
        hours => format!("{hours} hours"),
    }
}

/// An identifier in snake case, which most are in already.
pub(crate) fn snake_case(identifier: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_snake = identifier.bytes().all(is_plain)
        && !identifier.starts_with('_')
        && !identifier.ends_with('_')
        && !identifier.contains("__");
    if is_snake { identifier.to_owned() } else { heck::ToSnakeCase::to_snake_case(identifier) }
}

/// Marks and overrides of the direction of text, which make code look like other code.
fn turns_text(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_snake_case_already_stays_as_the_long_way_would_have_it() {
        for text in ["merge_request", "iid", "level0_id", "_a", "a_", "a__b", "aB", "a-b", "", "_", "x2y"] {
            assert_eq!(snake_case(text), heck::ToSnakeCase::to_snake_case(text), "{text}");
        }
    }

    #[test]
    fn nothing_steers_a_terminal() {
        assert_eq!(one_line("a\u{1b}[31m b\n\tc\u{202e}d"), "a [31m b c d");
        assert_eq!(lines("a\u{1b}[31m b\n\tc\u{202e}d"), "a [31m b\n c d");
        assert_eq!(path("/a\nb/\u{202e}{id}"), "/a%0Ab/%E2%80%AE{id}");
    }
}
