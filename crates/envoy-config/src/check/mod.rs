//! What would let a token, or the federated token, go where it should not, in a
//! static bootstrap with the plugin.
//!
//! Envoy starts with all of these; nothing tells at run time. What Envoy or the
//! plugin itself refuses at start is not looked for here: unknown fields, a
//! plugin configuration with a mistake, a file that is missing.

mod callers;
mod clusters;
mod egress;
mod plugins;

use core::fmt;

use crate::yaml::Node;

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where: a line of the file, and what stands there.
    pub place: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.place, self.problem, self.remedy)
    }
}

/// Looks for all of them, in the order of the file.
#[must_use]
pub fn check(text: &str) -> Vec<Finding> {
    let mut findings = Findings::default();
    match Node::parse(text) {
        Err(unreadable) => findings.0.push((
            unreadable.line,
            Finding {
                place: format!("line {}", unreadable.line),
                problem: format!("the file cannot be checked: {}", unreadable.why),
                remedy: "Write a file as `keyhole envoy config` does".into(),
            },
        )),
        Ok(root) => {
            if let Some(dynamic) = root.get("dynamic_resources") {
                findings.add(
                    dynamic,
                    "dynamic_resources",
                    "what a control plane sends is not in this file and cannot be checked",
                    "Write everything into static_resources",
                );
            }
            let plugins = plugins::check(&root, &mut findings);
            if let Some((exchange, strip_by_envoy)) = plugins {
                if strip_by_envoy {
                    callers::check(&root, &exchange, &mut findings);
                }
                let authorities = egress::check(&root, &exchange, &mut findings);
                clusters::check(&root, &exchange, &authorities, &mut findings);
            }
        }
    }
    let mut findings = findings.0;
    findings.sort_by_key(|(line, _)| *line);
    findings.into_iter().map(|(_, finding)| finding).collect()
}

#[derive(Default)]
struct Findings(Vec<(usize, Finding)>);

impl Findings {
    fn add(
        &mut self,
        node: &Node,
        what: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.0.push((
            node.line,
            Finding {
                place: format!("line {}, {what}", node.line),
                problem: problem.into(),
                remedy: remedy.into(),
            },
        ));
    }
}

/// The clusters of the file.
fn clusters(root: &Node) -> &[Node] {
    root.at(&["static_resources", "clusters"])
        .map_or(&[], Node::items)
}

/// The listeners of the file.
fn listeners(root: &Node) -> &[Node] {
    root.at(&["static_resources", "listeners"])
        .map_or(&[], Node::items)
}

/// The addresses of a cluster's endpoints.
fn endpoints(cluster: &Node) -> Vec<&Node> {
    let localities = cluster.at(&["load_assignment", "endpoints"]);
    let localities = localities.map_or(&[][..], Node::items);
    localities
        .iter()
        .filter_map(|locality| locality.get("lb_endpoints"))
        .flat_map(Node::items)
        .collect()
}

/// The path of a cluster's one socket, if all its endpoints are that.
fn socket(cluster: &Node) -> Option<&str> {
    let endpoints = endpoints(cluster);
    let mut paths = endpoints
        .iter()
        .map(|endpoint| endpoint.text_at(&["endpoint", "address", "pipe", "path"]));
    let first = paths.next()??;
    paths.all(|path| path == Some(first)).then_some(first)
}

fn name(node: &Node) -> &str {
    node.text_at(&["name"]).unwrap_or("")
}
