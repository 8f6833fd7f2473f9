//! What is asked for after a refusal that another way of asking mends: smaller pages, keyset, or no keyset. Pure: a task
//! and its fault come in, the task that takes its place goes out.

use super::paging::{Position, is_set};
use super::task::{Paging, Task};
use crate::client::Fault;
use crate::resource::Pagination;

/// Page sizes that are tried in turn when a server cannot make larger pages in time.
const SIZES: [u32; 4] = [50, 20, 5, 1];

/// The next size at most half as large.
pub(super) fn smaller_size(size: u32) -> Option<u32> {
    SIZES.into_iter().find(|smaller| smaller * 2 <= size)
}

/// The task in place of one that failed; `None` when nothing else is left to try. `size` is what a page of it held.
pub(super) fn replan(task: &Task, fault: &Fault, size: u32) -> Option<Task> {
    if fault.is_heavy() {
        return with_smaller_pages(task, size);
    }
    if task.is_resumed && matches!(fault, Fault::Refused { .. }) {
        // The link that an interrupted load left is good no more.
        return Some(task.afresh(task.paging));
    }
    let Fault::Refused { status: 405, .. } = fault else { return None };
    let paging = match (task.paging, task.pagination()) {
        // Versions of GitLab that do not have keyset for a list yet say so with a 405.
        (Paging::Usual, Pagination::Keyset { .. }) if task.position == Position::First => Paging::Offset,
        (Paging::Usual, Pagination::Offset) if fault.is_offset_limit() => {
            if is_set(&task.set_query(), "order_by") { Paging::KeysetAsOrdered } else { Paging::Keyset }
        }
        (Paging::KeysetAsOrdered, _) if task.position == Position::First => Paging::Keyset,
        _ => return None,
    };
    // A list in another order has other pages: it is read from its start. Rows that were read already are merged.
    Some(task.afresh(paging))
}

fn with_smaller_pages(task: &Task, size: u32) -> Option<Task> {
    let smaller = task.can_shrink().then(|| smaller_size(size)).flatten()?;
    let (position, skip) = task.position.resized(size, smaller, task.skip);
    let mut task = task.next(position, 0, task.received);
    task.previous = None;
    task.skip = skip;
    task.page_size = Some(smaller);
    Some(task)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_shrink_to_one_and_end() {
        let sizes = |from| std::iter::successors(Some(from), |size| smaller_size(*size)).collect::<Vec<_>>();
        assert_eq!(sizes(100), [100, 50, 20, 5, 1]);
        assert_eq!(sizes(30), [30, 5, 1]);
        assert_eq!(sizes(1), [1]);
    }

    #[test]
    fn a_smaller_page_starts_at_the_same_record() {
        let link = |page: &str, size: &str| {
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            Position::Link(vec![pair("state", "all"), pair("page", page), pair("per_page", size)])
        };
        let cases = [
            (Position::First, 100, 50, 0, (Position::First, 0)),
            (Position::Page(4), 100, 50, 0, (Position::Page(7), 0)),
            // Record 150 is the eleventh of the eighth page of 20.
            (Position::Page(4), 50, 20, 0, (Position::Page(8), 10)),
            (Position::Page(8), 20, 5, 10, (Position::Page(31), 0)),
            (link("4", "50"), 50, 20, 0, (link("8", "20"), 10)),
        ];
        for (position, size, smaller, skip, expected) in cases {
            assert_eq!(position.resized(size, smaller, skip), expected, "{position:?}");
        }
        let keyset = Position::Link(vec![("cursor".to_owned(), "x".to_owned())]);
        let expected = vec![("cursor".to_owned(), "x".to_owned()), ("per_page".to_owned(), "20".to_owned())];
        assert_eq!(keyset.resized(50, 20, 0), (Position::Link(expected), 0));
    }
}
