//! Which account, as whom, and by which driver.

use super::super::settings::{Address, Proof};
use tempfile::TempDir;

use super::*;
use crate::destination::DestinationError;

fn address(toml: &str, environment: &[(&str, &str)]) -> std::result::Result<Address, String> {
    Address::read(&configured(toml, environment)).map_err(|error| error.to_string())
}

const WHO: [(&str, &str); 3] =
    [("SNOWFLAKE_ACCOUNT", "o-a"), ("SNOWFLAKE_USER", "LOADER"), ("SNOWFLAKE_DATABASE", "ANALYTICS")];

fn proof(toml: &str, more: &[(&str, &str)]) -> Proof {
    address(toml, &[&WHO[..], more].concat()).unwrap().proof
}

#[test]
fn what_lets_one_in_is_found_in_files_and_variables() {
    let password = proof("", &[("SNOWFLAKE_PASSWORD", "a")]);
    assert!(matches!(&password, Proof::Password(secret) if secret.expose() == "a"));
    let key = proof(
        "",
        &[("SNOWFLAKE_PRIVATE_KEY", "k"), ("PRIVATE_KEY_PASSPHRASE", "p"), ("SNOWFLAKE_PASSWORD", "a")],
    );
    assert!(matches!(key, Proof::Key { passphrase: Some(_), .. }), "a key stands above a password");
    let token = proof("", &[("SNOWFLAKE_TOKEN", "t")]);
    assert!(matches!(token, Proof::AccessToken(_)));
    let token = proof("[destination.snowflake]\nauthenticator = 'oauth'", &[("SNOWFLAKE_TOKEN", "t")]);
    assert!(matches!(token, Proof::OAuth(_)));
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key.p8");
    std::fs::write(&path, "-----BEGIN PRIVATE KEY-----").unwrap();
    let said = format!("[destination.snowflake]\nprivate_key_path = '{}'", path.display());
    assert!(
        matches!(proof(&said, &[]), Proof::Key { text, passphrase: None } if text.expose().contains("BEGIN"))
    );
}

#[test]
fn what_is_missing_is_named() {
    let said = address("", &[]).unwrap_err();
    assert!(said.contains("destination.snowflake.account") && said.contains("SNOWFLAKE_ACCOUNT"), "{said}");
    let said = address("", &WHO).unwrap_err();
    assert!(said.contains("private_key_path"), "{said}");
    let said = address("dataset = 'my schema'", &[&WHO[..], &[("SNOWFLAKE_PASSWORD", "a")]].concat());
    assert!(said.unwrap_err().contains("destination.dataset"));
    let said = address("[destination.snowflake]\nauthenticator = 'magic'", &WHO).unwrap_err();
    assert!(said.contains("programmatic_access_token"), "{said}");
    for secret in super::super::settings::SECRETS {
        let said = address(&format!("[destination.snowflake]\n{secret} = 'x'"), &WHO).unwrap_err();
        assert!(said.contains(&format!("destination.snowflake.{secret}")), "{said}");
    }
}

#[test]
fn without_a_driver_one_is_told_where_to_get_it() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("driver.so");
    std::fs::write(&file, "no library").unwrap();
    for path in [file, folder.path().join("missing.so")] {
        let said = format!("[destination.snowflake]\ndriver = '{}'", path.display());
        let config = configured(&said, &[&WHO[..], &[("SNOWFLAKE_PASSWORD", "a-secret")]].concat());
        let Err(error) = opened(&config) else { panic!("there is no driver") };
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(matches!(error, DestinationError::Open { .. }), "{error}: {cause}");
        assert!(cause.contains("dbc install snowflake") && cause.contains("`driver`"), "{cause}");
        assert!(cause.contains(&path.display().to_string()) && !cause.contains("a-secret"), "{cause}");
    }
}

#[test]
fn a_server_that_is_not_there_is_named_without_the_secret() {
    let port = test_servers::free_port().to_string();
    let said = format!("[destination.snowflake]\ndriver = '{}'", Fakesnow::driver().display());
    let server = [
        ("SNOWFLAKE_PASSWORD", "a-secret"),
        ("SNOWFLAKE_HOST", "127.0.0.1"),
        ("SNOWFLAKE_PORT", port.as_str()),
        ("SNOWFLAKE_PROTOCOL", "http"),
    ];
    let Err(error) = opened(&configured(&said, &[&WHO[..], &server].concat())) else {
        panic!("who is there?")
    };
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(matches!(error, DestinationError::Unreachable { .. }), "{error}: {cause}");
    assert!(error.to_string().contains("account `o-a`") && !cause.contains("a-secret"), "{error}: {cause}");
}
