//! The command line of the component `keyhole.wasm`.
//!
//! Names, forms and values are those of the program; of a flag that is given
//! twice the last counts, as there. A flag that only the program can do is
//! refused with the reason, and one that means nothing here is passed over where
//! the program does so too.

mod table;
#[cfg(test)]
mod tests;

use alloc::format;
use alloc::string::String;

use keyhole_exchange::settings::Flags;
use keyhole_report::{ExitClass, Failure};

use crate::limits::Limits;
use table::{Deed, FLAGS, Flag, Kind, Why};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Nothing was said: say what can be.
    Greet,
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// `verify`.
    Verify,
    /// `get-token`.
    GetToken,
}

/// The form of what goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A report for people.
    Text,
    /// One JSON document.
    Json,
    /// kubectl's ExecCredential.
    Exec,
    /// The token alone.
    Token,
}

/// A command line.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// What is to be done.
    pub command: Command,
    /// The form of its result.
    pub output: Output,
    /// Who asks whom for what.
    pub flags: Flags,
    /// How long it may take.
    pub limits: Limits,
    /// `--insecure-http`.
    pub insecure_http: bool,
    /// `--no-assertion-checks`.
    pub no_assertion_checks: bool,
    /// Why a command line of kubelogin's is refused, which is for the command to
    /// report as it reports settings.
    pub refusal: Option<Failure>,
}

impl Invocation {
    /// Reads the arguments as a runtime gives them: with the name of what is run
    /// before them or without.
    ///
    /// # Errors
    /// One is not known, cannot be used, or is for the program alone.
    pub fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut this = Self {
            command: Command::Greet,
            output: Output::Text,
            flags: Flags::default(),
            limits: Limits::default(),
            insecure_http: false,
            no_assertion_checks: false,
            refusal: None,
        };
        let mut words = without_name(arguments).iter().map(String::as_str);
        let mut given = Given::default();
        while let Some(word) = words.next() {
            match (this.command, word) {
                (_, "-h" | "--help") | (Command::Greet, "help") => {
                    return Ok(this.only(Command::Help));
                }
                (Command::Greet, "-V" | "--version") => return Ok(this.only(Command::Version)),
                _ => {}
            }
            if let Some((flag, name, value)) = find(word)? {
                let value = match (flag.kind, value) {
                    (Kind::Value, None) => Some(words.next().ok_or_else(|| needs_value(&name))?),
                    (Kind::Switch, Some(value)) => return Err(takes_none(&name, value)),
                    (_, value) => value,
                };
                match flag.deed {
                    Deed::Output => given.output = value,
                    Deed::Login => given.login = value,
                    _ => this.take(flag, &name, value.unwrap_or("true"))?,
                }
            } else {
                this.command = match (this.command, word) {
                    (Command::Greet, "verify") => Command::Verify,
                    (Command::Greet, "get-token") => Command::GetToken,
                    (Command::Greet, word) => return Err(no_command(word)),
                    _ => return Err(unexpected(word)),
                };
            }
        }
        if this.command == Command::Greet && words_were_given(arguments) {
            return Err(no_command_given());
        }
        this.finish(given)
    }

    fn only(self, command: Command) -> Self {
        Self { command, ..self }
    }

    fn take(&mut self, flag: &Flag, name: &str, value: &str) -> Result<(), Failure> {
        let text = || Some(String::from(value));
        let duration = || {
            let parsed = value.parse::<crate::duration::GoDuration>();
            parsed.map_err(|reason| invalid(value, name, "<DURATION>", &reason))
        };
        // What kubelogin's switches say behind `=`.
        let switch = || table::go_bool(value).map_err(|reason| invalid(value, name, "", reason));
        match flag.deed {
            Deed::ClientId => self.flags.client_id = text(),
            Deed::TenantId => self.flags.tenant_id = text(),
            Deed::ServerId => self.flags.server_id = text(),
            Deed::Scope => self.flags.scope = text(),
            Deed::FederatedTokenFile => self.flags.federated_token_file = text(),
            Deed::AuthorityHost => self.flags.authority_host = text(),
            Deed::Environment => self.flags.environment = text(),
            Deed::KnownAuthoritiesOnly => self.flags.known_authorities_only = true,
            Deed::Timeout => self.limits.timeout = Some(duration()?.0),
            Deed::RetryPropagation => self.limits.retry_propagation = Some(duration()?.0),
            Deed::InsecureHttp => self.insecure_http = true,
            Deed::NoAssertionChecks => self.no_assertion_checks = true,
            // Those wait for the command.
            Deed::Output | Deed::Login => {}
            Deed::Nothing if flag.kind == Kind::GoSwitch => {
                switch()?;
            }
            Deed::Nothing => {}
            Deed::OneOf(form, known) => {
                if !known.contains(&value) {
                    return Err(not_one_of(value, name, form, known));
                }
            }
            Deed::Number => {
                let number = value.parse::<u8>();
                number.map_err(|reason| invalid(value, name, "<NUMBER>", &format!("{reason}")))?;
            }
            Deed::Refuse(why) => {
                // A switch that is off asks for nothing.
                let asked = flag.kind != Kind::GoSwitch || switch()?;
                match why {
                    _ if !asked => {}
                    Why::Secret | Why::ProofOfPossession => {
                        self.refusal.get_or_insert_with(|| why.failure(name));
                    }
                    why => return Err(why.failure(name)),
                }
            }
        }
        Ok(())
    }

    fn finish(mut self, given: Given<'_>) -> Result<Self, Failure> {
        if let Some(method) = given.login
            && method != crate::login::WORKLOAD_IDENTITY
        {
            self.refusal
                .get_or_insert_with(|| crate::login::other_login(method));
        }
        self.output = match (self.command, given.output) {
            (Command::GetToken, None | Some("exec")) => Output::Exec,
            (Command::GetToken, Some("token")) => Output::Token,
            (Command::GetToken | Command::Verify, Some("json")) => Output::Json,
            (Command::GetToken, Some(other)) => {
                return Err(not_one_of(
                    other,
                    OUTPUT,
                    FORMAT,
                    &["exec", "token", "json"],
                ));
            }
            (_, None | Some("text")) => Output::Text,
            (_, Some(other)) => return Err(not_one_of(other, OUTPUT, FORMAT, &["text", "json"])),
        };
        Ok(self)
    }
}

