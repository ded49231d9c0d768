//! Which functions a component may import, and which it does.

use std::borrow::Cow;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

/// The list, as it stands in `wit/exchange.imports`.
const LIST: &str = include_str!("../wit/exchange.imports");

/// The same of the gateway.
const GATEWAY_LIST: &str = include_str!("../wit/gateway.imports");

/// The interface by which the gateway gets tokens.
pub(crate) const TOKEN_PROVIDER: &str = "keyhole:identity/token-provider@0.1.0";

/// The WASI release that the list means; any patch of it is the same to a
/// component.
const WASI: &str = "0.2.";

/// The functions that the exchange may import, as
/// `package:name/interface.function`, sorted.
pub fn allowed() -> impl Iterator<Item = &'static str> {
    listed(LIST)
}

/// The functions of a list.
fn listed(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The functions that a component imports, in the form of [`allowed`], in its
/// own order. Anything that is not a function or type of an interface is
/// listed by its bare name, which is on no list.
pub(crate) fn of(engine: &Engine, component: &Component) -> Vec<String> {
    let ty = component.component_type();
    let mut found = Vec::new();
    for (name, item) in ty.imports(engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else {
            found.push(name.to_owned());
            continue;
        };
        let interface = unversioned(name);
        for (function, item) in instance.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => found.push(format!("{interface}.{function}")),
                ComponentItem::Type(_) | ComponentItem::Resource(_) => {}
                _ => found.push(format!("{interface}/{function}")),
            }
        }
    }
    found
}

/// The interfaces that a component exports.
pub(crate) fn exports_of(engine: &Engine, component: &Component) -> Vec<String> {
    component
        .component_type()
        .exports(engine)
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Whether the gateway may import a function, by the list of its own.
pub(crate) fn is_of_gateway(import: &str) -> bool {
    // The list is without versions.
    let import = match import.strip_prefix(TOKEN_PROVIDER) {
        Some(function) => format!("keyhole:identity/token-provider{function}").into(),
        None => Cow::from(import),
    };
    listed(GATEWAY_LIST).any(|line| line == import)
}

/// The first import that is not on the list.
pub(crate) fn first_not_allowed(imports: &[String]) -> Option<&str> {
    imports
        .iter()
        .map(String::as_str)
        .find(|import| !allowed().any(|known| known == *import))
}

/// An interface of WASI 0.2 without its version. One of another version keeps
/// it and one without a version shows that, and so neither is on the list.
fn unversioned(name: &str) -> Cow<'_, str> {
    match name.split_once('@') {
        Some((interface, version)) if version.starts_with(WASI) => interface.into(),
        Some(_) => name.into(),
        None => format!("{name}@").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_without_doubles() {
        let list: Vec<_> = allowed().collect();
        let mut sorted = list.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(list, sorted);
        assert!(list.len() > 20, "{list:?}");
    }

    #[test]
    fn only_wasi_0_2_loses_its_version() {
        assert_eq!(
            unversioned("wasi:cli/environment@0.2.6"),
            "wasi:cli/environment"
        );
        assert_eq!(
            unversioned("wasi:cli/environment@0.3.0"),
            "wasi:cli/environment@0.3.0"
        );
        assert_eq!(unversioned("wasi:cli/environment"), "wasi:cli/environment@");
    }
}
