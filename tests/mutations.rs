//! Documents with something wrong in them, over a thousand: none ends the program, none loses a GET, and what is
//! rendered parses. The same seed makes the same documents.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use fastrand::Rng;
use gitlab_init::document::Text;
use gitlab_init::gitlab::Preset;
use gitlab_init::graph::{ResourceGraph, Selection};
use gitlab_init::infer::RecordedNames;
use gitlab_init::read;
use gitlab_init::render::{Answers, Destination, Past, Runtime, render};
use gitlab_init::report::inspect_json;
use serde_json::{Map, Value, json};

/// Documents made of trees, and of texts.
const TREES: u64 = 1_000;
const TEXTS: u64 = 300;

/// One in so many is rendered as a whole.
const RENDERED: u64 = 4;

#[test]
fn no_mutation_of_a_tree_ends_the_program_or_loses_a_get() {
    let seeds = seeds();
    in_parallel(TREES, |number| {
        let mut rng = Rng::with_seed(number);
        let mut document = seeds[rng.usize(..seeds.len())].clone();
        for _ in 0..rng.usize(1..=6) {
            mutate(&mut document, &mut rng);
        }
        check(&document.to_string(), Some(&document), number % RENDERED == 0)
    });
}

#[test]
fn no_mutation_of_a_text_ends_the_program() {
    let seeds: Vec<String> =
        seeds().iter().map(|document| serde_yaml::to_string(document).expect("YAML")).collect();
    in_parallel(TEXTS, |number| {
        let mut rng = Rng::with_seed(number);
        let mut text: Vec<char> = seeds[rng.usize(..seeds.len())].chars().collect();
        for _ in 0..rng.usize(1..=4) {
            let at = rng.usize(..text.len());
            let end = (at + rng.usize(..40)).min(text.len());
            match rng.u8(..3) {
                0 => drop(text.drain(at..end)),
                1 => text.splice(at..at, HOSTILE[rng.usize(..HOSTILE.len())].chars()).for_each(drop),
                _ => {
                    let copy = text[at..end].to_vec();
                    let to = rng.usize(..text.len());
                    text.splice(to..to, copy).for_each(drop);
                }
            }
        }
        check(&text.iter().collect::<String>(), None, number % RENDERED == 0)
    });
}

/// Runs `one` for each number, on two threads, and says which numbers came out badly.
fn in_parallel(count: u64, one: impl Fn(u64) -> Result<(), String> + Sync) {
    let work = |start: u64| {
        let numbers = (start..count).step_by(2);
        let run = |number| {
            let outcome = catch_unwind(AssertUnwindSafe(|| one(number)));
            let fault = outcome.unwrap_or_else(|_| Err("it panics".into())).err()?;
            Some(format!("document {number}: {fault}"))
        };
        numbers.filter_map(run).collect::<Vec<String>>()
    };
    let faults = std::thread::scope(|scope| {
        let threads = [0, 1].map(|start| scope.spawn(move || work(start)));
        threads.map(|thread| thread.join().expect("a thread")).concat()
    });
    assert!(faults.is_empty(), "{} documents\n{}", faults.len(), faults.join("\n"));
}

/// Small documents: the cases, and pieces of the bundled one.
fn seeds() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cases = fs::read_dir(folder.join("cases")).expect("cases").map(|case| case.expect("a case").path());
    let mut cases: Vec<_> = cases.map(|case| case.join("document.yaml")).collect();
    cases.sort();
    let texts = cases.iter().map(|path| fs::read_to_string(path).expect("a document"));
    let mut seeds: Vec<Value> = texts.filter_map(|text| serde_yaml::from_str(&text).ok()).collect();
    let bundled = fs::read_to_string(folder.join("../specs/gitlab.yaml")).expect("the bundled document");
    let bundled: Value = serde_yaml::from_str(&bundled).expect("YAML");
    let paths: Vec<&String> = bundled["paths"].as_object().expect("paths").keys().collect();
    seeds.extend(paths.chunks(8).step_by(4).map(|paths| piece(&bundled, paths)));
    assert!(seeds.len() >= 50, "only {} documents to start from", seeds.len());
    seeds
}

