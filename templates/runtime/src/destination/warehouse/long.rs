//! Texts that no column holds. Their beginning stays in the column, and a mark after it names the rows of `_texts` that
//! have all of it, piece by piece: nothing is lost, and a text that comes again is kept once.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::Schema as ArrowSchema;
use rustls::SupportedCipherSuite;
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;

use super::texts::pieces;
use crate::resource::ColumnKind;
use crate::schema::field;
use crate::schema::kind::Seen;
use crate::schema::table::{Column, Table};

pub(super) const TABLE: &str = "_texts";

/// How long pieces are, in bytes.
const PIECE: usize = 65_000;

/// Rows whose texts fit, and the pieces of those that did not.
pub(super) struct Long {
    pub(super) rows: RecordBatch,
    pub(super) pieces: RecordBatch,
}

/// The table of the pieces.
pub(super) fn table() -> Table {
    let column = |(name, kind, seen): (&str, ColumnKind, Seen)| Column {
        name: name.to_owned(),
        kind,
        seen,
        source: String::new(),
    };
    let columns = [
        ("digest", ColumnKind::Text, Seen::Text),
        ("piece", ColumnKind::Int, Seen::Int),
        ("text", ColumnKind::Text, Seen::Text),
    ];
    Table {
        name: TABLE.to_owned(),
        parent: None,
        source: String::new(),
        key: vec!["digest".to_owned(), "piece".to_owned()],
        columns: columns.map(column).into(),
    }
}

/// The rows with longer texts cut; `None` where all fit, which is the rule.
pub(super) fn cut(rows: &RecordBatch, table: &Table, longest: impl Fn(ColumnKind) -> usize) -> Option<Long> {
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    let mut arrays = rows.columns().to_vec();
    for (array, column) in arrays.iter_mut().zip(&table.columns) {
        let longest = longest(column.kind);
        let Some(texts) = array.as_string_opt::<i32>() else { continue };
        let is_long = |text: &str| text.len() > longest;
        if !texts.iter().flatten().any(is_long) {
            continue;
        }
        let cut: StringArray = texts
            .iter()
            .map(|text| {
                let text = text?;
                if !is_long(text) {
                    return Some(text.to_owned());
                }
                let digest = digest(text);
                let mark = format!("… [{TABLE} {digest}]");
                kept.insert(digest, text.to_owned());
                let end = text.floor_char_boundary(longest.saturating_sub(mark.len()));
                Some(format!("{}{mark}", text.get(..end).unwrap_or_default()))
            })
            .collect();
        *array = Arc::new(cut);
    }
    if kept.is_empty() {
        return None;
    }
    let rows = RecordBatch::try_new(rows.schema(), arrays).ok()?;
    Some(Long { rows, pieces: batch(&kept)? })
}

fn batch(kept: &BTreeMap<String, String>) -> Option<RecordBatch> {
    let (mut digests, mut numbers, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (digest, text) in kept {
        for (number, piece) in (0_i64..).zip(pieces(text, PIECE)) {
            digests.push(digest.as_str());
            numbers.push(number);
            texts.push(piece);
        }
    }
    let arrays: [ArrayRef; 3] = [
        Arc::new(StringArray::from(digests)),
        Arc::new(Int64Array::from(numbers)),
        Arc::new(StringArray::from(texts)),
    ];
    let fields: Vec<_> = table().columns.iter().map(|column| field(&column.name, column.kind)).collect();
    RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), arrays.to_vec()).ok()
}

/// SHA-256, in hexadecimal digits.
fn digest(text: &str) -> String {
    let SupportedCipherSuite::Tls13(suite) = TLS13_AES_128_GCM_SHA256 else { return String::new() };
    let hash = suite.common.hash_provider.hash(text.as_bytes());
    hash.as_ref().iter().fold(String::new(), |mut digits, byte| {
        // Nothing fails to be written to memory.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use serde_json::json;

    use super::*;
    use crate::schema::table::TableRows;

    #[test]
    fn a_long_text_is_cut_and_kept_in_pieces() {
        let long = "🦊".repeat(40_000);
        let columns = [("id", ColumnKind::Int), ("x", ColumnKind::Text)];
        let rows = [json!([1, long]), json!([2, "short"]), json!([3, null]), json!([4, long])];
        let rows = TableRows::of("t", &["id"], &columns, &rows);
        assert!(cut(&rows.batch, &rows.table, |_| 160_000).is_none());
        let Long { rows, pieces } = cut(&rows.batch, &rows.table, |_| 1_000).unwrap();
        let texts = rows.column(1).as_string::<i32>();
        assert!(texts.value(0).len() <= 1_000 && texts.value(0).starts_with("🦊"));
        assert_eq!(texts.value(0), texts.value(3));
        assert_eq!((texts.value(1), texts.is_null(2)), ("short", true));
        let kept: String = pieces.column(2).as_string::<i32>().iter().flatten().collect();
        assert_eq!(kept, long, "once");
        let named = pieces.column(0).as_string::<i32>().value(0);
        assert_eq!(named.len(), 64);
        assert!(texts.value(0).ends_with(&format!("… [_texts {named}]")));
    }
}
