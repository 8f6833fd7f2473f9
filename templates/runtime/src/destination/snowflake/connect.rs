//! Connections, by the driver: statements go in, texts come out.

use adbc_core::error::{Error, Status};
use adbc_core::options::{OptionDatabase, OptionValue};
use adbc_core::{Connection as _, Database, Driver, Statement};
use adbc_driver_manager::{ManagedConnection, ManagedDatabase};
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, RecordBatchReader};

use super::settings::{Address, Proof};
use super::{cells, driver, judge};
use crate::client::Excerpt;
use crate::config::Secret;
use crate::destination::Result;
use crate::destination::reading::{Gathered, MOST_ROWS};
use crate::destination::warehouse::{Answer, Fault, Place, Row, Session, Why};

/// An account that connections are made to.
pub(super) struct Account {
    database: ManagedDatabase,
    secrets: Vec<Secret>,
    pub(super) place: Place,
}

/// A connection, and what must not be told of what it says.
pub(super) struct Connection {
    connection: ManagedConnection,
    secrets: Vec<Secret>,
}

/// What the server said.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

/// Everything that is set for a session. Times without a zone would be read in that of the account; and who waits for a
/// lock is told in time that somebody has it.
const SETTINGS: [&str; 2] = ["ALTER SESSION SET TIMEZONE = 'UTC'", "ALTER SESSION SET LOCK_TIMEOUT = 300"];

impl Account {
    /// Loads the driver.
    pub(super) fn open(address: Address) -> Result<Self> {
        let mut driver = driver::load(&address)?;
        let secrets = address.secrets();
        let database = driver.new_database_with_opts(options(&address));
        let database = database.map_err(|error| address.place.not_connected(fault(&error, &secrets)))?;
        Ok(Self { database, secrets, place: address.place })
    }
}

fn options(address: &Address) -> Vec<(OptionDatabase, OptionValue)> {
    let other = |name: &str, value: &str| {
        (OptionDatabase::Other(name.to_owned()), OptionValue::String(value.to_owned()))
    };
    let text = |option, value: &str| (option, OptionValue::String(value.to_owned()));
    let kind = |kind: &str| other("adbc.snowflake.sql.auth_type", kind);
    let token = |token: &Secret| other("adbc.snowflake.sql.client_option.auth_token", token.expose().trim());
    let mut options = vec![
        other("adbc.snowflake.sql.account", &address.account),
        other("adbc.snowflake.sql.db", &address.database),
        other("adbc.snowflake.sql.schema", &address.schema),
        other("adbc.snowflake.sql.client_option.app_name", env!("CARGO_PKG_NAME")),
        other("adbc.snowflake.sql.client_option.login_timeout", "30s"),
        // A run may take longer than a session that is not used.
        other("adbc.snowflake.sql.client_option.keep_session_alive", "true"),
        other("adbc.snowflake.sql.client_option.disable_telemetry", "true"),
    ];
    options.extend(address.user.as_ref().map(|user| text(OptionDatabase::Username, user)));
    match &address.proof {
        Proof::Password(password) => options.push(text(OptionDatabase::Password, password.expose())),
        Proof::OAuth(secret) => options.extend([kind("auth_oauth"), token(secret)]),
        Proof::AccessToken(secret) => options.extend([kind("auth_pat"), token(secret)]),
        Proof::Key { text, passphrase } => {
            let value = "adbc.snowflake.sql.client_option.jwt_private_key_pkcs8_value";
            let password = "adbc.snowflake.sql.client_option.jwt_private_key_pkcs8_password";
            options.extend([kind("auth_jwt"), other(value, text.expose())]);
            options.extend(passphrase.as_ref().map(|secret| other(password, secret.expose())));
        }
    }
    options.extend(address.options.iter().map(|(name, value)| other(name, value)));
    options
}

impl Connection {
    pub(super) fn open(account: &Account) -> Answer<Self> {
        let secrets = account.secrets.clone();
        let connection = account.database.new_connection().map_err(|error| fault(&error, &secrets))?;
        let mut opened = Self { connection, secrets };
        SETTINGS.iter().try_for_each(|sql| opened.run(sql).map(drop))?;
        Ok(opened)
    }

