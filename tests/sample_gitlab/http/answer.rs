//! An HTTP response with a body that may be cut short.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::Value;

use super::limit::{Standing, TooMany};
use crate::paging::Page;
use crate::routes::{Found, Refusal};

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain";

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    cut: bool,
}

impl Answer {
    fn new(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status, content_type, headers: Vec::new(), body, cut: false }
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, JSON, body.to_string().into_bytes())
    }

    pub(super) fn found(found: Found) -> Self {
        match found {
            Found::One(record) => Self::json(200, &record),
            Found::Page(Page { body, headers, .. }) => Self { headers, ..Self::new(200, JSON, body) },
        }
    }

    /// What moved is named with the host that the request was sent to, unlike every link.
    pub(super) fn refused(refusal: &Refusal, requested: &str) -> Self {
        let status = refusal.status();
        let Refusal::Moved(path) = refusal else {
            return Self::json(status, &refusal.body());
        };
        let to = format!("{requested}{path}");
        let body = format!("This resource has been moved permanently to {to}");
        Self { headers: vec![("location", to)], ..Self::new(status, TEXT, body.into_bytes()) }
    }

    pub(super) fn html(status: u16) -> Self {
        let body = format!(
            "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body>Sample</body></html>\n"
        );
        Self::new(status, HTML, body.into_bytes())
    }

    pub(super) fn sign_in() -> Self {
        let headers = vec![("location", "/users/sign_in".to_owned())];
        Self { headers, ..Self::html(302) }
    }

    /// An old record, or one that came through something that knows no UTF-8.
    pub(super) fn with_latin_byte(mut self) -> Self {
        let is_text =
            |part: &[u8]| [&b"\"title\":\""[..], b"\"message\":\""].iter().any(|key| part.starts_with(key));
        let place = (0..self.body.len()).find(|at| self.body.get(*at..).is_some_and(is_text));
        let after_key = place
            .and_then(|at| Some(at + 3 + self.body.get(at..)?.iter().position(|byte| *byte == b':')? - 1));
        if let Some(at) = after_key {
            self.body.splice(at..at, *b"M\xfcller ");
        }
        self
    }

    pub(super) fn too_many(answer: TooMany) -> Self {
        match answer {
            TooMany::PlainText | TooMany::Gateway => Self::new(429, TEXT, b"Retry later\n".to_vec()),
            TooMany::Json => {
                let text = "This endpoint has been requested too many times. Try again later.";
                Self::json(429, &serde_json::json!({"message": {"error": text}}))
            }
        }
    }

    pub(super) fn with_standing(mut self, standing: Option<Standing>) -> Self {
        self.headers.extend(standing.map(Standing::headers).unwrap_or_default());
        self
    }

    pub(super) fn cut(self) -> Self {
        Self { cut: true, ..self }
    }

    pub(super) fn into_response(mut self) -> Response<Sent> {
        let announced = self.body.len().max(2);
        if self.cut {
            self.body.truncate(announced / 2);
        }
        let end = if self.cut { End::Flush } else { End::Orderly };
        let mut response = Response::new(Sent { rest: Some(Bytes::from(self.body)), end });
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if self.cut {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(announced));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

#[derive(Debug)]
pub(super) struct Sent {
    rest: Option<Bytes>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Orderly,
    /// Gives the part before the cut time to leave: an error right behind it would discard it.
    Flush,
    Cut,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(bytes) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.end {
            End::Orderly => Poll::Ready(None),
            End::Flush => {
                self.end = End::Cut;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            End::Cut => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.end == End::Orderly
    }

    fn size_hint(&self) -> SizeHint {
        match &self.rest {
            // A known size would contradict the announced one.
            _ if self.end != End::Orderly => SizeHint::new(),
            Some(bytes) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(0)),
            None => SizeHint::with_exact(0),
        }
    }
}
