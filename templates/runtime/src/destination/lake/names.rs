//! Where what lies: paths below the root.
//!
//! ```text
//! issues/20240501T123000000Z-abcd-000003-1f2e3d4c.parquet
//! issues/load_date=2024-05-01/20240501T123000000Z-abcd-000003-1f2e3d4c.parquet
//! _pipeline/lease.json            who loads; of shards each has one: lease-3-of-8.json
//! _pipeline/log/                  what was committed, one file after the other, and what comes of it
//! _pipeline/loads/                how each load went
//! _pipeline/staged/               what is not committed
//! _pipeline/state/                what the next run needs to know
//! ```
//!
//! Programs that read a folder as a table pass over what begins with `_`.

use std::fmt::Write;

use crate::destination::PackageId;
use crate::shard::Shard;

/// The column that the folders of days make.
pub(in super::super) const DAY: &str = "load_date";
pub(in super::super) const OWN: &str = "_pipeline";
pub(in super::super) const LEASE: &str = "_pipeline/lease.json";
pub(in super::super) const LOADS: &str = "_pipeline/loads";
pub(in super::super) const LOG: &str = "_pipeline/log";
pub(in super::super) const PROBE: &str = "_pipeline/probe";
pub(in super::super) const STAGED: &str = "_pipeline/staged";
pub(in super::super) const STATE: &str = "_pipeline/state";

/// The lock of a shard.
pub(in super::super) fn lease_of(shard: Shard) -> String {
    format!("{OWN}/lease-{}.json", shard.to_string().replace('/', "-of-"))
}

/// The shard whose lock a file is.
pub(in super::super) fn shard_of_lease(name: &str) -> Option<Shard> {
    name.strip_prefix("lease-")?.strip_suffix(".json")?.replace("-of-", "/").parse().ok()
}

/// The folder of a table: its name, with any byte but `a` to `z`, `0` to `9` and an inner `_` as `-` and two digits.
/// So no two tables have one folder, also where letters differ by case alone, and none is hidden.
pub(in super::super) fn folder_of(table: &str) -> String {
    let mut folder = String::with_capacity(table.len());
    for (at, byte) in table.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => folder.push(char::from(byte)),
            b'_' if at > 0 => folder.push('_'),
            // Nothing fails to be written to memory.
            _ => drop(write!(folder, "-{byte:02x}")),
        }
    }
    folder
}

/// The folder of a day's rows of a table.
pub(in super::super) fn day_folder_of(table: &str, day: &str) -> String {
    format!("{}/{DAY}={day}", folder_of(table))
}

/// The name of a file that a package makes, which no other has.
pub(in super::super) fn file_of(package: &PackageId, ending: &str) -> String {
    let load = package.load_id.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-');
    let load: String = load.take(40).collect();
    format!("{load}-{:06}-{:016x}.{ending}", package.number, fastrand::u64(..))
}

/// Whether a file in the folder of a table has a name of that form.
#[cfg(feature = "delta")]
pub(in super::super) fn is_of_package(name: &str) -> bool {
    let is_hex = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number = |text: &str| text.len() >= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((start, end)) = name.strip_suffix(".parquet").and_then(|name| name.rsplit_once('-')) else {
        return false;
    };
    is_hex(end) && start.rsplit_once('-').is_some_and(|(_, number)| is_number(number))
}

/// The folder that a file lies in.
pub(in super::super) fn folder_part(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Where a file lies until it is committed.
pub(in super::super) fn staged(path: &str) -> String {
    format!("{STAGED}/{}", path.rsplit_once('/').map_or(path, |(_, name)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_safe_and_tell_tables_apart() {
        let cases = [
            ("issues__assignees", "issues__assignees"),
            ("_x", "-5fx"),
            ("Issues", "-49ssues"),
            ("a/../b", "a-2f-2e-2e-2fb"),
            ("a-2f", "a-2d2f"),
            ("ü", "-c3-bc"),
        ];
        for (table, folder) in cases {
            assert_eq!(folder_of(table), folder);
        }
        assert_eq!(staged("issues/load_date=2024-05-01/x.parquet"), "_pipeline/staged/x.parquet");
    }
}
