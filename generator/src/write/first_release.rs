//! Files of the first release, which kept no copies of what it wrote. Those that it wrote alike into every crate are
//! known by their checksums.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::snapshot::Snapshot;

/// As `sha256sum` writes them; several for a file that changed during that release.
const CHECKSUMS: &str = include_str!("first_release.sha256");

/// The engine: it is exchanged as a whole or not at all.
pub(super) const RUNTIME: &str = "runtime/";

/// The files of a crate that are as the first release wrote them; and [`RUNTIME`], if all that is there is so.
pub(super) fn untouched(snapshot: &Snapshot) -> BTreeSet<String> {
    let mut checksums: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (checksum, path) in CHECKSUMS.lines().filter_map(|line| line.split_once("  ")) {
        checksums.entry(path).or_default().push(checksum);
    }
    let is_known = |path: &str, text: &str| {
        let checksum = checksum(text.replace("\r\n", "\n").as_bytes());
        checksums.get(path).is_some_and(|known| known.contains(&checksum.as_str()))
    };
    let known = checksums.keys().filter(|path| snapshot.text(path).is_some_and(|text| is_known(path, &text)));
    let mut untouched: BTreeSet<String> = known.map(|path| (*path).to_owned()).collect();
    let runtime = snapshot.below(RUNTIME);
    if !runtime.is_empty() && runtime.keys().all(|path| untouched.contains(path)) {
        untouched.insert(RUNTIME.to_owned());
    }
    untouched
}

/// In hexadecimal.
pub(super) fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
