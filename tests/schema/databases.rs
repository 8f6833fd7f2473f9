//! Databases: what is printed makes the tables that a load has made; and what helps those who query is there, once.

use std::process::Command;

use rusqlite::Connection;
use test_servers::{Postgres, installed, program};

use crate::example::Example;
use crate::{in_postgres, said, server};

/// Columns and indexes of all tables of a SQLite file.
const SQLITE: &str = "
    SELECT t.name || ' ' || c.cid || ' ' || c.name || ' ' || c.type
    FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
    WHERE t.type = 'table' AND t.name NOT GLOB '[_]*' AND t.name NOT GLOB 'sqlite*'
    UNION ALL SELECT tbl_name || ' ' || sql FROM sqlite_schema
    WHERE type = 'index' AND tbl_name NOT GLOB '[_]*' AND sql IS NOT NULL ORDER BY 1";

/// The same of a schema of PostgreSQL, with comments.
const POSTGRES: &str = "
    SELECT table_name || ' ' || column_name || ' ' || data_type
        || row_number() OVER (PARTITION BY table_name ORDER BY ordinal_position)
    FROM information_schema.columns WHERE table_schema = 'gitlab' AND table_name NOT LIKE '\\_%'
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'gitlab' AND tablename NOT LIKE '\\_%'
    UNION ALL SELECT d.objoid::regclass || ' ' || d.objsubid || ' ' || d.description FROM pg_description d
    JOIN pg_class c ON c.oid = d.objoid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'gitlab' AND d.classoid = 'pg_class'::regclass ORDER BY 1";

fn lines(database: &Connection, sql: &str) -> Vec<String> {
    let mut statement = database.prepare(sql).expect("a statement");
    statement.query_map([], |row| row.get(0)).expect("rows").map(|row| row.expect("a text")).collect()
}

#[test]
fn sqlite_makes_the_same_of_it_and_has_each_index_once() {
    let (server, example) = (server(), Example::new(""));
    let defined = example.succeed(&server, &["schema"]).stdout;
    assert!(defined.starts_with("-- As the resources define it for sqlite: "), "{defined}");
    Connection::open_in_memory().expect("memory").execute_batch(&defined).expect("tables");
    assert!(!example.path("gitlab.sqlite").exists(), "nothing is made");

    example.load(&server, &[]);
    let printed = example.succeed(&server, &["schema"]).stdout;
    assert!(printed.starts_with("-- As it is loaded into sqlite: "), "{printed}");
    let copy = Connection::open_in_memory().expect("memory");
    copy.execute_batch(&printed).expect("tables");
    let loaded = lines(&example.database(), SQLITE);
    assert_eq!(lines(&copy, SQLITE), loaded);

    let plan = |sql: &str| lines_of_plan(&example.database(), sql).join("\n");
    for (sql, index) in [
        ("SELECT * FROM project_issues WHERE project_id = 1", "_by_project_id_of_project_issues"),
        ("SELECT * FROM project_issues WHERE updated_at > '2024'", "_by_updated_at_of_project_issues"),
        ("SELECT * FROM issue_notes WHERE project_id = 1", "_by_project_id_issue_iid_of_issue_notes"),
        ("SELECT * FROM project_branches WHERE project_id = 1", "_key_of_project_branches"),
    ] {
        assert!(plan(sql).contains(index), "{}", plan(sql));
    }

    // Those of tables that an earlier version has made come with the next load, and a person's own will do.
    let database = example.database();
    database
        .execute_batch(
            "DROP INDEX _by_project_id_of_project_issues; DROP INDEX _by_updated_at_of_project_issues;
             CREATE INDEX my_own ON project_issues (project_id, state);",
        )
        .expect("a change");
    let before = lines(&database, SQLITE);
    drop(database);
    example.load(&server, &[]);
    let after = lines(&example.database(), SQLITE);
    let made: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
    assert_eq!(made.len(), 1, "{made:?}");
    assert!(made[0].contains("_by_updated_at_of_project_issues"), "{made:?}");
}

