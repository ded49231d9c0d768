//! Patterns of paths.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A pattern: segments that are met literally, `*` for any one segment, and
/// `**` at the end for any rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    segments: Vec<String>,
    /// Whether anything may follow.
    open: bool,
}

impl Pattern {
    /// Reads one, or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if !text.starts_with('/') {
            return Err("it does not begin with /");
        }
        if !is_plain(text) {
            return Err("it has an empty, . or .. segment, an escape or a query");
        }
        let (text, open) = match text.strip_suffix("/**") {
            Some(head) => (head, true),
            None => (text, false),
        };
        let segments: Vec<String> = segments(text).map(ToString::to_string).collect();
        if segments
            .iter()
            .any(|segment| segment != "*" && segment.contains('*'))
        {
            return Err("* stands for a whole segment, ** for the rest at the end");
        }
        Ok(Self { segments, open })
    }

    /// As it is written.
    pub(crate) fn text(&self) -> String {
        let mut text: String = self.segments.iter().flat_map(|part| ["/", part]).collect();
        if self.open {
            text.push_str("/**");
        } else if text.is_empty() {
            text.push('/');
        }
        text
    }

    /// Whether a segment stands in it literally.
    pub(crate) fn names(&self, segment: &str) -> bool {
        self.segments.iter().any(|known| known == segment)
    }

    /// Whether a plain path is one of these.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut rest = segments(path);
        let met = self.segments.iter().all(|pattern| {
            rest.next()
                .is_some_and(|segment| pattern == "*" || pattern == segment)
        });
        met && (self.open || rest.next().is_none())
    }
}

/// Whether everybody reads a path alike: the proxy that judges it and the server
/// that acts on it. Not so with empty or dot segments, escapes of any kind,
/// backslashes and what is no visible ASCII. One `/` at the end is fine.
pub(crate) fn is_plain(path: &str) -> bool {
    let visible = path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'\\' | b'?' | b'#' | b';'));
    let Some(inner) = path.strip_prefix('/') else {
        return false;
    };
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let is_root = path == "/";
    visible
        && (is_root
            || inner
                .split('/')
                .all(|part| !matches!(part, "" | "." | "..")))
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_segments() {
        for (pattern, path, matches) in [
            ("/version", "/version", true),
            ("/version", "/version/", true),
            ("/version", "/versions", false),
            (
                "/api/v1/namespaces/*/pods",
                "/api/v1/namespaces/a/pods",
                true,
            ),
            (
                "/api/v1/namespaces/*/pods",
                "/api/v1/namespaces/a/b/pods",
                false,
            ),
            (
                "/api/v1/namespaces/*/pods",
                "/api/v1/namespaces/a/pods/x",
                false,
            ),
            ("/api/v1/**", "/api/v1", true),
            ("/api/v1/**", "/api/v1/nodes/n", true),
            ("/api/v1/**", "/api/v10/nodes", false),
            ("/**", "/", true),
            ("/**", "/anything", true),
            ("/", "/", true),
            ("/", "/api", false),
        ] {
            let read = Pattern::parse(pattern).expect(pattern);
            assert_eq!(read.matches(path), matches, "{pattern} {path}");
            assert_eq!(read.text(), pattern);
        }
    }

    #[test]
    fn patterns_that_say_nothing_clear_are_refused() {
        for pattern in [
            "", "api", "/a//b", "/a/../b", "/a%2f", "/a*", "/**/b", "/a?b", "/***",
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn paths_that_two_readers_may_read_in_two_ways_are_not_plain() {
        for path in [
            "/",
            "/a",
            "/a/",
            "/api/v1/namespaces/kube-system/pods/a.b:c@d",
        ] {
            assert!(is_plain(path), "{path}");
        }
        for path in [
            "",
            "a",
            "//",
            "//a",
            "/a//b",
            "/./a",
            "/a/..",
            "/a/../b",
            "/%2e%2e/a",
            "/a%2Fb",
            "/a\\b",
            "/a;b",
            "/a b",
            "/ä",
            "/a\u{0}",
            "/a?b",
            "/a#b",
            "/a//",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