/// What can be judged only when the command is known.
#[derive(Default)]
struct Given<'a> {
    output: Option<&'a str>,
    login: Option<&'a str>,
}

/// The arguments without the name of what is run. Some runtimes give it as the
/// first, as programs have it, and others do not; it is neither a command nor a
/// flag.
fn without_name(arguments: &[String]) -> &[String] {
    match arguments {
        [first, rest @ ..] if !is_ours(first) => rest,
        all => all,
    }
}

fn is_ours(word: &str) -> bool {
    let ours = matches!(word, "verify" | "get-token" | "help");
    ours || word.starts_with('-') || OF_THE_PROGRAM.contains(&word)
}

fn words_were_given(arguments: &[String]) -> bool {
    !without_name(arguments).is_empty()
}

/// A flag, its name for texts, and a value that is attached to it.
type Found<'w> = (&'static Flag, String, Option<&'w str>);

/// The flag that a word begins with.
fn find(word: &str) -> Result<Option<Found<'_>>, Failure> {
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let flag = FLAGS.iter().find(|flag| flag.name == name);
        let flag = flag.ok_or_else(|| unexpected(&format!("--{name}")))?;
        return Ok(Some((flag, format!("--{name}"), value)));
    }
    let Some(short) = word.strip_prefix('-') else {
        return Ok(None);
    };
    let mut rest = short.chars();
    let letter = rest.next().ok_or_else(|| unexpected(word))?;
    let flag = FLAGS.iter().find(|flag| flag.short == Some(letter));
    let flag = flag.ok_or_else(|| unexpected(&format!("-{letter}")))?;
    let rest = rest.as_str();
    let value = (!rest.is_empty()).then(|| rest.strip_prefix('=').unwrap_or(rest));
    Ok(Some((flag, format!("--{}", flag.name), value)))
}

/// Commands that the component has not.
const OF_THE_PROGRAM: [&str; 7] = [
    "inspect",
    "proxy",
    "convert-kubeconfig",
    "clean-cache",
    "envoy",
    "guard",
    "completions",
];

const MORE: &str = "For more information, try '--help'.";

fn usage(message: String) -> Failure {
    Failure::new(ExitClass::Configuration, message, MORE)
}

fn unexpected(word: &str) -> Failure {
    usage(format!("unexpected argument '{word}' found"))
}

fn needs_value(name: &str) -> Failure {
    usage(format!(
        "a value is required for '{name}' but none was supplied"
    ))
}

fn takes_none(name: &str, value: &str) -> Failure {
    usage(format!(
        "unexpected value '{value}' for '{name}' found; no more were expected"
    ))
}

fn invalid(value: &str, name: &str, form: &str, reason: &str) -> Failure {
    let space = if form.is_empty() { "" } else { " " };
    usage(format!(
        "invalid value '{value}' for '{name}{space}{form}': {reason}"
    ))
}

const OUTPUT: &str = "--output";
const FORMAT: &str = "<FORMAT>";

fn not_one_of(value: &str, name: &str, form: &str, known: &[&str]) -> Failure {
    let known = known.join(", ");
    usage(format!(
        "invalid value '{value}' for '{name} {form}' [possible values: {known}]"
    ))
}

fn no_command_given() -> Failure {
    usage(String::from(
        "'keyhole' requires a subcommand but one was not provided [subcommands: verify, get-token]",
    ))
}

fn no_command(word: &str) -> Failure {
    if OF_THE_PROGRAM.contains(&word) {
        return Failure::new(
            ExitClass::Configuration,
            format!("'{word}' cannot be done by a component"),
            "Use the program keyhole for it. The component has verify and get-token.",
        );
    }
    usage(format!("unrecognized subcommand '{word}'"))
}
