//! What people do to a crate: each edit leaves something that can be looked for.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::pipeline::Crate;

/// One edit, and what has to be true after an update.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// This text stands in the crate.
    Inserted {
        path: String,
        token: String,
    },
    /// This line stands in that file no more.
    Deleted {
        path: String,
        line: String,
    },
    /// This key of a TOML file has this value.
    Set {
        path: String,
        key: Vec<String>,
        value: String,
    },
    /// There is no such file.
    FileDeleted {
        path: String,
    },
    /// This file is as it was written.
    FileAdded {
        path: String,
        text: String,
    },
    FileRenamed {
        from: String,
        to: String,
    },
    ResourceRenamed {
        from: String,
        to: String,
    },
}

impl Edit {
    /// A comment may break what it stands in, and the engine is large.
    pub(crate) fn is_of_the_engine(&self) -> bool {
        matches!(self, Self::Inserted { path, .. } | Self::Deleted { path, .. } if path.starts_with("runtime/"))
    }
}

/// A few edits; each is marked with the token and its number.
pub(crate) fn edit(pipeline: &Crate, rng: &mut Rng, token: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    for number in 0..rng.usize(1..9) {
        let files = pipeline.files();
        let token = format!("{token}_{number}");
        let made = match rng.usize(0..20) {
            0 => delete_file(pipeline, &files, rng),
            1 => add_file(pipeline, rng, &token),
            2 => rename_file(pipeline, &files, rng, &token),
            3 => rename_resource(pipeline, &files, rng, number),
            4..8 => set_key(pipeline, &files, rng),
            8..11 => delete_line(pipeline, &files, rng),
            11 => delete_resource(pipeline, &files, rng),
            12..16 => change_line(pipeline, &files, rng, &token),
            _ => insert_line(pipeline, &files, rng, &token),
        };
        edits.extend(made);
    }
    edits
}

fn pick<'f>(
    files: &'f BTreeMap<String, String>,
    rng: &mut Rng,
    wanted: impl Fn(&str) -> bool,
) -> Option<(&'f String, &'f String)> {
    let found: Vec<_> = files.iter().filter(|(path, text)| wanted(path) && !text.is_empty()).collect();
    if found.is_empty() { None } else { Some(found[rng.usize(0..found.len())]) }
}

fn is_generated(path: &str) -> bool {
    !matches!(path, "secrets.toml" | "Cargo.lock") && !path.contains("mine")
}

fn comment(path: &str, token: &str) -> String {
    match path.rsplit('.').next() {
        Some("rs") => format!("// {token}"),
        Some("md") => token.to_owned(),
        _ => format!("# {token}"),
    }
}

fn insert_line(
    pipeline: &Crate,
    files: &BTreeMap<String, String>,
    rng: &mut Rng,
    token: &str,
) -> Option<Edit> {
    let (path, text) = pick(files, rng, |path| is_generated(path) || path == "secrets.toml")?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // A comment of a Rust file may not stand above the inner documentation.
    let first = if path.ends_with(".rs") {
        lines.iter().take_while(|line| line.starts_with("//!") || line.is_empty()).count()
    } else {
        0
    };
    lines.insert(rng.usize(first..=lines.len()), comment(path, token));
    pipeline.write(path, &(lines.join("\n") + "\n"));
    Some(Edit::Inserted { path: path.clone(), token: token.to_owned() })
}

fn change_line(
    pipeline: &Crate,
    files: &BTreeMap<String, String>,
    rng: &mut Rng,
    token: &str,
) -> Option<Edit> {
    let (path, text) = pick(files, rng, is_generated)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = rng.usize(0..lines.len());
    let line = &mut lines[at];
    if line.is_empty() || line.ends_with('\\') || line.starts_with("//!") && line.len() < 4 {
        return None;
    }
    *line = if line.trim_start().starts_with("//") {
        format!("{line} {token}")
    } else {
        format!("{line} {}", comment(path, token))
    };
    pipeline.write(path, &(lines.join("\n") + "\n"));
    Some(Edit::Inserted { path: path.clone(), token: token.to_owned() })
}

