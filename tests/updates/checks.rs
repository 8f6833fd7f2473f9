//! What has to hold after an update.

use std::collections::{BTreeMap, BTreeSet};

use gitlab_init::write::{Action, WritePlan};
use quote::ToTokens;

use super::edits::Edit;
use super::pipeline::Crate;

/// The crate before an update.
pub(crate) struct Before {
    files: BTreeMap<String, String>,
    is_whole: bool,
}

impl Before {
    pub(crate) fn look(pipeline: &Crate) -> Self {
        let files = pipeline.files();
        let is_whole = fault(&files).is_none();
        Self { files, is_whole }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }
}

pub(crate) fn check(pipeline: &Crate, before: &Before, edits: &[Edit], plan: &WritePlan, place: &str) {
    let files = pipeline.files();
    for path in ["src/hooks.rs", "secrets.toml"] {
        assert_eq!(files.get(path), before.files.get(path), "{path} was touched: {place}");
    }
    for edit in edits {
        check_edit(edit, edits, &files, plan, place);
    }
    for change in plan.conflicts() {
        let text = files.get(&change.path).expect("a file with a conflict");
        assert!(
            text.contains("<<<<<<< ours\n") && text.contains(">>>>>>> theirs"),
            "no marks in {}: {place}",
            change.path
        );
    }
    if plan.conflicts().next().is_none() && before.is_whole {
        assert_eq!(fault(&files), None, "the crate is broken: {place}");
    }
}

fn check_edit(edit: &Edit, edits: &[Edit], files: &BTreeMap<String, String>, plan: &WritePlan, place: &str) {
    let is_conflict = |path: &str| plan.conflicts().any(|change| change.path == path);
    match edit {
        Edit::Inserted { path, token } => check_token(path, token, edits, files, plan, place),
        Edit::Deleted { path, line } => {
            let change = plan.changes.iter().find(|change| change.path == *path);
            let was_rewritten = change.is_some_and(|change| {
                matches!(&change.action, Action::Merge(_))
                    && change.before.as_ref().is_some_and(|text| !text.lines().any(|own| own == line))
            });
            if was_rewritten && !is_conflict(path) {
                let text = files.get(path).map_or("", String::as_str);
                assert!(!text.lines().any(|own| own == line), "`{line}` came back to {path}: {place}");
            }
        }
        Edit::Set { path, key, value } => check_key(path, key, value, edits, files, place),
        Edit::FileDeleted { path } => assert!(!files.contains_key(path), "{path} came back: {place}"),
        Edit::FileAdded { path, text } => {
            let is_last = edits.iter().rev().find_map(|edit| match edit {
                Edit::FileAdded { path: other, text } if other == path => Some(text),
                _ => None,
            });
            if is_last == Some(text) {
                assert_eq!(files.get(path), Some(text), "{path} was touched: {place}");
            }
        }
        Edit::FileRenamed { from, to } => {
            let is_last =
                !edits.iter().any(|edit| matches!(edit, Edit::FileRenamed { from, .. } if from == to));
            let is_orphan =
                plan.changes.iter().any(|change| change.path == *to && change.action == Action::Delete);
            if is_last && !is_orphan {
                assert!(files.contains_key(to), "{to} is gone: {place}");
                assert!(!files.contains_key(from), "{from} came back: {place}");
            }
        }
        Edit::ResourceRenamed { to, .. } => {
            let sources: String = files
                .iter()
                .filter(|(path, _)| path.starts_with("src/resources/"))
                .map(|(_, text)| text.as_str())
                .collect();
            let is_undone = edits.iter().any(|edit| match edit {
                Edit::ResourceRenamed { from, .. } => from == to,
                Edit::Deleted { line, .. } => line.contains(to),
                _ => false,
            });
            assert!(
                is_undone || sources.contains(&format!("name: \"{to}\"")),
                "`{to}` is not called so any more: {place}"
            );
        }
    }
}

/// The text is there, unless a later edit took its line or its file away.
fn check_token(
    path: &str,
    token: &str,
    edits: &[Edit],
    files: &BTreeMap<String, String>,
    plan: &WritePlan,
    place: &str,
) {
    let is_undone = edits.iter().any(|edit| match edit {
        Edit::Deleted { line, .. } => line.contains(token),
        Edit::FileDeleted { path: gone } => gone == path,
        _ => false,
    });
    let has = |text: &String| text.contains(token);
    let was_there = plan.changes.iter().any(|change| change.before.as_ref().is_some_and(has));
    assert!(files.values().any(has) || is_undone || !was_there, "{token} is lost: {place}");
}

