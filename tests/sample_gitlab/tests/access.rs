use sample_gitlab::{Settings, Size, cast, tokens};

use super::client::{Client, small, started, texts};

fn encoded(path: &str) -> String {
    path.replace('/', "%2F")
}

#[test]
fn three_headers_carry_tokens() {
    let server = small();
    let bearer = |token: &str| Client::with(&server, "Authorization", &format!("Bearer {token}"));
    assert_eq!(Client::of(&server).get("/user").json()["username"], "mira");
    assert_eq!(bearer(tokens::MEMBER).get("/user").json()["username"], "mira");
    assert_eq!(bearer(tokens::OAUTH).get("/user").json()["username"], "mira");
    assert_eq!(Client::with(&server, "PRIVATE-TOKEN", tokens::OAUTH).get("/user").status, 401);
    let used: Vec<_> = server.log().into_iter().map(|exchange| exchange.credentials).collect();
    assert_eq!(used, [["private-token"], ["authorization"], ["authorization"], ["private-token"]]);
}

#[test]
fn refused_tokens_say_why_only_to_bearers() {
    let server = small();
    let unauthorized = r#"{"message":"401 Unauthorized"}"#;
    for token in ["nonsense", tokens::EXPIRED, tokens::REVOKED] {
        let reply = Client::with(&server, "PRIVATE-TOKEN", token).get("/projects");
        assert_eq!((reply.status, reply.text.as_str()), (401, unauthorized));
    }
    for (token, words) in [(tokens::EXPIRED, "Token is expired"), (tokens::REVOKED, "Token was revoked")] {
        let reply = Client::with(&server, "Authorization", &format!("Bearer {token}")).get("/projects");
        assert_eq!((reply.status, reply.json()["error"].as_str()), (401, Some("invalid_token")));
        assert!(reply.json()["error_description"].as_str().unwrap().starts_with(words));
    }
    let reply = Client::anonymous(&server).get("/user");
    assert_eq!((reply.status, reply.text.as_str()), (401, unauthorized));
}

#[test]
fn a_token_without_the_scope_reads_only_itself() {
    let server = small();
    let client = Client::with(&server, "PRIVATE-TOKEN", tokens::NARROW);
    assert_eq!(client.get("/user").status, 200);
    assert_eq!(client.get("/personal_access_tokens/self").status, 200);
    let reply = client.get("/projects");
    assert_eq!((reply.status, reply.json()["error"].as_str()), (403, Some("insufficient_scope")));
    assert_eq!(reply.json()["scope"], "api read_api");
}

#[test]
fn a_job_token_opens_few_doors_of_one_project() {
    let server = small();
    let client = Client::with(&server, "JOB-TOKEN", tokens::JOB);
    assert_eq!(client.get("/projects/platform%2Fstorefront/releases").status, 200);
    assert_eq!(client.get("/projects/platform%2Fattic/releases").status, 404, "another project");
    assert_eq!(client.get("/projects/platform%2Fstorefront/issues").status, 404, "seen as anonymous there");
    assert_eq!(Client::with(&server, "JOB-TOKEN", "nonsense").get("/projects/11/releases").status, 401);
}

#[test]
fn a_user_without_memberships_sees_what_is_public() {
    let server = small();
    let client = Client::with(&server, "PRIVATE-TOKEN", tokens::OUTSIDER);
    assert_eq!(client.rows("/projects?membership=true").len(), 0);
    assert_eq!(client.rows("/groups?min_access_level=10").len(), 0);
    assert_eq!(texts(&client.rows("/projects"), "path_with_namespace"), [cast::PUBLIC]);
    assert_eq!(client.get("/projects/platform%2Fstorefront").status, 404);
}

#[test]
fn the_member_sees_public_projects_unless_it_asks_for_its_own() {
    let server = small();
    let client = Client::of(&server);
    let all = client.rows("/projects?per_page=100");
    let own = client.rows("/projects?per_page=100&membership=true");
    assert!(texts(&all, "path_with_namespace").contains(&cast::PUBLIC));
    let own = texts(&own, "path_with_namespace");
    assert!(!own.contains(&cast::PUBLIC) && own.contains(&cast::PERSONAL) && own.contains(&cast::ARCHIVED));
    assert_eq!(own.len(), 7);
}