fn lines_of_plan(database: &Connection, sql: &str) -> Vec<String> {
    let mut statement = database.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a statement");
    statement.query_map([], |row| row.get(3)).expect("rows").map(|row| row.expect("a text")).collect()
}

#[test]
fn postgresql_makes_the_same_of_it_with_comments_and_keeps_those_of_people() {
    let (server, warehouse, example) = (server(), Postgres::start(), in_postgres("gitlab"));
    let environment = warehouse.environment();
    let run = |arguments: &[&str]| said(example.command(&server).envs(environment.clone()).args(arguments));
    run(&["run"]);
    let loaded = warehouse.psql(POSTGRES);
    for has in [
        "gitlab.project_issues 0 Issues of a project. GET /projects/{id}/issues.",
        "CREATE INDEX _by_project_id_issue_iid_of_issue_notes ON gitlab.issue_notes USING btree (project_id, issue_iid)",
        "CREATE INDEX _by_updated_at_of_project_issues ON gitlab.project_issues USING btree (updated_at)",
        "id of projects.",
        "Old name of `topics`.",
    ] {
        assert!(loaded.contains(has), "{has}\n{loaded}");
    }
    let printed = run(&["schema"]);
    warehouse.psql("ALTER SCHEMA gitlab RENAME TO loaded; CREATE SCHEMA gitlab");
    warehouse.load(&printed);
    assert_eq!(warehouse.psql(POSTGRES), loaded);
    warehouse.psql("DROP SCHEMA gitlab CASCADE; ALTER SCHEMA loaded RENAME TO gitlab");

    warehouse.psql("COMMENT ON TABLE gitlab.project_issues IS 'ours'");
    warehouse.psql("DROP INDEX gitlab._by_updated_at_of_project_issues");
    run(&["run"]);
    let again = warehouse.psql(POSTGRES);
    let ours = loaded.replace(
        "gitlab.project_issues 0 Issues of a project. GET /projects/{id}/issues.",
        "gitlab.project_issues 0 ours",
    );
    assert_eq!(sorted(&again), sorted(&ours));
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// Runs the SQL of the second file, if there is one, in a database of its own; prints what comments and columns there are.
const DUCKDB: &str = r"
import duckdb, json, sys
tables = ''' SELECT table_name, column_name, data_type, comment FROM duckdb_columns()
             WHERE left(table_name, 1) <> '_' AND NOT internal
             UNION ALL SELECT table_name, NULL, NULL, comment FROM duckdb_tables()
             WHERE left(table_name, 1) <> '_' ORDER BY ALL'''
database = duckdb.connect(sys.argv[1], read_only=True) if len(sys.argv) < 3 else duckdb.connect()
if len(sys.argv) > 2:
    database.execute(open(sys.argv[2]).read())
print(json.dumps(database.sql(tables).fetchall(), indent=0))
";

#[test]
fn duckdb_makes_the_same_of_it_with_comments() {
    let (server, example) = (server(), Example::new("[destination]\nkind = 'duckdb'\n"));
    let python = || Command::new(program("python", &[installed("duckdb-python").join("bin")]));
    example.load(&server, &[]);
    example.load(&server, &[]);
    let file = example.path("gitlab.duckdb");
    let loaded = said(python().args(["-c", DUCKDB]).arg(&file));
    assert!(loaded.contains("Issues of a project. GET /projects/{id}/issues."), "{loaded}");
    assert!(loaded.contains("The load that wrote the row."), "{loaded}");
    example.succeed(&server, &["schema", "--output", "."]);
    let made = said(python().args(["-c", DUCKDB]).arg(&file).arg(example.path("schema.sql")));
    assert_eq!(made, loaded);
}

#[test]
fn files_have_no_sql_and_say_so() {
    let (server, example) = (server(), Example::new("[destination]\nkind = 'filesystem'\n"));
    for format in ["sql", "dbt"] {
        let ended = example.run(&server, &["schema", "--format", format]);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains("are not made by SQL") && ended.stderr.contains("--format json"));
    }
    let defined = example.json(&server, &["schema", "--format", "json"]);
    assert_eq!(defined["$defs"]["project_issues"]["properties"]["iid"]["type"][1], "integer");
}
