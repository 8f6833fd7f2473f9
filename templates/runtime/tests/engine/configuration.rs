//! What a configuration says and how it is wrong, as a user meets it: files, environment, messages, hints.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::resources::ALL;
use gitlab_pipeline::config::{
    Config, ConfigError, Contract, Credentials, Environment, GITLAB_API, OnChange, Secret, StartDate,
};
use gitlab_pipeline::moment::Moment;
use gitlab_pipeline::normalize::NestedLists;
use gitlab_pipeline::resource::WriteDisposition;
use tempfile::TempDir;

fn folder(config: &str, secrets: Option<&str>) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("config.toml"), config).unwrap();
    if let Some(secrets) = secrets {
        let path = folder.path().join("secrets.toml");
        fs::write(&path, secrets).unwrap();
        set_mode(&path, 0o600);
    }
    folder
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

fn load(folder: &TempDir, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let environment: Environment = environment.iter().map(pair).collect();
    Config::load(Some(&folder.path().join("config.toml")), &environment, ALL, GITLAB_API)
}

/// The message and the hint, with the folder's name taken out.
fn refusal(config: &str, secrets: Option<&str>, environment: &[(&str, &str)]) -> String {
    let folder = folder(config, secrets);
    let error = load(&folder, environment).unwrap_err();
    let text = format!("{error}\nhint: {}", error.hint().unwrap_or_default());
    text.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn later_layers_win() {
    let config =
        "[gitlab]\nurl = 'a.example'\n[scope]\ngroups = ['a', 7]\n[extract]\nper_page = 50\ntimeout = '2m'";
    let folder = folder(config, Some("[gitlab]\nurl = 'b.example'\ntoken = 'from-file'"));
    let loaded = load(&folder, &[]).unwrap();
    assert_eq!(loaded.gitlab.url.to_string(), "https://b.example/api/v4");
    assert_eq!(loaded.credentials().unwrap(), &Credentials::Private(Secret::new("from-file")));
    assert_eq!((loaded.scope.groups, loaded.extract.per_page), (vec!["a".to_owned(), "7".to_owned()], 50));
    let environment = [
        ("GITLAB_TOKEN", "from-variable"),
        ("PIPELINE__SCOPE__GROUPS", "b, c/d"),
        ("PIPELINE__SCOPE__SUBGROUPS", "false"),
        ("PIPELINE__EXTRACT__PER_PAGE", "20"),
        ("PIPELINE__RESOURCES__PROJECTS__QUERY", ""),
    ];
    let loaded = load(&folder, &environment).unwrap();
    assert_eq!(loaded.credentials().unwrap(), &Credentials::Private(Secret::new("from-variable")));
    assert_eq!(loaded.scope.groups, ["b", "c/d"]);
    assert_eq!((loaded.scope.subgroups, loaded.extract.per_page), (false, 20));
}

#[test]
fn a_job_token_goes_to_its_own_server_alone() {
    let ci = [("CI_JOB_TOKEN", "job"), ("CI_SERVER_URL", "https://ci.example")];
    let loaded = load(&folder("", None), &ci).unwrap();
    assert_eq!(loaded.gitlab.url.to_string(), "https://ci.example/api/v4");
    assert_eq!(loaded.gitlab.credentials, Some(Credentials::Job(Secret::new("job"))));
    let elsewhere = load(&folder("[gitlab]\nurl = 'other.example'", None), &ci).unwrap();
    assert!(matches!(elsewhere.credentials(), Err(ConfigError::MissingToken { .. })));
    let explicit = load(&folder("", None), &[ci[0], ci[1], ("GITLAB_TOKEN", "mine")]).unwrap();
    assert_eq!(explicit.gitlab.credentials, Some(Credentials::Private(Secret::new("mine"))));
}

#[test]
fn the_token_type_decides_the_header() {
    let with = |kind: &str, token: &str| {
        let folder = folder(&format!("[gitlab]\ntoken_type = '{kind}'"), None);
        load(&folder, &[("GITLAB_TOKEN", token)]).unwrap().gitlab.credentials
    };
    assert_eq!(with("bearer", "t"), Some(Credentials::Bearer(Secret::new("t"))));
    assert_eq!(with("job", "t"), Some(Credentials::Job(Secret::new("t"))));
    assert_eq!(with("auto", "glcbt-t"), Some(Credentials::Job(Secret::new("glcbt-t"))));
    assert_eq!(with("none", "t"), Some(Credentials::Anonymous));
}

#[test]
fn a_missing_token_says_where_to_put_it() {
    let folder = folder("", Some("[gitlab]\ntoken = ''"));
    let error = load(&folder, &[]).unwrap().credentials().unwrap_err();
    assert_eq!(error.to_string(), "no token for https://gitlab.com/api/v4");
    let hint = error.hint().unwrap();
    assert!(hint.contains("GITLAB_TOKEN") && hint.contains("secrets.toml"), "{hint}");
}

#[test]
fn queries_and_params_keep_their_form() {
    let config = "[resources.projects.query]\nvisibility = 'private'\ntopic = ['a', 'b']\nlast = 3";
    let loaded = load(&folder(config, None), &[]).unwrap();
    let query = &loaded.resource("projects").query;
    let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected =
        [text("last", "3"), text("topic[]", "a"), text("topic[]", "b"), text("visibility", "private")];
    assert_eq!(*query, expected);
}

#[test]
fn wrong_keys_are_named_with_their_place_and_a_suggestion() {
    let cases = [
        (
            "\n[scope]\ngrups = []",
            "unknown key `scope.grups`\n  at config.toml:3\nhint: did you mean `groups`?",
        ),
        ("[skope]\ngroups = []", "unknown key `skope`\n  at config.toml:1\nhint: did you mean `scope`?"),
        (
            "[resources.projects]\nenbled = true",
            "unknown key `resources.projects.enbled`\n  at config.toml:2\nhint: did you mean `enabled`?",
        ),
        (
            "[resources.project_isues]",
            "unknown resource `project_isues`\n  at config.toml:1\nhint: did you mean `project_issues`? the subcommand \
             `resources` lists all names",
        ),
        (
            "[extract]\nconcurrency = 'many'",
            "`extract.concurrency` is not usable: invalid type: string \"many\", expected u16\n  at config.toml:2\nhint: ",
        ),
        (
            "[extract]\nper_page = 500",
            "`extract.per_page` is not usable: expected 1 to 100, the most that GitLab gives\n  at config.toml:2\nhint: ",
        ),
        (
            "[extract]\nrequests_per_minute = 0",
            "`extract.requests_per_minute` is not usable: expected 1 or more\n  at config.toml:2\nhint: ",
        ),
        (
            "[scope]\nprojects = ['https://gitlab.example.com/acme/shop']",
            "`scope.projects` is not usable: `https://gitlab.example.com/acme/shop` lies on `gitlab.example.com`, and \
             `gitlab.url` is https://gitlab.com/api/v4: name the path alone, if it is there as well\n  at \
             config.toml:2\nhint: ",
        ),
        (
            "[resources.projects]\nwrite_disposition = 'upsert'",
            "`resources.projects.write_disposition` is not usable: expected `append`, `replace`, `merge` or `history`\n  at \
             config.toml:2\nhint: ",
        ),
        (
            "[resources.projects]\nhistory = true\nwrite_disposition = 'append'",
            "`resources.projects.history` is not usable: `write_disposition` says something else\n  at \
             config.toml:2\nhint: ",
        ),
        (
            "[load]\nnested_lists = 'rows'",
            "`load.nested_lists` is not usable: unknown variant `rows`, expected `tables` or `json`\n  at \
             config.toml:2\nhint: ",
        ),
        (
            "[schema]\ncolumn = 'freeze'",
            "unknown key `schema.column`\n  at config.toml:2\nhint: did you mean `columns`?",
        ),
        (
            "[resources.projects.schema]\ntypes = 'thaw'",
            "`resources.projects.schema.types` is not usable: unknown variant `thaw`, expected one of `evolve`, \
             `freeze`, `discard_value`, `discard_row`\n  at config.toml:2\nhint: ",
        ),
    ];
    for (config, expected) in cases {
        assert_eq!(refusal(config, None, &[]), expected, "{config}");
    }
    assert_eq!(
        refusal("", None, &[("PIPELINE__SCOPE__GRUPS", "a")]),
        "unknown key `scope.grups`\n  at the environment variable `PIPELINE__SCOPE__GRUPS`\nhint: did you mean `groups`?"
    );
}

#[test]
fn what_becomes_of_tables_is_said_for_all_and_for_one() {
    let config = "[load]\nnested_lists = 'json'\nmax_depth = 0\n[schema]\ncolumns = 'freeze'\n\
                  [resources.projects]\nhistory = true\nmax_depth = 5\nschema = { types = 'discard_row' }";
    let loaded = load(&folder(config, None), &[]).unwrap();
    assert_eq!((loaded.load.nested_lists, loaded.load.max_depth), (NestedLists::Json, Some(0)));
    let own = loaded.resource("projects");
    assert_eq!((own.write_disposition, own.nested_lists), (Some(WriteDisposition::History), None));
    assert_eq!(own.max_depth, Some(5));
    let (evolve, freeze) = (OnChange::Evolve, OnChange::Freeze);
    assert_eq!(loaded.schema, Contract { tables: evolve, columns: freeze, types: evolve });
    let with = loaded.schema.with(own.schema);
    assert_eq!(with, Contract { tables: evolve, columns: freeze, types: OnChange::DiscardRow });
}

#[test]
fn no_message_shows_a_token() {
    for secrets in
        ["[gitlab]\ntoken = glpat-secret", "[gitlab]\ntoken = 123456", "token = 'glpat-secret'\n[gitlab"]
    {
        let text = refusal("", Some(secrets), &[]);
        assert!(!text.contains("glpat") && !text.contains("123456"), "{text}");
        assert!(text.contains("secrets.toml"), "{text}");
    }
    let folder = folder("", None);
    let loaded = load(&folder, &[("GITLAB_TOKEN", "glpat-secret")]).unwrap();
    assert!(!format!("{loaded:?}").contains("glpat"));
}

#[test]
fn a_token_in_the_shared_file_is_refused() {
    let text = refusal("[gitlab]\ntoken = 'glpat-secret'", None, &[]);
    assert!(
        text.starts_with("`gitlab.token` does not belong in a file that is shared\n  at config.toml:2"),
        "{text}"
    );
}

const OAUTH: &str = "[gitlab.oauth]\nclient_id = 'app'\nclient_secret = 'shh'\naccess_token = 'a-secret'\n\
                     refresh_token = 'r-secret'";

#[test]
fn oauth_stands_in_the_secrets_file_and_below_a_token() {
    let folder = folder("", Some(OAUTH));
    let loaded = load(&folder, &[]).unwrap();
    let Credentials::OAuth(oauth) = loaded.credentials().unwrap() else { panic!("{loaded:?}") };
    assert_eq!((oauth.application.client_id.as_str(), oauth.tokens.refresh.expose()), ("app", "r-secret"));
    assert!(!format!("{loaded:?}").contains("secret\""), "{loaded:?}");
    assert!(!format!("{loaded:?}").contains("shh"), "{loaded:?}");
    let loaded = load(&folder, &[("GITLAB_TOKEN", "mine")]).unwrap();
    assert_eq!(loaded.credentials().unwrap(), &Credentials::Private(Secret::new("mine")));
}

#[test]
fn oauth_that_could_not_go_on_is_refused() {
    let shared = refusal(OAUTH, None, &[]);
    assert!(
        shared.starts_with("`gitlab.oauth.client_secret` does not belong in a file that is shared"),
        "{shared}"
    );
    let variable = [("PIPELINE__GITLAB__OAUTH__REFRESH_TOKEN", "r-other")];
    let from_variable = refusal("", Some(OAUTH), &variable);
    assert!(
        from_variable.contains("it changes with every use, so it has to stand in secrets.toml"),
        "{from_variable}"
    );
    let nameless = refusal("", Some(&OAUTH.replace("'app'", "''")), &[]);
    assert!(nameless.starts_with("`gitlab.oauth.client_id` is not usable"), "{nameless}");
    for text in [shared, from_variable, nameless] {
        assert!(!text.contains("r-") && !text.contains("shh"), "{text}");
    }
}

#[test]
fn the_connection_is_found_beside_the_configuration() {
    let config = "[gitlab]\nca_file = 'tls/ca.pem'\nclient_cert = 'c.pem'\nclient_key = 'c.key'\nproxy = 'http://me:pass-word@host'";
    let folder = folder(config, None);
    let connection = load(&folder, &[]).unwrap().gitlab.connection;
    assert_eq!(connection.ca_file, Some(folder.path().join("tls/ca.pem")));
    assert!(connection.client_certificate.is_some() && !connection.insecure);
    assert!(!format!("{connection:?}").contains("pass-word"), "{connection:?}");
    assert_eq!(
        refusal("[gitlab]\nclient_key = 'c.key'", None, &[]),
        "`gitlab.client_key` is not usable: `client_cert` belongs to it\n  at config.toml:2\nhint: "
    );
}

#[cfg(unix)]
#[test]
fn a_secrets_file_that_others_can_read_is_refused() {
    let folder = folder("", Some("[gitlab]\ntoken = 't'"));
    let path = folder.path().join("secrets.toml");
    set_mode(&path, 0o640);
    let error = load(&folder, &[]).unwrap_err();
    assert_eq!(error.hint().unwrap(), format!("chmod 600 {}", path.display()));
}

#[test]
fn patterns_choose_resources() {
    let loaded = load(&folder("[resources.project_issues]\nenabled = false", None), &[]).unwrap();
    let chosen = |patterns: &[&str]| {
        let patterns: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
        let chosen = loaded.select(ALL, &patterns)?;
        Ok::<_, ConfigError>(chosen.iter().map(|resource| resource.name).collect::<Vec<_>>())
    };
    assert_eq!(chosen(&[]).unwrap(), ["projects", "project_issue_notes"]);
    assert_eq!(chosen(&["project_*"]).unwrap(), ["project_issue_notes"]);
    assert_eq!(chosen(&["projects,project_issues"]).unwrap(), ["projects", "project_issues"]);
    let error = chosen(&["project_isues"]).unwrap_err();
    assert_eq!(error.to_string(), "no resource matches `project_isues`");
    assert!(error.hint().unwrap().starts_with("did you mean `project_issues`?"));
}

#[test]
fn a_kind_of_destination_reads_its_own_table() {
    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Lake {
        bucket: String,
        secret_key: String,
    }
    let read = |config: &str, secrets: Option<&str>, variables: &[(&str, &str)]| {
        let config = load(&folder(config, secrets), variables).unwrap();
        config.destination.read::<Lake>(&["secret_key"]).map_err(|error| error.to_string())
    };
    const LAKE: &str = "destination.kind = 'lake'\n[destination.lake]\n";
    let lake = read(
        &format!("{LAKE}bucket = 'b'"),
        Some("destination.lake.secret_key = 's'"),
        &[("PIPELINE__DESTINATION__LAKE__SECRET_KEY", "0123")],
    );
    let lake = lake.unwrap();
    assert_eq!((lake.bucket.as_str(), lake.secret_key.as_str()), ("b", "0123"));

    let shared = read(&format!("{LAKE}secret_key = 's'"), Some("destination.lake.secret_key = 's'"), &[]);
    let shared = shared.unwrap_err();
    assert!(
        shared.starts_with("`destination.lake.secret_key` does not belong in a file that is shared"),
        "{shared}"
    );
    assert!(shared.ends_with("config.toml:3"), "{shared}");
    let unknown = read(&format!("{LAKE}buckt = 'b'"), None, &[]).unwrap_err();
    assert!(unknown.starts_with("unknown key `destination.lake.buckt`"), "{unknown}");
}

#[test]
fn what_is_no_kind_of_destination_is_named() {
    let folder = folder("[destination.sqlit]\npath = 'x'", None);
    let destination = load(&folder, &[]).unwrap().destination;
    let stranger = destination.stranger(&["sqlite"]).unwrap();
    assert_eq!(stranger.hint().as_deref(), Some("did you mean `sqlite`?"));
    assert!(destination.stranger(&["sqlit"]).is_none());
    assert!(destination.path("data/x.db").starts_with(folder.path()));
}

#[test]
fn no_time_at_all_needs_no_unit() {
    let every = |folder: &TempDir, environment: &[(&str, &str)]| {
        load(folder, environment).map(|config| config.load.refresh_every)
    };
    let silent = folder("", None);
    for zero in ["0", "0s"] {
        let told = every(&silent, &[("PIPELINE__LOAD__REFRESH_EVERY", zero)]);
        assert_eq!(told.expect("a time"), Some(Duration::ZERO), "{zero}");
    }
    let said = folder("[load]\nrefresh_every = 0", None);
    assert_eq!(every(&said, &[]).expect("a time"), Some(Duration::ZERO));
    let refused = refusal("[load]\nrefresh_every = 90", None, &[]);
    assert!(refused.contains("expected a duration such as `1h`"), "{refused}");
}

#[test]
fn a_job_of_gitlab_data_export_finds_its_variables_read() {
    let folder = folder("[scope]\nprojects = ['own/one']\n[load]\nstart_date = '2020-01-01'", None);
    let variables = [
        ("GITLAB_GROUP", "my/group"),
        ("GITLAB_PROJECT", "another/project"),
        ("GITLAB_NO_RECURSION", ""),
        ("GITLAB_BACKFILL_TIMESTAMP", "2024-05-01 12:30:00"),
        ("GITLAB_OAUTH", "an-oauth-token"),
        ("BIGQUERY_DATASET", "exported"),
        ("CHECKPOINT_JOB_ID", "gitlab_export"),
    ];
    let config = load(&folder, &variables).expect("a configuration");
    assert_eq!((config.scope.groups, config.scope.projects), (vec!["my/group".to_owned()], vec![]));
    assert!(!config.scope.subgroups);
    let start = Moment::parse("2024-05-01T12:30:00Z").expect("a time");
    assert_eq!(config.load.start, StartDate::At(start));
    assert!(
        matches!(config.gitlab.credentials, Some(Credentials::Bearer(token)) if token.expose() == "an-oauth-token")
    );
    assert_eq!(config.destination.dataset, "exported_v4");
    assert_eq!(config.load.lock_timeout, Some(Duration::from_secs(60 * 60)));

    let with_more =
        [&variables[..], &[("GITLAB_TOKEN", "glpat-a"), ("PIPELINE__SCOPE__GROUPS", "said")]].concat();
    let config = load(&folder, &with_more).expect("a configuration");
    assert_eq!(config.scope.groups, ["said"]);
    assert!(matches!(config.gitlab.credentials, Some(Credentials::Private(_))));

    let alone = load(&folder, &variables[..6]).expect("a configuration");
    assert_eq!((alone.scope.groups, alone.scope.projects), (vec![], vec!["own/one".to_owned()]));
    assert_eq!((alone.scope.subgroups, alone.destination.dataset.as_str()), (true, "gitlab"));
}
