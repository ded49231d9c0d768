//! The two plugins: their VM ids, capability lists and places.

use super::{Findings, Node};
use crate::capabilities::{EXCHANGE, INJECT, STRIP};
use crate::yaml::Kind;

/// Shorter ids are words that another plugin may have too.
const VM_ID_BYTES: usize = 16;

/// What the rest of the checks needs of the plugin `exchange`.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The cluster that leads to the authority.
    pub(super) cluster: String,
    /// The one that hands out the federated token.
    pub(super) token_cluster: Option<String>,
    /// Where it stands in the file.
    pub(super) line: usize,
}

struct Plugin<'n> {
    node: &'n Node,
    vm: &'n Node,
    role: Option<Role>,
    configuration: Option<Node>,
}

impl Plugin<'_> {
    /// Whether it removes the callers' headers itself.
    fn strips(&self) -> bool {
        let said = self
            .configuration
            .as_ref()
            .and_then(|json| json.text_at(&["strip_by"]));
        said != Some("envoy")
    }

    /// The shortest list with which it works.
    fn capabilities(&self, role: Role) -> Vec<&'static str> {
        match role {
            Role::Exchange => EXCHANGE.to_vec(),
            Role::Inject if self.strips() => [&INJECT[..], &STRIP].concat(),
            Role::Inject => INJECT.to_vec(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Exchange,
    Inject,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Exchange => "plugin exchange",
            Self::Inject => "plugin inject",
        }
    }
}

/// Checks both; answers what the other checks need: the plugin `exchange`, and
/// whether a plugin `inject` leaves it to Envoy to remove the callers' headers.
pub(super) fn check(root: &Node, findings: &mut Findings) -> Option<(Exchange, bool)> {
    let plugins: Vec<Plugin<'_>> = root
        .maps()
        .into_iter()
        .filter_map(|node| {
            let configuration = node.get("configuration").and_then(configuration);
            let plugin = configuration
                .as_ref()
                .and_then(|json| json.text_at(&["plugin"]));
            Some(Plugin {
                node,
                vm: node.get("vm_config")?,
                role: match plugin.or(node.text_at(&["root_id"])) {
                    Some("exchange") => Some(Role::Exchange),
                    Some("inject") => Some(Role::Inject),
                    _ => None,
                },
                configuration,
            })
        })
        .collect();
    for plugin in &plugins {
        if let Some(role) = plugin.role {
            check_one(plugin, role, findings);
            check_others(plugin, role, &plugins, findings);
        }
    }
    check_services(root, findings);
    let of = |role| {
        plugins
            .iter()
            .filter(move |plugin| plugin.role == Some(role))
    };
    let (mut exchanges, inject) = (of(Role::Exchange), of(Role::Inject).next());
    let strip_by_envoy = of(Role::Inject).any(|plugin| !plugin.strips());
    let Some(exchange) = exchanges.next() else {
        findings.add(
            root,
            "bootstrap_extensions",
            "there is no plugin exchange, so no token is ever got",
            "Add it as `keyhole envoy config` writes it",
        );
        return None;
    };
    if let Some(second) = exchanges.next() {
        findings.add(
            second.node,
            "plugin exchange",
            "there is a second one; both would write the same token",
            "Leave one out",
        );
    }
    if inject.is_none() {
        findings.add(
            root,
            "static_resources",
            "there is no plugin inject, so no request gets the token",
            "Add it to the cluster that the token is for, as `keyhole envoy config` writes it",
        );
    }
    let said = |key: &str| {
        let configuration = exchange.configuration.as_ref()?;
        configuration.text_at(&[key]).map(str::to_owned)
    };
    if said("test_only_die_after").is_some() {
        findings.add(
            exchange.node,
            "exchange",
            "test_only_die_after ends it, and after the token's end nothing passes",
            "Remove it: it is for tests of this plugin",
        );
    }
    let exchange = Exchange {
        cluster: said("cluster").unwrap_or_default(),
        token_cluster: said("token_cluster"),
        line: exchange.node.line,
    };
    Some((exchange, strip_by_envoy))
}

/// The JSON of a plugin: a Struct, or a text.
fn configuration(any: &Node) -> Option<Node> {
    let value = any.get("value")?;
    match &value.kind {
        Kind::Scalar(text) => Node::parse(text).ok(),
        _ => Some(copy(value)),
    }
}

fn copy(node: &Node) -> Node {
    let kind = match &node.kind {
        Kind::Scalar(text) => Kind::Scalar(text.clone()),
        Kind::List(items) => Kind::List(items.iter().map(copy).collect()),
        Kind::Map(entries) => Kind::Map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), copy(value)))
                .collect(),
        ),
    };
    Node {
        line: node.line,
        kind,
    }
}

