//! What a successful answer is declared to carry.

use indexmap::IndexMap;
use openapiv3::{MediaType, ReferenceOr, Response, Responses, StatusCode};

use super::reference::follow;
use super::schema::{Reader, Scalar, Type};
use crate::document::Document;

/// What the document says of a successful answer. Often wrong: a list may be declared as one object.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Json(Type),
    /// A body of another kind than JSON.
    File {
        media_type: String,
    },
    /// A success, without a word about its body.
    Undescribed,
    /// Only answers that carry no body: 204, or a redirect.
    Empty,
}

/// Reads the first 2xx response.
pub(super) fn parse_answer(document: &Document, responses: &Responses, reader: &mut Reader<'_>) -> Answer {
    let codes = || responses.responses.iter();
    let with_body =
        |code: &StatusCode| matches!(code, StatusCode::Code(200..=203 | 206..=299) | StatusCode::Range(2));
    // What `default` describes is the answer in all other cases: an error.
    let success = codes().find(|(code, _)| with_body(code)).map(|(_, response)| response);
    match success.and_then(|response| resolve(document, response.clone())) {
        Some(response) => parse_content(&response.content, reader),
        None if success.is_none() && !responses.responses.is_empty() => empty_or_undescribed(responses),
        None => Answer::Undescribed,
    }
}

fn empty_or_undescribed(responses: &Responses) -> Answer {
    let bodiless =
        |code: &StatusCode| matches!(code, StatusCode::Code(204 | 300..=399) | StatusCode::Range(3));
    if responses.responses.keys().any(bodiless) { Answer::Empty } else { Answer::Undescribed }
}

fn parse_content(content: &IndexMap<String, MediaType>, reader: &mut Reader<'_>) -> Answer {
    let is_json = |media_type: &str| media_type.contains("json") || media_type == "*/*";
    if let Some((_, media)) = content.iter().find(|(media_type, _)| is_json(media_type)) {
        return match media.schema.as_ref().map(|schema| reader.read(schema)) {
            Some(Type::Scalar(Scalar::Binary)) => {
                Answer::File { media_type: "application/octet-stream".into() }
            }
            Some(read) => Answer::Json(read),
            None => Answer::Undescribed,
        };
    }
    match content.keys().next() {
        Some(media_type) => Answer::File { media_type: media_type.clone() },
        None => Answer::Undescribed,
    }
}

fn resolve(document: &Document, response: ReferenceOr<Response>) -> Option<Response> {
    follow(response, "#/components/responses/", |name| document.response(name))
}
