//! RSA keys for RS256 (RFC 7518, section 3.3): made by the crate `rsa`, used
//! by `ring`, which cannot make them.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use serde_json::{Value, json};

/// The size Kubernetes and Entra use for their signing keys.
const MODULUS_BITS: usize = 2_048;

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
#[error("no RSA key could be made: {0}")]
pub(crate) struct KeyError(String);

/// Whose key it is. Every emulator of a process uses the same three, because
/// making one takes a good part of a second.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyOwner {
    /// The token issuer of the cluster.
    Issuer,
    /// The authority, for access tokens.
    Authority,
    /// Nobody anyone trusts.
    Stranger,
}

/// A private key with what others need to check its signatures.
pub(crate) struct SigningKey {
    pair: KeyPair,
    modulus: Box<[u8]>,
    exponent: Box<[u8]>,
    id: String,
}

impl SigningKey {
    /// The key of an owner, made at first use.
    pub(crate) fn of(owner: KeyOwner) -> Result<Arc<Self>, KeyError> {
        static KEYS: [Mutex<Option<Arc<SigningKey>>>; 3] = [const { Mutex::new(None) }; 3];
        let mut slot = KEYS[owner as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*slot {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(Self::generate()?);
        *slot = Some(Arc::clone(&key));
        Ok(key)
    }

    fn generate() -> Result<Self, KeyError> {
        let key = rsa::PrivateKey::new(&mut getrandom::SysRng, MODULUS_BITS)
            .map_err(|e| KeyError(e.to_string()))?;
        let [p, q] = key.primes() else {
            return Err(KeyError("it has not two primes".to_owned()));
        };
        let (Some(dp), Some(dq), Some(qinv)) = (key.dp(), key.dq(), key.qinv()) else {
            return Err(KeyError("its CRT values are missing".to_owned()));
        };
        let (modulus, exponent) = (key.n_bytes(), key.e_bytes());
        let pair = KeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents {
                n: &modulus,
                e: &exponent,
            },
            d: key.d().to_be_bytes_trimmed_vartime(),
            p: p.to_be_bytes_trimmed_vartime(),
            q: q.to_be_bytes_trimmed_vartime(),
            dP: dp.to_be_bytes_trimmed_vartime(),
            dQ: dq.to_be_bytes_trimmed_vartime(),
            qInv: qinv.retrieve().to_be_bytes_trimmed_vartime(),
        })
        .map_err(|e| KeyError(e.to_string()))?;
        let id = URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, &modulus));
        Ok(Self {
            pair,
            modulus,
            exponent,
            id,
        })
    }

    /// The key's name in `kid` and in the JWKS.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The RS256 signature of a message.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &ring::rand::SystemRandom::new(),
                message,
                &mut signature,
            )
            .expect("a checked key signs any message into a buffer of its size");
        signature
    }

    /// Whether it is this key's RS256 signature of the message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        PublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        }
        .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
        .is_ok()
    }

    /// The public half as a JSON web key set of one (RFC 7517).
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": [{
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.id,
            "n": URL_SAFE_NO_PAD.encode(&self.modulus),
            "e": URL_SAFE_NO_PAD.encode(&self.exponent),
        }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_message_and_its_key_alone() {
        let issuer = SigningKey::of(KeyOwner::Issuer).unwrap();
        let stranger = SigningKey::of(KeyOwner::Stranger).unwrap();
        let signature = issuer.sign(b"message");
        assert!(issuer.verifies(b"message", &signature));
        assert!(!issuer.verifies(b"messagE", &signature));
        assert!(!stranger.verifies(b"message", &signature));
        assert_ne!(issuer.id(), stranger.id());
    }
}
