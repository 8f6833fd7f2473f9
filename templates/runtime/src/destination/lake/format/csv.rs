//! CSV as RFC 4180 has it, with a header. A null is an empty field, an empty text a pair of quotes.

use std::borrow::Cow;

use parquet::errors::ParquetError;

use super::Coded;
use super::cells::text_of;
use super::text::Builders;
use crate::destination::cells::Cells;
use crate::schema::table::Column;

pub(super) fn write_header(out: &mut Vec<u8>, columns: &[Column]) {
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_text(out, &column.name);
    }
    out.push(b'\n');
}

pub(super) fn write(out: &mut Vec<u8>, cells: &[Cells<'_>], rows: usize) {
    for row in 0..rows {
        for (at, cells) in cells.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if cells.is_null(row) {
                continue;
            }
            match text_of(*cells, row) {
                Some(text) => write_text(out, text),
                None => cells.write_plain(row, out),
            }
        }
        out.push(b'\n');
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    let is_plain = !text.is_empty()
        && !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
        && !text.starts_with(char::is_whitespace)
        && !text.ends_with(char::is_whitespace);
    if is_plain {
        out.extend(text.bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// The rows of a file, of which some columns are wanted.
pub(super) struct Rows<'t> {
    rest: &'t str,
    /// Where the column goes that stands at a place in the file.
    places: Vec<Option<usize>>,
}

/// A field, and whether it was the last of its line.
struct Field<'t> {
    /// `None`: null.
    text: Option<Cow<'t, str>>,
    is_last: bool,
}

impl<'t> Rows<'t> {
    pub(super) fn of(text: &'t str, columns: &[Column]) -> Self {
        let mut rows = Self { rest: text, places: Vec::new() };
        while let Some(Field { text, is_last }) = rows.field() {
            rows.places.push(columns.iter().position(|column| text.as_deref() == Some(&column.name)));
            if is_last {
                break;
            }
        }
        rows
    }

    /// Whether there was another row.
    pub(super) fn next(&mut self, builders: &mut Builders) -> Coded<bool> {
        if self.rest.is_empty() {
            return Ok(false);
        }
        for at in 0.. {
            let field = self.field().ok_or_else(|| ParquetError::General("a line is cut off".to_owned()))?;
            let builder = self.places.get(at).copied().flatten().and_then(|at| builders.columns.get_mut(at));
            if let (Some(builder), Some(text)) = (builder, &field.text) {
                builder.push(text)?;
            }
            if field.is_last {
                break;
            }
        }
        builders.end_row();
        Ok(true)
    }

    fn field(&mut self) -> Option<Field<'t>> {
        let text = match self.rest.strip_prefix('"') {
            None => {
                let end = self.rest.find([',', '\n'])?;
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                (!text.is_empty()).then_some(Cow::Borrowed(text))
            }
            Some(quoted) => Some(self.quoted(quoted)?),
        };
        let is_last = self.rest.starts_with('\n');
        self.rest = self.rest.get(1..)?;
        Some(Field { text, is_last })
    }

    /// What stands between quotes, of which two stand for one.
    fn quoted(&mut self, text: &'t str) -> Option<Cow<'t, str>> {
        let mut end = text.find('"')?;
        let mut is_doubled = false;
        while text.get(end + 1..)?.starts_with('"') {
            is_doubled = true;
            end += 2 + text.get(end + 2..)?.find('"')?;
        }
        self.rest = text.get(end + 1..)?;
        let text = text.get(..end)?;
        Some(if is_doubled { text.replace("\"\"", "\"").into() } else { text.into() })
    }
}
