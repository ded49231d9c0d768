//! Why a program cannot be guarded.

use keyhole_policy::guard::NoSuchRule;

/// Why a program cannot be guarded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuardError {
    /// The rule is none.
    #[error(transparent)]
    NoSuchRule(#[from] NoSuchRule),
    /// It is no component.
    #[error("it is no WebAssembly component: {0}")]
    NoComponent(String),
    /// There is nothing to hold.
    #[error(
        "it imports neither wasi:http/outgoing-handler nor wasi:filesystem/preopens, so there is nothing to guard"
    )]
    NothingToGuard,
    /// It could go around the guards.
    #[error("it imports {0}, which no guard holds")]
    NotHeld(String),
    /// It has the guards' own words.
    #[error("it imports {0}, which is between the guards alone")]
    GuardsOwn(String),
    /// Requests to it would come from outside, and the guards own the requests inside.
    #[error("it exports {0}: a server cannot be guarded")]
    Server(String),
    /// The types do not fit.
    #[error("it and the guards do not fit each other: {0}")]
    Misfit(String),
    /// This library and the guards disagree.
    #[error("the guards do not fit each other, which is a bug: {0}")]
    Bug(String),
}
