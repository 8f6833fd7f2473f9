//! Pages of `docs/` that go a way step by step: what they say is typed, line by line, in a shell.

use std::fs;
use std::path::Path;
use std::process::Command;

use sample_gitlab::{SampleServer, Settings, Size, World};
use serde_json::json;
use test_servers::Azurite;

use crate::rows::{Rows, in_files};
use crate::scaffold;

/// The lines that a page types.
fn typed(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("$ "))
}

/// A folder for the `PATH`: the generator, and a `cargo` that builds without optimising, beside other pipelines.
fn programs(folder: &Path) {
    scaffold::gitlab_init().expect("the generator");
    let target = scaffold::target();
    let cargo = format!(
        "#!/bin/bash\nexport CARGO_TARGET_DIR={:?}\nexec {:?} \"${{@/#--release/--quiet}}\"\n",
        target.join("pipelines"),
        std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
    );
    fs::write(folder.join("cargo"), cargo).expect("a write");
    let make = "chmod +x cargo && ln -s \"$0\" gitlab-init";
    let mut made = Command::new("bash");
    made.args(["-c", make]).arg(target.join("debug/gitlab-init")).current_dir(folder);
    assert!(made.status().expect("a shell").success());
}

#[test]
fn dlts_guide_is_walked_to_parquet_in_azure() {
    let page = include_str!("../../docs/from-dlt.md");
    let specs = ["gitlab-openapi-2024.yaml", "gitlab-openapi-v3.yaml"];
    let Some(specs) = specs.map(scaffold::official).into_iter().collect::<Option<Vec<_>>>() else { return };
    let mut specs = specs.iter();
    let mut script = "set -e\n".to_owned();
    for line in typed(page) {
        let words: Vec<&str> = line.split(' ').collect();
        match &words[..] {
            // The documents are at hand, and what the page has edited in between is edited here.
            ["gitlab-init", "new", name, "--spec", _, rest @ ..] => {
                let (spec, rest) = (specs.next().expect("a document"), rest.join(" "));
                let edit = "s|^path = \"data\"|path = \"az://my-container/gitlab\"|";
                script += &format!("gitlab-init new {name} --spec '{spec}' {rest}\n");
                script += &format!("sed -i '{edit}' {name}/config.toml\n");
            }
            // Their values are the reader's.
            ["export", ..] => {}
            ["cd" | "cargo", ..] => script += &format!("{line}\n"),
            _ => panic!("nobody has typed `{line}`"),
        }
    }
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let azurite = Azurite::start();
    azurite.make_container("my-container");
    let folder = tempfile::tempdir().expect("a folder");
    let programs_folder = tempfile::tempdir().expect("a folder");
    programs(programs_folder.path());
    let path = format!("{}:{}", programs_folder.path().display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("GITLAB_URL", server.url())
        .env("GITLAB_TOKEN", server.token())
        .env("AZURE_STORAGE_ACCOUNT_NAME", Azurite::ACCOUNT)
        .env("AZURE_STORAGE_ACCOUNT_KEY", Azurite::KEY)
        .env("AZURE_STORAGE_ENDPOINT", azurite.endpoint())
        .output()
        .expect("an exit");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{said}");
    assert!(!said.contains(Azurite::KEY), "a secret is told");
    let asked = json!({
        "reader": "pyarrow", "store": "azure", "root": "my-container/gitlab", "endpoint": azurite.endpoint(),
        "account": Azurite::ACCOUNT, "key": Azurite::KEY,
    });
    let found = in_files(&asked);
    for (table, list) in [
        ("project_issues", "/projects/{id}/issues"),
        ("project_branches", "/projects/{id}/repository/branches"),
        ("pipeline_jobs", "/projects/{id}/pipelines/{pipeline_id}/jobs"),
    ] {
        assert_eq!(count(&found, table), server.world().count(list).expect("a list"), "{table}");
    }
}

fn count(rows: &Rows, table: &str) -> usize {
    rows[table].values().sum()
}

#[test]
fn each_recipe_is_a_configuration_that_is_understood() {
    let page = include_str!("../../docs/recipes.md");
    let recipes: Vec<&str> =
        page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(recipes.len() > 6, "{recipes:?}");
    for recipe in recipes {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("config.toml"), recipe).expect("a write");
        let mut command = Command::new(scaffold::built("generated-example").expect("a build"));
        command.args(["schema", "--format", "json"]).current_dir(folder.path()).env_clear();
        let output = command.output().expect("a start");
        assert!(output.status.success(), "{recipe}\n{}", String::from_utf8_lossy(&output.stderr));
    }
}
