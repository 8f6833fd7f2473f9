//! What is unsure about a resource: where, what was looked for, and the lines that settle it.

use crate::graph::{Need, Param, Resource};

/// One guess that a person may want to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What is doubtful, in one line.
    pub title: String,
    /// Where it stands, as a URI with a JSON Pointer.
    pub place: String,
    /// What was looked for.
    pub looked: String,
    /// What to do, and the lines to paste.
    pub remedy: String,
}

/// The doubts about a resource, in the order of its facts. `origin` is what messages call the document.
pub fn doubts(origin: &str, resource: &Resource) -> Vec<Doubt> {
    let place = format!("{origin}{}", resource.pointer);
    let mut doubts: Vec<Doubt> =
        resource.faults.iter().map(|fault| stated_doubt(resource, fault, &place)).collect();
    if !resource.shape.sure {
        let shape = resource.shape.value.name();
        doubts.push(Doubt {
            title: format!("`{}` may not be a {shape}", resource.name),
            place: place.clone(),
            looked: resource.shape.reason.clone(),
            remedy: overlay(resource, &format!("shape: {shape}")),
        });
    }
    if !resource.key.sure {
        doubts.push(Doubt {
            title: format!("no key found for the records of `{}`", resource.name),
            place: place.clone(),
            looked: resource.key.reason.clone(),
            remedy: overlay(resource, "record_key: [id], key_scope: global"),
        });
    }
    let unfed = resource.params.iter().filter(|param| param.source.value.is_none());
    doubts.extend(unfed.map(|param| unfed_doubt(resource, param, place.clone())));
    let required = resource.needs.iter().filter_map(|need| match need {
        Need::Query(name) => Some(name),
        Need::Param(_) | Need::Above { .. } | Need::Parent(_) => None,
    });
    doubts.extend(required.map(|name| Doubt {
        title: format!("`{}` needs a value for `{name}`", resource.name),
        place: place.clone(),
        looked: "the document requires it and gives no default".into(),
        remedy: format!(
            "to give one, set in config.toml\n[resources.{}.query]\n{name} = \"…\"",
            resource.name
        ),
    }));
    doubts
}

fn stated_doubt(resource: &Resource, fault: &str, place: &str) -> Doubt {
    Doubt {
        title: format!("what `x-gitlab-init` states of `{}` is not taken", resource.name),
        place: place.to_owned(),
        looked: fault.to_owned(),
        remedy: "to mend it, change the overlay or the document that states it".into(),
    }
}

fn unfed_doubt(resource: &Resource, param: &Param, place: String) -> Doubt {
    Doubt {
        title: format!("no parent found for `{{{}}}` in GET {}", param.name, resource.request_path),
        place,
        looked: param.source.reason.clone(),
        remedy: format!(
            "to feed it yourself, set in config.toml\n[resources.{}.params]\n{} = [\"…\"]",
            resource.name, param.name
        ),
    }
}

fn overlay(resource: &Resource, facts: &str) -> String {
    let path = resource.path.replace('\'', "\\'");
    format!(
        "to settle it, put this into the actions of an overlay and give it with `--overlay`\n\
         - target: $.paths['{path}'].get\n  update: {{ x-gitlab-init: {{ {facts} }} }}"
    )
}
