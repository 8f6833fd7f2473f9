//! Which of the files that came one after the other are written together: so that there are few, and each row is written
//! again only when the file that it is in has doubled. One that is larger than all that came after it stays as it is.

/// So many may lie there as they came.
const FEW: usize = 8;

/// Where the tail begins that becomes one, by the sizes of all from the oldest on.
pub(in super::super) fn tail_to_merge(sizes: &[u64]) -> Option<usize> {
    if sizes.len() <= FEW {
        return None;
    }
    let mut start = sizes.len();
    let mut tail = 0_u64;
    for (at, size) in sizes.iter().enumerate().rev() {
        if tail > 0 && *size > tail {
            break;
        }
        (start, tail) = (at, tail.saturating_add((*size).max(1)));
    }
    (sizes.len() - start > 1).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_few_and_are_seldom_written_again() {
        let mut random = fastrand::Rng::with_seed(1);
        let (mut sizes, mut written, mut came) = (Vec::new(), 0, 0);
        for _ in 0..2_000 {
            let size = random.u64(1..100);
            came += size;
            sizes.push(size);
            if let Some(start) = tail_to_merge(&sizes) {
                let merged: u64 = sizes.drain(start..).sum();
                written += merged;
                sizes.push(merged);
            }
            assert!(sizes.len() <= FEW + 10, "{sizes:?}");
        }
        assert!(written < came * 8, "{written} for {came}");
    }
}