/// The value stays, as a key or, where nothing takes it any more, as a comment.
fn check_key(
    path: &str,
    key: &[String],
    value: &str,
    edits: &[Edit],
    files: &BTreeMap<String, String>,
    place: &str,
) {
    let text = files.get(path).expect("a configuration");
    let last = edits.iter().rev().find_map(|edit| match edit {
        Edit::Set { key: other, value, .. } if other == key => Some(value.as_str()),
        _ => None,
    });
    let was_moved = edits.iter().any(|edit| match edit {
        Edit::ResourceRenamed { from, .. } => key.contains(from),
        Edit::Deleted { line, .. } => key.get(1).is_some_and(|name| line.contains(name)),
        _ => false,
    });
    if last != Some(value) || was_moved {
        return;
    }
    let document: toml_edit::DocumentMut = text.parse().unwrap_or_else(|error| panic!("{error}: {place}"));
    let mut item = Some(document.as_item());
    for part in key {
        item = item.and_then(|item| item.get(part));
    }
    let is = item.map(|item| item.to_string().trim().to_owned());
    let is_switched_off = key.last().is_some_and(|last| last == "enabled") && is.as_deref() == Some("false");
    let name = key.last().map_or("", String::as_str);
    let as_comment =
        text.lines().any(|line| line.starts_with('#') && line.contains(name) && line.contains(value));
    let with_more = is.as_deref().is_some_and(|is| is.contains(value.trim_matches(['[', ']'])));
    assert!(
        is.as_deref() == Some(value) || with_more || is_switched_off || as_comment,
        "`{}` is {is:?} and not {value}: {place}",
        key.join(".")
    );
}

/// What would keep the crate from being compiled, or a run from starting.
pub(crate) fn fault(files: &BTreeMap<String, String>) -> Option<String> {
    for (path, text) in files.iter().filter(|(path, _)| !path.starts_with("runtime/")) {
        if path.ends_with(".rs")
            && let Err(error) = syn::parse_file(text)
        {
            return Some(format!("{path}: {error}"));
        }
        if path.ends_with(".toml")
            && let Err(error) = text.parse::<toml_edit::DocumentMut>()
        {
            return Some(format!("{path}: {error}"));
        }
    }
    let mut names = BTreeSet::new();
    let tree = walk(files, "", &mut names).err();
    tree.or_else(|| dangling(files, &names))
}

/// What a file declares and gathers has to be there, and each name once.
fn walk(files: &BTreeMap<String, String>, way: &str, names: &mut BTreeSet<String>) -> Result<(), String> {
    let path = format!("src/resources/{}.rs", if way.is_empty() { "mod" } else { way });
    let text = files.get(&path).ok_or_else(|| format!("no file {path}"))?;
    let file = syn::parse_file(text).map_err(|error| format!("{path}: {error}"))?;
    let (mut modules, mut constants, mut gathered) = (BTreeSet::new(), BTreeMap::new(), Vec::new());
    for item in &file.items {
        match item {
            syn::Item::Mod(module) if modules.insert(module.ident.to_string()) => {}
            syn::Item::Mod(module) => return Err(format!("{path} declares {} twice", module.ident)),
            syn::Item::Const(constant) if constant.ident == "ALL" => {
                gathered = list(&constant.expr.to_token_stream().to_string());
            }
            syn::Item::Const(constant) => {
                let name = name_of(&constant.expr.to_token_stream().to_string());
                constants.insert(constant.ident.to_string(), name);
            }
            _ => {}
        }
    }
    for entry in gathered {
        match entry.split_once("::") {
            Some((module, _)) if modules.contains(module) => {}
            Some((module, _)) => return Err(format!("{path} gathers {module}, which it does not declare")),
            None => {
                let name = constants
                    .get(&entry)
                    .ok_or_else(|| format!("{path} gathers {entry}, which it does not define"))?;
                if !names.insert(name.clone()) {
                    return Err(format!("{name} is there twice"));
                }
            }
        }
    }
    modules
        .iter()
        .try_for_each(|module| walk(files, format!("{way}/{module}").trim_start_matches('/'), names))
}

/// The entries of `own` and `below`.
fn list(tokens: &str) -> Vec<String> {
    let plain = tokens.replace(' ', "");
    plain
        .split(['[', ']', ','])
        .filter_map(|part| part.strip_prefix('&'))
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A parent or a section of the configuration that names no resource.
fn dangling(files: &BTreeMap<String, String>, names: &BTreeSet<String>) -> Option<String> {
    for (_, text) in files.iter().filter(|(path, _)| path.starts_with("src/resources/")) {
        for line in text.split("Param::parent(").skip(1) {
            let parent = line.split('"').nth(5).unwrap_or_default();
            if !names.contains(parent) {
                return Some(format!("no parent {parent}"));
            }
        }
    }
    let config: toml_edit::DocumentMut = files.get("config.toml")?.parse().ok()?;
    let sections = config.get("resources").and_then(|resources| resources.as_table_like())?;
    sections
        .iter()
        .find(|(name, _)| !names.contains(*name))
        .map(|(name, _)| format!("config.toml names {name}"))
}

fn name_of(tokens: &str) -> String {
    let name = tokens.split_once("name : \"").map_or("", |(_, rest)| rest);
    name.split('"').next().unwrap_or_default().to_owned()
}
