//! The pod: its variables and its token file.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use keyhole_exchange::settings::{Origin, Settings, variable};
use keyhole_host::AssertionFacts;
use keyhole_report::{ExitClass, Fact, Failure, Finding, FindingState, Until, Utc};

const VARIABLES: (&str, &str) = ("variables", "variables");
const TOKEN_FILE: (&str, &str) = ("token-file", "token file");

/// Where the webhook of azure-workload-identity 1.6.0 and newer mounts the
/// token.
const WEBHOOK: &str = "/var/run/secrets/azure/wi/token/";
/// Where it did up to 1.5.1.
const OLD_WEBHOOK: &str = "/var/run/secrets/azure/tokens/";

/// Which webhook mounts a token there.
fn webhook(path: &str) -> Option<&'static str> {
    if path.starts_with(WEBHOOK) {
        Some("the workload identity webhook, 1.6.0 or newer")
    } else if path.starts_with(OLD_WEBHOOK) {
        Some("the workload identity webhook, 1.5.1 or older")
    } else {
        None
    }
}

/// What the webhook injects.
const INJECTED: [&str; 4] = [
    variable::CLIENT_ID,
    variable::TENANT_ID,
    variable::FEDERATED_TOKEN_FILE,
    variable::AUTHORITY_HOST,
];

/// Who has likely set a variable, of those that are set: the webhook sets
/// four, each only where it is absent, and writes authorities with a slash at
/// the end (azure-workload-identity, pkg/webhook).
fn setter(name: &str, value: &str, webhook: Option<&'static str>) -> &'static str {
    match webhook {
        Some(_) if name == variable::AUTHORITY_HOST && !value.ends_with('/') => {
            "by hand: the webhook writes a slash at the end"
        }
        Some(webhook) if INJECTED.contains(&name) => webhook,
        _ => "by hand",
    }
}

/// The variables that are read. `settings` is what came of them.
pub(super) fn variables(
    settings: Result<&Settings, &Failure>,
    read: impl Fn(&str) -> Option<String>,
) -> Finding {
    let read = |name: &str| read(name).filter(|value| !value.is_empty());
    let path = read(variable::FEDERATED_TOKEN_FILE).unwrap_or_default();
    let webhook = webhook(&path);
    let mut facts = Vec::new();
    for name in variable::ALL {
        match read(name) {
            Some(value) => {
                let overruled = settings.is_ok_and(|settings| is_overruled(settings, name));
                let note = if overruled {
                    ", overruled by a flag"
                } else {
                    ""
                };
                let by = setter(name, &value, webhook);
                facts.push(Fact::new(name, format!("{value} ({by}{note})")));
            }
            None if INJECTED.contains(&name) => facts.push(Fact::new(name, "not set")),
            None => {}
        }
    }
    let (id, title) = VARIABLES;
    let finding = match settings {
        Ok(_) if webhook.is_some() => Finding::new(
            id,
            title,
            FindingState::Right,
            format!("set by {}", webhook.unwrap_or_default()),
        ),
        Ok(_) => Finding::new(
            id,
            title,
            FindingState::Right,
            "complete; set by hand or by flags, not by the webhook, as far as can be seen",
        ),
        Err(failure) => Finding::new(id, title, FindingState::Wrong, &*failure.message)
            .fix(missing(&read, webhook).unwrap_or_else(|| failure.next_step.clone())),
    };
    finding.facts(facts)
}

/// What is likely missing around the pod, from what the webhook did and did not
/// set.
fn missing(
    read: &impl Fn(&str) -> Option<String>,
    webhook: Option<&'static str>,
) -> Option<String> {
    let set = |name| read(name).is_some();
    if INJECTED.iter().all(|name| !set(name)) {
        return Some(
            "Nothing was injected. In a pod: put the label azure.workload.identity/use: \"true\" \
             on the pod template (of a CronJob: on its jobTemplate's), see that the webhook runs \
             in this cluster, and create the pod anew. Elsewhere: set the variables or use the \
             flags."
                .into(),
        );
    }
    (webhook.is_some() && !set(variable::CLIENT_ID)).then(|| {
        "The webhook was here but had no client id: annotate the pod's service account with \
         azure.workload.identity/client-id and create the pod anew."
            .into()
    })
}

fn is_overruled(settings: &Settings, name: &str) -> bool {
    let origins = settings.origins();
    let origin = match name {
        variable::CLIENT_ID => origins.client_id,
        variable::TENANT_ID => origins.tenant,
        variable::AUTHORITY_HOST | variable::CLOUD => origins.authority,
        variable::SCOPE | variable::SERVER_APP_ID => origins.scope,
        variable::FEDERATED_TOKEN_FILE => origins.token_file,
        _ => return false,
    };
    matches!(origin, Origin::Flag(_))
}

/// How a file is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mount {
    /// By kubelet, as a projected volume: a link into `..data`.
    Projected,
    /// As a plain file: nobody is known to renew it.
    Plain,
    /// It is not there.
    Missing,
}

fn mount(path: &Path) -> Mount {
    match fs::symlink_metadata(path) {
        Err(_) => Mount::Missing,
        Ok(seen) if seen.is_symlink() => match fs::read_link(path) {
            Ok(target) if target.starts_with("..data") => Mount::Projected,
            _ => Mount::Plain,
        },
        Ok(_) => Mount::Plain,
    }
}