    fn fault(&self, error: &Error) -> Fault {
        fault(error, &self.secrets)
    }
}

impl Session for Connection {
    fn run(&mut self, sql: &str) -> Answer<u64> {
        let rows = (|| {
            let mut statement = self.connection.new_statement()?;
            statement.set_sql_query(sql)?;
            statement.execute_update()
        })();
        let rows = rows.map_err(|error| self.fault(&error))?;
        Ok(rows.and_then(|rows| u64::try_from(rows).ok()).unwrap_or_default())
    }

    fn each(&mut self, sql: &str, visit: &mut dyn FnMut(Row) -> Result<()>) -> Answer<Result<()>> {
        // What a statement finds ends with it.
        let mut statement = self.connection.new_statement().map_err(|error| self.fault(&error))?;
        let batches = statement.set_sql_query(sql).and_then(|()| statement.execute());
        for batch in batches.map_err(|error| self.fault(&error))? {
            let batch = batch.map_err(Fault::other)?;
            for row in 0..batch.num_rows() {
                if let Err(error) = visit(row_of(&batch, row)?) {
                    return Ok(Err(error));
                }
            }
        }
        Ok(Ok(()))
    }

    fn gather(&mut self, sql: &str, gathered: &mut Gathered) -> Answer<()> {
        let mut statement = self.connection.new_statement().map_err(|error| self.fault(&error))?;
        let batches = statement.set_sql_query(sql).and_then(|()| statement.execute());
        let batches = batches.map_err(|error| self.fault(&error))?;
        let names = batches.schema().fields().iter().map(|field| field.name().clone()).collect();
        gathered.name(names);
        for batch in batches {
            let batch = batch.map_err(Fault::other)?;
            for row in 0..batch.num_rows() {
                let cells = batch.columns().iter().map(|column| cells::text_of(column, row));
                if !gathered.push(cells.collect::<Answer<_>>()?) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// A query within another, of which no more comes than is shown.
    fn answer(&mut self, sql: &str, gathered: &mut Gathered) -> Answer<()> {
        let Some(query) = judge::query(sql) else {
            let source = "it is no single query".into();
            return Err(Fault { why: Why::Writes, source });
        };
        self.gather(&format!("SELECT * FROM (\n{query}\n) LIMIT {}", MOST_ROWS + 1), gathered)
    }
}

fn row_of(batch: &RecordBatch, row: usize) -> Answer<Row> {
    let cell = |column: &arrow_array::ArrayRef| {
        if column.is_null(row) {
            return Ok(None);
        }
        let texts = column.as_string_opt::<i32>();
        let texts = texts.ok_or_else(|| Fault::other("a column that is no text"))?;
        Ok(Some(texts.value(row).to_owned()))
    };
    batch.columns().iter().map(cell).collect()
}

/// What the driver said means by Snowflake's number of the error, or else by the driver's own kind of it.
fn fault(error: &Error, secrets: &[Secret]) -> Fault {
    let why = match (error.vendor_code, error.status) {
        // Numbers of what is wrong with credentials.
        (390_100..=390_199 | 390_303 | 390_318 | 394_300..=394_400, _) | (_, Status::Unauthenticated) => {
            Why::Unknown
        }
        (3_001 | 3_540 | 3_041, _) | (_, Status::Unauthorized) => Why::Denied,
        // A lock that somebody has, and a transaction that somebody's has overtaken.
        (625 | 604 | 57_014, _) => Why::Busy,
        // It has reached `STATEMENT_TIMEOUT_IN_SECONDS`.
        (630, _) => Why::Late,
        (_, Status::Timeout | Status::Cancelled) => Why::Unreachable,
        _ if is_network(&error.message) => Why::Unreachable,
        _ => Why::Other,
    };
    let mut text = error.message.clone();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret.expose(), "[redacted]");
    }
    Fault { why, source: Box::new(Said(Excerpt::new(&text).to_string())) }
}

/// The driver has no kind for it.
fn is_network(message: &str) -> bool {
    ["dial tcp", "no such host", "connection refused", "Hanging?"].iter().any(|sign| message.contains(sign))
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("place", &self.place).finish_non_exhaustive()
    }
}
