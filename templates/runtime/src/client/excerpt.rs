//! What may be shown of a text that came from outside: its start, with nothing in it that moves a cursor.

use std::fmt;

/// The start of a text that came from outside: short, and with control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    const BYTES: usize = 200;

    pub fn new(text: &str) -> Self {
        Self::within(Self::BYTES, text)
    }

    /// One of another length, in bytes.
    pub(crate) fn within(bytes: usize, text: &str) -> Self {
        let end = text.floor_char_boundary(bytes);
        let start = text.get(..end).unwrap_or_default();
        let mut shown = String::with_capacity(start.len());
        for character in start.chars() {
            if character.is_control() || is_direction(character) {
                shown.extend(character.escape_default());
            } else {
                shown.push(character);
            }
        }
        if end < text.len() {
            shown.push('…');
        }
        Self(shown)
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        self.0.contains(text)
    }
}

/// Characters without a width that turn the order of the others around.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

impl fmt::Display for Excerpt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_moves_no_cursor() {
        let shown = Excerpt::new(&format!("a\u{1b}[2J\n\u{202e}{}", "ü".repeat(200))).to_string();
        assert!(shown.starts_with("a\\u{1b}[2J\\n\\u{202e}ü"), "{shown}");
        assert!(shown.chars().count() < 220 && shown.ends_with('…'), "{shown}");
    }
}
