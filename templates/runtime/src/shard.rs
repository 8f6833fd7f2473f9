//! One run on several machines: which part of the projects is whose.
//!
//! A project belongs to a shard by its id alone: [`SplitMix64`](https://prng.di.unimi.it/splitmix64.c) finishes the
//! number, which spreads ids that follow each other, and the rest of a division by the number of shards says which. An id
//! that is no number is made one by FNV-1a of its text. Nothing else decides, on any machine and in any version: what a
//! shard has kept of a project is found by whoever has the project when there are more shards, or fewer.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::resource::{Resource, Start};

/// The part of a run that one machine does: `3/8`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: u32,
    of: u32,
}

/// A shard, and the run that it is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub shard: Shard,
    /// What all shards of a run call it; none where nothing says so.
    pub run: Option<String>,
}

/// No shard that there could be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the number of a shard and how many there are, from `1/1` on, such as `3/8`")]
pub struct NoShard;

impl Shard {
    /// `index` counts from 1.
    pub fn new(index: u32, of: u32) -> Option<Self> {
        (1..=of).contains(&index).then_some(Self { index, of })
    }

    /// How many there are.
    pub fn of(self) -> u32 {
        self.of
    }

    /// What belongs to no project is the first one's.
    pub fn is_first(self) -> bool {
        self.index == 1
    }

    /// Whether the project with this id is its.
    pub fn has(self, id: Option<&Value>) -> bool {
        let number = match id {
            Some(Value::Number(number)) => number.as_u64().or(number.as_i64().map(i64::cast_unsigned)),
            Some(Value::String(text)) => Some(fnv(text.as_bytes())),
            _ => None,
        };
        number.map_or(self.is_first(), |number| {
            mixed(number) % u64::from(self.of) == u64::from(self.index.saturating_sub(1))
        })
    }

    /// All shards of the same run.
    pub fn all(self) -> impl Iterator<Item = Self> {
        (1..=self.of).map(move |index| Self { index, ..self })
    }
}

/// Whether each shard has a part of the records of this resource, and of what hangs on those. What is not split belongs to
/// the first shard.
pub fn is_split(resource: &Resource) -> bool {
    resource.start == Some(Start::Projects)
}

/// FNV-1a.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The end of `SplitMix64`.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let (index, of) = text.split_once('/').ok_or(NoShard)?;
        number(index).zip(number(of)).and_then(|(index, of)| Self::new(index, of)).ok_or(NoShard)
    }
}

impl TryFrom<String> for Shard {
    type Error = NoShard;

    fn try_from(text: String) -> Result<Self, NoShard> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn owners(id: &Value, of: u32) -> Vec<u32> {
        (1..=of).filter(|index| Shard::new(*index, of).unwrap().has(Some(id))).collect()
    }

    #[test]
    fn each_project_has_one_shard_and_each_shard_its_part() {
        for of in [1, 2, 4, 7, 8] {
            let mut parts = vec![0_u32; of as usize];
            for id in 1..=8_000 {
                let [owner] = owners(&json!(id), of)[..] else { panic!("{id} of {of}") };
                parts[owner as usize - 1] += 1;
            }
            let fair = 8_000 / of;
            assert!(parts.iter().all(|part| part.abs_diff(fair) < fair / 6), "{parts:?}");
        }
        assert_eq!(owners(&json!("acme/shop"), 8).len(), 1);
        assert!(Shard::new(1, 8).unwrap().has(None) && !Shard::new(2, 8).unwrap().has(None));
    }

    /// Another version on another machine says the same.
    #[test]
    fn whose_a_project_is_never_changes() {
        let of_eight: Vec<u32> = (1..=12).map(|id| owners(&json!(id), 8)[0]).collect();
        assert_eq!(of_eight, [2, 7, 6, 3, 3, 1, 8, 7, 5, 3, 6, 4]);
    }

    #[test]
    fn only_numbers_in_range_are_shards() {
        assert_eq!("3/8".parse(), Ok(Shard { index: 3, of: 8 }));
        assert_eq!(Shard { index: 3, of: 8 }.to_string(), "3/8");
        for text in ["0/8", "9/8", "3", "3/", "/8", "a/b", "-1/8", "1/0", "1/99999999999"] {
            assert_eq!(text.parse::<Shard>(), Err(NoShard), "{text}");
        }
    }
}
