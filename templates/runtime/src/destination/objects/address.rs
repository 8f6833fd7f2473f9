//! From settings to a store: which of them it is, and what lets one in.

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{ClientOptions, Error, ObjectStore, RetryConfig};

use super::place::Place;
use super::settings::Settings;
use super::store::{Answer, Store};
use crate::config::Secret;
use crate::destination::Result;

/// How long a request may be tried again. Less than a lease lasts.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(40);

/// Variables that only say where credentials are to be had, as the provider's own machines set them.
const OF_AWS: &[&str] = &[
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IMDSV1_FALLBACK",
    "AWS_METADATA_ENDPOINT",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];
const OF_AZURE: &[&str] =
    &["AZURE_AUTHORITY_HOST", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_IDENTITY_ENDPOINT", "AZURE_MSI_ENDPOINT"];

/// The store, and what is found in it under which names.
struct Opened {
    store: Store,
    /// For messages: `folder data`, `s3://bucket/prefix`.
    name: String,
    /// What has to be there before: a bucket or container and its name.
    container: Option<String>,
}

/// What is at the place that the settings name.
///
/// # Errors
/// Where they name none that could be.
pub(in super::super) fn open(
    settings: &Settings,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(Store, Place)> {
    let nowhere = Place::new(format!("`{}`", settings.path().escape_debug()), None, settings);
    let opened = find(settings, variable).map_err(|error| nowhere.not_opened(&error))?;
    Ok((opened.store, Place::new(opened.name, opened.container, settings)))
}

fn find(settings: &Settings, variable: &dyn Fn(&str) -> Option<String>) -> Answer<Opened> {
    let path = settings.path();
    let Some((scheme, rest)) = path.split_once("://") else {
        let name = format!("folder `{}`", path.escape_debug());
        return Ok(Opened { store: Store::in_folder(path.into()).map_err(io)?, name, container: None });
    };
    // Fails when one is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let (objects, what) = match scheme {
        "s3" => (s3(settings, bucket, variable)?, "bucket"),
        "az" => (azure(settings, bucket, variable)?, "container"),
        _ => (google(settings, bucket)?, "bucket"),
    };
    let store = Store::new(objects, Path::parse(prefix)?).map_err(io)?;
    let name = path.trim_end_matches('/').escape_debug().to_string();
    Ok(Opened { store, name, container: Some(format!("{what} `{}`", bucket.escape_debug())) })
}

fn io(error: std::io::Error) -> Error {
    Error::Generic { store: "folder", source: error.into() }
}

fn client(settings: &Settings) -> ClientOptions {
    let is_plain = settings.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    ClientOptions::new().with_allow_http(is_plain)
}

fn retry() -> RetryConfig {
    RetryConfig { retry_timeout: PATIENCE, ..RetryConfig::default() }
}

fn exposed(secret: Option<&Secret>) -> Option<String> {
    secret.map(|secret| secret.expose().trim().to_owned())
}

fn s3(
    settings: &Settings,
    bucket: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Answer<Arc<dyn ObjectStore>> {
    let said = [
        (AmazonS3ConfigKey::Endpoint, settings.endpoint.clone()),
        (AmazonS3ConfigKey::Region, settings.aws_region.clone()),
        (AmazonS3ConfigKey::AccessKeyId, exposed(settings.aws_access_key_id.as_ref())),
        (AmazonS3ConfigKey::SecretAccessKey, exposed(settings.aws_secret_access_key.as_ref())),
        (AmazonS3ConfigKey::Token, exposed(settings.aws_session_token.as_ref())),
    ];
    let found = OF_AWS.iter().filter_map(|name| Some((name.to_lowercase().parse().ok()?, variable(name))));
    let said = said.into_iter().chain(found).filter_map(|(key, value)| Some((key, value?)));
    let builder = said.fold(AmazonS3Builder::new(), |builder, (key, value)| builder.with_config(key, value));
    let builder = builder.with_bucket_name(bucket).with_client_options(client(settings)).with_retry(retry());
    Ok(Arc::new(builder.build()?))
}

fn azure(
    settings: &Settings,
    container: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Answer<Arc<dyn ObjectStore>> {
    let connection = exposed(settings.azure_storage_connection_string.as_ref()).unwrap_or_default();
    let part = |name: &str| part_of(&connection, name);
    let said = [
        (AzureConfigKey::Endpoint, settings.endpoint.clone().or_else(|| endpoint_of(&connection))),
        (
            AzureConfigKey::AccountName,
            settings.azure_storage_account_name.clone().or_else(|| part("AccountName")),
        ),
        (
            AzureConfigKey::AccessKey,
            exposed(settings.azure_storage_account_key.as_ref()).or_else(|| part("AccountKey")),
        ),
        (
            AzureConfigKey::SasKey,
            exposed(settings.azure_storage_sas_token.as_ref()).or_else(|| part("SharedAccessSignature")),
        ),
        (AzureConfigKey::AuthorityId, settings.azure_tenant_id.clone()),
        (AzureConfigKey::ClientId, settings.azure_client_id.clone()),
        (AzureConfigKey::ClientSecret, exposed(settings.azure_client_secret.as_ref())),
    ];
    let found = OF_AZURE.iter().filter_map(|name| Some((name.to_lowercase().parse().ok()?, variable(name))));
    let said = said.into_iter().chain(found).filter_map(|(key, value)| Some((key, value?)));
    let builder =
        said.fold(MicrosoftAzureBuilder::new(), |builder, (key, value)| builder.with_config(key, value));
    let is_plain = settings.endpoint.clone().or_else(|| endpoint_of(&connection));
    let client = ClientOptions::new().with_allow_http(is_plain.is_some_and(|url| url.starts_with("http://")));
    let builder = builder.with_container_name(container).with_client_options(client).with_retry(retry());
    Ok(Arc::new(builder.build()?))
}

/// A connection string is a list of `Name=value` with semicolons between.
fn part_of(connection: &str, name: &str) -> Option<String> {
    let parts = connection.split(';').filter_map(|part| part.trim().split_once('='));
    let found = parts.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
    found.filter(|value| !value.is_empty()).map(str::to_owned).next()
}

/// Where it leads, unless that is the usual place.
fn endpoint_of(connection: &str) -> Option<String> {
    part_of(connection, "BlobEndpoint").map(|url| url.trim_end_matches('/').to_owned()).or_else(|| {
        let (account, suffix) = (part_of(connection, "AccountName")?, part_of(connection, "EndpointSuffix")?);
        let protocol = part_of(connection, "DefaultEndpointsProtocol").unwrap_or_else(|| "https".to_owned());
        Some(format!("{protocol}://{account}.blob.{suffix}"))
    })
}

fn google(settings: &Settings, bucket: &str) -> Answer<Arc<dyn ObjectStore>> {
    let mut builder = GoogleCloudStorageBuilder::new().with_bucket_name(bucket);
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    if let Some(token) = exposed(settings.google_bearer_token.as_ref()) {
        builder = builder.with_bearer_token(token);
    } else if let Some(key) = exposed(settings.google_service_account_key.as_ref()) {
        builder = builder.with_service_account_key(key);
    } else if let Some(path) = &settings.google_application_credentials {
        builder = builder.with_application_credentials(path);
    }
    let builder = builder.with_client_options(client(settings)).with_retry(retry());
    Ok(Arc::new(builder.build()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_says_what_is_needed() {
        let text = "DefaultEndpointsProtocol=http;AccountName=one;AccountKey=a2V5==;BlobEndpoint=http://127.0.0.1:10000/one;";
        assert_eq!(part_of(text, "accountkey").as_deref(), Some("a2V5=="));
        assert_eq!(endpoint_of(text).as_deref(), Some("http://127.0.0.1:10000/one"));
        let text = "AccountName=two;AccountKey=x;EndpointSuffix=core.usgovcloudapi.net";
        assert_eq!(endpoint_of(text).as_deref(), Some("https://two.blob.core.usgovcloudapi.net"));
        assert_eq!(endpoint_of("AccountName=three"), None);
    }
}
