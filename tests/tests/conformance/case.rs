//! A case: what is given, and what every runtime must make of it. The cases
//! themselves are data, in `tests/conformance/cases`.

use keyhole_emulator::{Answer, Fault, Signature};
use keyhole_tests::artifacts::workspace;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// One case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// Its name, a sentence in the present.
    pub(crate) case: String,
    /// The arguments; without any it is `verify --output json`.
    #[serde(default = "verify")]
    pub(crate) command: Vec<String>,
    /// More arguments.
    #[serde(default)]
    pub(crate) flags: Vec<String>,
    /// Variables beside those of a pod, or in their place; `null` takes one away.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Option<String>>,
    /// What lies where the federated token is looked for.
    #[serde(default)]
    pub(crate) token: TokenFile,
    /// How the authority is set up.
    #[serde(default)]
    pub(crate) emulator: EmulatorSetup,
    /// What each request meets, the last one for all that follow.
    #[serde(default)]
    pub(crate) authority: Vec<Behaviour>,
    /// Where the case can be had.
    #[serde(default)]
    pub(crate) needs: Need,
    /// What is expected.
    pub(crate) expect: Expectation,
    /// The file that it stands in.
    #[serde(skip)]
    pub(crate) group: String,
}

fn verify() -> Vec<String> {
    ["verify", "--output", "json"].map(str::to_owned).into()
}

/// What a case takes of a runtime beside the program itself.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Need {
    /// Nothing.
    #[default]
    Nothing,
    /// TLS with a CA of ours.
    Tls,
    /// Plain HTTP, to loopback.
    PlainHttp,
    /// A preopen that is the token file itself.
    FileGrant,
    /// A preopen that is the folder of the token file.
    FolderGrant,
}

/// What lies at the token file's path.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenFile {
    /// Not a file of the issuer's token but this.
    #[serde(default)]
    pub(crate) instead: Option<Instead>,
    /// Claims that are set; `null` takes one away.
    #[serde(default)]
    pub(crate) claims: BTreeMap<String, Value>,
    /// Seconds by which all its times are moved.
    #[serde(default)]
    pub(crate) shift: i64,
    /// Seconds that it lives.
    #[serde(default)]
    pub(crate) lifetime: Option<u64>,
    /// Who signs.
    #[serde(default)]
    pub(crate) signed: SignedBy,
    /// Text before the token.
    #[serde(default)]
    pub(crate) before: String,
    /// Text behind the token.
    #[serde(default)]
    pub(crate) after: String,
    /// Mounted as kubelet does: a link to a link to a folder.
    #[serde(default)]
    pub(crate) projected: bool,
}

/// What is there in the place of a token.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Instead {
    /// Nothing at all.
    Missing,
    /// A folder.
    Folder,
    /// A text.
    Text(String),
    /// So many bytes in three parts, as a token has.
    Parts(usize),
    /// A link to a file outside of the folder.
    LinkOut,
}

/// Who signs a token.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SignedBy {
    #[default]
    Issuer,
    Stranger,
    UnknownKey,
    Altered,
    Nobody,
    Hmac,
}

impl SignedBy {
    pub(crate) fn signature(self) -> Signature {
        match self {
            Self::Issuer => Signature::Issuer,
            Self::Stranger => Signature::Stranger,
            Self::UnknownKey => Signature::UnknownKey,
            Self::Altered => Signature::Altered,
            Self::Nobody => Signature::None,
            Self::Hmac => Signature::Hmac,
        }
    }
}

/// How the authority is set up.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmulatorSetup {
    /// More applications that a token can be asked for.
    #[serde(default)]
    pub(crate) resources: Vec<String>,
    /// `refresh_in` of its answers, in seconds.
    #[serde(default)]
    pub(crate) refresh_in: Option<u64>,
    /// How long its access tokens live, in seconds.
    #[serde(default)]
    pub(crate) access_token_lifetime: Option<u64>,
}

/// What a request meets.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Behaviour {
    /// A preset of the emulator's.
    Preset(String),
    /// An answer.
    Answer(RawAnswer),
    /// The honest answer with a member of another JSON text, or without it.
    Member {
        /// Its name.
        member: String,
        /// The text.
        json: Option<String>,
    },
    /// An error of Entra's with another text.
    Text {
        /// The number behind `AADSTS`.
        aadsts: u32,
        /// The text.
        text: String,
    },
}

/// An answer as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawAnswer {
    status: u16,
    #[serde(default = "json_type")]
    r#type: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: String,
}

fn json_type() -> String {
    "application/json".to_owned()
}

impl Behaviour {
    /// As the emulator takes it; `fill` puts a pod's values into texts.
    pub(crate) fn fault(&self, fill: impl Fn(&str) -> String) -> Fault {
        match self {
            Self::Preset(name) => name.parse().unwrap_or_else(|error| panic!("{error}")),
            Self::Answer(raw) => {
                let answer = Answer::text(raw.status, &raw.r#type, fill(&raw.body));
                let headers = raw.headers.iter();
                Fault::Answer(headers.fold(answer, |answer, (name, value)| {
                    answer.header(name, &fill(value))
                }))
            }
            Self::Member { member, json } => Fault::Member {
                name: member.clone(),
                json: json.clone(),
            },
            Self::Text { aadsts, text } => Fault::EntraText {
                code: *aadsts,
                text: fill(text),
            },
        }
    }
}

/// What every runtime must make of a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectation {
    /// The exit code, and so the class.
    pub(crate) exit: u8,
    /// The runtime ends it, and nothing is said on standard output.
    #[serde(skip)]
    pub(crate) trap: bool,
    /// Requests that come to the authority. Without a number: none for what is
    /// wrong on this side, one for an answer that counts, and at least one for
    /// what is tried again.
    #[serde(default)]
    pub(crate) requests: Option<usize>,
    /// Fields of the JSON on standard output, by their path; a text that begins
    /// with `~` is a part of the field's, `*` is anything but nothing.
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, Value>,
    /// Parts of what is said: of the failure's message and next step, or of
    /// standard error.
    #[serde(default)]
    pub(crate) says: Vec<String>,
}

/// What a file of data holds.
pub(crate) fn of_yaml<T: DeserializeOwned>(file: &Path) -> T {
    let text = fs::read_to_string(file).unwrap_or_else(|error| {
        panic!("{}: {error}", file.display());
    });
    // By way of JSON: an enum needs no tags of YAML's then.
    let read = serde_yaml_ng::from_str(&text).map_err(|error| error.to_string());
    let read = read
        .and_then(|value: Value| serde_json::from_value(value).map_err(|error| error.to_string()));
    read.unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// All cases, in the order of the files and in them.
pub(crate) fn all() -> Vec<Case> {
    let folder = workspace().join("tests/conformance/cases");
    let entries = fs::read_dir(&folder).expect("the folder of the cases");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let group = file.file_stem().expect("a name").to_string_lossy();
        let read: Vec<Case> = of_yaml(&file);
        cases.extend(read.into_iter().map(|case| Case {
            group: group.clone().into_owned(),
            ..case
        }));
    }
    let names: BTreeSet<_> = cases.iter().map(|case| &case.case).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    cases
}
