//! Into PostgreSQL, whose own processor time is told apart.

use std::collections::BTreeMap;
use std::time::Instant;

use gitlab_pipeline::config::{Config, GITLAB_API};
use gitlab_pipeline::destination::postgres::Postgres;
use test_servers::Postgres as Server;

use super::server_time::server_time;
use super::{Load, Outcome, processor_time};

/// New rows, and then the same again.
pub(super) fn into_postgres(what: &str, load: &Load, server: &Server) -> Outcome<()> {
    let folder = tempfile::TempDir::new()?;
    let path = folder.path().join("config.toml");
    let open = |schema: &str| -> Outcome<Postgres> {
        std::fs::write(&path, format!("[destination]\nkind = 'postgres'\ndataset = '{schema}'\n"))?;
        let port = server.port().to_string();
        let environment = [
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", &port),
            ("PGUSER", Server::USER),
            ("PGPASSWORD", Server::PASSWORD),
            ("PGDATABASE", Server::DATABASE),
        ];
        let environment: BTreeMap<String, String> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Ok(Postgres::open(&Config::load(Some(&path), &environment, &[], GITLAB_API)?.destination)?)
    };
    for round in 0..2 {
        let (mut own, mut both, mut wall) = (f64::MAX, f64::MAX, f64::MAX);
        for number in 0..3 {
            let (begun, before, served) = (Instant::now(), processor_time(true), server_time(server.id()));
            load.run(Box::new(open(&format!("{what}_{number}"))?))?;
            let elapsed = begun.elapsed().as_secs_f64();
            let spent = processor_time(true).zip(before).map_or(elapsed, |(now, then)| now - then);
            own = own.min(spent);
            both = both.min(spent + server_time(server.id()) - served);
            wall = wall.min(elapsed);
        }
        let name = if round == 0 { format!("{what} to PostgreSQL") } else { format!("{what} again") };
        println!(
            "  {name:<24} {:>10.0} per second, {:.0} with the server's time, {:.0} by the clock",
            load.count / own,
            load.count / both,
            load.count / wall
        );
    }
    Ok(())
}
