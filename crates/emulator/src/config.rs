//! What an emulator is started with.

use std::time::Duration;

use crate::authority::records::Observer;

/// The application ID of the Azure Kubernetes Service AAD Server, the same in
/// every cloud (kubelogin, docs/concepts/aks.md).
pub const AKS_SERVER_APP_ID: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// How exactly a token request has to have the expected form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// The five fields of the client credentials grant with a federated
    /// assertion, `claims` if the client likes, and one scope. Nothing else.
    #[default]
    Exact,
    /// Also what Microsoft's own libraries send besides: `client_info`, the
    /// scopes `openid`, `offline_access` and `profile` (MSAL for Go), and
    /// telemetry as form fields and a query (MSAL for JavaScript).
    Sdk,
}

/// What an emulator is started with. Every field has a default, so that
/// `EmulatorConfig { clock_skew: …, ..Default::default() }` is the usual form.
#[derive(Clone, Debug)]
pub struct EmulatorConfig {
    /// The tenant that exists, a GUID or a domain.
    pub tenant: String,
    /// The application with a federated identity credential.
    pub client_id: String,
    /// The subject that credential trusts.
    pub subject: String,
    /// The audience that credential trusts.
    pub audience: String,
    /// The issuer's URL as it stands in tokens. `None`: the address of the
    /// emulator's own issuer, which then serves its discovery document there.
    pub issuer: Option<String>,
    /// Applications a token can be asked for, by ID or by ID URI.
    pub resources: Vec<String>,
    /// How long an access token lives; Entra answers 86,399 s for this flow.
    pub access_token_lifetime: Duration,
    /// Object IDs in the claim `groups` of access tokens; without any the claim
    /// is not there, as Entra leaves it out unless an application asks for it.
    pub groups: Vec<String>,
    /// `refresh_in` of the answer, which Entra sends with long-lived tokens.
    pub refresh_in: Option<Duration>,
    /// How long the tokens of [`Emulator::claims`](crate::Emulator::claims)
    /// live; kubelet's default is an hour.
    pub federated_token_lifetime: Duration,
    /// Tolerance on both ends of an assertion's validity.
    pub clock_skew: Duration,
    /// How exactly a request has to have the expected form.
    pub strictness: Strictness,
    /// Port of the authority over TLS; 0 takes a free one.
    pub https_port: u16,
    /// Port of the authority over plain HTTP; 0 takes a free one.
    pub http_port: u16,
    /// Port of the issuer over TLS; 0 takes a free one.
    pub issuer_port: u16,
    /// Called with every request as it is recorded, before it is answered.
    pub observer: Option<Observer>,
}

impl Default for EmulatorConfig {
    fn default() -> Self {
        Self {
            tenant: "5d2a71c4-8f0e-4b6a-9c3d-1e7f60a4b852".to_owned(),
            client_id: "c0a8f3b6-27d9-4e15-b84a-6f1d92e7350c".to_owned(),
            subject: "system:serviceaccount:demo:keyhole".to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
            issuer: None,
            resources: vec![AKS_SERVER_APP_ID.to_owned()],
            access_token_lifetime: Duration::from_secs(86_399),
            groups: Vec::new(),
            refresh_in: None,
            federated_token_lifetime: Duration::from_secs(3_600),
            clock_skew: Duration::from_secs(300),
            strictness: Strictness::Exact,
            https_port: 0,
            http_port: 0,
            issuer_port: 0,
            observer: None,
        }
    }
}
