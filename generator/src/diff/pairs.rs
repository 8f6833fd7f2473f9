//! Which resource of the newer side is which of the older: by path, by place, whatever placeholders are called there,
//! and then by name.

use std::collections::BTreeMap;

use crate::endpoint::Path;

use super::outline::Outline;

/// Resources by their names, which each side gives once.
#[derive(Debug, Default)]
pub(super) struct Pairs<'o> {
    before: BTreeMap<&'o str, &'o Outline>,
    after: BTreeMap<&'o str, &'o Outline>,
}

pub(super) fn pairs<'o>(old: &'o [Outline], new: &'o [Outline]) -> Pairs<'o> {
    let mut pairs = Pairs::default();
    let kinds: [fn(&Outline) -> String; 3] =
        [|own| own.path.clone(), |own| Path::parse(&own.path, "").place(), |own| own.name.clone()];
    for identity in kinds {
        let is_free = |own: &&Outline| !pairs.after.contains_key(own.name.as_str());
        let mut free: BTreeMap<String, Vec<&Outline>> = BTreeMap::new();
        for own in old.iter().filter(is_free) {
            free.entry(identity(own)).or_default().push(own);
        }
        for own in new {
            if pairs.before.contains_key(own.name.as_str()) {
                continue;
            }
            let Some(candidates) = free.get_mut(&identity(own)) else { continue };
            // Of twins, the one of the same name.
            let same = candidates.iter().position(|before| before.name == own.name).unwrap_or_default();
            if same < candidates.len() {
                let before = candidates.swap_remove(same);
                pairs.before.insert(&own.name, before);
                pairs.after.insert(&before.name, own);
            }
        }
    }
    pairs
}

impl<'o> Pairs<'o> {
    pub(super) fn before(&self, own: &Outline) -> Option<&'o Outline> {
        self.before.get(own.name.as_str()).copied()
    }

    pub(super) fn after(&self, own: &Outline) -> Option<&'o Outline> {
        self.after.get(own.name.as_str()).copied()
    }

    /// What a resource of the older side is called now.
    pub(super) fn name_now(&self, name: &str) -> String {
        self.after.get(name).map_or(name, |own| own.name.as_str()).to_owned()
    }
}
