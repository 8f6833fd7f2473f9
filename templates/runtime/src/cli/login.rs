//! `login`: a first pair of OAuth tokens, made in the browser or by a code, and kept in `secrets.toml`.

use clap::Args;

use super::CliError;
use super::format::print;
use super::tell::LogFormat;
use crate::client::{ClientOptions, Grants};
use crate::config::{Application, Config, OAuthTokens, Secret};
use crate::login::{Invitation, LoginError, await_consent, request_code};

#[derive(Debug, Args)]
pub(super) struct LoginArguments {
    /// Show a code that is typed in elsewhere: for machines without a browser
    #[arg(long, conflicts_with_all = ["port", "no_browser"])]
    device: bool,
    /// The id of an application of GitLab; it is kept in secrets.toml
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Where on this machine the browser comes back to [default: a free port]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Print the address, and open nothing
    #[arg(long)]
    no_browser: bool,
}

pub(super) fn login(arguments: &LoginArguments, config: &Config) -> Result<(), CliError> {
    let application = application(arguments, config)?;
    let grants = Grants::new(ClientOptions::without_credentials(config))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| CliError::Runtime { source })?;
    let tokens = runtime.block_on(async {
        if arguments.device {
            by_code(&grants, &application).await
        } else {
            by_browser(arguments, grants, application.clone()).await
        }
    })?;
    let secrets = &config.gitlab.secrets;
    secrets.save_for(&application, &tokens).map_err(LoginError::from)?;
    print(&format!("signed in; the tokens are in {secrets}, and `check` tells what they open\n"))
}

/// What says that the tokens which were just kept are not those that a run uses.
pub(super) fn tell_what_stands_above(config: &Config, format: LogFormat) {
    use crate::config::Credentials::OAuth;
    if !matches!(config.gitlab.credentials, Some(OAuth(_))) {
        format.warning(
            "they are not used yet: `gitlab.token`, `gitlab.token_type` or GITLAB_TOKEN stands above them",
        );
    }
}

fn application(arguments: &LoginArguments, config: &Config) -> Result<Application, LoginError> {
    let known = config.gitlab.application.clone();
    let Some(client_id) = arguments.client_id.clone().filter(|id| !id.trim().is_empty()) else {
        let api = &config.gitlab.url;
        let register_at = api.page("/-/user_settings/applications").to_string();
        return known.ok_or(LoginError::NoApplication { api: api.to_string(), register_at });
    };
    // The secret is that of the application which is known.
    let secret = known.filter(|known| known.client_id == client_id).map(|known| known.client_secret);
    Ok(Application { client_id, client_secret: secret.unwrap_or_else(|| Secret::new("")) })
}

async fn by_browser(
    arguments: &LoginArguments,
    grants: Grants,
    application: Application,
) -> Result<OAuthTokens, CliError> {
    let invitation = Invitation::new(grants, application, arguments.port).await?;
    let address = invitation.address();
    let is_open = !arguments.no_browser && open::that_detached(address.as_str()).is_ok();
    let what = if is_open { "your browser asks you to consent; if it does not, open" } else { "open" };
    print(&format!("{what}\n\n  {address}\n\n"))?;
    Ok(invitation.tokens().await?)
}

async fn by_code(grants: &Grants, application: &Application) -> Result<OAuthTokens, CliError> {
    let code = request_code(grants, application).await?;
    print(&format!("open {} on any machine, and type in the code {}\n", code.address, code.code))?;
    Ok(await_consent(grants, application, &code).await?)
}
