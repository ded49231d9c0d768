//! The grants beside what was done with them.

use keyhole_host::Grants;
use keyhole_host::audit::{AuditEvent, Capability, Decision};
use keyhole_report::GrantUse;

use super::{Cluster, Reviewed};

/// More refused attempts than this are counted, not listed.
const MOST: usize = 10;

/// Each grant with its uses, and what was refused.
pub(crate) fn uses(
    grants: &Grants,
    events: &[AuditEvent],
    cluster: Option<(&Cluster, Option<&Reviewed>)>,
) -> Vec<GrantUse> {
    let seen = Seen(events);
    let names: Vec<&str> = grants
        .env
        .variables()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let sent = |event: &AuditEvent| event.status.is_none() && event.us.is_none();
    let mut uses = vec![
        seen.row(
            "variables",
            names.join(", "),
            &[Capability::Env],
            |_| true,
            "",
        ),
        seen.row(
            "file",
            grants.file.to_string(),
            &[Capability::File],
            |_| true,
            &bytes("read", seen.bytes(Capability::File, |_| true)),
        ),
        seen.row(
            "request",
            grants.endpoint.target().to_string(),
            &[
                Capability::Request,
                Capability::Resolve,
                Capability::Connect,
                Capability::Tls,
            ],
            |event| event.capability == Capability::Request && sent(event),
            &format!(
                "of {} a call; {}",
                grants.endpoint.requests(),
                bytes("sent", seen.bytes(Capability::Request, sent))
            ),
        ),
        seen.row(
            "limits",
            format!(
                "{} MiB of memory, fuel, {} s",
                grants.limits.memory >> 20,
                grants.timeout.as_secs_f64()
            ),
            &[Capability::Limit],
            |_| false,
            &seen.fuel(),
        ),
        seen.row(
            "result",
            "a token that stands in the authority's answer".into(),
            &[Capability::Result],
            |_| true,
            "",
        ),
    ];
    if let Some((cluster, reviewed)) = cluster {
        uses.push(GrantUse {
            grant: "cluster",
            granted: cluster.grant(),
            used: u64::from(reviewed.is_some()),
            detail: reviewed.map(Reviewed::summary).unwrap_or_default(),
            refused: Vec::new(),
        });
    }
    uses
}

fn bytes(done: &str, bytes: u64) -> String {
    format!("{bytes} bytes {done}")
}

struct Seen<'a>(&'a [AuditEvent]);

impl Seen<'_> {
    fn row(
        &self,
        grant: &'static str,
        granted: String,
        capabilities: &[Capability],
        counts: impl Fn(&AuditEvent) -> bool,
        detail: &str,
    ) -> GrantUse {
        let of = |event: &&AuditEvent| capabilities.contains(&event.capability);
        let allowed = |event: &&AuditEvent| event.decision == Decision::Allowed;
        let used = self.0.iter().filter(of).filter(allowed);
        let used = used.filter(|event| counts(event)).count();
        let all = self.0.iter().filter(of).filter(|event| !allowed(event));
        let mut refused: Vec<String> = all
            .clone()
            .take(MOST)
            .map(|event| format!("{} ({})", event.target, event.rule.unwrap_or("not granted")))
            .collect();
        let more = all.count().saturating_sub(MOST);
        if more > 0 {
            refused.push(format!("and {more} more"));
        }
        GrantUse {
            grant,
            granted,
            used: used as u64,
            detail: if used > 0 || grant == "limits" {
                detail.to_owned()
            } else {
                String::new()
            },
            refused,
        }
    }

    fn bytes(&self, capability: Capability, counts: impl Fn(&AuditEvent) -> bool) -> u64 {
        let of = self.0.iter().filter(|event| event.capability == capability);
        of.filter(|event| counts(event))
            .filter_map(|event| event.bytes)
            .sum()
    }

    fn fuel(&self) -> String {
        let mut limits = self.0.iter().rev();
        limits
            .find(|event| event.target == "fuel" && event.decision == Decision::Allowed)
            .and_then(|event| event.detail.clone())
            .map(|fuel| format!("fuel: {fuel}"))
            .unwrap_or_default()
    }
}