/// The document with a few paths, and the components that these refer to.
fn piece(bundled: &Value, paths: &[&String]) -> Value {
    let mut document = json!({ "openapi": "3.0.3", "info": bundled["info"], "paths": {}, "components": {} });
    for path in paths {
        document["paths"][path.as_str()] = bundled["paths"][path.as_str()].clone();
    }
    let mut waiting = references(&document["paths"]);
    let mut seen = BTreeSet::new();
    while let Some(reference) = waiting.pop() {
        let Some(value) = bundled.pointer(reference.trim_start_matches('#')) else { continue };
        if let ([_, _, kind, name], true) =
            (reference.split('/').collect::<Vec<_>>().as_slice(), seen.insert(reference.clone()))
        {
            document["components"][*kind][*name] = value.clone();
            waiting.extend(references(value));
        }
    }
    document
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(map) => {
            let own = map.get("$ref").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(map.values().flat_map(references)).collect()
        }
        _ => Vec::new(),
    }
}

/// What names, texts and keys may turn into.
const HOSTILE: [&str; 16] = [
    "",
    "x\n[gitlab.oauth]\nclient_id = \"stolen\"",
    "\u{202e}gnihton\u{2066}",
    "\u{1b}]0;title\u{7}",
    "*/ compile_error!(\"no\") /*",
    "\"); std::process::exit(9); (\"",
    "{{ answers.name }}{% raw %}",
    "{",
    "}{",
    "{{id}}",
    "../../x",
    "fn",
    "__",
    "%2e%2E%00",
    "'; DROP TABLE x; --",
    "$ref",
];

fn mutate(document: &mut Value, rng: &mut Rng) {
    let donor = pick(&mut document.clone(), rng).clone();
    let target = pick(document, rng);
    match rng.u8(..8) {
        0 => *target = junk(rng),
        1 => *target = donor,
        2 => *target = json!({ "$ref": reference(rng) }),
        3 => *target = Value::Array(vec![target.take(), donor]),
        4 => *target = json!({ HOSTILE[rng.usize(..HOSTILE.len())]: target.take() }),
        5 => with_map(target, |map| {
            map.insert(KEYWORDS[rng.usize(..KEYWORDS.len())].into(), junk(rng));
        }),
        6 => with_map(target, |map| {
            let key = map.keys().nth(rng.usize(..map.len().max(1))).cloned();
            if let Some(value) = key.and_then(|key| map.remove(&key)) {
                map.insert(HOSTILE[rng.usize(..HOSTILE.len())].into(), value);
            }
        }),
        _ => with_map(target, |map| {
            let key = map.keys().nth(rng.usize(..map.len().max(1))).cloned();
            key.map(|key| map.remove(&key));
        }),
    }
}

const KEYWORDS: [&str; 24] = [
    "$ref",
    "type",
    "properties",
    "items",
    "allOf",
    "oneOf",
    "anyOf",
    "enum",
    "additionalProperties",
    "get",
    "parameters",
    "responses",
    "content",
    "schema",
    "in",
    "name",
    "required",
    "default",
    "servers",
    "format",
    "x-gitlab-init",
    "tags",
    "summary",
    "$anchor",
];

fn with_map(value: &mut Value, change: impl FnOnce(&mut Map<String, Value>)) {
    if let Value::Object(map) = value {
        change(map);
    }
}

fn reference(rng: &mut Rng) -> &'static str {
    const REFERENCES: [&str; 9] = [
        "#",
        "#/",
        "#/paths",
        "#/components/schemas",
        "#/components/schemas/Group",
        "other.yaml",
        "#/a%zz",
        "",
        "https://[/",
    ];
    REFERENCES[rng.usize(..REFERENCES.len())]
}

fn junk(rng: &mut Rng) -> Value {
    match rng.u8(..9) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(rng.i64(..)),
        3 => json!(1e300),
        4 => json!([]),
        5 => json!({}),
        6 => json!([[{ "a": [null] }]]),
        7 => json!("array"),
        _ => json!(HOSTILE[rng.usize(..HOSTILE.len())]),
    }
}

/// Any value of the tree, deep ones as likely as shallow ones.
fn pick<'a>(value: &'a mut Value, rng: &mut Rng) -> &'a mut Value {
    let mut current = value;
    loop {
        let length = match current {
            Value::Object(map) => map.len(),
            Value::Array(items) => items.len(),
            _ => 0,
        };
        if length == 0 || rng.u8(..8) == 0 {
            return current;
        }
        let at = rng.usize(..length);
        current = match current {
            Value::Object(map) => map.values_mut().nth(at).expect("a value"),
            Value::Array(items) => &mut items[at],
            _ => return current,
        };
    }
}