/// The token file: how it is mounted, and when it is renewed.
pub(super) fn token_file(
    settings: &Settings,
    facts: Option<&AssertionFacts>,
    failure: Option<&Failure>,
    now: i64,
) -> Finding {
    let (id, title) = TOKEN_FILE;
    let path = settings.token_file();
    let mount = mount(Path::new(path));
    let mut shown = vec![Fact::new("path", path)];
    if let Some(webhook) = webhook(path) {
        shown.push(Fact::new("mounted by", webhook));
    }
    shown.push(Fact::new(
        "volume",
        match mount {
            Mount::Projected => "projected by kubelet (a link into ..data)",
            Mount::Plain => "a plain file, not a projected volume",
            Mount::Missing => "not there",
        },
    ));
    if let Some(written) = written(Path::new(path)) {
        let age = Until { now, then: written };
        shown.push(Fact::new("written", format!("{} ({age})", Utc(written))));
    }
    let renewal = facts.and_then(renewal);
    if let Some(renewal) = renewal {
        let until = Until { now, then: renewal };
        shown.push(Fact::new("renewal", format!("{} ({until})", Utc(renewal))));
    }
    // With an hour's lifetime this is what kubelet may be late without harm.
    let late = renewal.is_some_and(|renewal| now > renewal + LATE);
    let finding = match failure {
        Some(failure) => {
            Finding::new(id, title, FindingState::Wrong, &*failure.message).fix(&*failure.next_step)
        }
        None if late => Finding::new(
            id,
            title,
            FindingState::Doubtful,
            "readable, but older than kubelet lets one become",
        )
        .fix(
            "kubelet renews at 80 % of the lifetime, but not what is mounted with subPath or was \
             copied: mount the whole projected volume.",
        ),
        None if mount == Mount::Projected => Finding::new(
            id,
            title,
            FindingState::Right,
            "readable, a projected volume that kubelet renews",
        ),
        None => Finding::new(
            id,
            title,
            FindingState::Doubtful,
            "readable, but not a projected volume: nobody is known to renew it",
        )
        .fix(
            "In a pod mount the whole projected volume (no subPath, no copy): only then does \
             kubelet renew the token at 80 % of its lifetime.",
        ),
    };
    finding.facts(shown)
}

/// Seconds after which a renewal is overdue.
const LATE: i64 = 300;

/// kubelet renews a token that is older than 80 % of its lifetime, or than 24
/// hours (Kubernetes, "ServiceAccount token volume projection").
fn renewal(facts: &AssertionFacts) -> Option<i64> {
    let begins = facts.issued_at.or(facts.not_before)?;
    let lifetime = facts.expires_on?.checked_sub(begins)?;
    Some(begins.saturating_add((lifetime / 5).saturating_mul(4).min(DAY)))
}

const DAY: i64 = 24 * 3600;

fn written(path: &Path) -> Option<i64> {
    let modified = fs::metadata(path).ok()?.modified().ok()?;
    let since = modified.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// The failure, if it is of the file itself.
pub(super) fn of_the_file(failure: &Failure, error: &keyhole_host::Error) -> Option<Failure> {
    let of_file = match error {
        keyhole_host::Error::TokenFile { .. } => true,
        keyhole_host::Error::Token { error, .. } => {
            matches!(**error, keyhole_host::TokenError::TokenFile(_))
        }
        _ => false,
    };
    (of_file && failure.class == ExitClass::FederatedToken).then(|| failure.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "/var/run/secrets/azure/wi/token/azure-identity-token";

    #[test]
    fn the_setter_is_told_by_mount_path_and_slash() {
        let of = |name, value, path| setter(name, value, webhook(path));
        let public = "https://login.microsoftonline.com/";
        assert!(of(variable::CLIENT_ID, "x", NEW).contains("1.6.0 or newer"));
        let old = "/var/run/secrets/azure/tokens/azure-identity-token";
        assert!(of(variable::CLIENT_ID, "x", old).contains("1.5.1 or older"));
        assert!(of(variable::AUTHORITY_HOST, public, NEW).contains("webhook, 1.6"));
        assert!(of(variable::AUTHORITY_HOST, "https://x", NEW).starts_with("by hand"));
        assert_eq!(of(variable::CLIENT_ID, "x", "/tmp/token"), "by hand");
        assert_eq!(of(variable::SCOPE, "x", NEW), "by hand");
    }

    #[test]
    fn what_is_missing_around_the_pod_is_told_from_what_is_set() {
        let failure = Failure::new(ExitClass::Configuration, "AZURE_CLIENT_ID is not set", "");
        let found = variables(Err(&failure), |_| None);
        assert!(
            found.fix.contains("azure.workload.identity/use"),
            "{found:?}"
        );
        let found = variables(Err(&failure), |name| {
            (name == variable::FEDERATED_TOKEN_FILE).then(|| NEW.to_owned())
        });
        assert!(
            found.fix.contains("azure.workload.identity/client-id"),
            "{found:?}"
        );
    }

    #[test]
    fn kubelet_renews_at_four_fifths_of_the_lifetime_and_daily() {
        let facts = |lifetime| AssertionFacts {
            issuer: None,
            subject: None,
            audiences: Vec::new(),
            issued_at: Some(1000),
            not_before: None,
            expires_on: Some(1000 + lifetime),
            size: 1,
        };
        assert_eq!(renewal(&facts(3600)), Some(1000 + 2880));
        assert_eq!(renewal(&facts(10 * DAY)), Some(1000 + DAY));
    }
}
