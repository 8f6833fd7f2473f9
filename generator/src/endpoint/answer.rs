//! What a successful answer is declared to carry.

use super::entity::{Scalar, Type};
use super::schema::Reader;
use crate::document::Node;
use crate::text::one_line;

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

/// Reads the answer of success: 200 before all others. What `default` describes is the answer in all other cases, an
/// error.
pub(super) fn parse_answer<'a>(operation: Node<'a>, produces: Node<'a>, reader: &mut Reader<'a>) -> Answer {
    let responses: Vec<(&str, Node<'a>)> =
        reader.entries(operation, "responses").filter(|(code, _)| !code.starts_with("x-")).collect();
    let exact = responses.iter().find(|(code, _)| *code == "200");
    let success = exact.or_else(|| responses.iter().find(|(code, _)| carries_body(code)));
    if let Some((_, response)) = success {
        return match reader.follow(*response) {
            Some(response) => parse_response(response, produces, reader),
            None => Answer::Undescribed,
        };
    }
    if responses.iter().any(|(code, _)| carries_nothing(code)) { Answer::Empty } else { Answer::Undescribed }
}

fn carries_body(code: &str) -> bool {
    match code.parse::<u16>() {
        Ok(code) => matches!(code, 200..=203 | 206..=299),
        Err(_) => code.eq_ignore_ascii_case("2XX"),
    }
}

fn carries_nothing(code: &str) -> bool {
    match code.parse::<u16>() {
        Ok(code) => matches!(code, 204 | 205 | 300..=399),
        Err(_) => code.eq_ignore_ascii_case("3XX"),
    }
}

fn parse_response<'a>(response: Node<'a>, produces: Node<'a>, reader: &mut Reader<'a>) -> Answer {
    let schema = |media: Node<'a>, reader: &mut Reader<'a>| reader.follow(media)?.get("schema");
    let content: Vec<(&str, Node<'a>)> = reader.entries(response, "content").collect();
    if content.is_empty() {
        return match response.get("schema") {
            Some(schema) => parse_swagger(schema, produces, reader),
            None => Answer::Undescribed,
        };
    }
    let mut json = content.iter().filter(|(media_type, _)| is_json(media_type)).peekable();
    if json.peek().is_some() {
        let described = json.find_map(|(_, media)| schema(*media, reader));
        return described.map_or(Answer::Undescribed, |schema| parse_json(schema, reader));
    }
    match content.first() {
        Some((media_type, _)) => Answer::File { media_type: one_line(media_type) },
        None => Answer::Undescribed,
    }
}

/// Swagger 2.0 has the schema in the response, and the media types in `produces` of the operation or the document.
fn parse_swagger<'a>(schema: Node<'a>, produces: Node<'a>, reader: &mut Reader<'a>) -> Answer {
    let media_types: Vec<&str> = produces.items("produces").filter_map(|item| item.value.as_str()).collect();
    match media_types.first() {
        Some(first) if !media_types.iter().any(|media_type| is_json(media_type)) => {
            Answer::File { media_type: one_line(first) }
        }
        _ => parse_json(schema, reader),
    }
}

fn parse_json<'a>(schema: Node<'a>, reader: &mut Reader<'a>) -> Answer {
    match reader.read(schema) {
        Type::Scalar(Scalar::Binary) => Answer::File { media_type: "application/octet-stream".into() },
        read => Answer::Json(read),
    }
}

/// One JSON value; not a stream of them, line by line.
fn is_json(media_type: &str) -> bool {
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let subtype = media_type.split_once('/').map_or(media_type.as_str(), |(_, subtype)| subtype);
    let is_stream = subtype.contains("json-seq") || subtype.contains("jsonl") || subtype.contains("ndjson");
    subtype.contains("json") && !is_stream || matches!(media_type.as_str(), "*/*" | "*" | "application/*")
}
