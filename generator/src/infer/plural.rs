//! Singular and plural of English words, as far as identifiers use them.

use super::words::last_word;

/// Whether the last word names several things: `issues`, but not `status` or `settings`.
pub(crate) fn is_plural(identifier: &str) -> bool {
    let word = last_word(identifier);
    !is_mass_noun(&word) && singular_word(&word) != word
}

/// Whether the last word is plural in form but names one thing: `settings`, `statistics`.
pub(super) fn is_mass_noun(identifier: &str) -> bool {
    const MASS: [&str; 14] = [
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

/// Plurals that no ending shows.
const IRREGULAR: [(&str, &str); 26] = [
    ("shelves", "shelf"),
    ("knives", "knife"),
    ("lives", "life"),
    ("wives", "wife"),
    ("halves", "half"),
    ("wolves", "wolf"),
    ("thieves", "thief"),
    ("loaves", "loaf"),
    ("people", "person"),
    ("children", "child"),
    ("men", "man"),
    ("women", "woman"),
    ("mice", "mouse"),
    ("feet", "foot"),
    ("teeth", "tooth"),
    ("geese", "goose"),
    ("indices", "index"),
    ("vertices", "vertex"),
    ("matrices", "matrix"),
    ("appendices", "appendix"),
    ("criteria", "criterion"),
    ("phenomena", "phenomenon"),
    ("quizzes", "quiz"),
    ("aliases", "alias"),
    ("canvases", "canvas"),
    ("lenses", "lens"),
];

/// Words that end in `s` and are singular, beside those in `ss`, `us` and `sis`.
const SINGULAR: [&str; 27] = [
    "series", "species", "news", "alias", "atlas", "bias", "canvas", "gas", "pajamas", "exists", "axis",
    "iris", "tennis", "chassis", "debris", "redis", "chaos", "cosmos", "ethos", "kudos", "lens", "https",
    "dns", "sms", "tls", "aws", "gps",
];

/// Words in `us` that are plural after all.
const MENUS: [&str; 7] = ["menus", "gurus", "cpus", "gpus", "vcpus", "skus", "emus"];

fn singular_word(word: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    let without = |count: usize| word.get(..word.len() - count).unwrap_or(word);
    if let Some((_, singular)) = IRREGULAR.iter().find(|(plural, _)| *plural == word) {
        return (*singular).to_owned();
    }
    let is_singular = SINGULAR.contains(&word)
        || ends(&["ss", "sis"])
        || (ends(&["us"]) && !MENUS.contains(&word))
        || !word.is_ascii();
    if is_singular || !word.ends_with('s') || word.len() < 4 {
        return word.to_owned();
    }
    if ends(&["analyses", "diagnoses", "theses", "crises", "hypotheses", "synopses", "oases", "emphases"]) {
        return format!("{}is", without(2));
    }
    if ends(&["ies"]) {
        return if keeps_ie(word) { without(1).to_owned() } else { format!("{}y", without(3)) };
    }
    let cut = if adds_es(word) { 2 } else { 1 };
    without(cut).to_owned()
}

/// `movies` and short words (`ties`) end in `ie`; the others in `y`.
fn keeps_ie(word: &str) -> bool {
    const IE: [&str; 14] = [
        "movies",
        "cookies",
        "calories",
        "zombies",
        "selfies",
        "brownies",
        "rookies",
        "hoodies",
        "genies",
        "pixies",
        "prairies",
        "aeries",
        "budgies",
        "smoothies",
    ];
    word.len() <= 4 || IE.contains(&word)
}

/// Whether the plural adds `es` to a word, where the word does not end in `e` itself: `branches`, but not `caches`.
fn adds_es(word: &str) -> bool {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    if ends(&["ches"]) {
        return !ends(&["caches", "aches", "niches", "avalanches", "tranches", "creches", "cliches"])
            || ends(&["reaches", "coaches", "beaches", "teaches", "peaches", "breaches", "approaches"]);
    }
    if ends(&["uses"]) {
        let ends_in_e = ["ouses", "auses", "fuses", "cuses", "abuses"];
        return word != "uses" && !(ends(&ends_in_e) && word != "focuses") && !word.ends_with("reuses");
    }
    if ends(&["oes"]) {
        return !ends(&["shoes", "toes", "canoes", "oboes", "foes", "aloes", "woes"])
            || ends(&["tatoes", "matoes", "vetoes"]);
    }
    ends(&["sses", "shes", "xes", "zzes", "tzes", "gases", "biases", "atlases"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singulars() {
        for (plural, expected) in [
            ("issues", "issue"),
            ("branches", "branch"),
            ("caches", "cache"),
            ("approaches", "approach"),
            ("merge_requests", "merge_request"),
            ("vulnerabilities", "vulnerability"),
            ("movies", "movie"),
            ("ties", "tie"),
            ("statuses", "status"),
            ("viruses", "virus"),
            ("houses", "house"),
            ("warehouses", "warehouse"),
            ("causes", "cause"),
            ("uses", "use"),
            ("releases", "release"),
            ("databases", "database"),
            ("licenses", "license"),
            ("analyses", "analysis"),
            ("project_aliases", "project_alias"),
            ("canvas", "canvas"),
            ("canvases", "canvas"),
            ("quizzes", "quiz"),
            ("sizes", "size"),
            ("prizes", "prize"),
            ("boxes", "box"),
            ("heroes", "hero"),
            ("shoes", "shoe"),
            ("tomatoes", "tomato"),
            ("photos", "photo"),
            ("shelves", "shelf"),
            ("archives", "archive"),
            ("people", "person"),
            ("status", "status"),
            ("menus", "menu"),
            ("access", "access"),
            ("wikis", "wiki"),
            ("apis", "api"),
            ("alias", "alias"),
            ("keys", "key"),
            ("schemas", "schema"),
            ("basis", "basis"),
        ] {
            assert_eq!(singular(plural), expected);
        }
    }

    #[test]
    fn plural_in_form_only() {
        assert!(is_plural("closes_issues"));
        assert!(is_plural("saved_queries"));
        assert!(!is_plural("time_stats"));
        assert!(!is_plural("application/settings"));
        assert!(!is_plural("status"));
        assert!(!is_plural("canvas"));
    }
}
