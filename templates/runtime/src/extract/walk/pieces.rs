//! The records of an answer, by the partitions that they belong to: one as a rule, many in a wide list.

use std::sync::Arc;

use crate::hooks::Hooks;
use crate::page::Partition;
use crate::record::{Cut, DecodeError, Glimpse, Read, Reading, Rows, cut, read_records};
use crate::resource::Wide;

/// What an answer holds.
#[derive(Debug)]
pub(super) struct Pieces<R> {
    /// Of all records, in their order.
    pub(super) glimpses: Vec<Glimpse>,
    pub(super) all: Vec<Piece<R>>,
    /// The piece of each record; `None` where it belongs to none.
    owners: Vec<Option<usize>>,
}

/// The records of one partition.
#[derive(Debug)]
pub(super) struct Piece<R> {
    pub(super) partition: Arc<Partition>,
    pub(super) rows: R,
}

/// Inside, that a body does not hold what it should; outside, that it is not JSON.
pub(super) type Outcome<R> = Result<Result<Pieces<R>, DecodeError>, serde_json::Error>;

impl<R: Rows> Pieces<R> {
    /// All of one partition.
    pub(super) fn of_one(partition: &Arc<Partition>, read: Read<R>) -> Self {
        let Read { glimpses, rows } = read;
        let owners = vec![Some(0); glimpses.len()];
        Self { glimpses, all: vec![Piece { partition: Arc::clone(partition), rows }], owners }
    }

    /// Of a wide list: by the field that tells the partition. Records that belong to none are looked at and
    /// left out.
    pub(super) fn of_many(
        reading: Reading<'_>,
        text: &str,
        wide: &Wide,
        partition_of: impl Fn(&serde_json::Value) -> Option<Arc<Partition>>,
        read: impl Fn(&Partition, &str) -> crate::record::Outcome<R>,
    ) -> Outcome<R> {
        let cuts = match cut(text, wide.parent_field, wide.relative)? {
            Ok(cuts) => cuts,
            Err(error) => return Ok(Err(error)),
        };
        let (mut all, mut places) = (Vec::new(), Vec::new());
        for Cut { value, places: own, text } in cuts {
            let glimpses = match partition_of(&value) {
                Some(partition) => match read(&partition, &text)? {
                    Ok(Read { glimpses, rows }) => {
                        all.push(Piece { partition, rows });
                        (Some(all.len() - 1), glimpses)
                    }
                    Err(error) => return Ok(Err(error)),
                },
                None => match read_records(Reading { hooks: &Hooks::new(), ..reading }, &text)? {
                    Ok(Read { glimpses, .. }) => (None, glimpses),
                    Err(error) => return Ok(Err(error)),
                },
            };
            let (owner, glimpses) = glimpses;
            places.extend(own.into_iter().zip(glimpses).map(|(place, glimpse)| (place, owner, glimpse)));
        }
        places.sort_by_key(|(place, ..)| *place);
        let (owners, glimpses) = places.into_iter().map(|(_, owner, glimpse)| (owner, glimpse)).unzip();
        Ok(Ok(Self { glimpses, all, owners }))
    }

    /// The partition that a record belongs to, by its place.
    pub(super) fn partition(&self, place: usize) -> Option<&Arc<Partition>> {
        let owner = self.owners.get(place).copied().flatten()?;
        self.all.get(owner).map(|piece| &piece.partition)
    }

    /// Leaves records out, by their place, and tells for each piece how many are left.
    pub(super) fn retain(&mut self, keep: &[bool]) -> Vec<usize> {
        let mut left = Vec::with_capacity(self.all.len());
        for (at, piece) in self.all.iter_mut().enumerate() {
            let own = self.owners.iter().zip(keep).filter(|(owner, _)| **owner == Some(at));
            let own: Vec<bool> = own.map(|(_, keep)| *keep).collect();
            let count = own.iter().filter(|keep| **keep).count();
            if count < own.len() {
                piece.rows.retain(&own);
            }
            left.push(count);
        }
        left
    }
}
