//! Gathers an answer row by row, and stops before it gets too large to be shown.

use super::{Answer, MOST_TEXT};

/// How many bytes all values of an answer may have.
const MOST_BYTES: usize = 8 << 20;

/// An answer that comes in row by row.
#[derive(Debug)]
pub(in super::super) struct Gathered {
    answer: Answer,
    most: usize,
    bytes: usize,
}

impl Gathered {
    pub(in super::super) fn new(columns: Vec<String>, most: usize) -> Self {
        Self { answer: Answer { columns, ..Answer::default() }, most, bytes: 0 }
    }

    /// Tells what the columns are called, where that is known only now.
    pub(in super::super) fn name(&mut self, columns: Vec<String>) {
        self.answer.columns = columns;
    }

    /// How many rows are shown.
    pub(in super::super) fn most(&self) -> usize {
        self.most
    }

    /// Adds a row, and tells whether another one would be shown.
    pub(in super::super) fn push(&mut self, row: Vec<Option<String>>) -> bool {
        if self.answer.rows.len() >= self.most || self.bytes >= MOST_BYTES {
            self.answer.has_more = true;
            return false;
        }
        let row: Vec<Option<String>> = row.into_iter().map(|cell| cell.map(shortened)).collect();
        self.bytes += row.iter().flatten().map(String::len).sum::<usize>();
        self.answer.rows.push(row);
        true
    }

    pub(in super::super) fn end(self) -> Answer {
        self.answer
    }
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MOST_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_that_there_is_more() {
        let mut gathered = Gathered::new(vec!["a".into()], 1);
        assert!(gathered.push(vec![Some("é".repeat(MOST_TEXT + 1))]));
        assert!(!gathered.push(vec![None]));
        let answer = gathered.end();
        assert!(answer.has_more);
        let cell = answer.rows[0][0].clone().unwrap();
        assert_eq!(cell.chars().count(), MOST_TEXT + 1);
        assert!(cell.ends_with('…'));
    }
}
