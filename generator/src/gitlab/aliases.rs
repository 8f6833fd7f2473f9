//! What other loaders call the resources of GitLab, so that who comes from there finds them.

/// A name, and the path of what it is, below the API root.
///
/// Source: the streams of Airbyte's source and of the Singer and Meltano taps for GitLab, and the entities of AppFlow's
/// connector, as far as they are called otherwise than here.
const ALIASES: [(&str, &str); 26] = [
    ("branch", "/projects/{}/repository/branches"),
    ("commit", "/projects/{}/repository/commits"),
    ("job", "/projects/{}/jobs"),
    ("group_label", "/groups/{}/labels"),
    ("project_label", "/projects/{}/labels"),
    ("group_and_descendant_projects", "/groups/{}/projects"),
    ("group_issue_boards", "/groups/{}/boards"),
    ("project_issue_boards", "/projects/{}/boards"),
    ("merge_request_detail", "/projects/{}/merge_requests/{}"),
    ("pipelines_extended", "/projects/{}/pipelines/{}"),
    ("site_users", "/users"),
    ("inherited_members", "/projects/{}/members/all"),
    ("jobs", "/projects/{}/jobs"),
    ("mergerequests", "/projects/{}/merge_requests"),
    ("mergerequest", "/projects/{}/merge_requests"),
    ("repositories", "/projects"),
    ("subgroups", "/groups/{}/subgroups"),
    ("commits", "/projects/{}/repository/commits"),
    ("branches", "/projects/{}/repository/branches"),
    ("tags", "/projects/{}/repository/tags"),
    ("pipelines", "/projects/{}/pipelines"),
    ("releases", "/projects/{}/releases"),
    ("deployments", "/projects/{}/deployments"),
    ("epics", "/groups/{}/epics"),
    ("merge_requests", "/projects/{}/merge_requests"),
    ("issues", "/projects/{}/issues"),
];

/// The position of what another loader calls so.
pub(crate) fn alias(name: &str) -> Option<&'static str> {
    ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, position)| *position)
}
