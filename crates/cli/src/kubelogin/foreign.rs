//! Flags of kubelogin's that Keyhole has no use for: taken, so that a command
//! line need not be changed, and said; or refused, where taking them silently
//! would be unsafe. Their values are not looked at.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use keyhole_commands::login::{NO_POP, NO_POP_NEXT, NO_SECRET, NO_SECRET_NEXT};
use keyhole_report::{ExitClass, Failure};

/// A flag of kubelogin's.
#[derive(Debug)]
struct Flag {
    name: &'static str,
    short: Option<char>,
    takes: Takes,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// A value of its own.
    Value,
    /// A Go boolean behind `=`, or nothing.
    Switch,
}

#[derive(Debug)]
enum Fate {
    /// It is taken, for this reason without effect.
    Nothing(&'static str),
    /// It changes which variables are read.
    Variables,
    /// It is refused: the reason, and what to do.
    Refused(&'static str, &'static str),
}

const OTHER_LOGIN: &str = "belongs to another login method";
const NO_CACHE: &str = "--cache-dir is the directory of a cache here";

const fn value(name: &'static str, why: &'static str) -> Flag {
    Flag {
        name,
        short: None,
        takes: Takes::Value,
        fate: Fate::Nothing(why),
    }
}

const fn switch(name: &'static str, fate: Fate) -> Flag {
    Flag {
        name,
        short: None,
        takes: Takes::Switch,
        fate,
    }
}

const fn refused(name: &'static str, why: &'static str, next: &'static str) -> Flag {
    Flag {
        fate: Fate::Refused(why, next),
        ..value(name, "")
    }
}

/// Azure/kubelogin, `pkg/internal/token/options.go`, `AddFlags`.
static FLAGS: [Flag; 19] = [
    switch("disable-environment-override", Fate::Variables),
    switch("use-azurerm-env-vars", Fate::Variables),
    switch(
        "disable-instance-discovery",
        Fate::Nothing("nothing is ever discovered"),
    ),
    switch(
        "legacy",
        Fate::Nothing("the audience of a token is the server id alone"),
    ),
    switch("pop-enabled", Fate::Refused(NO_POP, NO_POP_NEXT)),
    refused("pop-claims", NO_POP, NO_POP_NEXT),
    refused("client-secret", NO_SECRET, NO_SECRET_NEXT),
    refused("client-certificate-password", NO_SECRET, NO_SECRET_NEXT),
    refused("password", NO_SECRET, NO_SECRET_NEXT),
    value("client-certificate", OTHER_LOGIN),
    value("username", OTHER_LOGIN),
    value("identity-resource-id", OTHER_LOGIN),
    value("redirect-url", OTHER_LOGIN),
    value("login-hint", OTHER_LOGIN),
    Flag {
        short: Some('s'),
        ..value("subscription", OTHER_LOGIN)
    },
    value("azure-pipelines-service-connection-id", OTHER_LOGIN),
    value("token-cache-dir", NO_CACHE),
    value("azure-config-dir", OTHER_LOGIN),
    switch(
        "logtostderr",
        Fate::Nothing("log lines always go to standard error"),
    ),
];

/// Those of the flags that were given.
#[derive(Debug)]
pub(crate) struct ForeignFlags(Vec<&'static Flag>);

impl ForeignFlags {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|flag| flag.name == name)
    }

    /// The names of those that were given.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|flag| flag.name)
    }

    /// Refuses what must not be passed over.
    pub(crate) fn refuse(&self) -> Result<(), Failure> {
        for flag in &self.0 {
            if let Fate::Refused(why, next) = flag.fate {
                return Err(Failure::new(
                    ExitClass::Configuration,
                    format!("--{} {why}", flag.name),
                    next,
                ));
            }
        }
        Ok(())
    }

    /// Names what was given to no effect.
    pub(super) fn notes(&self) -> Vec<String> {
        let nothing = |flag: &&Flag| match flag.fate {
            Fate::Nothing(why) => Some(format!("--{} has no effect here: {why}", flag.name)),
            _ => None,
        };
        self.0.iter().filter_map(nothing).collect()
    }
}

impl Args for ForeignFlags {
    fn augment_args(command: Command) -> Command {
        FLAGS.iter().fold(command, |command, flag| {
            // Hidden: docs/kubelogin.md explains them.
            let arg = Arg::new(flag.name)
                .long(flag.name)
                .short(flag.short)
                .hide(true);
            command.arg(match flag.takes {
                Takes::Value => arg.action(ArgAction::Append),
                Takes::Switch => arg
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true")
                    .value_parser(go_bool),
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ForeignFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |flag: &&Flag| match flag.takes {
            Takes::Value => matches.contains_id(flag.name),
            Takes::Switch => matches.get_one::<bool>(flag.name) == Some(&true),
        };
        Ok(Self(FLAGS.iter().filter(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A boolean as Go's `strconv.ParseBool` reads it.
fn go_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err("it is neither true nor false".to_owned()),
    }
}
