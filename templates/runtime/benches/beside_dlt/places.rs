//! What is loaded into, and the servers of it.

use test_servers::{BigQuery, Fakesnow, Postgres, Redshift};

pub(super) struct Servers {
    postgres: Postgres,
    snowflake: Fakesnow,
    redshift: Redshift,
    bigquery: BigQuery,
}

pub(super) struct Place {
    pub(super) name: &'static str,
    /// Below `[destination]`.
    pub(super) settings: String,
    pub(super) environment: Vec<(&'static str, String)>,
    /// The process whose time counts beside the load's own.
    pub(super) server: Option<u32>,
    pub(super) rounds: u32,
    /// Whether it writes Parquet files.
    pub(super) is_lake: bool,
    /// What the server is fast at, is not what the real one is.
    pub(super) is_stand_in: bool,
}

impl Servers {
    pub(super) fn start() -> Self {
        Self {
            postgres: Postgres::start(),
            snowflake: Fakesnow::start(),
            redshift: Redshift::start(),
            bigquery: BigQuery::start(),
        }
    }

    pub(super) fn places(&self) -> [Place; 8] {
        [
            Place { is_lake: true, ..file("Parquet", "kind = 'filesystem'\nfilesystem.path = 'lake'") },
            Place { is_lake: true, ..file("Delta", "kind = 'delta'\ndelta.path = 'lake'") },
            file("DuckDB", "kind = 'duckdb'"),
            file("SQLite", "kind = 'sqlite'"),
            self.postgres(),
            self.snowflake(),
            self.redshift(),
            self.bigquery(),
        ]
    }

    fn postgres(&self) -> Place {
        let environment = self.postgres.environment().into();
        let server = Some(self.postgres.id());
        Place { environment, server, ..file("PostgreSQL", "kind = 'postgres'") }
    }

    fn snowflake(&self) -> Place {
        let settings = format!("kind = 'snowflake'\nsnowflake.driver = '{}'", Fakesnow::driver().display());
        let environment = self.snowflake.environment().into();
        stand_in("Snowflake", settings, environment)
    }

    fn redshift(&self) -> Place {
        let bucket = format!("s3://{}/bench", Redshift::BUCKET);
        let settings =
            format!("kind = 'redshift'\nredshift.sslmode = 'disable'\nredshift.staging = '{bucket}'");
        let environment = self.redshift.environment().into();
        stand_in("Redshift", settings, environment)
    }

    fn bigquery(&self) -> Place {
        let environment = self.bigquery.environment().into();
        stand_in("BigQuery", "kind = 'bigquery'".to_owned(), environment)
    }
}

fn file(name: &'static str, settings: &str) -> Place {
    Place {
        name,
        settings: settings.to_owned(),
        environment: Vec::new(),
        server: None,
        rounds: 3,
        is_lake: false,
        is_stand_in: false,
    }
}

fn stand_in(name: &'static str, settings: String, environment: Vec<(&'static str, String)>) -> Place {
    Place { environment, rounds: 1, is_stand_in: true, ..file(name, &settings) }
}
