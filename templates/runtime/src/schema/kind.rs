//! The lattice of column types: what a column has to become to hold one more kind of value.
//!
//! | | bool | int | big int | float | date | timestamp | text | json |
//! | --- | --- | --- | --- | --- | --- | --- | --- | --- |
//! | **bool** | bool | text | text | text | text | text | text | json |
//! | **int** | text | int | big int | float | text | text | text | json |
//! | **big int** | text | big int | big int | text | text | text | text | json |
//! | **float** | text | float | text | float | text | text | text | json |
//! | **date** | text | text | text | text | date | timestamp | text | json |
//! | **timestamp** | text | text | text | text | timestamp | timestamp | text | json |
//! | **text** | text | text | text | text | text | text | text | json |
//! | **json** | json | json | json | json | json | json | json | json |
//!
//! It is a join-semilattice: in which order the values come makes no difference. A *big int* is an int column with
//! a value beyond ±2⁵³, which a float could not hold exactly. An integer beyond 64 bits is text.

use crate::resource::ColumnKind;

/// The largest integer up to which every integer is a float as well.
const EXACT_IN_FLOAT: u64 = 1 << 53;

/// What the values of a column have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Seen {
    /// Nulls only.
    #[default]
    Nothing,
    Bool,
    Int,
    /// Integers of which at least one lies beyond ±2⁵³.
    BigInt,
    Float,
    Date,
    Timestamp,
    Text,
    Json,
}

impl Seen {
    /// All of them, from the narrowest.
    pub const ALL: [Seen; 9] = [
        Seen::Nothing,
        Seen::Bool,
        Seen::Int,
        Seen::BigInt,
        Seen::Float,
        Seen::Date,
        Seen::Timestamp,
        Seen::Text,
        Seen::Json,
    ];

    /// What an integer is.
    pub fn of_int(int: i64) -> Seen {
        if int.unsigned_abs() <= EXACT_IN_FLOAT { Seen::Int } else { Seen::BigInt }
    }

    /// The narrowest that holds what both hold.
    pub fn join(self, other: Seen) -> Seen {
        use Seen::{BigInt, Date, Float, Int, Json, Nothing, Text, Timestamp};
        match (self, other) {
            (a, b) if a == b => a,
            (Nothing, one) | (one, Nothing) => one,
            (Json, _) | (_, Json) => Json,
            (Int, BigInt) | (BigInt, Int) => BigInt,
            (Int, Float) | (Float, Int) => Float,
            (Date, Timestamp) | (Timestamp, Date) => Timestamp,
            _ => Text,
        }
    }

    /// The column type that holds it; `None` when there was no value yet.
    pub fn kind(self) -> Option<ColumnKind> {
        Some(match self {
            Seen::Nothing => return None,
            Seen::Bool => ColumnKind::Bool,
            Seen::Int | Seen::BigInt => ColumnKind::Int,
            Seen::Float => ColumnKind::Float,
            Seen::Date => ColumnKind::Date,
            Seen::Timestamp => ColumnKind::Timestamp,
            Seen::Text => ColumnKind::Text,
            Seen::Json => ColumnKind::Json,
        })
    }

    /// The word that the schema tables of a destination keep.
    pub fn name(self) -> &'static str {
        match self {
            Seen::Nothing => "nothing",
            Seen::BigInt => "big int",
            other => other.kind().map_or("nothing", kind_name),
        }
    }

    /// The reverse of [`Seen::name`].
    pub fn from_name(name: &str) -> Option<Seen> {
        Seen::ALL.into_iter().find(|seen| seen.name() == name)
    }
}

/// The word for a column type, in reports and in the schema tables of a destination.
pub fn kind_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bool => "bool",
        ColumnKind::Int => "int",
        ColumnKind::Float => "float",
        ColumnKind::Date => "date",
        ColumnKind::Timestamp => "timestamp",
        ColumnKind::Text => "text",
        ColumnKind::Json => "json",
    }
}

/// The reverse of [`kind_name`].
pub fn kind_from_name(name: &str) -> Option<ColumnKind> {
    Seen::ALL.into_iter().filter_map(Seen::kind).find(|kind| kind_name(*kind) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_is_commutative_associative_and_idempotent() {
        for a in Seen::ALL {
            assert_eq!(a.join(a), a);
            for b in Seen::ALL {
                assert_eq!(a.join(b), b.join(a), "{a:?} {b:?}");
                for c in Seen::ALL {
                    assert_eq!(a.join(b).join(c), a.join(b.join(c)), "{a:?} {b:?} {c:?}");
                }
            }
        }
    }

    #[test]
    fn the_table_in_the_header_is_what_join_does() {
        let header = include_str!("kind.rs").lines().filter_map(|line| line.strip_prefix("//! | **"));
        let mut rows = 0;
        for line in header {
            let (name, cells) = line.split_once("** | ").unwrap();
            let row = Seen::from_name(name).unwrap();
            for (column, cell) in Seen::ALL.iter().skip(1).zip(cells.trim_end_matches(" |").split(" | ")) {
                assert_eq!(row.join(*column).name(), cell, "{name} with {}", column.name());
            }
            rows += 1;
        }
        assert_eq!(rows, Seen::ALL.len() - 1);
    }

    #[test]
    fn integers_that_a_float_would_round_are_told_apart() {
        assert_eq!(Seen::of_int(9_007_199_254_740_992), Seen::Int);
        assert_eq!(Seen::of_int(9_007_199_254_740_993), Seen::BigInt);
        assert_eq!(Seen::of_int(i64::MIN), Seen::BigInt);
        assert_eq!(Seen::BigInt.join(Seen::Float), Seen::Text);
    }

    #[test]
    fn names_lead_back() {
        for seen in Seen::ALL {
            assert_eq!(Seen::from_name(seen.name()), Some(seen));
            if let Some(kind) = seen.kind() {
                assert_eq!(kind_from_name(kind_name(kind)), Some(kind));
            }
        }
    }
}
