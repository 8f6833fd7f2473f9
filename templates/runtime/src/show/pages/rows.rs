//! Rows as a table of a page: values as people read them, none of them more than text.

use maud::{Markup, html};
use serde_json::Value;

use super::frame;
use crate::destination::reading::Answer;
use crate::resource::ColumnKind;

/// How many characters of a value stand in a row; the rest is a key press away.
const SHORT: usize = 72;

/// The head of a column.
pub(super) struct Head {
    pub(super) shown: Markup,
    /// How rows are sorted by it, as browsers call it.
    pub(super) sorted: Option<&'static str>,
}

/// Rows, with what stands at the head of each column; `kinds` are those of the columns, as far as they are known.
pub(super) fn shown(label: &str, answer: &Answer, heads: &[Head], kinds: &[Option<ColumnKind>]) -> Markup {
    let is_number = |at: usize| match kinds.get(at).copied().flatten() {
        Some(kind) => matches!(kind, ColumnKind::Int | ColumnKind::Float),
        None => are_numbers(answer, at),
    };
    let class = |at: usize| if is_number(at) { "number" } else { "" };
    let table = html! {
        table.rows {
            caption.hidden { (label) }
            thead { tr {
                @for (at, head) in heads.iter().enumerate() {
                    th class=(class(at)) scope="col" aria-sort=[head.sorted] { (head.shown) }
                }
            } }
            tbody {
                @for row in &answer.rows {
                    tr {
                        @for (at, cell) in row.iter().enumerate() {
                            td class=(class(at)) { (value(cell.as_deref(), kinds.get(at).copied().flatten())) }
                        }
                    }
                }
            }
        }
    };
    frame::scrolling(label, &table)
}

fn are_numbers(answer: &Answer, at: usize) -> bool {
    let mut values = answer.rows.iter().filter_map(|row| row.get(at)?.as_deref()).peekable();
    values.peek().is_some() && values.all(|value| value.parse::<f64>().is_ok())
}

fn value(text: Option<&str>, kind: Option<ColumnKind>) -> Markup {
    let Some(text) = text else { return html! { span.null { "null" } } };
    if text.is_empty() {
        return html! { span.null { "empty" } };
    }
    let may_be_json = matches!(kind, None | Some(ColumnKind::Json | ColumnKind::List(_)));
    let json = if may_be_json { pretty(text) } else { None };
    let is_long = text.chars().nth(SHORT).is_some() || text.contains('\n');
    if !is_long {
        return if json.is_some() {
            html! { code { (text) } }
        } else {
            html! { (text) }
        };
    }
    let start: String =
        text.chars().take(SHORT).map(|letter| if letter == '\n' { ' ' } else { letter }).collect();
    html! {
        details.cell {
            summary { span class=[json.is_some().then_some("code")] { (start) "…" } }
            pre { (json.as_deref().unwrap_or(text)) }
        }
    }
}

/// An object or a list, laid out.
fn pretty(text: &str) -> Option<String> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_text_and_nothing_else() {
        let shown = |text: &str, kind| value(Some(text), kind).into_string();
        assert_eq!(shown("<script>alert(1)</script>", None), "&lt;script&gt;alert(1)&lt;/script&gt;");
        assert!(!shown("javascript:alert(1)", None).contains("href"));
        let long = format!("{{\"a\": \"{}<b>\"}}", "x".repeat(SHORT));
        let json = shown(&long, Some(ColumnKind::Json));
        assert!(
            json.contains("<details") && json.contains("\n  &quot;a&quot;") && !json.contains("<b>"),
            "{json}"
        );
        assert_eq!(value(None, None).into_string(), "<span class=\"null\">null</span>");
    }
}
