//! Certificates as a person compares them.

use keyhole_host::PeerChain;
use keyhole_report::{Fact, Utc};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

/// More certificates than this are not shown.
const MOST: usize = 8;

/// Each certificate of a chain, and the root that it leads to.
pub(super) fn facts(chain: &PeerChain) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut root = None;
    for (index, der) in chain.certificates.iter().take(MOST).enumerate() {
        let label = format!("certificate {}", index + 1);
        let Ok(certificate) = Certificate::from_der(der) else {
            facts.push(Fact::new(label, "cannot be read"));
            continue;
        };
        let certificate = certificate.tbs_certificate();
        let issuer = certificate.issuer();
        let named = issuer.to_der().is_ok_and(|name| chain.has_root(&name));
        if named && root.is_none() {
            root = Some(issuer.to_string());
        }
        let ends = certificate.validity().not_after.to_unix_duration();
        let ends = i64::try_from(ends.as_secs()).unwrap_or(i64::MAX);
        facts.push(Fact::new(
            label,
            format!(
                "{}, issued by {}, until {}",
                named_or_none(&certificate.subject().to_string()),
                named_or_none(&issuer.to_string()),
                Utc(ends)
            ),
        ));
    }
    facts.push(match root {
        Some(root) => Fact::new("root", root),
        None => Fact::new(
            "root",
            "none of the trusted ones bears the name of an issuer",
        ),
    });
    facts
}

fn named_or_none(name: &str) -> &str {
    if name.is_empty() { "no name" } else { name }
}
