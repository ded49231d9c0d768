//! An Entra-like authority and a Kubernetes-like token issuer for Keyhole's
//! demo and tests. It is strict where Microsoft's service is tolerant, answers
//! with the same errors, and misbehaves on request; it is not a substitute for
//! Entra ID, keeps nothing on disk but a CA certificate, listens on loopback
//! only, and is never linked into the product. Start from [`Emulator::start`].
//!
//! ```
//! use keyhole_emulator::{Emulator, EmulatorConfig, Fault, ProjectedVolume};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::start(EmulatorConfig::default())?;
//! let folder = tempfile::tempdir()?;
//! let volume = ProjectedVolume::create(folder.path(), &emulator.federated_token())?;
//! emulator.queue(Fault::throttled(1));
//! // … point a client at emulator.https_authority(), emulator.ca_file() and
//! // volume.token_file(), then look at emulator.requests().
//! # let _ = volume;
//! # Ok(())
//! # }
//! ```

mod api_server;
mod authority;
mod certificates;
mod config;
mod emulator;
mod faults;
mod forward_proxy;
mod github_actions;
mod guid;
mod issuer;
mod jwt;
mod keys;
mod projected_volume;
mod token_proxy;

pub use api_server::{ApiServer, Gate, PodLog, ServerFault};
pub use authority::answer::Answer;
pub use authority::directory::Federation;
pub use authority::records::{Bearer, Listener, Observer, RecordedRequest, Verdict};
pub use certificates::{BEHIND_PROXY, BadCertificate};
pub use config::{AKS_SERVER_APP_ID, EmulatorConfig, Strictness};
pub use emulator::{Emulator, StartError};
pub use faults::presets::{PRESETS, UnknownFault};
pub use faults::{Fault, Framing, RetryAfter};
pub use forward_proxy::{ForwardProxy, ForwardProxyConfig, ProxyFault};
pub use issuer::{Claims, Issuer, Signature};
pub use projected_volume::ProjectedVolume;
pub use token_proxy::TOKEN_PROXY_SNI;
