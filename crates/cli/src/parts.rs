//! The parts of a composition: the components with code of their own inside a
//! component, each with its digest, and whether the exchange among them is the
//! one of this program.
//!
//! What is shown is which parts there are, not how they are joined: whoever wants
//! to know that compares the digest of the whole.

use std::collections::BTreeSet;
use std::ops::Range;

use keyhole_host::Digest;
use keyhole_report::{Fact, Section, Value};
use wasmparser::{Parser, Payload};

/// What the exchange exports, in any version.
const TOKEN_PROVIDER: &str = "keyhole:identity/token-provider@";

/// A component in the bytes of another, or the whole.
#[derive(Debug)]
struct Part {
    /// `2.1` for the first part of the second; empty for the whole.
    number: String,
    range: Range<usize>,
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
    /// Whether a core module is in it.
    has_code: bool,
    /// How many parts it has so far.
    parts: usize,
}

/// What there is to say of a component's parts: a section, if it has any, and
/// notes on an exchange that is not ours. `exchange` is the digest of the one of
/// this program, in hexadecimal digits.
pub(crate) fn of(component: &[u8], exchange: Option<&str>) -> (Option<Section>, Vec<String>) {
    let Ok(parts) = parts(component) else {
        // It has just been compiled, so this is a bug of one of two readers.
        let note = "the parts of this component cannot be read";
        return (None, vec![note.to_owned()]);
    };
    let mut facts = Vec::new();
    let mut notes = Vec::new();
    for part in &parts {
        let digest = hex(&component[part.range.clone()]);
        let is_exchange = part
            .exports
            .iter()
            .any(|name| name.starts_with(TOKEN_PROVIDER));
        let is = match exchange {
            Some(ours) if ours == digest => Some("the exchange component of this keyhole"),
            Some(ours) if is_exchange => {
                notes.push(foreign(part, &digest, ours));
                Some("an exchange component, not the one of this keyhole")
            }
            _ => None,
        };
        let mut fact = |label: &str, value: Value| {
            let label = format!("{} {label}", part.number);
            facts.push(Fact::new(label.trim_start(), value));
        };
        if let Some(is) = is {
            fact("is", is.into());
        }
        if !part.number.is_empty() {
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

fn foreign(part: &Part, digest: &str, ours: &str) -> String {
    let which = match part.number.as_str() {
        "" => "this component".to_owned(),
        number => format!("part {number}"),
    };
    format!(
        "{which} exports token-provider, so it is what meets the federated token, and it is not \
         the exchange component of this keyhole: its digest is sha256:{digest}, not \
         sha256:{ours}. Do not run it unless you know who made it"
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
            parts: 0,
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
