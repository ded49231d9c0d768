//! What a component imports and exports, function by function, in the form of
//! `wit/exchange.imports`: `wasi:io/poll.poll`, without versions.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Resolve, WorldId, WorldItem, WorldKey};

/// The functions of a component.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Functions {
    /// What it needs.
    pub(crate) imports: BTreeSet<String>,
    /// What it offers.
    pub(crate) exports: BTreeSet<String>,
}

impl Functions {
    /// Reads them from the bytes of a component.
    ///
    /// # Errors
    ///
    /// The bytes are not a component.
    pub(crate) fn of(component: &[u8]) -> Result<Self> {
        match decode(component).context("the component's type cannot be read")? {
            DecodedWasm::Component(resolve, world) => Ok(Self::of_world(&resolve, world)),
            DecodedWasm::WitPackage(..) => bail!("this is a WIT package, not a component"),
        }
    }

    fn of_world(resolve: &Resolve, world: WorldId) -> Self {
        let world = &resolve.worlds[world];
        Self {
            imports: names(resolve, world.imports.iter()),
            exports: names(resolve, world.exports.iter()),
        }
    }
}

fn names<'a>(
    resolve: &Resolve,
    items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (key, item) in items {
        let place = without_version(&resolve.name_world_key(key));
        match item {
            WorldItem::Interface { id, .. } => {
                let functions = resolve.interfaces[*id].functions.keys();
                names.extend(functions.map(|function| format!("{place}.{function}")));
            }
            WorldItem::Function(_) => {
                names.insert(place);
            }
            WorldItem::Type { .. } => {}
        }
    }
    names
}

/// `wasi:io/poll` of `wasi:io/poll@0.2.12`.
fn without_version(name: &str) -> String {
    name.split('@').next().unwrap_or(name).to_owned()
}

/// The lines of an import list, without comments.
pub(crate) fn listed(text: &str) -> BTreeSet<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// How what is imported differs from what is listed; `None` if it does not.
pub(crate) fn difference(listed: &BTreeSet<String>, imported: &BTreeSet<String>) -> Option<String> {
    let unlisted = imported.difference(listed);
    let unused = listed.difference(imported);
    let lines: Vec<String> = unlisted
        .map(|name| format!("  imported, not on the list: {name}"))
        .chain(unused.map(|name| format!("  on the list, not imported: {name}")))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn functions_are_named_as_in_the_list() {
        let mut resolve = Resolve::default();
        let package = resolve
            .push_str(
                "test.wit",
                "package test:names@1.2.3;
                 interface things {
                     resource thing { constructor(); act: func(); make: static func(); }
                     now: func() -> u64;
                 }
                 interface offered { get: func(); }
                 world names { import things; export offered; import alone: func(); }",
            )
            .unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        let functions = Functions::of_world(&resolve, world);
        assert_eq!(
            functions.imports,
            set(&[
                "alone",
                "test:names/things.[constructor]thing",
                "test:names/things.[method]thing.act",
                "test:names/things.[static]thing.make",
                "test:names/things.now",
            ])
        );
        assert_eq!(functions.exports, set(&["test:names/offered.get"]));
    }

    #[test]
    fn both_directions_of_a_difference_are_named() {
        let difference = difference(&set(&["a.b", "c.d"]), &set(&["c.d", "e.f"])).unwrap();
        assert_eq!(
            difference,
            "  imported, not on the list: e.f\n  on the list, not imported: a.b"
        );
    }

    #[test]
    fn equal_sets_do_not_differ_and_comments_do_not_count() {
        let list = listed("# a comment\n\nc.d\na.b\n");
        assert_eq!(difference(&list, &set(&["a.b", "c.d"])), None);
    }
}
