//! Page sizes that are tried in turn when a server cannot make larger pages in time.

const SIZES: [u32; 5] = [50, 20, 10, 5, 1];

/// The next size at most half as large.
pub(super) fn smaller_size(size: u32) -> Option<u32> {
    SIZES.into_iter().find(|smaller| smaller * 2 <= size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_shrink_to_one_and_end() {
        let sizes = |from| std::iter::successors(Some(from), |size| smaller_size(*size)).collect::<Vec<_>>();
        assert_eq!(sizes(100), [100, 50, 20, 10, 5, 1]);
        assert_eq!(sizes(30), [30, 10, 5, 1]);
        assert_eq!(sizes(1), [1]);
    }
}
