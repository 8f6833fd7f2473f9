//! The text of a body, whatever its bytes are. JSON is UTF-8; old records and proxies bring others.

use std::borrow::Cow;

use reqwest::header::{CONTENT_TYPE, HeaderMap};

/// A text, and whether bytes of it had to be mended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text<'b> {
    pub(super) text: Cow<'b, str>,
    pub(super) is_repaired: bool,
}

impl<'b> Text<'b> {
    pub(super) fn clean(text: &'b str) -> Self {
        Self { text: Cow::Borrowed(text), is_repaired: false }
    }
}

/// UTF-8 where it is; UTF-16 by its first bytes; else single bytes are what Windows makes of them.
pub(super) fn decode<'b>(headers: &HeaderMap, body: &'b [u8]) -> Text<'b> {
    if let Some(text) = utf16(headers, body) {
        return Text { text: Cow::Owned(text), is_repaired: true };
    }
    let without_mark = body.strip_prefix(b"\xEF\xBB\xBF");
    match std::str::from_utf8(without_mark.unwrap_or(body)) {
        Ok(text) => Text { text: Cow::Borrowed(text), is_repaired: without_mark.is_some() },
        Err(_) => Text { text: Cow::Owned(mended(body)), is_repaired: true },
    }
}

/// JSON begins with two ASCII characters, so that the zeros among the first bytes tell how it is written.
fn utf16(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let said = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_said = said.to_ascii_lowercase().contains("utf-16");
    let (is_big, bytes) = match body {
        [0xFE, 0xFF, rest @ ..] => (true, rest),
        [0xFF, 0xFE, rest @ ..] => (false, rest),
        [0, first, ..] if *first != 0 => (true, body),
        [first, 0, ..] if *first != 0 => (false, body),
        _ if is_said => (!said.to_ascii_lowercase().contains("utf-16le"), body),
        _ => return None,
    };
    // What is said and is not so would make another text of one that is fine.
    if body.first().is_some_and(|first| matches!(first, b'[' | b'{')) && body.get(1) != Some(&0) {
        return None;
    }
    let unit = |pair: &[u8]| match pair {
        [high, low] if is_big => u16::from_be_bytes([*high, *low]),
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0xFFFD,
    };
    Some(char::decode_utf16(bytes.chunks(2).map(unit)).map(|unit| unit.unwrap_or('\u{fffd}')).collect())
}

fn mended(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        match chunk.invalid() {
            [] => {}
            [byte] => text.push(windows_1252(*byte)),
            // The start of a longer character: what followed is lost.
            _ => text.push('\u{fffd}'),
        }
    }
    text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
}

/// Latin-1, with what Windows has in place of control characters.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž', '\u{fffd}',
        '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}', 'ž', 'Ÿ',
    ];
    let place = usize::from(byte).checked_sub(0x80);
    place.and_then(|place| HIGH.get(place).copied()).unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn decoded(kind: &'static str, body: &[u8]) -> (String, bool) {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
        let Text { text, is_repaired } = decode(&headers, body);
        (text.into_owned(), is_repaired)
    }

    #[test]
    fn single_bytes_are_letters_and_what_was_cut_is_replaced() {
        let json = "application/json";
        let cases: [(&[u8], &str, bool); 6] = [
            ("[\"ü€\"]".as_bytes(), "[\"ü€\"]", false),
            (b"[\"M\xfcller\"]", "[\"Müller\"]", true),
            (b"[\"\x93a\x94 \x80 \x9d\"]", "[\"“a” € \u{fffd}\"]", true),
            (b"[\"\xe2\x82\"]", "[\"\u{fffd}\"]", true),
            (b"\xef\xbb\xbf[]", "[]", true),
            (b"\xef\xbb\xbf[\"\xfc\"]", "[\"ü\"]", true),
        ];
        for (body, expected, is_repaired) in cases {
            assert_eq!(decoded(json, body), (expected.to_owned(), is_repaired), "{body:?}");
        }
    }

    #[test]
    fn both_orders_of_utf_16_are_read_with_and_without_a_mark() {
        let text = "[{\"name\": \"ü😀\"}]";
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for body in [
            &big,
            &little,
            &[b"\xFE\xFF".as_slice(), &big].concat(),
            &[b"\xFF\xFE".as_slice(), &little].concat(),
        ] {
            assert_eq!(decoded("application/json", body), (text.to_owned(), true));
        }
        assert_eq!(
            decoded("application/json; charset=UTF-16", b"[1]"),
            ("[1]".to_owned(), false),
            "it is not so"
        );
    }
}
