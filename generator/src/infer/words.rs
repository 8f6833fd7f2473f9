//! The English of identifiers: words, singular, plural.

/// The words of an identifier in snake, kebab or camel case, in lower case.
pub(super) fn words(identifier: &str) -> Vec<String> {
    use heck::ToSnakeCase;
    identifier.to_snake_case().split('_').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The last word, in lower case.
pub(super) fn last_word(identifier: &str) -> String {
    words(identifier).pop().unwrap_or_default()
}

/// Whether the last word names several things: `issues`, but not `status` or `settings`.
pub(crate) fn is_plural(identifier: &str) -> bool {
    let word = last_word(identifier);
    !is_mass_noun(&word) && singular_word(&word) != word
}

/// Whether the last word is plural in form but names one thing: `settings`, `statistics`.
pub(super) fn is_mass_noun(identifier: &str) -> bool {
    const MASS: [&str; 15] = [
        "settings",
        "statistics",
        "stats",
        "metrics",
        "preferences",
        "details",
        "counts",
        "limits",
        "associations",
        "access",
        "analytics",
        "instructions",
        "privileges",
        "queries",
        "credentials",
    ];
    MASS.contains(&last_word(identifier).as_str())
}

/// `merge_requests` → `merge_request`.
pub(crate) fn singular(identifier: &str) -> String {
    match identifier.rsplit_once('_') {
        Some((head, tail)) => format!("{head}_{}", singular_word(tail)),
        None => singular_word(identifier),
    }
}

fn singular_word(word: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    let cut = |count: usize| word.get(..word.len() - count).unwrap_or(word);
    let irregular =
        matches!(word, "series" | "news" | "alias" | "exists" | "analysis" | "basis" | "diagnosis");
    if irregular || ends(&["ss", "us"]) || !word.ends_with('s') || word.len() < 4 {
        return word.to_owned();
    }
    if ends(&["ies"]) && word.len() > 4 {
        return format!("{}y", cut(3));
    }
    if ends(&["sses", "shes", "ches", "xes", "zes", "uses"]) || word == "aliases" {
        return cut(2).to_owned();
    }
    cut(1).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singulars() {
        for (plural, expected) in [
            ("issues", "issue"),
            ("branches", "branch"),
            ("merge_requests", "merge_request"),
            ("vulnerabilities", "vulnerability"),
            ("statuses", "status"),
            ("releases", "release"),
            ("licenses", "license"),
            ("project_aliases", "project_alias"),
            ("status", "status"),
            ("access", "access"),
            ("wikis", "wiki"),
            ("alias", "alias"),
            ("keys", "key"),
        ] {
            assert_eq!(singular(plural), expected);
        }
    }

    #[test]
    fn plural_in_form_only() {
        assert!(is_plural("closes_issues"));
        assert!(!is_plural("time_stats"));
        assert!(!is_plural("application/settings"));
        assert!(!is_plural("status"));
    }
}
