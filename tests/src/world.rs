//! A pod with workload identity and the authority it asks.

use crate::leaks::Secret;
use keyhole_emulator::{Emulator, EmulatorConfig, ProjectedVolume, RecordedRequest, Verdict};
use keyhole_exchange::settings::{Flags, Settings};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Variables that name the identity, as the webhook sets them in a pod.
pub type Variables = Vec<(&'static str, String)>;

/// The name of the secret that lies in the pod's file.
pub(crate) const FEDERATED_TOKEN: &str = "federated token";

/// What is shorter is no token that anybody could use; tests put such things
/// into token files.
const SHORTEST_SECRET: usize = 100;

/// A pod: a mounted federated token, and an authority that trusts it.
pub struct World {
    /// The authority.
    pub emulator: Emulator,
    /// Where the federated token is mounted.
    pub volume: ProjectedVolume,
    folder: TempDir,
}

impl World {
    /// One in which everything is in order.
    #[must_use]
    pub fn new() -> Self {
        Self::with(EmulatorConfig::default())
    }

    /// One whose authority also grants tokens for this resource.
    #[must_use]
    pub fn granting(resource: &str) -> Self {
        let mut config = EmulatorConfig::default();
        config.resources.push(resource.to_owned());
        Self::with(config)
    }

    /// One with an authority of this configuration.
    #[must_use]
    pub fn with(config: EmulatorConfig) -> Self {
        let emulator = Emulator::start(config).expect("the emulator starts");
        let folder = TempDir::with_prefix("keyhole-test-").expect("a folder");
        let mount = folder.path().join("mount");
        std::fs::create_dir(&mount).expect("a mount point");
        let volume = ProjectedVolume::create(mount, &emulator.federated_token())
            .expect("the federated token is mounted");
        Self {
            emulator,
            volume,
            folder,
        }
    }

    /// A folder for a test's own files; it goes with the pod.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path that the pod is given for its token.
    #[must_use]
    pub fn token_file(&self) -> PathBuf {
        self.volume.token_file()
    }

    /// The token that is mounted now.
    #[must_use]
    pub fn federated_token(&self) -> String {
        std::fs::read_to_string(self.token_file()).expect("the federated token")
    }

    /// What no output may hold: the federated token of the pod, those that
    /// GitHub Actions has given and what proves a job to it, and the access tokens
    /// that the authority has sent so far.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let is_secret = |token: &String| token.len() >= SHORTEST_SECRET;
        let mounted = std::fs::read_to_string(self.token_file()).ok();
        let mounted = mounted.map(|token| token.trim().to_owned());
        let mounted = mounted.filter(is_secret);
        let sent = self.emulator.access_tokens().into_iter().filter(is_secret);
        let request = self.emulator.actions_request_token();
        let given = self.emulator.actions_tokens();
        mounted
            .into_iter()
            .chain(given)
            .map(|token| Secret::signature(FEDERATED_TOKEN, &token))
            .chain([Secret::new(FEDERATED_TOKEN, request)])
            .chain(sent.map(|token| Secret::access_token("access token", &token)))
            .collect()
    }

    /// The variables of the pod.
    #[must_use]
    pub fn variables(&self) -> Variables {
        vec![
            ("AZURE_CLIENT_ID", self.emulator.client_id().to_owned()),
            ("AZURE_TENANT_ID", self.emulator.tenant().to_owned()),
            (
                "AZURE_FEDERATED_TOKEN_FILE",
                self.token_file().display().to_string(),
            ),
            ("AZURE_AUTHORITY_HOST", self.emulator.https_authority()),
            (
                "SSL_CERT_FILE",
                self.emulator.ca_file().display().to_string(),
            ),
        ]
    }

    /// The settings that those variables make, changed by flags.
    #[must_use]
    pub fn settings(&self, flags: &Flags) -> Settings {
        let variables = self.variables();
        Settings::resolve(flags, &|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone())
        })
        .expect("settings of the pod")
    }

    /// The requests that came to the authority.
    ///
    /// # Panics
    /// If one is not to the letter what an exchange sends, or if there was a
    /// connection without one.
    pub fn honest_requests(&self) -> Vec<RecordedRequest> {
        let requests = self.emulator.requests();
        for request in &requests {
            let names =
                |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect();
            let headers: Vec<String> = names(&request.headers);
            assert_eq!(
                headers,
                [
                    "host",
                    "content-type",
                    "accept",
                    "accept-encoding",
                    "user-agent",
                    "client-request-id",
                    "content-length",
                    "connection"
                ],
                "{request}"
            );
            let form: Vec<String> = names(&request.form);
            assert_eq!(
                form,
                [
                    "client_id",
                    "scope",
                    "client_assertion_type",
                    "client_assertion",
                    "grant_type"
                ],
                "{request}"
            );
            assert_eq!(request.method, "POST");
            assert_eq!(
                request.target,
                format!("/{}/oauth2/v2.0/token", self.emulator.tenant())
            );
            assert_eq!(request.verdict, Verdict::Granted, "{request}");
        }
        assert_eq!(
            self.emulator.connections(),
            requests.len(),
            "one connection a request"
        );
        requests
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
