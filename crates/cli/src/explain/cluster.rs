//! `--cluster`: whom the API server takes the access token for.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use keyhole_host::{
    AccessToken, ClusterAnswer, ClusterFault, ClusterReview, Keyhole, NetworkFault, TlsRoots,
};
use keyhole_report::{ExitClass, Fact, Failure, Finding, FindingState, Section};

const CLUSTER: (&str, &str) = ("cluster", "cluster");

/// Which API server to ask.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ClusterFlags {
    /// An API server to be asked whom it takes the access token for
    ///
    /// The URL is the kubeconfig's `server`. The host, not the component,
    /// sends one SelfSubjectReview there, with the access token as bearer; verify
    /// does it and explains, inspect shows the grant.
    #[arg(long, value_name = "URL")]
    cluster: Option<String>,

    /// Trust these root certificates (PEM) for the API server, and no others
    ///
    /// The kubeconfig's `certificate-authority`, or what its
    /// `certificate-authority-data` is decoded (base64 -d). Default:
    /// SSL_CERT_FILE and SSL_CERT_DIR, else the system's; --authority-ca does
    /// not count.
    #[arg(long, value_name = "FILE", requires = "cluster")]
    cluster_ca: Option<PathBuf>,
}

impl ClusterFlags {
    /// Whether a cluster is to be asked.
    pub(crate) fn is_wanted(&self) -> bool {
        self.cluster.is_some()
    }

    /// The grant, if one is asked for.
    ///
    /// # Errors
    /// The URL or the certificates cannot be used.
    pub(crate) fn grant(&self) -> Result<Option<Cluster>, Failure> {
        let Some(url) = &self.cluster else {
            return Ok(None);
        };
        let unusable =
            |message: String, next_step| Failure::new(ExitClass::Configuration, message, next_step);
        let roots = match &self.cluster_ca {
            Some(file) => TlsRoots::from_file(file),
            None => TlsRoots::from_environment(),
        };
        let roots = roots.map_err(|error| {
            unusable(
                error.to_string(),
                "Give --cluster-ca the kubeconfig's certificate-authority, decoded from \
                 certificate-authority-data if it stands there: base64 -d.",
            )
        })?;
        ClusterReview::new(url, roots)
            .map(|review| Some(Cluster { review }))
            .map_err(|error| {
                unusable(
                    error.to_string(),
                    "Give --cluster the `server` of the cluster in your kubeconfig.",
                )
            })
    }
}

/// The right to ask one API server.
#[derive(Debug)]
pub(crate) struct Cluster {
    review: ClusterReview,
}

/// What came of asking.
#[derive(Debug)]
pub(crate) struct Reviewed {
    /// The grant in words.
    pub(crate) grant: String,
    roots: String,
    took: Duration,
    result: Result<ClusterAnswer, ClusterFault>,
}

impl Cluster {
    /// The grant as it stands beside the component's.
    pub(crate) fn section(&self) -> Section {
        Section {
            key: "cluster",
            title: "Granted to the host, outside the component",
            facts: vec![
                Fact::new("request", self.review.to_string()),
                Fact::new("roots", self.review.roots()),
                Fact::new("redirects", "not followed"),
            ],
        }
    }

    /// The grant in words.
    pub(crate) fn grant(&self) -> String {
        self.review.to_string()
    }

    /// Asks.
    pub(crate) async fn ask(&self, keyhole: &Keyhole, token: &AccessToken) -> Reviewed {
        let start = Instant::now();
        let result = keyhole.review(&self.review, token).await;
        Reviewed {
            grant: self.review.to_string(),
            roots: self.review.roots(),
            took: start.elapsed(),
            result,
        }
    }
}

impl Reviewed {
    /// The failure of the run, if the cluster does not take the token.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let finding = finding(Some(self));
        let class = match &self.result {
            Ok(answer) if answer.status == 401 => ExitClass::Refused,
            Ok(answer) if answer.status >= 500 || answer.status == 429 => ExitClass::Unavailable,
            Err(ClusterFault::Answer(_)) => ExitClass::BadResponse,
            Err(_) => ExitClass::Unavailable,
            Ok(_) => ExitClass::BadResponse,
        };
        (finding.state == FindingState::Wrong)
            .then(|| Failure::new(class, finding.said, finding.fix))
    }

    /// How long it took in microseconds.
    pub(crate) fn us(&self) -> u64 {
        u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether there was an answer at all.
    pub(crate) fn summary(&self) -> String {
        match &self.result {
            Ok(answer) => format!("HTTP {}", answer.status),
            Err(fault) => fault.to_string(),
        }
    }
}

