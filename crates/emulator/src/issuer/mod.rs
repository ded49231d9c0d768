//! A token issuer as a cluster's API server is one: it signs service account
//! tokens with RS256 and publishes its key.

mod claims;
pub(crate) mod documents;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) use claims::unix_now;
pub use claims::{Claims, Signature};

use crate::jwt;
use crate::keys::{KeyError, KeyOwner, SigningKey};

/// An issuer, of a cluster's tokens or of access tokens: [`mint`](Self::mint) makes tokens of any content,
/// honest or not.
pub struct Issuer {
    url: String,
    key: Arc<SigningKey>,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Issuer {
    pub(crate) fn new(url: String, owner: KeyOwner) -> Result<Self, KeyError> {
        Ok(Self {
            url,
            key: SigningKey::of(owner)?,
        })
    }

    /// The issuer's URL, `iss` of its tokens.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// A token with these claims and this signature, in compact form.
    ///
    /// # Panics
    /// If the key of [`Signature::Stranger`] cannot be made, which takes
    /// nothing but random bytes.
    pub fn mint(&self, claims: &Claims) -> String {
        let algorithm = match claims.signature {
            Signature::None => "none",
            Signature::Hmac => "HS256",
            _ => "RS256",
        };
        let header = json!({ "alg": algorithm, "kid": self.key.id(), "typ": "JWT" });
        let payload = Value::Object(claims.members.clone());
        match claims.signature {
            Signature::Issuer => jwt::signed(&header, &payload, &self.key),
            Signature::Stranger => {
                let stranger = SigningKey::of(KeyOwner::Stranger).expect("a key can be made");
                jwt::signed(&header, &payload, &stranger)
            }
            Signature::UnknownKey => {
                let stranger = SigningKey::of(KeyOwner::Stranger).expect("a key can be made");
                let header = json!({ "alg": "RS256", "kid": stranger.id(), "typ": "JWT" });
                jwt::signed(&header, &payload, &stranger)
            }
            Signature::Altered => {
                let input = jwt::signing_input(&header, &payload);
                let mut signature = self.key.sign(input.as_bytes());
                signature[0] ^= 1;
                jwt::with_signature(&input, &signature)
            }
            Signature::None => jwt::with_signature(&jwt::signing_input(&header, &payload), &[]),
            Signature::Hmac => {
                // The classic confusion: the public key as the HMAC's secret.
                let input = jwt::signing_input(&header, &payload);
                let public = URL_SAFE_NO_PAD.encode(self.key.jwks().to_string());
                let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public.as_bytes());
                let tag = ring::hmac::sign(&secret, input.as_bytes());
                jwt::with_signature(&input, tag.as_ref())
            }
        }
    }
}
