//! `--github-actions-token`: a job of GitHub Actions asks GitHub for its
//! federated token.
//!
//! Never by itself: kubelogin takes the two variables as a reason to pass the
//! token file over, in silence.

use std::ffi::OsString;

use clap::Args;
use keyhole_exchange::cloud::Cloud;
use keyhole_exchange::settings::{Origin, Settings, flag};
use keyhole_host::github_actions::{GitHubActions, GitHubActionsFault, REQUEST_TOKEN, REQUEST_URL};
use keyhole_report::{ExitClass, Failure};

/// What stands where a path would.
const IN_WORDS: &str = "GitHub Actions";

/// The choice of where the federated token is from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Identity")]
pub(crate) struct GitHubFlags {
    /// Ask GitHub Actions for the federated token, in a job that may
    ///
    /// One GET to ACTIONS_ID_TOKEN_REQUEST_URL, which a job has with the
    /// permission `id-token: write`. No file is read, and nothing is written.
    #[arg(long, conflicts_with = "federated_token_file")]
    github_actions_token: bool,
}

impl GitHubFlags {
    /// As the settings take it.
    pub(crate) fn to_setting(&self) -> Option<String> {
        self.github_actions_token.then(|| IN_WORDS.to_owned())
    }
}

/// The grant of the request, if these settings ask for it.
///
/// # Errors
/// A variable is not set, which is how GitHub says that the job may not; or one
/// of them or the audience cannot be used.
pub(crate) fn grant(
    settings: &Settings,
    audience: Option<&str>,
) -> Result<Option<GitHubActions>, Failure> {
    if settings.origins().token_file != Origin::Flag(flag::GITHUB_ACTIONS_TOKEN) {
        return Ok(None);
    }
    let read = |name| {
        let text = variable(name).map(OsString::into_string).transpose();
        text.map_err(|_| failed(format!("{name} is not UTF-8 text"), ""))?
            .ok_or_else(|| {
                failed(
                    format!("{name} is not set, so GitHub Actions cannot be asked for a token"),
                    "Give the job `permissions: {id-token: write}`, and in a container or composite \
                     action pass both ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN on.",
                )
            })
    };
    let url = read(REQUEST_URL)?;
    let request_token = read(REQUEST_TOKEN)?;
    let audience = audience.unwrap_or_else(|| {
        let cloud = settings.authority().cloud().unwrap_or(Cloud::Public);
        cloud.token_exchange_audience()
    });
    GitHubActions::new(&url, request_token, audience)
        .map(Some)
        .map_err(|fault| match fault {
            GitHubActionsFault::Audience => failed(
                format!("--github-audience cannot be used: {fault}"),
                "Give the audience of the federated credential.",
            ),
            fault => failed(
                fault.to_string(),
                "GitHub sets it in each job: leave it as it is.",
            ),
        })
}

/// A word to people in a job who do not ask GitHub and may want to.
pub(crate) fn note() -> Option<String> {
    (variable(REQUEST_URL).is_some() && variable(REQUEST_TOKEN).is_some()).then(|| {
        "this looks like GitHub Actions, which is not asked for a token: --github-actions-token \
         does"
            .to_owned()
    })
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn failed(message: String, next_step: &str) -> Failure {
    Failure::new(ExitClass::Configuration, message, next_step)
}
