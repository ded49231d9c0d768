//! A run as JSON.

use alloc::string::String;
use core::fmt::Write as _;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::escape::is_deceptive;
use crate::{
    Check, ExitClass, Fact, Failure, Finding, GrantUse, Outcome, Run, Section, Snippet, Step,
    TokenSummary, Utc, Value,
};

/// The number of the document's form; it changes when a field changes its
/// meaning or goes away, not when one is added.
const FORM: u32 = 1;

impl Run {
    /// The run as one JSON document, indented, with a line feed at its end.
    ///
    /// Fields: `form`, `command`, `version`, `at`, `ok`, `exit_code`, `steps`,
    /// one object per section under its key, `diagnosis`, `uses`, `notes`, and `token` or
    /// `failure`. Control and bidirectional characters appear only as `\u`
    /// escapes, so that the document is also safe to look at.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[expect(
            clippy::expect_used,
            reason = "maps with string keys, strings, integers and booleans always serialise"
        )]
        let document = serde_json::to_string_pretty(self).expect("a run is plain data");
        let mut out = json_for_display(&document);
        out.push('\n');
        out
    }
}

/// JSON text with control and bidirectional characters as `\u` escapes: the
/// same document, safe to look at on a terminal. Line feeds stay, which are
/// white space between tokens.
#[must_use]
pub fn json_for_display(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if is_deceptive(c) && c != '\n' {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

impl Serialize for Run {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let class = self.exit_class();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("form", &FORM)?;
        map.serialize_entry("command", &self.command)?;
        map.serialize_entry("version", &self.version)?;
        map.serialize_entry("at", &TimeText(self.at))?;
        map.serialize_entry("ok", &(class == ExitClass::Done))?;
        map.serialize_entry("exit_code", &class.code())?;
        if !self.steps.is_empty() {
            map.serialize_entry("steps", &self.steps)?;
        }
        for section in &self.sections {
            map.serialize_entry(section.key, section)?;
        }
        if !self.findings.is_empty() {
            map.serialize_entry("diagnosis", &self.findings)?;
        }
        if !self.uses.is_empty() {
            map.serialize_entry("uses", &self.uses)?;
        }
        map.serialize_entry("notes", &self.notes)?;
        match &self.outcome {
            Outcome::Token(token) => {
                map.serialize_entry("token", &TokenAt(token, self.at))?;
            }
            Outcome::Shown => {}
            Outcome::Failed(failure) => map.serialize_entry("failure", failure)?,
        }
        map.end()
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("state", self.state.name())?;
        map.serialize_entry("detail", &self.detail)?;
        if let Some(at_us) = self.at_us {
            map.serialize_entry("at_us", &at_us)?;
        }
        if let Some(us) = self.us {
            map.serialize_entry("us", &us)?;
        }
        map.end()
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("title", self.title)?;
        map.serialize_entry("state", self.state.name())?;
        map.serialize_entry("said", &self.said)?;
        map.serialize_entry("facts", &Facts(&self.facts))?;
        map.serialize_entry("fix", &self.fix)?;
        map.serialize_entry::<_, [Snippet]>("snippets", &self.snippets)?;
        map.end()
    }
}

impl Serialize for Snippet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("label", self.label)?;
        map.serialize_entry("text", &self.text)?;
        map.end()
    }
}

impl Serialize for GrantUse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("grant", self.grant)?;
        map.serialize_entry("granted", &self.granted)?;
        map.serialize_entry("used", &self.used)?;
        map.serialize_entry("detail", &self.detail)?;
        map.serialize_entry("refused", &self.refused)?;
        map.end()
    }
}

impl Serialize for Section {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Facts(&self.facts).serialize(serializer)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Time(time) => TimeText(*time).serialize(serializer),
            Self::List(list) => list.serialize(serializer),
        }
    }
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("class", self.class.name())?;
        map.serialize_entry("message", &self.message)?;
        map.serialize_entry("next_step", &self.next_step)?;
        map.serialize_entry("details", &Facts(&self.details))?;
        map.serialize_entry::<_, [Check]>("checks", &self.checks)?;
        map.end()
    }
}

struct Facts<'a>(&'a [Fact]);

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for fact in self.0 {
            map.serialize_entry(&fact.label.replace(' ', "_"), &fact.value)?;
        }
        map.end()
    }
}

struct TimeText(i64);

impl Serialize for TimeText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Utc(self.0))
    }
}

struct TokenAt<'a>(&'a TokenSummary, i64);

impl Serialize for TokenAt<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(token, now) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("prefix", &token.prefix)?;
        map.serialize_entry("length", &token.length)?;
        map.serialize_entry("type", &token.token_type)?;
        map.serialize_entry("scope", &token.scope)?;
        map.serialize_entry("expires_on", &TimeText(token.expires_on))?;
        map.serialize_entry("expires_in_s", &token.expires_on.saturating_sub(*now))?;
        map.serialize_entry("refresh_on", &token.refresh_on.map(TimeText))?;
        map.serialize_entry("requests", &token.requests)?;
        map.end()
    }
}