/// A line that may go without breaking anything, and that stands there once.
fn delete_line(pipeline: &Crate, files: &BTreeMap<String, String>, rng: &mut Rng) -> Option<Edit> {
    let (path, text) = pick(files, rng, is_generated)?;
    let may_go = |line: &&str| {
        let plain = line.trim_start();
        let kind = match path.rsplit('.').next() {
            Some("rs") => plain.starts_with("Column::") || plain.starts_with("/// -"),
            Some("toml") => {
                plain.starts_with('#') || line.starts_with("retries") || line.starts_with("timeout")
            }
            Some("md") => plain.starts_with("| `") || plain.starts_with("- "),
            _ => plain.starts_with('#'),
        };
        kind && text.lines().filter(|other| other == line).count() == 1
    };
    let lines: Vec<&str> = text.lines().filter(may_go).collect();
    if lines.is_empty() {
        return None;
    }
    let gone = lines[rng.usize(0..lines.len())];
    let rest: String = text.lines().filter(|line| *line != gone).flat_map(|line| [line, "\n"]).collect();
    pipeline.write(path, &rest);
    Some(Edit::Deleted { path: path.clone(), line: gone.to_owned() })
}

fn set_key(pipeline: &Crate, files: &BTreeMap<String, String>, rng: &mut Rng) -> Option<Edit> {
    let text = files.get("config.toml")?;
    let mut document: toml_edit::DocumentMut = text.parse().ok()?;
    let names: Vec<String> =
        document.get("resources")?.as_table()?.iter().map(|(name, _)| name.to_owned()).collect();
    let name = names.get(rng.usize(0..names.len()))?.clone();
    let (key, value) = match rng.usize(0..5) {
        0 => (vec!["extract".to_owned(), "concurrency".to_owned()], rng.u8(1..99).to_string()),
        1 => (vec!["resources".to_owned(), name, "enabled".to_owned()], rng.bool().to_string()),
        2 => (vec!["resources".to_owned(), name, "table".to_owned()], format!("\"t{}\"", rng.u8(..))),
        3 => (vec!["scope".to_owned(), "projects".to_owned()], format!("[\"a/b{}\"]", rng.u8(..))),
        _ => (
            vec!["resources".to_owned(), name, "query".to_owned(), "state".to_owned()],
            format!("\"s{}\"", rng.u8(..)),
        ),
    };
    let mut item = document.as_item_mut();
    for part in &key {
        item = item.as_table_like_mut()?.entry(part).or_insert(toml_edit::table());
    }
    *item = toml_edit::Item::Value(value.parse().ok()?);
    pipeline.write("config.toml", &document.to_string());
    Some(Edit::Set { path: "config.toml".into(), key, value })
}

fn delete_file(pipeline: &Crate, files: &BTreeMap<String, String>, rng: &mut Rng) -> Option<Edit> {
    let removable = [
        "Dockerfile",
        ".gitlab-ci.yml",
        ".dockerignore",
        "rustfmt.toml",
        "secrets.example.toml",
        "README.md",
    ];
    let (path, _) = pick(files, rng, |path| removable.contains(&path))?;
    pipeline.delete(path);
    Some(Edit::FileDeleted { path: path.clone() })
}

fn add_file(pipeline: &Crate, rng: &mut Rng, token: &str) -> Option<Edit> {
    let places = ["notes/mine.md", "src/resources/mine.rs", "src/mine.rs", "mine.txt", "runtime/mine.rs"];
    let (path, text) = (places[rng.usize(0..places.len())].to_owned(), format!("// {token}\n"));
    pipeline.write(&path, &text);
    Some(Edit::FileAdded { path, text })
}

/// A module with another name, as a person would do it: the file, and what names it.
fn rename_file(
    pipeline: &Crate,
    files: &BTreeMap<String, String>,
    rng: &mut Rng,
    token: &str,
) -> Option<Edit> {
    let (from, text) = pick(files, rng, |path| {
        let folder = path.trim_end_matches(".rs");
        let is_leaf = !files.keys().any(|other| other.starts_with(&format!("{folder}/")));
        path.starts_with("src/resources/") && !path.ends_with("/mod.rs") && is_generated(path) && is_leaf
    })?;
    let (folder, module) = from.strip_suffix(".rs")?.rsplit_once('/')?;
    let above =
        if folder == "src/resources" { "src/resources/mod.rs".to_owned() } else { format!("{folder}.rs") };
    let called = format!("m_{token}");
    let parent = files.get(&above)?;
    let parent = parent
        .replace(&format!("pub mod {module};"), &format!("pub mod {called};"))
        .replace(&format!("&{module}::ALL"), &format!("&{called}::ALL"));
    let to = format!("{folder}/{called}.rs");
    pipeline.write(&above, &parent);
    pipeline.write(&to, text);
    pipeline.delete(from);
    Some(Edit::FileRenamed { from: from.clone(), to })
}

