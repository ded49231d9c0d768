//! Exit codes.

/// How a run ended, as a class that scripts can tell apart.
///
/// `kubelogin` exits 1 for every failure; these codes are Keyhole's own and are
/// part of its interface. An interrupt (130) is not among them: it is the
/// shell's convention and no report is made for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExitClass {
    /// What was asked for was done.
    Done,
    /// The command line, a setting or a file named by one cannot be used.
    Configuration,
    /// The federated token file cannot be read, or what is in it would be
    /// refused.
    FederatedToken,
    /// The authority answered and said no.
    Refused,
    /// The authority could not be asked in time, or has no answer now.
    Unavailable,
    /// The authority's answer cannot be used.
    BadResponse,
    /// The component tried what it was not granted, or broke a limit.
    Sandbox,
    /// A bug of ours.
    Bug,
}

impl ExitClass {
    /// Every class, in the order of the codes.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Configuration,
        Self::FederatedToken,
        Self::Refused,
        Self::Unavailable,
        Self::BadResponse,
        Self::Sandbox,
        Self::Bug,
    ];

    /// The process's exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Configuration => 2,
            Self::FederatedToken => 3,
            Self::Refused => 4,
            Self::Unavailable => 5,
            Self::BadResponse => 6,
            Self::Sandbox => 7,
            Self::Bug => 70,
        }
    }

    /// The class's name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Configuration => "configuration",
            Self::FederatedToken => "federated-token",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::BadResponse => "bad-response",
            Self::Sandbox => "sandbox",
            Self::Bug => "bug",
        }
    }

    /// The class in a few words, as help texts and reports print it.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Configuration => "usage or configuration",
            Self::FederatedToken => "federated token file or its content",
            Self::Refused => "refused by the authority",
            Self::Unavailable => "authority unavailable (network, timeout, throttled)",
            Self::BadResponse => "unusable answer from the authority",
            Self::Sandbox => "the component tried what it was not granted, or broke a limit",
            Self::Bug => "a bug in keyhole",
        }
    }
}