#[test]
fn hidden_and_missing_look_the_same() {
    let server = small();
    let client = Client::of(&server);
    let hidden_id = server.world().project_id(cast::HIDDEN).unwrap();
    for project in
        [encoded(cast::HIDDEN), hidden_id.to_string(), "999999".to_owned(), "no%2Fwhere".to_owned()]
    {
        for rest in ["", "/issues"] {
            let reply = client.get(&format!("/projects/{project}{rest}"));
            assert_eq!((reply.status, reply.text.as_str()), (404, r#"{"message":"404 Project Not Found"}"#));
        }
    }
    assert_eq!(client.get(&format!("/groups/{}", cast::VAULT)).text, r#"{"message":"404 Group Not Found"}"#);
    assert_eq!(client.get("/projects/11/issues/999999").text, r#"{"message":"404 Not found"}"#);
}

#[test]
fn a_moved_project_is_found_at_its_number_on_the_requested_host() {
    let server = small();
    let reply = Client::of(&server).get("/projects/platform%2Fshop/issues?page=2");
    assert_eq!(reply.status, 301);
    let id = server.world().project_id(cast::ORDINARY).unwrap();
    let target = format!("{}/api/v4/projects/{id}/issues?page=2", server.url());
    assert_eq!(reply.header("location"), Some(target.as_str()));
    assert_eq!(reply.text, format!("This resource has been moved permanently to {target}"));
    assert_eq!(Client::anonymous(&server).get("/projects/platform%2Fshop").status, 404);
}

#[test]
fn what_is_switched_off_is_forbidden() {
    let server = small();
    let client = Client::of(&server);
    let forbidden = |path: &str| {
        let reply = client.get(path);
        assert_eq!((reply.status, reply.text.as_str()), (403, r#"{"message":"403 Forbidden"}"#), "{path}");
    };
    let (issues_off, ci_off) = (encoded(cast::ISSUES_OFF), encoded(cast::CI_OFF));
    forbidden(&format!("/projects/{issues_off}/issues"));
    forbidden(&format!("/projects/{issues_off}/issues/1/notes"));
    forbidden(&format!("/projects/{issues_off}/boards"));
    forbidden(&format!("/projects/{ci_off}/pipelines"));
    forbidden(&format!("/projects/{ci_off}/jobs"));
    forbidden(&format!("/projects/{ci_off}/deployments"));
    forbidden("/groups/design/epics");
    forbidden("/projects/design%2Fhandbook/vulnerabilities");
    forbidden("/projects/design%2Fhandbook/variables");
    forbidden("/audit_events");
    assert_eq!(client.get(&format!("/projects/{issues_off}/wikis")).status, 404);
    assert_eq!(client.get(&format!("/projects/{issues_off}/merge_requests")).status, 200);
}

#[test]
fn an_empty_repository_has_empty_lists_and_missing_ones() {
    let server = small();
    let client = Client::of(&server);
    let empty = format!("/projects/{}/repository", encoded(cast::EMPTY_REPOSITORY));
    assert_eq!(client.get(&format!("{empty}/branches")).text, "[]");
    assert_eq!(client.get(&format!("{empty}/tags")).text, "[]");
    assert_eq!(client.get(&format!("{empty}/commits")).text, r#"{"message":"404 Repository Not Found"}"#);
    assert_eq!(client.get(&format!("{empty}/tree")).text, r#"{"message":"404 Tree Not Found"}"#);
}

#[test]
fn unknown_routes_and_methods_are_the_frameworks_business() {
    let server = small();
    let client = Client::of(&server);
    for path in [
        "/nonsense",
        "/projects/11/nonsense",
        "/projects/platform/storefront",
        "/projects/11/issues/1/notes/x/y",
    ] {
        let reply = client.get(path);
        assert_eq!((reply.status, reply.text.as_str()), (404, r#"{"error":"404 Not Found"}"#), "{path}");
    }
}

#[test]
fn escaped_names_are_one_segment() {
    let server = small();
    let client = Client::of(&server);
    let by_path = client.get("/projects/platform%2Fstorefront").json();
    assert_eq!(by_path, client.get("/projects/11").json());
    let branch = client.get("/projects/11/repository/branches/feature%2Fsuche").json();
    assert_eq!(branch["name"], "feature/suche");
    let odd = client.get("/projects/11/repository/branches/fix%2F100%25-cpu").json();
    assert_eq!(odd["name"], "fix/100%-cpu");
    assert_eq!(
        client.get("/projects/11/repository/branches/no%2Fsuch").text,
        r#"{"message":"404 Branch Not Found"}"#
    );
}

#[test]
fn the_array_inside_a_group_ends_at_100() {
    let size = Size { projects: 330, issues: 1, events: 1, ..Size::small() };
    let server = started(size, Settings::default());
    let client = Client::of(&server);
    let group = client.get("/groups/platform").json();
    assert_eq!(group["projects"].as_array().unwrap().len(), 100);
    assert_eq!(client.all_rows("/groups/platform/projects?per_page=100&with_shared=false").len(), 110);
    assert!(client.get("/groups/platform?with_projects=false").json().get("projects").is_none());
}

#[test]
fn a_shared_project_appears_in_two_groups() {
    let server = small();
    let client = Client::of(&server);
    let paths = |path: &str| {
        let rows = client.rows(path);
        texts(&rows, "path_with_namespace").contains(&cast::SHARED)
    };
    assert!(paths("/groups/platform%2Ftools/projects"));
    assert!(paths("/groups/design/projects"), "shared projects are included by default");
    assert!(!paths("/groups/design/projects?with_shared=false"));
    assert!(!paths("/groups/platform/projects"), "subgroups are not followed by default");
    assert!(paths("/groups/platform/projects?include_subgroups=true"));
}
