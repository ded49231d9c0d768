//! Joins a component with the guards that hold it to one request and one file, so
//! that it is held on runtimes too that grant folders and the whole network.
//!
//! [`guard`] makes one component of four: the program, the two guards and the rule,
//! which is a component of constants made here ([`RuleSource`]). The program's
//! imports of HTTP, files and standard streams are given to the guards; those that no
//! guard holds and that need none go to the runtime, and a program that has any other
//! is refused. The same input gives the same bytes, so [`read`] can tell whether a
//! component is what [`guard`] makes.

mod constant;
mod error;
mod join;
mod read;

pub use error::GuardError;
pub use keyhole_policy::guard::GuardRule;
pub use read::{Guarded, read};

/// The guards' components.
#[derive(Clone, Copy, Debug)]
pub struct Guards<'a> {
    /// `guard-endpoint.wasm`.
    pub endpoint: &'a [u8],
    /// `guard-file.wasm`.
    pub file: &'a [u8],
    /// `guard-environment.wasm`.
    pub environment: &'a [u8],
}

/// Where guards have their rule from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleSource {
    /// It is part of the component.
    Fixed(GuardRule),
    /// There is none, for this reason: everything is refused.
    None(String),
    /// The `AZURE_*` variables at the start. Weaker: whoever sets them sets the rule.
    Environment,
}

/// Joins a program with the guards.
///
/// # Errors
/// No settings ask for the rule, the bytes are no component, it imports nothing that
/// the guards hold, or something that nothing holds.
pub fn guard(
    program: &[u8],
    source: &RuleSource,
    guards: &Guards<'_>,
) -> Result<Vec<u8>, GuardError> {
    let made;
    let rule = match source {
        RuleSource::Environment => guards.environment,
        RuleSource::Fixed(rule) => {
            let rule = rule.clone().checked()?;
            made = constant::component(Ok(&rule))?;
            &made
        }
        RuleSource::None(why) => {
            made = constant::component(Err(why))?;
            &made
        }
    };
    join::join(program, rule, guards)
}
