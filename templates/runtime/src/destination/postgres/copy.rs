//! Rows as `COPY … (FORMAT BINARY)` takes them, straight from Arrow arrays.
//!
//! PostgreSQL keeps no character NUL, neither in text nor in JSON: it becomes `␀` (U+2400), and the columns are told.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;

use crate::destination::cells::Cells;
use crate::resource::ItemKind;

/// How much is sent at once, roughly.
const CHUNK: usize = 128 << 10;

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: i16 = -1;
const NULL: i32 = -1;
/// Of an array: how many dimensions it has, that some items may be null, and the number of its first item.
const DIMENSIONS: i32 = 1;
const MAY_HAVE_NULLS: i32 = 1;
const FIRST: i32 = 1;
/// What a binary `jsonb` begins with.
const JSONB: u8 = 1;

/// PostgreSQL counts from 2000.
const DAYS: i32 = 10_957;
const MICROS: i64 = 946_684_800_000_000;
/// What it keeps, counted from there: from 4713 before Christ, for days up to the year 5874897, for instants up to 294276.
const KEPT_DAYS: std::ops::Range<i32> = -2_451_545..2_145_031_949;
const KEPT_MICROS: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;

const STAND_IN: &str = "\u{2400}";
const STAND_IN_IN_JSON: &str = "\\u2400";

/// A column holds a value that PostgreSQL cannot keep.
#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) column: usize,
    pub(super) why: &'static str,
}

/// The rows of a batch, chunk by chunk.
#[derive(Debug)]
pub(super) struct Rows<'b> {
    cells: &'b [Cells<'b>],
    count: usize,
    next: usize,
    is_over: bool,
    /// The columns in which NUL was.
    pub(super) without_nul: BTreeSet<usize>,
}

impl<'b> Rows<'b> {
    pub(super) fn new(cells: &'b [Cells<'b>], count: usize) -> Self {
        Self { cells, count, next: 0, is_over: false, without_nul: BTreeSet::new() }
    }

    fn chunk(&mut self) -> Result<Bytes, Unfit> {
        let mut bytes = Vec::with_capacity(CHUNK + CHUNK / 8);
        if self.next == 0 {
            bytes.extend_from_slice(HEADER);
        }
        let columns = i16::try_from(self.cells.len()).unwrap_or(i16::MAX);
        while self.next < self.count && bytes.len() < CHUNK {
            bytes.extend_from_slice(&columns.to_be_bytes());
            for (column, cells) in self.cells.iter().enumerate() {
                let is_whole = push(&mut bytes, *cells, self.next).map_err(|why| Unfit { column, why })?;
                if !is_whole {
                    self.without_nul.insert(column);
                }
            }
            self.next += 1;
        }
        if self.next >= self.count {
            self.is_over = true;
            bytes.extend_from_slice(&TRAILER.to_be_bytes());
        }
        Ok(bytes.into())
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Bytes, Unfit>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.is_over).then(|| self.chunk())
    }
}

