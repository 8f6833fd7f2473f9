//! Reads a response to its end: JSON out of a bounded body, or the fault that it stands for.

use std::hash::{DefaultHasher, Hasher};

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};

use super::fault::Sent;
use super::stranger::{Stranger, is_page, is_sign_in_page};
use super::{Answer, Excerpt, Fault, Reader};
use super::{charset, packed, repair};

/// A hundred records with a description of a megabyte each fit in; a body without end does not.
const LIMIT_MIB: u64 = 256;

pub(super) async fn read<T>(
    response: Response,
    sent: Sent<'_>,
    read: &Reader<'_, T>,
) -> Result<Answer<T>, Fault> {
    let status = response.status();
    let headers = response.headers().clone();
    let is_plain = response.url().scheme() == "http";
    let body = read_body(response).await?;
    let unpacked = packed::unpacked(&body, LIMIT_MIB * 1024 * 1024)?;
    let is_unpacked = unpacked.is_some();
    let body = unpacked.unwrap_or(body);
    if !status.is_success() {
        let speaks_tls = status == StatusCode::BAD_REQUEST && is_plain && wants_https(&body);
        return Err(if speaks_tls {
            Fault::Scheme { is_tls: true }
        } else {
            Fault::of(sent, status, &headers, &body)
        });
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(&body);
    let digest = hasher.finish();
    let text = match status {
        StatusCode::NO_CONTENT => charset::Text::clean("null"),
        _ => charset::decode(&headers, &body),
    };
    let error = match read(&text.text) {
        Ok(body) => {
            return Ok(Answer { headers, body, digest, is_repaired: text.is_repaired || is_unpacked });
        }
        Err(error) => error,
    };
    // A cut body is not JSON and no text is made of it, so this is a fault that passes.
    match repair::repaired(&text.text).map(|text| read(&text)) {
        Some(Ok(body)) => Ok(Answer { headers, body, digest, is_repaired: true }),
        _ => Err(not_json(&headers, &body, &error)),
    }
}

/// What a server says that is asked for plain HTTP where it speaks TLS.
fn wants_https(body: &[u8]) -> bool {
    let start = body.get(..body.len().min(4096)).unwrap_or_default();
    let text = String::from_utf8_lossy(start).to_ascii_lowercase();
    [
        "plain http request was sent to https port",
        "http request to an https server",
        "ssl-enabled server port",
    ]
    .iter()
    .any(|said| text.contains(said))
}

fn not_json(headers: &HeaderMap, body: &[u8], error: &serde_json::Error) -> Fault {
    let answer = Stranger::new(headers, body);
    if is_sign_in_page(headers, body) {
        return Fault::SignIn { place: Excerpt::new(&answer.to_string()) };
    }
    if let Some(packed) = packed::encoding(headers) {
        return Fault::NotJson { detail: Excerpt::new(&packed) };
    }
    let detail = match error.classify() {
        _ if body.is_empty() || is_page(headers, body) => answer.to_string(),
        serde_json::error::Category::Eof => format!("it ends too early, after {answer}"),
        // The error's own words may repeat the text.
        _ => format!("line {} column {} of {answer}", error.line(), error.column()),
    };
    Fault::NotJson { detail: Excerpt::new(&detail) }
}

pub(super) async fn read_body(mut response: Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Fault::transport(&error))? {
        let size = u64::try_from(body.len().saturating_add(chunk.len())).unwrap_or(u64::MAX);
        if size > LIMIT_MIB * 1024 * 1024 {
            return Err(Fault::TooLarge { limit: LIMIT_MIB });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
