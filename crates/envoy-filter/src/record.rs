//! What the exchange leaves for the workers in Envoy's shared data: the token
//! with its end, and beside it a few words on how the exchange fares.

use alloc::format;
use alloc::string::String;

use zeroize::Zeroizing;

/// The key of [`Token`].
pub const TOKEN_KEY: &str = "keyhole.token";
/// The key of [`State`].
pub const STATE_KEY: &str = "keyhole.state";

/// An access token and its end.
pub struct Token {
    /// When it ends, Unix seconds.
    pub expires_on: i64,
    /// The value of the header: `Bearer` and the token.
    pub bearer: Zeroizing<String>,
}

impl Token {
    /// As it is shared.
    #[must_use]
    pub fn write(expires_on: i64, token: &str) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(token.len() + 40));
        text.push_str(&format!("{expires_on} Bearer {token}"));
        text
    }

    /// As it was shared; `None` if it is not of that form.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(bytes).ok()?;
        let (expires_on, bearer) = text.split_once(' ')?;
        let token = bearer.strip_prefix("Bearer ")?;
        // Whoever has the VM id can write here, so it is looked at again.
        let usable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        usable.then_some(Self {
            expires_on: expires_on.parse().ok()?,
            bearer: Zeroizing::new(bearer.into()),
        })
    }
}

/// How the exchange fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Which token is shared now: another number, another token; 0 is none.
    pub serial: u64,
    /// When the exchange was last seen at work, Unix seconds.
    pub heartbeat: i64,
    /// When it asks again after a failure, Unix seconds; 0 if nothing failed.
    pub next_try: i64,
    /// What failed, in a word or two; never a secret.
    pub failure: String,
}

impl State {
    /// As it is shared.
    #[must_use]
    pub fn write(&self) -> String {
        format!(
            "{} {} {} {}",
            self.serial, self.heartbeat, self.next_try, self.failure
        )
    }

    /// As it was shared; `None` if it is not of that form.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(bytes).ok()?;
        let mut parts = text.splitn(4, ' ');
        Some(Self {
            serial: parts.next()?.parse().ok()?,
            heartbeat: parts.next()?.parse().ok()?,
            next_try: parts.next()?.parse().ok()?,
            failure: parts.next()?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_read_back() {
        let token = Token::read(Token::write(1_800_000_000, "a.b.c").as_bytes()).unwrap();
        assert_eq!(token.expires_on, 1_800_000_000);
        assert_eq!(*token.bearer, "Bearer a.b.c");
        for state in [
            State::default(),
            State {
                serial: 7,
                heartbeat: -1,
                next_try: 9,
                failure: "refused, AADSTS700213".into(),
            },
        ] {
            assert_eq!(State::read(state.write().as_bytes()), Some(state));
        }
    }

    #[test]
    fn a_token_that_is_no_header_value_is_not_taken() {
        for odd in [
            "",
            "1",
            "1 Bearer ",
            "x Bearer a",
            "1 Basic a",
            "1 Bearer a\r\nb: c",
            "1 Bearer a b",
        ] {
            assert!(Token::read(odd.as_bytes()).is_none(), "{odd:?}");
        }
    }
}