/// Whether the value is kept as it is.
fn push(bytes: &mut Vec<u8>, cells: Cells<'_>, row: usize) -> Result<bool, &'static str> {
    if cells.is_null(row) {
        bytes.extend_from_slice(&NULL.to_be_bytes());
        return Ok(true);
    }
    match cells {
        Cells::Bool(array) => put(bytes, &[u8::from(array.value(row))]),
        Cells::Int(array) => put(bytes, &array.value(row).to_be_bytes()),
        Cells::Float(array) => put(bytes, &array.value(row).to_be_bytes()),
        Cells::Date(array) => {
            let days = array.value(row).checked_sub(DAYS).filter(|days| KEPT_DAYS.contains(days));
            put(bytes, &days.ok_or("a date beyond what PostgreSQL keeps")?.to_be_bytes())
        }
        Cells::Timestamp(array) => {
            let micros = array.value(row).checked_sub(MICROS).filter(|micros| KEPT_MICROS.contains(micros));
            put(bytes, &micros.ok_or("a time beyond what PostgreSQL keeps")?.to_be_bytes())
        }
        Cells::Text(array) => {
            let text = plain(array.value(row));
            put_long(bytes, &[], &text)?;
            return Ok(matches!(text, Cow::Borrowed(_)));
        }
        Cells::Json(array) => {
            let text = plain_json(array.value(row));
            put_long(bytes, &[JSONB], &text)?;
            return Ok(matches!(text, Cow::Borrowed(_)));
        }
        Cells::List(_, item) => return push_list(bytes, cells, item, row),
    }
    Ok(true)
}

/// A list is an array of one dimension; an empty one has none.
fn push_list(
    bytes: &mut Vec<u8>,
    cells: Cells<'_>,
    item: ItemKind,
    row: usize,
) -> Result<bool, &'static str> {
    const LONG: &str = "a list of more than two gigabytes";
    let (items, own) = cells.items(row).ok_or("a list of other items")?;
    let count = i32::try_from(own.len()).map_err(|_| LONG)?;
    let start = bytes.len();
    bytes.extend_from_slice(&[0; size_of::<i32>()]);
    let dimensions = if count == 0 { 0 } else { DIMENSIONS };
    let head = [dimensions, MAY_HAVE_NULLS, type_number(item)];
    let dimension = [count, FIRST];
    let head = head.iter().chain(dimension.iter().filter(|_| count > 0));
    bytes.extend(head.flat_map(|number| number.to_be_bytes()));
    let mut is_whole = true;
    for at in own {
        is_whole &= push(bytes, items, at)?;
    }
    let content = bytes.len() - start - size_of::<i32>();
    let length = i32::try_from(content).map_err(|_| LONG)?.to_be_bytes();
    bytes.iter_mut().skip(start).zip(length).for_each(|(byte, length)| *byte = length);
    Ok(is_whole)
}

/// The number that PostgreSQL has given to a type, once and for ever.
fn type_number(item: ItemKind) -> i32 {
    match item {
        ItemKind::Bool => 16,
        ItemKind::Int => 20,
        ItemKind::Float => 701,
        ItemKind::Date => 1082,
        ItemKind::Timestamp => 1184,
        ItemKind::Text => 25,
    }
}

fn put<const N: usize>(bytes: &mut Vec<u8>, value: &[u8; N]) {
    bytes.extend_from_slice(&i32::try_from(N).unwrap_or(i32::MAX).to_be_bytes());
    bytes.extend_from_slice(value);
}

fn put_long(bytes: &mut Vec<u8>, start: &[u8], text: &str) -> Result<(), &'static str> {
    let length = i32::try_from(start.len() + text.len()).map_err(|_| "a text of more than two gigabytes")?;
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(start);
    bytes.extend_from_slice(text.as_bytes());
    Ok(())
}

fn plain(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) { text.replace('\0', STAND_IN).into() } else { text.into() }
}

/// In JSON, NUL is an escape; the same letters after an escaped backslash are none.
fn plain_json(json: &str) -> Cow<'_, str> {
    const NUL: &str = "\\u0000";
    if !json.contains(NUL) {
        return json.into();
    }
    let mut plain = String::with_capacity(json.len());
    let (mut rest, mut is_changed) = (json, false);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        plain.push_str(before);
        let is_nul = escape.starts_with(NUL);
        let length = if is_nul { NUL.len() } else { 2 };
        let (escape, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        plain.push_str(if is_nul { STAND_IN_IN_JSON } else { escape });
        is_changed |= is_nul;
        rest = after;
    }
    plain.push_str(rest);
    if is_changed { plain.into() } else { json.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nul_itself_is_stood_in_for() {
        assert_eq!(plain("a\0b\0"), "a␀b␀");
        assert!(matches!(plain("a␀"), Cow::Borrowed(_)));
        assert_eq!(
            plain_json(r#"["a\u0000", "\\u0000", "\\\u0000\n"]"#),
            r#"["a\u2400", "\\u0000", "\\\u2400\n"]"#
        );
        assert!(matches!(plain_json(r#"["\\u0000"]"#), Cow::Borrowed(_)));
    }
}
