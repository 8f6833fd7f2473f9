//! The body that each service takes. What a message says is text there: none of it can name people, hide behind a link or
//! set itself apart.

use serde_json::{Value, json};

use super::message::Message;
use crate::config::Service;

/// The body of a message, as the service takes it.
pub(crate) fn shaped(service: Service, message: &Message) -> Value {
    match service {
        Service::Json => program(message),
        Service::Slack => slack(message),
        Service::Mattermost => mattermost(message),
        Service::Teams => teams(message),
    }
}

/// `title` and `lines` as people would read them, and all of it by name.
fn program(message: &Message) -> Value {
    let mut body = message.details.clone();
    body.insert("title".to_owned(), message.title.as_str().into());
    body.insert("lines".to_owned(), message.lines.as_slice().into());
    Value::Object(body)
}

/// Blocks of plain text, in which nothing is markup, within the
/// [lengths](https://docs.slack.dev/reference/block-kit/blocks/section-block) that Slack takes.
fn slack(message: &Message) -> Value {
    const TITLE: usize = 150;
    const TEXT: usize = 3000;
    let text = |most: usize, text: &str| {
        let text: String = text.chars().take(most).collect();
        json!({"type": "plain_text", "emoji": false, "text": slack_text(&text)})
    };
    let header = json!({"type": "header", "text": text(TITLE, &message.title)});
    // Escapes make a text longer, fivefold at most.
    let lines = pieces(&message.lines, TEXT / 5);
    let sections = lines.iter().map(|lines| json!({"type": "section", "text": text(TEXT, lines)}));
    let link = message.link.iter().map(|link| {
        json!({"type": "section", "text": {"type": "mrkdwn", "text": format!("<{}|more>", slack_text(link))}})
    });
    json!({
        // What a notification shows.
        "text": slack_text(&message.title),
        "mrkdwn": false,
        "blocks": std::iter::once(header).chain(sections).chain(link).collect::<Vec<_>>(),
    })
}

/// [The three characters](https://docs.slack.dev/messaging/formatting-message-text#escaping) that begin anything.
fn slack_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Lines in as few pieces as fit.
fn pieces(lines: &[String], most: usize) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for line in lines {
        match pieces.last_mut() {
            Some(piece) if piece.chars().count() + line.chars().count() < most => {
                piece.push('\n');
                piece.push_str(line);
            }
            _ => pieces.push(line.clone()),
        }
    }
    pieces
}

/// Markdown, in which all that could begin something is escaped.
fn mattermost(message: &Message) -> Value {
    let mut lines: Vec<String> = message.lines.iter().map(|line| markdown_text(line)).collect();
    lines.extend(message.link.iter().map(|link| format!("[more]({})", markdown_address(link))));
    json!({
        "attachments": [{
            "fallback": message.title.replace('@', "@\u{200b}"),
            "color": if message.is_bad { "#d24b4e" } else { "#3d7ac0" },
            "title": markdown_text(&message.title),
            // Two spaces end a line where it does not end by itself.
            "text": lines.join("  \n"),
        }],
    })
}

/// A name behind `@` is called, whatever stands around it, but not with nothing in between.
fn markdown_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' => escaped.push_str("@\u{200b}"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '~' | '|' | '!' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

fn markdown_address(address: &str) -> String {
    address.replace('(', "%28").replace(')', "%29")
}

/// An Adaptive Card, which is what [a workflow](https://learn.microsoft.com/connectors/teams/) posts; runs of text are no
/// [Markdown](https://learn.microsoft.com/adaptive-cards/schema-explorer/text-run).
fn teams(message: &Message) -> Value {
    let color = if message.is_bad { "Attention" } else { "Default" };
    let run = |text: &str| json!({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]});
    let title = json!({
        "type": "RichTextBlock",
        "inlines": [{
            "type": "TextRun", "text": message.title, "weight": "Bolder", "size": "Medium", "color": color,
        }],
    });
    let body: Vec<Value> = std::iter::once(title).chain(message.lines.iter().map(|line| run(line))).collect();
    let actions: Vec<Value> = message
        .link
        .iter()
        .map(|link| json!({"type": "Action.OpenUrl", "title": "more", "url": link}))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.2",
                "msteams": {"width": "Full"},
                "body": body,
                "actions": actions,
            },
        }],
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    /// What somebody could have GitLab answer.
    const HOSTILE: &str =
        "<!channel> <https://evil.example|click> @all *b* _i_ `c` [x](http://e) ~s~ | # & \u{200b}end";

    fn message(line: &str) -> Message {
        Message {
            title: "sample: the run failed".to_owned(),
            is_bad: true,
            lines: vec![line.to_owned()],
            link: Some("https://ci.example/jobs/(7)".to_owned()),
            details: Map::new(),
        }
    }

    #[test]
    fn slack_sees_no_markup_in_what_comes_from_outside() {
        let body = slack(&message(HOSTILE));
        let text = body["blocks"][1]["text"]["text"].as_str().unwrap();
        assert!(!text.contains('<') && !text.contains('>'), "{text}");
        assert!(text.contains("&lt;!channel&gt;") && text.contains("| # &amp;"), "{text}");
        assert_eq!(body["blocks"][1]["text"]["type"], "plain_text");
        assert_eq!(body["blocks"][2]["text"]["text"], "<https://ci.example/jobs/(7)|more>");
    }

    #[test]
    fn slack_takes_what_is_long_in_pieces() {
        let mut long = message("");
        long.lines = vec!["<".repeat(500); 12];
        let body = slack(&long);
        let blocks = body["blocks"].as_array().unwrap();
        let lengths = blocks.iter().map(|block| block["text"]["text"].as_str().unwrap().chars().count());
        let lengths: Vec<usize> = lengths.collect();
        assert!(lengths.iter().all(|length| (1..=3000).contains(length)), "{lengths:?}");
        assert_eq!(lengths.iter().sum::<usize>(), 22 + 12 * 500 * 4 + 34);
    }

    #[test]
    fn mattermost_calls_nobody_and_sets_nothing_apart() {
        let body = mattermost(&message(HOSTILE));
        let text = body["attachments"][0]["text"].as_str().unwrap();
        assert!(!text.contains("@all") && text.contains("@\u{200b}all"), "{text}");
        assert!(text.contains(r"\*b\* \_i\_ \`c\` \[x\]\(http://e\) \~s\~ \| \# &amp;"), "{text}");
        assert!(text.ends_with("[more](https://ci.example/jobs/%287%29)"), "{text}");
    }

    #[test]
    fn a_card_has_runs_of_text_alone() {
        let body = teams(&message(HOSTILE));
        let card = &body["attachments"][0]["content"];
        assert_eq!(card["body"][1]["inlines"][0], json!({"type": "TextRun", "text": HOSTILE}));
        assert_eq!(card["actions"][0]["url"], "https://ci.example/jobs/(7)");
    }
}
