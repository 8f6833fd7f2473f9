//! Repeatable choices: the same seed, topic and place always give the same number.

use std::ops::RangeInclusive;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(self, topic: &str, place: &[i64]) -> u64 {
        let mut state = self.0 ^ 0x9E37_79B9_7F4A_7C15;
        for byte in topic.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        for number in place {
            state = mix(state ^ u64::from_ne_bytes(number.to_ne_bytes()));
        }
        mix(state)
    }

    /// A number of `0..limit`, or 0 when the range is empty.
    pub(crate) fn below(self, limit: i64, topic: &str, place: &[i64]) -> i64 {
        let limit = u64::try_from(limit).unwrap_or(0).max(1);
        i64::try_from(self.number(topic, place) % limit).unwrap_or(0)
    }

    pub(crate) fn within(self, range: RangeInclusive<i64>, topic: &str, place: &[i64]) -> i64 {
        range.start() + self.below(range.end() - range.start() + 1, topic, place)
    }

    pub(crate) fn one_in(self, chances: i64, topic: &str, place: &[i64]) -> bool {
        self.below(chances, topic, place) == 0
    }

    pub(crate) fn text(self, choices: &[&'static str], topic: &str, place: &[i64]) -> &'static str {
        let count = u64::try_from(choices.len()).unwrap_or(1).max(1);
        let chosen = usize::try_from(self.number(topic, place) % count).unwrap_or(0);
        choices.get(chosen).copied().unwrap_or("")
    }

    /// Forty hexadecimal digits, as git names its objects.
    pub(crate) fn sha(self, topic: &str, place: &[i64]) -> String {
        let first = self.number(topic, place);
        let second = mix(first);
        let third = mix(second) & 0xFFFF_FFFF;
        format!("{first:016x}{second:016x}{third:08x}")
    }

    /// A number of `0.0..1.0`.
    pub(crate) fn chance(self, topic: &str, place: &[i64]) -> f64 {
        let parts = u32::try_from(self.number(topic, place) >> 32).unwrap_or(0);
        f64::from(parts) / (f64::from(u32::MAX) + 1.0)
    }
}

/// The finaliser of splitmix64.
fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}