/// What the API server said.
pub(super) fn finding(reviewed: Option<&Reviewed>) -> Finding {
    let (id, title) = CLUSTER;
    let Some(reviewed) = reviewed else {
        return Finding::not_reached(id, title);
    };
    let new = |state, said: String| Finding::new(id, title, state, said);
    let mut facts = vec![
        Fact::new("request", &*reviewed.grant),
        Fact::new("roots", &*reviewed.roots),
    ];
    let answer = match &reviewed.result {
        Ok(answer) => answer,
        Err(fault) => {
            let fix = match fault {
                ClusterFault::Network(NetworkFault::Certificate { .. }) => {
                    "Give --cluster-ca the cluster's own certificate: certificate-authority or \
                     certificate-authority-data of the kubeconfig."
                }
                ClusterFault::Answer(_) => "See whether --cluster is the API server's URL.",
                _ => {
                    "See whether --cluster is the kubeconfig's `server`, and whether this place \
                     may reach it: authorized IP ranges, a private cluster's DNS zone."
                }
            };
            return new(FindingState::Wrong, fault.to_string())
                .fix(fix)
                .facts(facts);
        }
    };
    if let Some(username) = &answer.username {
        facts.push(Fact::new("username", &**username));
        facts.push(Fact::new("groups", answer.groups.clone()));
    }
    if let Some(message) = &answer.message {
        facts.push(Fact::new("message", &**message));
    }
    let finding = match (answer.status, &answer.username) {
        (200 | 201, Some(username)) => new(
            FindingState::Right,
            format!("the API server takes the token for {username}"),
        ),
        (401, _) => new(
            FindingState::Wrong,
            "the API server does not accept the token (401)".into(),
        )
        .fix(
            "It must be a cluster with Microsoft Entra integration, of the same tenant, and the \
             token for its server application: compare aud and tid (--show-claims) with \
             --server-id and the cluster's aadProfile.",
        ),
        (403, _) => new(
            FindingState::Doubtful,
            "the API server accepts the token but not this question (403)".into(),
        )
        .fix(
            "Who one is may be asked by all who are authenticated, through the ClusterRole \
             system:basic-user: somebody took it away. Ask for a role in this cluster.",
        ),
        (404, _) => new(
            FindingState::Doubtful,
            "this API server has no SelfSubjectReview (404): it is older than Kubernetes 1.28, or \
             none"
                .into(),
        )
        .fix("Try the token with kubectl get namespaces instead."),
        (300..=399, _) => new(
            FindingState::Wrong,
            format!("a redirect ({}), which is not followed", answer.status),
        )
        .fix("Give --cluster the API server's own URL, not that of a portal or gateway."),
        (status, _) => new(
            FindingState::Wrong,
            format!("the API server's answer is of no use (status {status})"),
        )
        .fix("See whether --cluster is the API server's URL, and try again."),
    };
    finding.facts(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reviewed(status: u16, username: Option<&str>) -> Reviewed {
        let mut answer = ClusterAnswer::default();
        answer.status = status;
        answer.username = username.map(str::to_owned);
        Reviewed {
            grant: "POST".into(),
            roots: "roots".into(),
            took: Duration::ZERO,
            result: Ok(answer),
        }
    }

    #[test]
    fn each_status_has_its_meaning_and_exit_code() {
        for (status, username, state, code) in [
            (201, Some("me"), FindingState::Right, None),
            (201, None, FindingState::Wrong, Some(6)),
            (401, None, FindingState::Wrong, Some(4)),
            (403, None, FindingState::Doubtful, None),
            (404, None, FindingState::Doubtful, None),
            (302, None, FindingState::Wrong, Some(6)),
            (503, None, FindingState::Wrong, Some(5)),
        ] {
            let reviewed = reviewed(status, username);
            assert_eq!(finding(Some(&reviewed)).state, state, "{status}");
            let failure = reviewed.failure().map(|failure| failure.class.code());
            assert_eq!(failure, code, "{status}");
        }
    }
}
