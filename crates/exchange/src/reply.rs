//! What the authority answered.

mod fault;
mod oauth_error;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

pub use fault::{ReplyFault, Seen};
pub use oauth_error::OAuthError;
pub(crate) use oauth_error::clean;

use crate::bounds::{STRING_BYTES, cut};
use crate::json::{Node, Object, Scalar};
use crate::secret::Secret;
use crate::utc::LAST_SECOND;

/// Longest body that is read, in bytes. A token reply has 2 KiB.
pub const BODY_BYTES: usize = 1024 * 1024;
/// Longest access token in bytes: Entra's have 1 to 3 KiB, and few servers
/// take a header of more than 16 KiB.
pub const TOKEN_BYTES: usize = 64 * 1024;
/// Longest life of an access token in seconds: no authority grants more than
/// 24 hours, and twice that bears a wrong clock.
pub const LIFETIME_SECONDS: i64 = 48 * 60 * 60;

/// The only type of token (RFC 6750), as it is written in results.
pub const TOKEN_TYPE: &str = "Bearer";

/// An answer, as far as the rules look at it. The body is wiped on drop and
/// absent from `Debug`: it may hold the access token.
#[derive(Clone, Default)]
pub struct HttpReply {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `Date`.
    pub date: Option<String>,
    /// The body, at most [`BODY_BYTES`].
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for HttpReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpReply({}, {} bytes)", self.status, self.body.len())
    }
}

/// The authority's 200.
#[derive(Clone, Debug)]
pub struct TokenReply {
    /// The access token: printable ASCII without spaces.
    pub token: Secret,
    /// When it ends, Unix seconds.
    pub expires_on: i64,
    /// When the authority suggests to renew it, Unix seconds.
    pub refresh_on: Option<i64>,
}

/// Reads a 200 at `now` (Unix seconds): JSON with `access_token`,
/// `token_type` and `expires_in` or `expires_on`; `refresh_in` if it is there
/// (RFC 6749, section 5.1; MSAL for Go, `tokens.go`). Unknown fields are
/// ignored.
///
/// # Errors
/// Whatever cannot be used, with what was seen; see [`ReplyFault`].
pub fn token(reply: &HttpReply, now: i64) -> Result<TokenReply, ReplyFault> {
    let object = object(reply)?;
    let Some(token) = object
        .text("access_token")
        .filter(|token| !token.is_empty())
    else {
        return Err(ReplyFault::NoAccessToken);
    };
    if token.len() > TOKEN_BYTES {
        return Err(ReplyFault::AccessTokenSize);
    }
    let bearer = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    if !token.bytes().all(bearer) {
        return Err(ReplyFault::AccessTokenCharacter);
    }
    let token_type = object.text("token_type").unwrap_or("");
    if !token_type.eq_ignore_ascii_case(TOKEN_TYPE) {
        return Err(ReplyFault::TokenType {
            seen: cut(token_type, STRING_BYTES),
        });
    }
    let expires_in = count(&object, "expires_in")?.map(|seconds| after(now, seconds));
    let expires_on = count(&object, "expires_on")?.map(|seconds| after(0, seconds));
    let latest = now.saturating_add(LIFETIME_SECONDS);
    let usable = |time: Option<i64>, key| {
        time.filter(|time| *time <= latest)
            .ok_or(UnusableTime { key })
    };
    let Some(ends) = expires_in.or(expires_on) else {
        return Err(ReplyFault::NoExpiry);
    };
    let expires_on = usable(ends, "expires_in")?;
    let refresh_on = match count(&object, "refresh_in")? {
        Some(seconds) => Some(usable(after(now, seconds), "refresh_in")?),
        None => None,
    };
    Ok(TokenReply {
        token: Secret::new(token.into()),
        expires_on,
        refresh_on,
    })
}

fn object(reply: &HttpReply) -> Result<Object, ReplyFault> {
    if reply.body.len() > BODY_BYTES {
        return Err(ReplyFault::TooLarge);
    }
    Object::parse(&reply.body).map_err(|fault| ReplyFault::NotJson {
        fault,
        seen: Seen::of(reply),
    })
}

/// A number of seconds under a key, absent or usable.
fn count(object: &Object, key: &'static str) -> Result<Option<u64>, UnusableTime> {
    let Some(node) = object.get(key) else {
        return Ok(None);
    };
    let count = node.scalar().and_then(Scalar::count);
    count.map(Some).ok_or(UnusableTime { key })
}

/// [`ReplyFault::Time`], before it is as large as its siblings.
struct UnusableTime {
    key: &'static str,
}

impl From<UnusableTime> for ReplyFault {
    fn from(UnusableTime { key }: UnusableTime) -> Self {
        Self::Time { key }
    }
}

/// `start + seconds`, if that is a time with a four-digit year.
fn after(start: i64, seconds: u64) -> Option<i64> {
    start
        .checked_add(i64::try_from(seconds).ok()?)
        .filter(|time| *time <= LAST_SECOND)
}

/// The numbers of a list, or the one number that stands for it.
fn numbers(node: Option<&Node>) -> Vec<u32> {
    let listed = match node {
        Some(Node::Scalar(one)) => core::slice::from_ref(one),
        Some(Node::List(many)) => many,
        None => &[],
    };
    let mut numbers = Vec::new();
    for number in listed.iter().filter_map(Scalar::count) {
        if let Ok(number) = u32::try_from(number)
            && numbers.len() < OAuthError::MAX_CODES
        {
            numbers.push(number);
        }
    }
    numbers
}
