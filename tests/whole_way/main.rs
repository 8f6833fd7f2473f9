//! The whole way, once, as `cargo demo` shows it: makes a pipeline, builds it, loads the sample GitLab server, and shows
//! what is in the tables.

#[path = "../scaffold/mod.rs"]
#[allow(dead_code, reason = "the demo needs the bundled document alone")]
mod scaffold;

use std::fs;

use rusqlite::Connection;
use sample_gitlab::{SampleServer, Settings, Size, World};
use scaffold::{Pipeline, Resource, Result, root, succeed};

fn main() -> Result<()> {
    let parent = root().join("target/demo");
    let _ = fs::remove_dir_all(parent.join("my-pipeline"));
    eprintln!("\n2 of 4  making a pipeline in target/demo/my-pipeline");
    let pipeline = Pipeline::scaffold(&parent, "my-pipeline", &[])?;
    eprintln!("\n3 of 4  building it, as you would");
    if !pipeline.build_command().status()?.success() {
        return Err("the pipeline does not compile".into());
    }
    let server = SampleServer::start(World::new(Size::small()), Settings::default())?;
    eprintln!("\n4 of 4  loading the sample server at {}\n", server.url());
    succeed(pipeline.command(&server).arg("run"))?;
    let database = Connection::open(pipeline.database())?;
    print_counts(&pipeline, &server, &database)?;
    print_open_issues(&database)?;
    println!("\nthe tables are in {}", pipeline.database().strip_prefix(root())?.display());
    Ok(())
}

/// Rows per table beside what the server holds; a difference is an error.
fn print_counts(pipeline: &Pipeline, server: &SampleServer, database: &Connection) -> Result<()> {
    let resources = pipeline.resources(server)?;
    println!("{:<40} {:>7} {:>10}", "table", "rows", "on server");
    for resource in resources.iter().filter(|resource| resource.enabled) {
        let table = resource.table.replace('"', "\"\"");
        let rows: i64 =
            database.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0))?;
        let held = held(server, resource)?;
        println!("{:<40} {rows:>7} {held:>10}", resource.table);
        if rows != held {
            return Err(format!("`{}` has {rows} rows, the server holds {held}", resource.name).into());
        }
    }
    Ok(())
}

/// How many records the server holds. The entries of a map are records.
fn held(server: &SampleServer, resource: &Resource) -> Result<i64> {
    let Ok(rows) = server.world().rows(&resource.path) else { return Ok(1) };
    let per_row = |row: &serde_json::Value| match (resource.shape.as_str(), row.as_object()) {
        ("map", Some(map)) => map.len(),
        _ => 1,
    };
    Ok(i64::try_from(rows.map(|(_, row)| per_row(&row)).sum::<usize>())?)
}

fn print_open_issues(database: &Connection) -> Result<()> {
    let mut query = database.prepare(
        "SELECT projects.path_with_namespace, count(DISTINCT project_issues.id), count(issue_notes.id)
         FROM projects
         JOIN project_issues ON project_issues.project_id = projects.id AND project_issues.state = 'opened'
         LEFT JOIN issue_notes ON issue_notes.project_id = projects.id
              AND issue_notes.issue_iid = project_issues.iid
         GROUP BY 1 ORDER BY 2 DESC",
    )?;
    println!("\n{:<40} {:>11} {:>14}", "project", "open issues", "notes on them");
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    for row in rows {
        let (project, issues, notes): (String, i64, i64) = row?;
        println!("{project:<40} {issues:>11} {notes:>14}");
    }
    Ok(())
}
