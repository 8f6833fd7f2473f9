//! Long texts in pieces: those that no statement could hold, and those that no column does.

use std::ops::Range;

/// How long a piece of a text is that a statement holds, in bytes, at most.
const PIECE: usize = 16_000;

/// How much of SQL goes in one statement, roughly; a warehouse takes at least 1 MB.
const STATEMENT: usize = 256 << 10;

/// How many rows or values go in one statement.
const VALUES: usize = 1_000;

/// The text in pieces of at most so many bytes; an empty one is a piece.
pub(super) fn pieces(text: &str, longest: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        // A letter has at most four bytes.
        let end = text.floor_char_boundary(longest.max(4));
        let (piece, after) = text.split_at_checked(end)?;
        rest = Some(after).filter(|after| !after.is_empty());
        Some(piece)
    })
}

/// The pieces of a text of the pipeline's own.
pub(super) fn own_pieces(text: &str) -> impl Iterator<Item = &str> {
    pieces(text, PIECE)
}

/// Parts of SQL in groups, each small enough for one statement.
pub(super) fn statements(parts: &[String]) -> impl Iterator<Item = &[String]> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let range = group(parts, start);
        start = range.end;
        parts.get(range).filter(|group| !group.is_empty())
    })
}

fn group(parts: &[String], start: usize) -> Range<usize> {
    let mut size = 0;
    let rest = parts.iter().skip(start).take(VALUES);
    let fits = rest.take_while(|part| {
        let fits = size == 0 || size + part.len() <= STATEMENT;
        size += part.len();
        fits
    });
    start..start + fits.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_put_together_are_the_text() {
        for text in ["", "a", "🦊🦊🦊", "naïve 日本 🦊 and some more"] {
            for longest in [4, 5, 7, 100] {
                let pieces: Vec<&str> = pieces(text, longest).collect();
                assert_eq!(pieces.concat(), text);
                assert!(pieces.iter().all(|piece| piece.len() <= longest), "{pieces:?}");
            }
        }
        assert_eq!(pieces("", 4).count(), 1);
    }

    #[test]
    fn no_statement_is_too_long() {
        let parts: Vec<String> = (0..3_000).map(|at| "x".repeat(at % 700)).collect();
        let groups: Vec<&[String]> = statements(&parts).collect();
        assert_eq!(groups.concat(), parts);
        let size = |group: &&[String]| group.iter().map(String::len).sum::<usize>() <= STATEMENT;
        assert!(groups.iter().all(|group| size(group) && group.len() <= VALUES));
        let long = ["y".repeat(2 * STATEMENT)];
        assert_eq!(statements(&long).count(), 1, "one that is too long goes alone");
    }
}
