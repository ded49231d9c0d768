//! The parts of a composition: the components with code of their own inside a
//! component, each with its digest, and which of them this program knows.
//!
//! How parts are joined is not read. So a whole is believed if it is byte for byte
//! one that this program knows. Of any other, what is said of a part is said of its
//! bytes alone: a copy of the exchange may lie in it unused, beside one that is not
//! ours.

use std::collections::BTreeSet;
use std::ops::Range;

use keyhole_host::Digest;
use keyhole_report::{Fact, Section, Value};
use wasmparser::{Parser, Payload};

/// What the exchange exports, in any version.
const TOKEN_PROVIDER: &str = "keyhole:identity/token-provider@";

/// A component that this program knows by its bytes.
#[derive(Debug)]
pub(crate) struct Known {
    /// SHA-256 in hexadecimal digits.
    pub(crate) digest: String,
    /// What it is.
    pub(crate) is: &'static str,
}

impl Known {
    /// The one of these bytes.
    pub(crate) fn of(bytes: &[u8], is: &'static str) -> Self {
        let digest = hex(bytes);
        Self { digest, is }
    }
}

/// What lies in a component of this program's, each under this name.
pub(crate) fn known(component: &[u8], is: &'static str) -> Vec<Known> {
    let parts = parts(component).unwrap_or_default().into_iter();
    parts
        .filter(|part| !part.is_whole())
        .map(|part| Known::of(&component[part.range], is))
        .collect()
}

/// A component in the bytes of another, or the whole.
#[derive(Debug)]
struct Part {
    /// `2.1` for the first part of the second; empty for the whole.
    number: String,
    range: Range<usize>,
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
    /// Whether a core module is in it or in one of its parts.
    has_code: bool,
    /// Whether a core module is in it itself.
    has_own_code: bool,
    /// How many parts it has so far.
    parts: usize,
}

/// What there is to say of a component's parts: a section, if it has any, and
/// notes on what is not ours. `guarded` is the program in it, if all else in it is
/// proved to be guards of this program's.
pub(crate) fn of(
    component: &[u8],
    known: &[Known],
    guarded: Option<&[u8]>,
) -> (Option<Section>, Vec<String>) {
    let Ok(parts) = parts(component) else {
        // It has just been compiled, so this is a bug of one of two readers.
        let note = "the parts of this component cannot be read";
        return (None, vec![note.to_owned()]);
    };
    let mut facts = Vec::new();
    let mut notes = Vec::new();
    let is_composed = parts.len() > 1;
    let program_is_known = guarded.is_some_and(|program| {
        let digest = hex(program);
        known.iter().any(|known| known.digest == digest)
    });
    // Numbers of what is known; what lies in it is known with it.
    let mut believed_parts: Vec<String> = Vec::new();
    for part in &parts {
        let digest = hex(&component[part.range.clone()]);
        let found = known.iter().find(|known| known.digest == digest);
        let of_the_guards = guarded.is_some_and(|program| match part.is_whole() {
            true => program_is_known,
            false => part.is_direct() && component.get(part.range.clone()) != Some(program),
        });
        if found.is_some() || of_the_guards {
            believed_parts.push(part.number.clone());
        }
        let is_believed = believed_parts.iter().any(|known| part.is_in(known));
        let is_exchange = part
            .exports
            .iter()
            .any(|name| name.starts_with(TOKEN_PROVIDER));
        let in_what_is_believed = believed_parts.iter().any(String::is_empty);
        let is = match found {
            Some(known) if in_what_is_believed => Some(known.is.to_owned()),
            Some(known) => Some(format!("{}; whether it is used is not checked", known.is)),
            None if is_exchange && !is_believed => {
                Some("an exchange component, not the one of this keyhole".to_owned())
            }
            None => None,
        };
        if !is_believed && is_exchange {
            notes.push(foreign_exchange(part, &digest));
        } else if !is_believed && is_composed && part.has_own_code {
            notes.push(foreign_code(part));
        }
        let mut fact = |label: &str, value: Value| {
            let label = format!("{} {label}", part.number);
            facts.push(Fact::new(label.trim_start(), value));
        };
        if let Some(is) = is {
            fact("is", is.into());
        }
        if !part.is_whole() {
            fact("sha256", digest.into());
            fact("size", Value::Number(part.range.len() as u64));
            fact("imports", Value::List(list(&part.imports)));
            fact("exports", Value::List(list(&part.exports)));
        }
    }
    let section = (!facts.is_empty()).then_some(Section {
        key: "parts",
        title: "Parts",
        facts,
    });
    (section, notes)
}

fn foreign_exchange(part: &Part, digest: &str) -> String {
    format!(
        "{} exports token-provider, so it is what meets the federated token, and it is not the \
         exchange component of this keyhole: its digest is sha256:{digest}. Do not run it unless \
         you know who made it",
        part.name()
    )
}

/// A note on code that this program does not know. What it imports and exports proves
/// nothing: names of parts are free, and what is passed between parts is not read.
fn foreign_code(part: &Part) -> String {
    format!(
        "{} is not of this keyhole: it may meet the federated token, or say where it goes. Do \
         not run it unless you know who made it",
        part.name()
    )
}

/// The whole and its parts, in the order of their bytes.
fn parts(component: &[u8]) -> wasmparser::Result<Vec<Part>> {
    let mut found = vec![Part::new(String::new(), 0..component.len())];
    // Indices of what is being read; nothing for a core module.
    let mut open = vec![Some(0)];
    for payload in Parser::new(0).parse_all(component) {
        let current = open.last().copied().flatten();
        match payload? {
            Payload::ComponentSection {
                unchecked_range, ..
            } => {
                let number = current.map_or_else(String::new, |index| found[index].next());
                open.push(Some(found.len()));
                found.push(Part::new(number, unchecked_range));
            }
            Payload::ModuleSection { .. } => {
                for index in open.iter().copied().flatten() {
                    found[index].has_code = true;
                }
                if let Some(index) = current {
                    found[index].has_own_code = true;
                }
                open.push(None);
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    let name = import?.name.name.to_owned();
                    current.map(|index| found[index].imports.insert(name));
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    let name = export?.name.name.to_owned();
                    current.map(|index| found[index].exports.insert(name));
                }
            }
            Payload::End(_) => {
                open.pop();
            }
            _ => {}
        }
    }
    // The encoder makes components without code for types of exports.
    found.retain(|part| part.has_code);
    Ok(found)
}

impl Part {
    fn new(number: String, range: Range<usize>) -> Self {
        Self {
            number,
            range,
            imports: BTreeSet::new(),
            exports: BTreeSet::new(),
            has_code: false,
            has_own_code: false,
            parts: 0,
        }
    }

    fn is_whole(&self) -> bool {
        self.number.is_empty()
    }

    fn is_direct(&self) -> bool {
        !self.is_whole() && !self.number.contains('.')
    }

    /// Whether it is the one of this number or lies in it.
    fn is_in(&self, number: &str) -> bool {
        let behind = self.number.strip_prefix(number);
        number.is_empty() || behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    fn name(&self) -> String {
        match self.number.as_str() {
            "" => "this component".to_owned(),
            number => format!("part {number}"),
        }
    }

    /// The number of its next part.
    fn next(&mut self) -> String {
        self.parts += 1;
        match self.number.as_str() {
            "" => self.parts.to_string(),
            number => format!("{number}.{}", self.parts),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digest = Digest::of(bytes).to_string();
    digest.trim_start_matches("sha256:").to_owned()
}

fn list(names: &BTreeSet<String>) -> Vec<String> {
    names.iter().cloned().collect()
}
