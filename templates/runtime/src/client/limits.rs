//! The limits that are known before GitLab says them: of gitlab.com, and the one that every GitLab has.
//!
//! From <https://docs.gitlab.com/user/gitlab_com/#rate-limits-on-gitlabcom>. Where answers carry `RateLimit-*`, what
//! those say counts instead.

use std::time::Duration;

/// So many requests in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate {
    pub requests: u32,
    pub window: Duration,
}

impl Rate {
    /// How long so many requests have to wait at least: a whole window goes at once.
    pub fn wait(self, requests: u64) -> Duration {
        let full = requests.saturating_sub(1).checked_div(self.requests.into()).unwrap_or(0);
        self.window.saturating_mul(u32::try_from(full).unwrap_or(u32::MAX))
    }
}

/// For all requests of a token, and of those that show none.
const SIGNED_IN: Rate = per_minute(2000);
const ANONYMOUS: Rate = per_minute(500);

/// Limits of gitlab.com for single routes; `{}` stands for one segment, `…` at the end for any number.
const GITLAB_COM: &[(&str, Rate)] = &[
    ("/projects", in_ten_minutes(2000)),
    ("/projects/{}", per_minute(400)),
    ("/groups", per_minute(200)),
    ("/groups/{}", per_minute(400)),
    ("/groups/{}/projects", per_minute(600)),
    ("/users/{}", in_ten_minutes(300)),
    ("/users/{}/projects", per_minute(300)),
    ("/users/{}/contributed_projects", per_minute(100)),
    ("/users/{}/starred_projects", per_minute(100)),
    ("/users/{}/followers", per_minute(100)),
    ("/users/{}/following", per_minute(100)),
    ("/users/{}/status", per_minute(240)),
    ("/users/{}/keys", per_minute(120)),
    ("/users/{}/gpg_keys", per_minute(120)),
    ("/search", per_minute(10)),
    ("/projects/{}/search", per_minute(10)),
    ("/projects/{}/-/search", per_minute(10)),
    ("/groups/{}/search", per_minute(10)),
    ("/groups/{}/-/search", per_minute(10)),
    ("/projects/{}/repository/files/{}/raw", per_minute(300)),
    ("/projects/{}/repository/files/…", per_minute(500)),
];

/// On by default on self-managed instances, too.
const EVERYWHERE: &[(&str, Rate)] = &[("/projects/{}/jobs", per_minute(600))];

pub(super) const fn per_minute(requests: u32) -> Rate {
    Rate { requests, window: Duration::from_secs(60) }
}

const fn in_ten_minutes(requests: u32) -> Rate {
    Rate { requests, window: Duration::from_secs(600) }
}

/// What is known of all requests together.
pub(super) fn known_in_all(is_gitlab_com: bool, is_signed_in: bool) -> Option<Rate> {
    is_gitlab_com.then_some(if is_signed_in { SIGNED_IN } else { ANONYMOUS })
}

/// What is known of a route, however its placeholders are called.
pub(super) fn known_of_route(is_gitlab_com: bool, route: &str) -> Option<Rate> {
    let more = if is_gitlab_com { GITLAB_COM } else { &[] };
    let found = EVERYWHERE.iter().chain(more).find(|(pattern, _)| is_match(pattern, route));
    found.map(|(_, rate)| *rate)
}

fn is_match(pattern: &str, route: &str) -> bool {
    let mut segments = route.split('/');
    for expected in pattern.split('/') {
        if expected == "…" {
            return segments.next().is_some();
        }
        let is_same = match segments.next() {
            Some(segment) if expected == "{}" => segment.starts_with('{'),
            Some(segment) => segment == expected,
            None => false,
        };
        if !is_same {
            return false;
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_found_by_their_shape() {
        let requests = |route: &str| known_of_route(true, route).map(|rate| rate.requests);
        assert_eq!(requests("/projects"), Some(2000));
        assert_eq!(requests("/projects/{id}"), Some(400));
        assert_eq!(requests("/projects/{project_id}/jobs"), Some(600));
        assert_eq!(requests("/projects/{id}/repository/files/{file_path}/raw"), Some(300));
        assert_eq!(requests("/projects/{id}/repository/files/{file_path}/blame"), Some(500));
        assert_eq!(requests("/projects/{id}/issues"), None);
        assert_eq!(requests("/projects/{id}/pipelines/{pipeline_id}/jobs"), None);
    }

    #[test]
    fn a_server_of_ones_own_has_one_limit() {
        assert!(known_of_route(false, "/projects/{id}/jobs").is_some());
        assert_eq!(known_of_route(false, "/projects/{id}"), None);
        assert_eq!(known_in_all(false, true), None);
        assert!(known_in_all(true, false) < known_in_all(true, true));
    }
}
