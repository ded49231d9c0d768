//! Whose a kept token is.

use alloc::string::String;

use sha2::{Digest as _, Sha256};

/// Who a token was given to, and for what. All of it decides: a token file of
/// another identity never gets another's token.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The authority's URL.
    pub authority: &'a str,
    /// What is really asked, and which roots prove it: another place than the
    /// authority may answer in its name.
    pub asked: &'a str,
    /// The tenant.
    pub tenant: &'a str,
    /// The client id.
    pub client_id: &'a str,
    /// The scope.
    pub scope: &'a str,
    /// `iss` of the federated token.
    pub issuer: &'a str,
    /// `sub` of the federated token.
    pub subject: &'a str,
    /// `aud` of the federated token.
    pub audiences: &'a [String],
}

/// The SHA-256 of an [`Owner`]: the name that its token is kept under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey([u8; 32]);

/// Changes when what is hashed does.
const VERSION: &str = "keyhole-cache-key 2";

impl CacheKey {
    /// The key of an owner. Each field is hashed behind its length, so that no
    /// two owners are the same text.
    #[must_use]
    pub fn of(owner: &Owner<'_>) -> Self {
        let mut hash = Sha256::new();
        for field in [
            VERSION,
            owner.authority,
            owner.asked,
            owner.tenant,
            owner.client_id,
            owner.scope,
            owner.issuer,
            owner.subject,
        ]
        .into_iter()
        .chain(owner.audiences.iter().map(String::as_str))
        {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field.as_bytes());
        }
        Self(hash.finalize().into())
    }

    /// In lower-case hexadecimal digits, 64 of them.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }
}

/// Bytes in lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const OWNER: Owner<'static> = Owner {
        authority: "https://login.microsoftonline.com/",
        asked: "https://login.microsoftonline.com/t/oauth2/v2.0/token",
        tenant: "t",
        client_id: "c",
        scope: "s",
        issuer: "https://issuer/",
        subject: "system:serviceaccount:shop:cart",
        audiences: &[],
    };

    #[test]
    fn every_field_decides() {
        let changed = [
            OWNER,
            Owner {
                authority: "https://login.microsoftonline.us/",
                ..OWNER
            },
            Owner {
                asked: "https://proxy.example/t/oauth2/v2.0/token",
                ..OWNER
            },
            Owner {
                audiences: &[String::new()],
                ..OWNER
            },
            Owner {
                tenant: "u",
                ..OWNER
            },
            Owner {
                client_id: "d",
                ..OWNER
            },
            Owner {
                scope: "r",
                ..OWNER
            },
            Owner {
                issuer: "https://issuer",
                ..OWNER
            },
            Owner {
                subject: "system:serviceaccount:shop:till",
                ..OWNER
            },
            // The same text, cut elsewhere.
            Owner {
                tenant: "tc",
                client_id: "",
                ..OWNER
            },
            Owner {
                tenant: "",
                client_id: "tc",
                ..OWNER
            },
        ];
        let mut keys: Vec<_> = changed
            .iter()
            .map(|owner| CacheKey::of(owner).to_hex())
            .collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), changed.len());
    }

    #[test]
    fn a_key_is_a_file_s_name_and_stays_the_same() {
        let name = CacheKey::of(&OWNER).to_hex();
        assert_eq!(name.len(), 64);
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        );
        assert_eq!(name, CacheKey::of(&OWNER.clone()).to_hex());
    }
}
