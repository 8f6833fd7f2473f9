//! Path items and GETs that stand elsewhere, put in their place, so that overlays and all that follows find them there.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::files::{Files, Miss};
use super::node::Node;

/// As many references as one path item may be away.
const LONGEST: usize = 64;

/// As many values as may be put in place: many paths may refer to one large item.
const MOST_VALUES: usize = 4_000_000;

/// Replaces `paths` by what it amounts to. Returns what is wrong with the path items that lead nowhere, by path.
pub(super) fn inline_paths(files: &mut Files) -> BTreeMap<String, String> {
    let mut faults = BTreeMap::new();
    let mut inliner = Inliner { files, budget: MOST_VALUES };
    let Some(paths) = inliner.paths(&mut faults) else { return faults };
    if let Value::Object(root) = files.root_mut() {
        root.insert("paths".into(), paths);
    }
    faults
}

struct Inliner<'a> {
    files: &'a Files,
    budget: usize,
}

impl Inliner<'_> {
    /// None when nothing has to change.
    fn paths(&mut self, faults: &mut BTreeMap<String, String>) -> Option<Value> {
        let paths = self.files.root().get("paths")?;
        let is_plain = |item: &Value| item.get("$ref").is_none() && item.pointer("/get/$ref").is_none();
        if paths.as_object()?.iter().all(|(key, item)| key != "$ref" && is_plain(item)) {
            return None;
        }
        let Value::Object(mut items) = self.in_place(paths).ok()? else { return None };
        for (path, item) in &mut items {
            if is_plain(item) {
                continue;
            }
            match self.item(item) {
                Ok(whole) => *item = whole,
                Err(fault) => {
                    faults.insert(path.clone(), fault);
                }
            }
        }
        Some(Value::Object(items))
    }

    fn item(&mut self, item: &Value) -> Result<Value, String> {
        let mut whole = self.in_place(Node { value: item, file: 0 })?;
        if let Some(get) = whole.get_mut("get").filter(|get| get.get("$ref").is_some()) {
            *get = self.in_place(Node { value: get, file: 0 })?;
        }
        Ok(whole)
    }

    /// A copy of what a value refers to, with what stands beside the references laid over it.
    fn in_place(&mut self, start: Node<'_>) -> Result<Value, String> {
        let mut beside: Vec<Map<String, Value>> = Vec::new();
        let mut current = start;
        while let (Some(reference), Some(map)) = (current.reference(), current.as_object()) {
            let fault = |why: String| Err(format!("it stands in `{reference}`, {why}"));
            if beside.len() >= LONGEST {
                return fault("which is more than 64 references away".into());
            }
            let mut own = map.clone();
            own.remove("$ref");
            beside
                .push(self.copy(current.file, &Value::Object(own))?.as_object().cloned().unwrap_or_default());
            current = match self.files.target(current.file, reference) {
                Ok(found) => found,
                Err(Miss::Unreadable(why)) => return fault(format!("which cannot be read: {why}")),
                Err(Miss::Unread(_)) => return fault("which was not read".into()),
                Err(Miss::Nothing) => return fault("which is not there".into()),
            };
        }
        let mut whole = self.copy(current.file, current.value)?;
        if let Value::Object(whole) = &mut whole {
            beside.into_iter().rev().for_each(|own| whole.extend(own));
        }
        Ok(whole)
    }

    /// A copy whose references mean the same in the document as they did in their file.
    fn copy(&mut self, file: usize, value: &Value) -> Result<Value, String> {
        self.budget =
            self.budget.checked_sub(1).ok_or("the document is too large with all references in place")?;
        Ok(match value {
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.copy(file, item)).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => {
                let mut copy = Map::with_capacity(map.len());
                for (key, value) in map {
                    let reference = value.as_str().filter(|_| key == "$ref");
                    let absolute = reference.and_then(|reference| self.files.absolute(file, reference));
                    let value =
                        absolute.map_or_else(|| self.copy(file, value), |text| Ok(Value::String(text)))?;
                    copy.insert(key.clone(), value);
                }
                Value::Object(copy)
            }
            scalar => scalar.clone(),
        })
    }
}
