//! A wasmtime host that runs the exchange component behind a keyhole.
//!
//! The component may see five variables, read one file and send one form to
//! one endpoint; everything else it might ask for either does not exist or is
//! refused, logged and ends the call. Start at [`Keyhole::builder`]:
//!
//! ```no_run
//! use keyhole_exchange::settings::{Flags, Settings};
//! use keyhole_host::{Artifact, Keyhole, TokenRequest};
//!
//! # async fn example(artifact: Artifact) -> Result<(), Box<dyn std::error::Error>> {
//! let settings = Settings::resolve(&Flags::default(), &|name| std::env::var(name).ok())?;
//! let keyhole = Keyhole::builder()
//!     .artifact(artifact) // Artifact::embedded()? with the feature `compiler`
//!     .settings(settings)
//!     .build()?;
//! let token = keyhole.get_token(TokenRequest::default()).await?;
//! println!("valid until {}", token.expires_on);
//! # Ok(())
//! # }
//! ```
//!
//! To grant one file, one endpoint or a few variables to a component of your
//! own, in your own linker and store, use [`grants`] by themselves.
//!
//! This crate decides nothing about tokens (`keyhole-exchange` does, inside
//! the sandbox) and little about grants (`keyhole-policy` does): it carries
//! bytes and enforces.

mod artifact;
pub mod audit;
mod bindings;
mod builder;
pub mod cache;
mod call;
mod cluster;
mod engine;
mod error;
pub mod gateway;
pub mod github_actions;
pub mod grants;
mod imports;
mod keyhole;
mod linker;
mod network;
mod observations;
mod token;

pub use artifact::{Artifact, ComponentFacts, Digest, DigestError, MAX_COMPONENT, Origin};
#[cfg(feature = "compiler")]
pub use artifact::{inspect, precompile};
pub use bindings::exports::keyhole::identity::token_provider::{
    AssertionError, AssertionFacts, AssertionFault, BadResponseError, ConfigurationError,
    DeniedError, Explanation, RefusedError, TokenError, TokenFileError, UnavailableCause,
    UnavailableError,
};
pub use builder::Builder;
pub use cache::{CacheFault, TokenCache};
pub use call::{MAX_REFUSALS, Refusal};
pub use cluster::{ClusterAnswer, ClusterFault, ClusterReview, ClusterUrlError};
pub use error::Error;
pub use grants::file::FileFault;
pub use grants::limits::LimitReached;
pub use grants::{Limits, SingleFile};
pub use imports::allowed as allowed_imports;
pub use keyhole::{DEFAULT_TIMEOUT, Grants, Keyhole};
pub use keyhole_policy::identity_binding;
pub use keyhole_policy::proxy;
pub use network::{
    Network, NetworkFault, ProxyFault, RootsError, RootsSource, TlsRoots, proxies_of_environment,
};
pub use observations::{Clocks, Observations, PeerChain};
pub use token::{AccessToken, TokenRequest};

/// The target that this build runs artifacts for.
pub const TARGET: &str = engine::TARGET;

/// Its examples are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
