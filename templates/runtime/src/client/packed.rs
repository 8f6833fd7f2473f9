//! A body that is packed although no header says so: a proxy or a cache lost the header, or packed it a second time.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use super::{Excerpt, Fault};

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What was packed, at most `limit` bytes of it; `None` where the body is as it was sent, which no JSON begins so.
pub(super) fn unpacked(body: &[u8], limit: u64) -> Result<Option<Vec<u8>>, Fault> {
    if !body.starts_with(&GZIP) {
        return Ok(None);
    }
    let mut plain = Vec::new();
    let read = MultiGzDecoder::new(body).take(limit.saturating_add(1)).read_to_end(&mut plain);
    read.map_err(|_| Fault::NotJson { detail: Excerpt::new("it is packed by gzip and ends too early") })?;
    let is_bounded = u64::try_from(plain.len()).is_ok_and(|length| length <= limit);
    if is_bounded { Ok(Some(plain)) } else { Err(Fault::TooLarge { limit: limit >> 20 }) }
}

/// How the body is still packed, in words: what was asked for is unpacked by then, and its header is gone.
pub(super) fn encoding(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(CONTENT_ENCODING)?.to_str().ok()?;
    (said != "identity").then(|| format!("it is packed as `{said}`, which was not asked for"))
}
