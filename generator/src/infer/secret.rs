//! Fields whose values are secrets, by their names: they are not loaded unless somebody asks for them.

use super::draft::Entry;
use super::{Column, ColumnKind};
use crate::gitlab;

/// The last words of a name that mean a secret.
const WORDS: [&str; 4] = ["token", "password", "passphrase", "secret"];
const ENDS: [&str; 2] = ["private_key", "secret_key"];
/// Tokens that lead to a page, not into a house.
const HARMLESS: [&str; 4] = ["page_token", "next_token", "continuation_token", "sync_token"];

/// Whether a text column of this name holds a secret.
pub(crate) fn is_secret(column: &Column) -> bool {
    let name = column.name.rsplit("__").next().unwrap_or_default();
    let last = name.rsplit('_').next().unwrap_or_default();
    let means_one = WORDS.contains(&last) || ENDS.iter().any(|end| name.ends_with(end));
    column.kind == Some(ColumnKind::Text) && means_one && !HARMLESS.iter().any(|end| name.ends_with(end))
}

/// Each once: those that the document declares, and those that GitLab is known to send.
pub(super) fn infer_secrets(entry: Entry<'_>) -> Vec<String> {
    let declared = entry.own.columns.iter().filter(|column| is_secret(column));
    let mut secrets: Vec<String> = declared.map(|column| column.name.replace("__", ".")).collect();
    for known in gitlab::secret_fields(entry.place) {
        if !secrets.iter().any(|secret| secret == known) {
            secrets.push((*known).to_owned());
        }
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_name_and_its_type() {
        let column =
            |name: &str, kind| Column { name: name.to_owned(), kind: Some(kind), description: String::new() };
        let text = |name: &str| column(name, ColumnKind::Text);
        for name in ["runners_token", "token", "import_url_password", "app_private_key", "slack_app_secret"] {
            assert!(is_secret(&text(name)), "{name}");
        }
        for name in ["token_expires_at", "next_page_token", "secretary", "public_key", "tokens_count"] {
            assert!(!is_secret(&text(name)), "{name}");
        }
        assert!(!is_secret(&column("disable_feed_token", ColumnKind::Bool)));
    }
}
