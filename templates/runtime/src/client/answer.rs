//! Reads a response to its end: JSON out of a bounded body, or the fault that it stands for.

use std::hash::{DefaultHasher, Hasher};

use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::{Answer, Excerpt, Fault};

/// A hundred records with a description of a megabyte each fit in; a body without end does not.
const LIMIT_MIB: u64 = 256;

pub(super) async fn read(response: Response) -> Result<Answer, Fault> {
    let status = response.status();
    let headers = response.headers().clone();
    let body = read_body(response).await?;
    if !status.is_success() {
        return Err(Fault::of(status, &headers, &body));
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(&body);
    let digest = hasher.finish();
    if status == StatusCode::NO_CONTENT {
        return Ok(Answer { headers, body: Value::Null, digest });
    }
    // A cut body is not JSON either, so this is a fault that passes.
    let not_json = || Fault::NotJson { start: Excerpt::new(&String::from_utf8_lossy(&body)) };
    let body = serde_json::from_slice(&body).map_err(|_| not_json())?;
    Ok(Answer { headers, body, digest })
}

async fn read_body(mut response: Response) -> Result<Vec<u8>, Fault> {
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