fn check_one(plugin: &Plugin<'_>, role: Role, findings: &mut Findings) {
    let what = role.name();
    let vm_id = plugin.vm.text_at(&["vm_id"]).unwrap_or("");
    if vm_id.len() < VM_ID_BYTES {
        let problem = if vm_id.is_empty() {
            "it has no vm_id, so every plugin without one can read the token".to_owned()
        } else {
            format!("its vm_id {vm_id:?} is short, and whoever has the same can read the token")
        };
        findings.add(
            plugin.vm,
            what,
            problem,
            format!("Give both plugins a vm_id of their own with {VM_ID_BYTES} characters or more"),
        );
    }
    let restriction = plugin
        .vm
        .at(&["capability_restriction_config", "allowed_capabilities"]);
    let allowed: Vec<&str> = restriction
        .map_or(&[][..], Node::entries)
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let needed = plugin.capabilities(role);
    let node = restriction.unwrap_or(plugin.vm);
    if allowed.is_empty() {
        findings.add(
            node,
            what,
            "its allowed_capabilities are empty or missing, which allows everything",
            format!("List {}", needed.join(", ")),
        );
    } else {
        let missing: Vec<&str> = not_in(&needed, &allowed);
        if !missing.is_empty() {
            findings.add(
                node,
                what,
                format!("its allowed_capabilities lack {}", missing.join(", ")),
                "Add what is missing",
            );
        }
        let more: Vec<&str> = not_in(&allowed, &needed);
        if !more.is_empty() {
            findings.add(
                node,
                what,
                format!(
                    "its allowed_capabilities have {}, which it does not need",
                    more.join(", ")
                ),
                "Remove what is too much",
            );
        }
    }
    if let Some(old) = plugin.node.get("capability_restriction_config") {
        findings.add(
            old,
            what,
            "a deprecated capability_restriction_config stands beside vm_config",
            "Write the list into vm_config alone",
        );
    }
    for key in ["fail_open", "failure_policy"] {
        let found = plugin.node.get(key);
        if let Some(found) =
            found.filter(|found| matches!(found.text(), Some("true" | "FAIL_OPEN")))
        {
            findings.add(
                found,
                what,
                format!("{key} lets requests pass when the plugin has failed"),
                "Write failure_policy: FAIL_CLOSED",
            );
        }
    }
    if plugin.vm.text_at(&["allow_precompiled"]) == Some("true") {
        findings.add(
            plugin.vm,
            what,
            "allow_precompiled runs machine code that nobody has checked",
            "Leave it out",
        );
    }
    if plugin.vm.at(&["code", "remote"]).is_some() {
        findings.add(
            plugin.vm,
            what,
            "its code is fetched at run time, by a cluster that then stays open to the plugins",
            "Put the file beside Envoy and name it as code.local.filename",
        );
    }
}

fn not_in<'n>(names: &[&'n str], others: &[&str]) -> Vec<&'n str> {
    let missing = names.iter().filter(|name| !others.contains(name));
    missing.copied().collect()
}

fn check_others(plugin: &Plugin<'_>, role: Role, all: &[Plugin<'_>], findings: &mut Findings) {
    let vm_id = |plugin: &Plugin<'_>| plugin.vm.text_at(&["vm_id"]).unwrap_or("").to_owned();
    for other in all {
        let same_vm = vm_id(other) == vm_id(plugin);
        match other.role {
            None if same_vm => findings.add(
                other.vm,
                &format!("plugin {:?}", other.node.text_at(&["name"]).unwrap_or("")),
                format!(
                    "it has the vm_id of the {}, and so can read the token",
                    role.name()
                ),
                "Give it a vm_id of its own",
            ),
            // Once for the pair.
            Some(Role::Exchange) if role == Role::Inject && !same_vm => findings.add(
                plugin.vm,
                role.name(),
                "its vm_id is not that of the plugin exchange, so it never sees a token",
                "Give both the same vm_id",
            ),
            _ => {}
        }
    }
}

/// The exchange is to be a singleton.
fn check_services(root: &Node, findings: &mut Findings) {
    for service in root.maps() {
        let kind = service.text_at(&["@type"]).unwrap_or("");
        let is_exchange = || {
            let config = service.get("config");
            config.and_then(|config| config.text_at(&["root_id"])) == Some("exchange")
        };
        if kind.ends_with("envoy.extensions.wasm.v3.WasmService")
            && is_exchange()
            && service.text_at(&["singleton"]) != Some("true")
        {
            findings.add(
                service,
                "plugin exchange",
                "it is no singleton: every worker would ask for tokens",
                "Write singleton: true",
            );
        }
        if kind.ends_with("filters.http.wasm.v3.Wasm") && is_exchange() {
            findings.add(
                service,
                "plugin exchange",
                "it is an HTTP filter, and so would see requests",
                "Make it a bootstrap extension",
            );
        }
    }
}