/// Reads a document as far as it goes. `tree` is what it holds, where that is known.
fn check(body: &str, tree: Option<&Value>, is_rendered: bool) -> Result<(), String> {
    let Ok(read) = read(&Text::new("mutated", body), &[], &RecordedNames::new()) else { return Ok(()) };
    let json = inspect_json(&read.document.info, &read.document.auth(), &read.graph)
        .map_err(|error| error.to_string())?;
    is_plain("inspect", &json)?;
    accounted_for(&read.graph, tree)?;
    if is_rendered { parses(&read.graph) } else { Ok(()) }
}

fn accounted_for(graph: &ResourceGraph, tree: Option<&Value>) -> Result<(), String> {
    let mut listed: BTreeMap<&str, usize> = BTreeMap::new();
    let skipped = graph.skipped.iter().map(|skipped| skipped.path.as_str());
    for path in graph.resources.iter().map(|resource| resource.path.as_str()).chain(skipped) {
        *listed.entry(path).or_default() += 1;
    }
    if let Some((path, count)) = listed.iter().find(|(_, count)| **count != 1) {
        return Err(format!("`{path}` is listed {count} times"));
    }
    let paths = tree.and_then(|tree| tree["paths"].as_object()).into_iter().flatten();
    // What a reference leads to may have a GET or none.
    let gets = paths.filter(|(path, item)| {
        item.get("get").is_some()
            && !path.starts_with("x-")
            && *path != "$ref"
            && !tree.is_some_and(has_reference)
    });
    let is_text = |letter: char| !letter.is_control() && !('\u{2000}'..'\u{2070}').contains(&letter);
    let lost = gets
        .map(|(path, _)| path)
        .find(|path| path.chars().all(is_text) && !listed.contains_key(path.as_str()));
    lost.map_or(Ok(()), |path| Err(format!("`{path}` is lost")))
}

fn has_reference(tree: &Value) -> bool {
    tree["paths"].get("$ref").is_some()
}

/// Every file that a person or a program reads.
fn parses(graph: &ResourceGraph) -> Result<(), String> {
    let selection = Selection { preset: Some(Preset::All), ..Selection::default() };
    let Ok(selected) = graph.clone().select(&selection) else { return Ok(()) };
    let files = render(&answers(), &selected, &Past::default()).map_err(|error| format!("{error:?}"))?;
    for file in files.iter().filter(|file| !file.path.starts_with("runtime/")) {
        let fault = match file.path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("rs") => syn::parse_file(&file.body).err().map(|error| error.to_string()),
            Some("toml") => file.body.parse::<toml_edit::DocumentMut>().err().map(|error| error.to_string()),
            Some("yml" | "yaml") => {
                serde_yaml::from_str::<Value>(&file.body).err().map(|error| error.to_string())
            }
            _ => None,
        };
        if let Some(fault) = fault {
            return Err(format!("{} does not parse: {fault}", file.path));
        }
        is_plain(&file.path, &file.body)?;
        if file.path == "config.toml" && has_stolen_key(&file.body) {
            return Err("a name became configuration".into());
        }
    }
    Ok(())
}

fn has_stolen_key(config: &str) -> bool {
    let config: toml_edit::DocumentMut = config.parse().unwrap_or_default();
    config.get("gitlab").and_then(|gitlab| gitlab.get("oauth")).is_some()
}

/// Nothing steers a terminal or turns the direction of text.
fn is_plain(what: &str, text: &str) -> Result<(), String> {
    let is_bad = |letter: &char| {
        (letter.is_control() && !matches!(letter, '\n' | '\t'))
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    match text.chars().find(is_bad) {
        Some(letter) => Err(format!("{what} has {letter:?}")),
        None => Ok(()),
    }
}

fn answers() -> Answers {
    Answers {
        name: "mutated".into(),
        spec: None,
        spec_title: String::new(),
        spec_sha256: String::new(),
        preset: Some(Preset::All),
        select: vec![],
        exclude: vec![],
        destination: Destination::default(),
        deploy: Vec::new(),
        base_url: "https://gitlab.example.com".into(),
        groups: vec![],
        projects: vec![],
        runtime: Runtime::default(),
        workspace_member: false,
    }
}
