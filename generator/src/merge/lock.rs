//! `Cargo.lock`: cargo writes it as well, and drops what a crate does not use. So packages are what is merged.

use std::collections::BTreeMap;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

use super::Sides;

/// A version of a package and where it comes from; none for the crate's own.
type Version = (String, Option<String>);

/// The new packages, and those of the user's that were never written: their own dependencies, or versions that they
/// chose. Of a package that they chose another version of, theirs stays. `None` when a text is no lock file.
pub(super) fn merge_lock(sides: Sides<'_>) -> Option<String> {
    let pristine: DocumentMut = sides.pristine.parse().ok()?;
    let yours: DocumentMut = sides.yours.parse().ok()?;
    let mut new: DocumentMut = sides.new.parse().ok()?;
    let written = versions(&pristine);
    let locked = versions(&yours);
    let kept: Vec<&Table> = packages(&yours).filter(|package| !has(&written, package)).collect();
    let present = versions(&new);
    let added = kept.iter().filter(|package| !has(&present, package)).map(|package| Table::clone(package));
    let added: Vec<Table> = added.collect();
    let chosen: Vec<String> = kept.iter().filter_map(|package| name(package)).collect();
    let all = new.get_mut("package").and_then(Item::as_array_of_tables_mut)?;
    all.retain(|package| {
        let is_chosen = name(package).is_some_and(|name| chosen.contains(&name));
        // A version that was there before and is not there any more was exchanged by the user.
        !(is_chosen && has(&written, package) && !has(&locked, package))
    });
    let mut sorted: Vec<Table> = all.iter().cloned().chain(added).collect();
    sorted.sort_by_key(|package| (name(package), version(package)));
    *all = sorted.into_iter().fold(ArrayOfTables::new(), |mut all, mut package| {
        package.set_position(None);
        all.push(package);
        all
    });
    Some(new.to_string())
}

fn packages(lock: &DocumentMut) -> impl Iterator<Item = &Table> {
    lock.get("package").and_then(Item::as_array_of_tables).into_iter().flatten()
}

fn versions(lock: &DocumentMut) -> BTreeMap<String, Vec<Version>> {
    let mut versions: BTreeMap<String, Vec<Version>> = BTreeMap::new();
    for package in packages(lock) {
        if let Some(name) = name(package) {
            versions.entry(name).or_default().push(version(package));
        }
    }
    versions
}

fn has(versions: &BTreeMap<String, Vec<Version>>, package: &Table) -> bool {
    let known = name(package).and_then(|name| versions.get(&name));
    known.is_some_and(|known| known.contains(&version(package)))
}

fn name(package: &Table) -> Option<String> {
    text(package, "name")
}

fn version(package: &Table) -> Version {
    (text(package, "version").unwrap_or_default(), text(package, "source"))
}

fn text(package: &Table, key: &str) -> Option<String> {
    package.get(key).and_then(Item::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &str)]) -> String {
        let packages = packages.iter().map(|(name, version)| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry\"\n")
        });
        format!("version = 4\n\n{}", packages.collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn new_versions_come_and_the_users_own_stay() {
        let pristine = lock(&[("a", "1"), ("b", "1"), ("c", "1"), ("unused", "1")]);
        let yours = lock(&[("a", "1"), ("b", "9"), ("c", "1"), ("mine", "1")]);
        let new = lock(&[("a", "2"), ("b", "1"), ("c", "1"), ("d", "1"), ("unused", "1")]);
        let sides = Sides { pristine: &pristine, yours: &yours, new: &new };
        let expected =
            lock(&[("a", "2"), ("b", "9"), ("c", "1"), ("d", "1"), ("mine", "1"), ("unused", "1")]);
        assert_eq!(merge_lock(sides).as_deref(), Some(expected.as_str()));
    }
}
