//! How much there is of everything.

/// Counts are per parent and hold for the first ordinary project; other projects have a fraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    pub users: i64,
    /// Groups that the member's token reaches (at least the three of the cast).
    pub groups: i64,
    /// Projects that the member's token reaches through its groups.
    pub projects: i64,
    /// Whether projects have something switched off, are archived, empty, personal (see `cast`).
    /// Without it every project is an ordinary one.
    pub peculiar: bool,
    pub issues: i64,
    pub merge_requests: i64,
    /// The most that an issue or a merge request has; some have none.
    pub notes: i64,
    pub pipelines: i64,
    pub jobs_per_pipeline: i64,
    /// How many of its jobs are runs of the same job before it: with 1, half of them.
    pub retries: i64,
    pub branches: i64,
    pub tags: i64,
    pub commits: i64,
    pub releases: i64,
    pub labels: i64,
    pub milestones: i64,
    pub epics: i64,
    pub deployments: i64,
    pub events: i64,
    /// Everything that comes in handfuls: hooks, variables, snippets, environments…
    pub handful: i64,
}

impl Size {
    /// A few hundred records, yet more than one page of 100 in the first project.
    pub fn small() -> Self {
        Self {
            users: 12,
            groups: 3,
            projects: 6,
            peculiar: true,
            issues: 110,
            merge_requests: 24,
            notes: 3,
            pipelines: 12,
            jobs_per_pipeline: 3,
            retries: 0,
            branches: 6,
            tags: 4,
            commits: 120,
            releases: 3,
            labels: 5,
            milestones: 3,
            epics: 5,
            deployments: 6,
            events: 20,
            handful: 2,
        }
    }

    /// Several thousand records.
    pub fn medium() -> Self {
        Self {
            users: 150,
            groups: 8,
            projects: 24,
            issues: 900,
            merge_requests: 250,
            notes: 5,
            pipelines: 120,
            jobs_per_pipeline: 4,
            branches: 40,
            tags: 25,
            commits: 500,
            releases: 12,
            labels: 25,
            milestones: 12,
            epics: 40,
            deployments: 60,
            events: 250,
            handful: 4,
            ..Self::small()
        }
    }

    /// 1,000 projects in 50 groups with a few records each, as most projects of an instance are.
    pub fn many_projects() -> Self {
        Self {
            users: 60,
            groups: 50,
            projects: 1_000,
            issues: 8,
            merge_requests: 6,
            notes: 2,
            pipelines: 8,
            jobs_per_pipeline: 2,
            branches: 4,
            tags: 2,
            commits: 20,
            releases: 2,
            labels: 3,
            milestones: 2,
            epics: 2,
            deployments: 4,
            events: 12,
            handful: 1,
            ..Self::small()
        }
    }

    /// 50 projects with many records each.
    pub fn busy_projects() -> Self {
        Self { groups: 10, projects: 50, ..Self::medium() }
    }

    /// One ordinary project with this many issues and little else.
    pub fn one_project(issues: i64) -> Self {
        Self { projects: 1, peculiar: false, issues, notes: 0, ..Self::small() }
    }
}

impl Default for Size {
    fn default() -> Self {
        Self::small()
    }
}
