//! What is unsure about a resource: where, what was looked for, and what settles it.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::graph::{Need, Param, Resource};
use crate::infer::Shape;

use super::remedy::Remedy;

/// One guess that a person may want to check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Doubt {
    /// What is doubtful, in one line.
    pub title: String,
    /// Where it stands, as a URI with a JSON Pointer.
    pub place: String,
    /// What was looked for.
    pub looked: String,
    pub remedy: Remedy,
}

/// The doubts about a resource, in the order of its facts. `origin` is what messages call the document.
pub fn doubts(origin: &str, resource: &Resource) -> Vec<Doubt> {
    let place = format!("{origin}{}", resource.pointer);
    let doubt = |title: String, looked: &str, remedy: Remedy| Doubt {
        title,
        place: place.clone(),
        looked: looked.to_owned(),
        remedy,
    };
    let name = &resource.name;
    let faults = resource.faults.iter().map(|fault| {
        doubt(format!("what `x-gitlab-init` states of `{name}` is not taken"), fault, Remedy::Mend)
    });
    let mut doubts: Vec<Doubt> = faults.collect();
    if !resource.shape.sure {
        let title = format!("`{name}` may not be {}", article(resource.shape.value.name()));
        doubts.push(doubt(title, &resource.shape.reason, shape_remedy(resource)));
    }
    if !resource.key.sure {
        let title = format!("no key found for the records of `{name}`");
        doubts.push(doubt(title, &resource.key.reason, key_remedy(resource)));
    }
    for param in &resource.params {
        match &param.source.value {
            None => {
                let title =
                    format!("no parent found for `{{{}}}` in GET {}", param.name, resource.request_path);
                doubts.push(doubt(title, &param.source.reason, config(resource, "params", &param.name)));
            }
            Some(source) if !param.source.sure => {
                let title = format!(
                    "`{}.{}` may not fill `{{{}}}` of `{name}`",
                    source.resource, source.field, param.name
                );
                doubts.push(doubt(title, &param.source.reason, param_remedy(resource, param)));
            }
            Some(_) => {}
        }
    }
    if !resource.pagination.sure {
        let title = format!("`{name}` may come in pages");
        let choices = ["none", "offset", "keyset"].map(|pages| facts(json!({ "pagination": pages })));
        let remedy = Remedy::overlay(&resource.path, choices.to_vec());
        doubts.push(doubt(title, &resource.pagination.reason, remedy));
    }
    for need in &resource.needs {
        if let Need::Query(param) = need {
            let title = format!("`{name}` needs a value for `{param}`");
            let looked = "the document requires it and gives no default";
            doubts.push(doubt(title, looked, config(resource, "query", param)));
        }
    }
    doubts
}

fn article(shape: &str) -> String {
    let an = shape.starts_with(['e', 'o']);
    format!("{} {shape}", if an { "an" } else { "a" })
}

fn facts(stated: Value) -> Map<String, Value> {
    match stated {
        Value::Object(facts) => facts,
        _ => Map::new(),
    }
}

/// What it is believed to be, and what it may be instead.
fn shape_remedy(resource: &Resource) -> Remedy {
    let believed = match &resource.shape.value {
        Shape::Envelope { selector } => json!({ "shape": "envelope", "selector": selector }),
        shape => json!({ "shape": shape.name() }),
    };
    let other = if resource.shape.value.is_many() { "object" } else { "list" };
    Remedy::overlay(&resource.path, vec![facts(believed), facts(json!({ "shape": other }))])
}

/// No key is invented: that there is none is what is believed, and the fields that are known are named.
fn key_remedy(resource: &Resource) -> Remedy {
    let known: Vec<&str> = resource.columns.iter().map(|column| column.name.as_str()).take(12).collect();
    let note = if known.is_empty() {
        "in place of [], the fields that identify a record".to_owned()
    } else {
        format!("in place of [], the fields that identify a record, such as some of {}", known.join(", "))
    };
    match Remedy::overlay(&resource.path, vec![facts(json!({ "record_key": [] }))]) {
        Remedy::Overlay { target, choices, .. } => Remedy::Overlay { target, choices, note: Some(note) },
        other => other,
    }
}

fn param_remedy(resource: &Resource, param: &Param) -> Remedy {
    let source = param.source.value.as_ref();
    let fed = source.map(|source| json!({ "path": source.path, "field": source.field })).unwrap_or_default();
    let stated = |value: Value| facts(json!({ "params": { param.name.as_str(): value } }));
    Remedy::overlay(&resource.path, vec![stated(fed), stated(Value::Null)])
}

fn config(resource: &Resource, kind: &str, key: &str) -> Remedy {
    let table = ["resources", &resource.name, kind].map(str::to_owned).to_vec();
    Remedy::Config { table, key: key.to_owned(), is_list: kind == "params" }
}
