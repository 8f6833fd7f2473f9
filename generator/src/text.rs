//! Text of a document, made safe to show: documents are untrusted.

/// Without what steers a terminal or turns the direction of text: such characters become spaces.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() || turns_text(letter) { ' ' } else { letter }).collect()
}

/// On one line, with single spaces.
pub(crate) fn one_line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Marks and overrides of the direction of text, which make code look like other code.
fn turns_text(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        assert_eq!(one_line("a\u{1b}[31m b\n\tc\u{202e}d"), "a [31m b c d");
    }
}
