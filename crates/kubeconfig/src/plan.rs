//! Which users are converted, and to what.

use std::fmt;

use crate::arguments::{self, Arguments, GET_TOKEN};
use crate::edit::{self, Splice};
use crate::error::Error;
use crate::kubeconfig::{At, Kubeconfig};
use crate::outcome::{From, Outcome, Skip, UserReport};
use crate::syntax::{Kind, Node};
use crate::wanted::{self, Wanted};
use crate::{diff, proof};

/// The version that an entry gets which has none that kubectl still speaks
/// (kubelogin's converter/convert.go).
const V1BETA1: &str = "client.authentication.k8s.io/v1beta1";
const V1: &str = "client.authentication.k8s.io/v1";
/// The program, found in `PATH` as kubelogin's entries find theirs.
const COMMAND: &str = "keyhole";
/// No entry of ours asks the user for anything; v1 needs the field
/// (Kubernetes, "client-go credential plugins").
pub(crate) const NEVER: &str = "Never";

/// What kubectl's provider `azure` had beside server and cloud (client-go,
/// plugin/pkg/client/auth/azure, until 1.25).
const PROVIDER_SETTINGS: [&str; 7] = [
    "client-id",
    "tenant-id",
    "config-mode",
    "access-token",
    "refresh-token",
    "expires-in",
    "expires-on",
];

/// A kubeconfig with its users converted. Its `Debug` shows nothing of it.
pub struct Conversion {
    /// The text to be written.
    pub text: String,
    /// Every user, in the order of the file.
    pub users: Vec<UserReport>,
    pub(crate) splices: Vec<Splice>,
}

impl fmt::Debug for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversion")
            .field("users", &self.users)
            .finish_non_exhaustive()
    }
}

impl Conversion {
    /// Whether any user was rewritten.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.splices.is_empty()
    }

    /// A unified diff of the text, in lines without their ends. Values that
    /// are not known to be harmless, and comments, are `[redacted]`.
    ///
    /// # Errors
    /// Either text does not parse, which both did before.
    pub fn diff(&self, old: &Kubeconfig) -> Result<Vec<String>, Error> {
        let new = Kubeconfig::parse(self.text.clone())?;
        Ok(diff::unified(old, &new, &self.splices))
    }
}

/// What a user's entry becomes.
pub(crate) struct Target {
    pub(crate) command: String,
    pub(crate) api_version: String,
    /// `None`: they stay as they are.
    pub(crate) arguments: Option<Vec<String>>,
}

/// One user to be rewritten.
pub(crate) struct Plan<'k> {
    pub(crate) name: &'k str,
    pub(crate) line: usize,
    /// Its number in the list.
    pub(crate) index: usize,
    /// The mapping `user`.
    pub(crate) user: &'k Node,
    pub(crate) target: Target,
}

/// A user's entry as it is.
enum Source<'k> {
    Provider(&'k Node),
    Exec {
        exec: &'k Node,
        command: &'k str,
        arguments: Vec<String>,
    },
}

impl Kubeconfig {
    /// Converts the users for whom `skip` has no reason to be left alone.
    ///
    /// # Errors
    /// A user that is to be converted cannot be; then none is.
    pub fn convert(
        &self,
        wanted: &Wanted,
        skip: &dyn Fn(&str) -> Option<Skip>,
    ) -> Result<Conversion, Error> {
        let mut users = Vec::new();
        let mut plans = Vec::new();
        for (index, name, line, item) in self.items() {
            let outcome = match skip(name) {
                Some(reason) => Outcome::Skipped(reason),
                None => {
                    let (outcome, plan) = self.plan(index, name, line, item, wanted)?;
                    plans.extend(plan);
                    outcome
                }
            };
            users.push(UserReport {
                name: name.to_owned(),
                outcome,
            });
        }
        let mut splices = Vec::new();
        for plan in &plans {
            splices.extend(edit::splices(self, plan)?);
        }
        let text = edit::apply(&self.source, &mut splices);
        if !splices.is_empty() {
            proof::check(self, &text, &plans)?;
        }
        Ok(Conversion {
            text,
            users,
            splices,
        })
    }

