//! Where objects lie and what lets one in there, as the table of each kind that keeps objects says it.

use serde::Deserialize;

use crate::config::{self, ConfigError, Secret};

/// Where objects lie.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A folder, or `s3://bucket/prefix`, `az://container/prefix`, `gs://bucket/prefix`; by default `data`.
    pub path: Option<String>,
    /// A server that is not the provider's own; one that starts with `http://` is spoken to without encryption.
    pub endpoint: Option<String>,
    pub aws_region: Option<String>,
    pub aws_access_key_id: Option<Secret>,
    pub aws_secret_access_key: Option<Secret>,
    pub aws_session_token: Option<Secret>,
    pub azure_storage_account_name: Option<String>,
    pub azure_storage_account_key: Option<Secret>,
    pub azure_storage_sas_token: Option<Secret>,
    pub azure_storage_connection_string: Option<Secret>,
    pub azure_tenant_id: Option<String>,
    pub azure_client_id: Option<String>,
    pub azure_client_secret: Option<Secret>,
    /// The file of a key of a service account.
    pub google_application_credentials: Option<String>,
    /// The text of such a file.
    pub google_service_account_key: Option<Secret>,
    pub google_bearer_token: Option<Secret>,
}

/// Its keys.
pub(in super::super) const KEYS: &[&str] = &[
    "path",
    "endpoint",
    "aws_region",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "azure_storage_account_name",
    "azure_storage_account_key",
    "azure_storage_sas_token",
    "azure_storage_connection_string",
    "azure_tenant_id",
    "azure_client_id",
    "azure_client_secret",
    "google_application_credentials",
    "google_service_account_key",
    "google_bearer_token",
];

/// Those that may not stand in a file that is shared.
pub(in super::super) const SECRETS: &[&str] = &[
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "azure_storage_account_key",
    "azure_storage_sas_token",
    "azure_storage_connection_string",
    "azure_client_secret",
    "google_service_account_key",
    "google_bearer_token",
];

impl Settings {
    /// What was read, with a folder from where `config.toml` lies and with what the environment says.
    ///
    /// # Errors
    /// Where `path` names a store that is none of these.
    pub(in super::super) fn settle(mut self, config: &config::Destination) -> Result<Self, ConfigError> {
        let path = self.path();
        if let Some((scheme, _)) = path.split_once("://") {
            if !["s3", "az", "gs"].contains(&scheme) {
                return Err(config.unusable("path", "expected a folder, or `s3://…`, `az://…` or `gs://…`"));
            }
        } else {
            self.path = Some(config.path(path).display().to_string());
        }
        self.fill(config);
        Ok(self)
    }

    pub(in super::super) fn path(&self) -> String {
        self.path.clone().unwrap_or_else(|| "data".to_owned())
    }

    pub(in super::super) fn is_folder(&self) -> bool {
        !self.path().contains("://")
    }

    /// What the files do not say, the environment may.
    fn fill(&mut self, config: &config::Destination) {
        let variable =
            |names: &[&str]| names.iter().find_map(|name| config.variable(name)).map(str::to_owned);
        let texts = [
            (&mut self.aws_region, &["AWS_REGION", "AWS_DEFAULT_REGION"][..]),
            (&mut self.azure_storage_account_name, &["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"]),
            (&mut self.azure_tenant_id, &["AZURE_TENANT_ID"]),
            (&mut self.azure_client_id, &["AZURE_CLIENT_ID"]),
            (&mut self.google_application_credentials, &["GOOGLE_APPLICATION_CREDENTIALS"]),
        ];
        for (text, names) in texts {
            *text = text.take().or_else(|| variable(names));
        }
        let secrets = [
            (&mut self.aws_access_key_id, &["AWS_ACCESS_KEY_ID"][..]),
            (&mut self.aws_secret_access_key, &["AWS_SECRET_ACCESS_KEY"]),
            (&mut self.aws_session_token, &["AWS_SESSION_TOKEN"]),
            (&mut self.azure_storage_account_key, &["AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_KEY"]),
            (&mut self.azure_storage_sas_token, &["AZURE_STORAGE_SAS_TOKEN"]),
            (&mut self.azure_storage_connection_string, &["AZURE_STORAGE_CONNECTION_STRING"]),
            (&mut self.azure_client_secret, &["AZURE_CLIENT_SECRET"]),
            (&mut self.google_service_account_key, &["GOOGLE_SERVICE_ACCOUNT_KEY"]),
            (&mut self.google_bearer_token, &["GOOGLE_BEARER_TOKEN"]),
        ];
        for (secret, names) in secrets {
            *secret = secret
                .take()
                .filter(|secret| !secret.is_empty())
                .or_else(|| variable(names).map(Secret::new));
        }
        let of_scheme: &[&str] = match self.path().split_once("://") {
            Some(("s3", _)) => &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"],
            Some(("az", _)) => &["AZURE_STORAGE_ENDPOINT"],
            Some(("gs", _)) => &["STORAGE_EMULATOR_HOST"],
            _ => &[],
        };
        self.endpoint = self.endpoint.take().or_else(|| variable(of_scheme));
    }

    /// Whatever must not be shown.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let all = [
            &self.aws_access_key_id,
            &self.aws_secret_access_key,
            &self.aws_session_token,
            &self.azure_storage_account_key,
            &self.azure_storage_sas_token,
            &self.azure_storage_connection_string,
            &self.azure_client_secret,
            &self.google_service_account_key,
            &self.google_bearer_token,
        ];
        all.into_iter().flatten().filter(|secret| !secret.is_empty()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_are_known_as_such() {
        let refused =
            toml::from_str::<Settings>("stranger = 1").map(drop).map_err(|error| error.message().to_owned());
        let known: Vec<String> = KEYS.iter().map(|key| format!("`{key}`")).collect();
        let expected = format!("unknown field `stranger`, expected one of {}", known.join(", "));
        assert_eq!(refused, Err(expected));
        assert!(SECRETS.iter().all(|secret| KEYS.contains(secret)));
    }
}