/// A resource with another name, wherever it is named.
fn rename_resource(
    pipeline: &Crate,
    files: &BTreeMap<String, String>,
    rng: &mut Rng,
    number: usize,
) -> Option<Edit> {
    let names = names(files);
    let from = names.get(rng.usize(0..names.len().max(1)))?.clone();
    let to = format!("{from}_r{number}");
    for (path, text) in files.iter().filter(|(path, _)| path.starts_with("src/resources/")) {
        let changed = text
            .replace(&format!("name: \"{from}\""), &format!("name: \"{to}\""))
            .replace(&format!(", \"{from}\", "), &format!(", \"{to}\", "));
        if changed != *text {
            pipeline.write(path, &changed);
        }
    }
    let config = files.get("config.toml")?;
    let config = config
        .replace(&format!("[resources.{from}]"), &format!("[resources.{to}]"))
        .replace(&format!("[resources.{from}."), &format!("[resources.{to}."))
        .replace(&format!("\n{from}."), &format!("\n{to}."));
    pipeline.write("config.toml", &config);
    Some(Edit::ResourceRenamed { from, to })
}

/// A resource that nothing hangs on, taken out wherever it is named.
fn delete_resource(pipeline: &Crate, files: &BTreeMap<String, String>, rng: &mut Rng) -> Option<Edit> {
    let names = names(files);
    let name = names.get(rng.usize(0..names.len().max(1)))?.clone();
    let sources: String = files
        .iter()
        .filter(|(path, _)| path.starts_with("src/resources/"))
        .map(|(_, text)| text.as_str())
        .collect();
    if sources.contains(&format!(", \"{name}\", ")) {
        return None;
    }
    let (path, text) = files.iter().find(|(_, text)| text.contains(&format!("    name: \"{name}\",\n")))?;
    let parsed = syn::parse_file(text).ok()?;
    let constants: Vec<String> = parsed
        .items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Const(constant) => Some(constant.ident.to_string()),
            _ => None,
        })
        .collect();
    let at = text.find(&format!("    name: \"{name}\",\n"))?;
    let start = text[..at].rfind("pub const ")?;
    let constant =
        constants.iter().find(|constant| text[start..].starts_with(&format!("pub const {constant}:")))?;
    let start = text[..start].rfind("\n\n").map_or(start, |at| at + 1);
    let end = at + text[at..].find("\n};\n")? + 4;
    if constants.len() < 2 {
        return None;
    }
    let rest = format!("{}{}", &text[..start], &text[end..]);
    // With its comma, behind it or before it.
    let entry = format!("&{constant}");
    let rest = rest
        .replace(&format!("{entry}, "), "")
        .replace(&format!(", {entry}]"), "]")
        .replace(&format!("    {entry},\n"), "")
        .replace(&format!("[{entry}]"), "[]");
    pipeline.write(path, &rest);
    let config: toml_edit::DocumentMut = files.get("config.toml")?.parse().ok()?;
    let mut config = config;
    config.get_mut("resources")?.as_table_mut()?.remove(&name);
    pipeline.write("config.toml", &config.to_string());
    Some(Edit::Deleted { path: path.clone(), line: format!("    name: \"{name}\",") })
}

fn names(files: &BTreeMap<String, String>) -> Vec<String> {
    let sources = files.iter().filter(|(path, _)| path.starts_with("src/resources/"));
    let lines = sources.flat_map(|(_, text)| text.lines());
    lines
        .filter_map(|line| Some(line.trim().strip_prefix("name: \"")?.strip_suffix("\",")?.to_owned()))
        .collect()
}