    fn plan<'k>(
        &'k self,
        index: usize,
        name: &'k str,
        line: usize,
        item: &'k Node,
        wanted: &Wanted,
    ) -> Result<(Outcome, Option<Plan<'k>>), Error> {
        let at = At::ROOT.of("users").item(index);
        let resolved = self.resolve(item);
        let Some(user) = self.field(resolved, "user", &at)? else {
            return Ok((Outcome::Skipped(Skip::NoPlugin), None));
        };
        let source = match self.source_of(user, &at.of("user"), name, line)? {
            Ok(source) => source,
            Err(skip) => return Ok((Outcome::Skipped(skip), None)),
        };
        self.refuse_references(item, name)?;
        let (from, target, arguments) = match source {
            Source::Provider(provider) => {
                let arguments = self.provider_arguments(provider, &at, wanted)?;
                (From::AuthProvider, target(COMMAND, None), arguments)
            }
            Source::Exec {
                exec,
                command,
                arguments,
            } => {
                let api_version = self.string(exec, "apiVersion", &at.of("user.exec"))?;
                if is_keyhole(command) {
                    let target = target(command, api_version);
                    let new = arguments::of_keyhole(&arguments, wanted);
                    if new.is_none() && self.is_done(exec, &target, &at)? {
                        return Ok((Outcome::Unchanged, None));
                    }
                    let mut plan = plan(name, line, index, user, target);
                    plan.target.arguments = new.map(|arguments| arguments.new);
                    return Ok((changed(From::Keyhole, Arguments::default()), Some(plan)));
                }
                let new = arguments::of_kubelogin(&arguments, wanted);
                (From::Kubelogin, target(COMMAND, api_version), new)
            }
        };
        if arguments.server_id().is_none() {
            return Err(Error::ServerId {
                user: name.to_owned(),
                line,
            });
        }
        wanted::check(&arguments.taken_over()).map_err(|error| Error::Setting {
            user: name.to_owned(),
            line,
            error,
        })?;
        let mut plan = plan(name, line, index, user, target);
        plan.target.arguments = Some(arguments.new.clone());
        Ok((changed(from, arguments), Some(plan)))
    }

    /// The user's entry, or why it is none of ours. What is ours is what
    /// kubelogin takes for its own: a command with its name in it, or the
    /// provider `azure`.
    fn source_of<'k>(
        &'k self,
        user: &'k Node,
        at: &At,
        name: &str,
        line: usize,
    ) -> Result<Result<Source<'k>, Skip>, Error> {
        let exec = self.field(user, "exec", at)?;
        let provider = self.field(user, "auth-provider", at)?;
        let provider_name = match provider {
            Some(provider) => self.string(provider, "name", &at.of("auth-provider"))?,
            None => None,
        };
        let Some(exec) = exec else {
            return Ok(match (provider, provider_name) {
                (Some(provider), Some("azure")) => Ok(Source::Provider(provider)),
                (Some(_), other) => Err(Skip::OtherProvider {
                    name: other.unwrap_or_default().to_owned(),
                }),
                (None, _) => Err(Skip::NoPlugin),
            });
        };
        let at = at.of("exec");
        let command = self.string(exec, "command", &at)?.unwrap_or_default();
        let ours = is_keyhole(command) || command.to_lowercase().contains("kubelogin");
        if !ours && provider_name != Some("azure") {
            let command = command.rsplit('/').next().unwrap_or_default().to_owned();
            return Ok(Err(Skip::OtherCommand { command }));
        }
        if provider.is_some() {
            return Err(Error::Both {
                user: name.to_owned(),
                line,
            });
        }
        let arguments = self.arguments(exec, &at)?;
        if is_keyhole(command) && !arguments.iter().any(|argument| argument == GET_TOKEN) {
            return Ok(Err(Skip::NotGetToken));
        }
        let oidc = |argument: &String| argument.starts_with("--oidc-issuer-url");
        if arguments.iter().any(oidc) {
            return Ok(Err(Skip::OidcLogin));
        }
        Ok(Ok(Source::Exec {
            exec,
            command,
            arguments,
        }))
    }

    fn arguments(&self, exec: &Node, at: &At) -> Result<Vec<String>, Error> {
        let Some(list) = self.field(exec, "args", at)? else {
            return Ok(Vec::new());
        };
        let at = at.of("args");
        let Kind::List(items) = &list.kind else {
            return Err(at.unexpected(list, "a list"));
        };
        items
            .iter()
            .map(|item| self.resolve(item))
            .enumerate()
            .map(|(index, item)| match item.string() {
                Some(text) => Ok(text.to_owned()),
                None => Err(at.item(index).unexpected(item, "a string")),
            })
            .collect()
    }

    /// The provider's settings, by the names that kubectl gave them.
    fn provider_arguments(
        &self,
        provider: &Node,
        at: &At,
        wanted: &Wanted,
    ) -> Result<Arguments, Error> {
        let at = at.of("user.auth-provider");
        let Some(config) = self.field(provider, "config", &at)? else {
            return Ok(arguments::of_provider(None, None, wanted));
        };
        let at = at.of("config");
        let server = self.string(config, "apiserver-id", &at)?;
        let environment = self.string(config, "environment", &at)?;
        let mut arguments = arguments::of_provider(server, environment, wanted);
        for setting in PROVIDER_SETTINGS {
            if self.field(config, setting, &at)?.is_some() {
                arguments.dropped.push(setting);
            }
        }
        Ok(arguments)
    }

    /// Whether everything but the arguments is as it should be.
    fn is_done(&self, exec: &Node, target: &Target, at: &At) -> Result<bool, Error> {
        let at = at.of("user.exec");
        let api_version = self.string(exec, "apiVersion", &at)?;
        let mode = self.string(exec, "interactiveMode", &at)?;
        Ok(api_version == Some(target.api_version.as_str()) && mode == Some(NEVER))
    }

    /// Refuses a user that shares parts with others by reference.
    fn refuse_references(&self, item: &Node, name: &str) -> Result<(), Error> {
        let is_reference = |node: &Node| {
            node.anchor != 0
                || node.tag.is_some()
                || matches!(node.kind, Kind::Alias(_))
                || (node.text() == Some("<<") && !node.is_quoted())
        };
        let around = [self.root.as_ref(), self.users_node()];
        let found = around
            .into_iter()
            .flatten()
            .find(|node| node.anchor != 0 || node.tag.is_some())
            .or_else(|| item.find(&is_reference));
        match found {
            Some(node) => Err(Error::Reference {
                user: name.to_owned(),
                line: node.line,
            }),
            None => Ok(()),
        }
    }
}

fn plan<'k>(name: &'k str, line: usize, index: usize, user: &'k Node, target: Target) -> Plan<'k> {
    Plan {
        name,
        line,
        index,
        user,
        target,
    }
}

fn target(command: &str, api_version: Option<&str>) -> Target {
    Target {
        command: command.to_owned(),
        api_version: api_version
            .filter(|version| [V1, V1BETA1].contains(version))
            .unwrap_or(V1BETA1)
            .to_owned(),
        arguments: None,
    }
}

fn changed(from: From, arguments: Arguments) -> Outcome {
    Outcome::Changed {
        from,
        kept: arguments.kept,
        dropped: arguments.dropped,
        unknown: arguments.unknown,
    }
}

/// `keyhole`, `keyhole-full`, or a path to one.
fn is_keyhole(command: &str) -> bool {
    let name = command.rsplit('/').next().unwrap_or_default();
    matches!(name, "keyhole" | "keyhole-full")
}
