//! A kept token as a file holds it.
//!
//! ```text
//! keyhole-token 1
//! key 3f…
//! written 1800000000
//! expires 1800003600
//! refresh -
//! token eyJ…
//! sum 9a…
//! ```
//!
//! `sum` is the SHA-256 of all that stands before it: it finds what was cut off
//! or written over, not what was forged. Who can write the file can forge it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::key::{CacheKey, hex};

/// No entry is longer, in bytes: the longest token that the host takes is
/// 64 KiB.
pub const MAX_ENTRY: usize = 66 * 1024;

/// The longest token in bytes: what the host takes of an authority.
const MAX_TOKEN: usize = 64 * 1024;

const VERSION: &str = "keyhole-token 1";

/// An access token with its times, all of them in Unix seconds. The token is
/// wiped on drop and does not show in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The access token.
    pub token: Zeroizing<String>,
    /// When it was kept.
    pub written_on: i64,
    /// When it ends.
    pub expires_on: i64,
    /// When the authority suggests to renew it.
    pub refresh_on: Option<i64>,
}

/// Why a file holds no entry that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryFault {
    /// It is cut off, written over, or was never an entry.
    Damaged,
    /// Another version of Keyhole wrote it.
    Version,
    /// It is another owner's, under this one's name.
    OtherKey,
}

impl fmt::Display for EntryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damaged => "it is damaged or cut off",
            Self::Version => "another version of keyhole wrote it",
            Self::OtherKey => "it belongs to another identity",
        })
    }
}

impl Entry {
    /// The file's content.
    #[must_use]
    pub fn encode(&self, key: &CacheKey) -> Zeroizing<Vec<u8>> {
        let head = format!(
            "{VERSION}\nkey {}\nwritten {}\nexpires {}\nrefresh {}\ntoken ",
            key.to_hex(),
            self.written_on,
            self.expires_on,
            match self.refresh_on {
                Some(when) => format!("{when}"),
                None => String::from("-"),
            },
        );
        // Room for all of it at once: a buffer that grows leaves copies behind.
        let mut out = Zeroizing::new(Vec::with_capacity(head.len() + self.token.len() + 72));
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(self.token.as_bytes());
        out.extend_from_slice(b"\n");
        let sum = hex(&Sha256::digest(&out[..]));
        out.extend_from_slice(b"sum ");
        out.extend_from_slice(sum.as_bytes());
        out.extend_from_slice(b"\n");
        out
    }

    /// Reads a file's content.
    ///
    /// # Errors
    /// [`EntryFault`].
    pub fn decode(content: &[u8], key: &CacheKey) -> Result<Self, EntryFault> {
        let text = core::str::from_utf8(content).map_err(|_| EntryFault::Damaged)?;
        let (version, _) = text.split_once('\n').ok_or(EntryFault::Damaged)?;
        if version != VERSION {
            return Err(match version.strip_prefix("keyhole-token ") {
                Some(_) => EntryFault::Version,
                None => EntryFault::Damaged,
            });
        }
        let (owner, entry) = Self::fields(text).ok_or(EntryFault::Damaged)?;
        match owner == key.to_hex() {
            true => Ok(entry),
            false => Err(EntryFault::OtherKey),
        }
    }

    fn fields(text: &str) -> Option<(&str, Self)> {
        let at = text.rfind("\nsum ")? + 1;
        let (summed, sum) = text.split_at(at);
        let sum = sum.strip_prefix("sum ")?.strip_suffix('\n')?;
        if sum != hex(&Sha256::digest(summed.as_bytes())) {
            return None;
        }
        let mut lines = summed.strip_suffix('\n')?.split('\n').skip(1);
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let owner = field("key")?;
        let written_on = field("written")?.parse().ok()?;
        let expires_on = field("expires")?.parse().ok()?;
        let refresh_on = match field("refresh")? {
            "-" => None,
            when => Some(when.parse().ok()?),
        };
        let token = field("token")?;
        let is_token = (1..=MAX_TOKEN).contains(&token.len())
            && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_token || lines.next().is_some() {
            return None;
        }
        let entry = Self {
            token: Zeroizing::new(String::from(token)),
            written_on,
            expires_on,
            refresh_on,
        };
        Some((owner, entry))
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("token", &"[redacted]")
            .field("written_on", &self.written_on)
            .field("expires_on", &self.expires_on)
            .field("refresh_on", &self.refresh_on)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Owner;
    use proptest::prelude::*;

    fn key(tenant: &str) -> CacheKey {
        CacheKey::of(&Owner {
            authority: "a",
            asked: "",
            tenant,
            client_id: "c",
            scope: "s",
            issuer: "i",
            audiences: &[],
            subject: "s",
        })
    }

    fn entry() -> Entry {
        Entry {
            token: Zeroizing::new(String::from("eyJhbGciOiJSUzI1NiJ9.e30.c2ln")),
            written_on: 1_800_000_000,
            expires_on: 1_800_003_600,
            refresh_on: None,
        }
    }

    #[test]
    fn every_file_that_is_cut_off_or_changed_in_one_byte_is_found() {
        let whole = entry().encode(&key("t"));
        assert_eq!(Entry::decode(&whole, &key("t")), Ok(entry()));
        for length in 0..whole.len() {
            assert!(
                Entry::decode(&whole[..length], &key("t")).is_err(),
                "{length}"
            );
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(Entry::decode(&changed, &key("t")).is_err(), "{at}");
        }
        let mut longer = whole.clone();
        longer.extend_from_slice(b"\n");
        assert_eq!(Entry::decode(&longer, &key("t")), Err(EntryFault::Damaged));
    }

    #[test]
    fn an_entry_is_its_owner_s_alone() {
        let content = entry().encode(&key("t"));
        assert_eq!(
            Entry::decode(&content, &key("u")),
            Err(EntryFault::OtherKey)
        );
    }

    #[test]
    fn another_version_is_told_from_damage() {
        for (content, fault) in [
            (&b"keyhole-token 2\nwhatever"[..], EntryFault::Version),
            (b"", EntryFault::Damaged),
            (b"{}", EntryFault::Damaged),
            (b"keyhole-token 1\n", EntryFault::Damaged),
            (b"keyhole-token 1\nsum \n", EntryFault::Damaged),
            (b"\xff\xfe", EntryFault::Damaged),
        ] {
            assert_eq!(Entry::decode(content, &key("t")), Err(fault), "{content:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            token in "[!-~]{1,200}",
            written_on: i64,
            expires_on: i64,
            refresh_on: Option<i64>,
        ) {
            let entry = Entry { token: Zeroizing::new(token), written_on, expires_on, refresh_on };
            let content = entry.encode(&key("t"));
            prop_assert!(content.len() <= MAX_ENTRY);
            prop_assert_eq!(Entry::decode(&content, &key("t")), Ok(entry));
        }

        #[test]
        fn nothing_makes_it_panic(content: Vec<u8>) {
            prop_assert!(Entry::decode(&content, &key("t")).is_err());
        }
    }
}
