//! Programs of other people's that tests run beside ours: found on this
//! machine, or got from where their users get them. What cannot be had is said,
//! and its tests are skipped; nothing of it is needed to build Keyhole.

mod azure_identity;
mod cache;
mod chromium;
mod debian;
mod deno;
mod envoy;
mod jco;
mod kube_client;
mod kubelogin;
mod kubernetes;
mod python;
mod typescript;
mod wash;
mod wasmtime_cli;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::npm;
use crate::steps::Steps;
use crate::workspace::Workspace;
use cache::Cache;

/// Where tools are, by the variable in which the tests look for each.
#[derive(Debug, Default)]
pub(crate) struct Tools(Vec<(&'static str, PathBuf)>);

impl Tools {
    /// Those that are there or take seconds to get.
    pub(crate) fn quick(workspace: &Workspace, steps: &mut Steps) -> Self {
        let mut tools = Self::default();
        tools.add(
            steps,
            "KEYHOLE_PYTHON",
            "Python's client of Kubernetes",
            python::with_kubernetes,
        );
        tools.add(steps, "KEYHOLE_TINYPROXY", "tinyproxy", debian::tinyproxy);
        tools.add(steps, "KEYHOLE_ENVOY", "Envoy", envoy::find);
        tools.add(
            steps,
            "KEYHOLE_REAL_KUBELOGIN",
            "the real kubelogin",
            kubelogin::built_before,
        );
        tools.add(
            steps,
            "KEYHOLE_WASMTIME",
            "the program wasmtime",
            wasmtime_cli::built_before,
        );
        tools.add(steps, "KEYHOLE_JCO", "jco", jco::install);
        tools.add_npm_package(workspace, steps);
        tools.add(
            steps,
            "KEYHOLE_WASMTIME_PY",
            "wasmtime for Python",
            python::with_wasmtime,
        );
        tools.add(steps, "KEYHOLE_DENO", "Deno", deno::install);
        tools.add(steps, "KEYHOLE_CHROMIUM", "Chromium", |_| chromium::find());
        tools.add(steps, "KEYHOLE_PUPPETEER", "Puppeteer", chromium::puppeteer);
        tools.add(
            steps,
            "KEYHOLE_TYPESCRIPT",
            "TypeScript",
            typescript::install,
        );
        if !kubernetes::has_kubectl() {
            tools.add(steps, "KEYHOLE_KUBECTL", "kubectl", |cache| {
                kubernetes::built_before(workspace, cache, "kubectl")
            });
        }
        tools
    }

    /// Also those that take minutes.
    pub(crate) fn all(workspace: &Workspace, steps: &mut Steps) -> Self {
        let mut tools = Self::quick(workspace, steps);
        tools.add_kubelogin(steps);
        tools.add(
            steps,
            "KEYHOLE_KUBE_CLIENT",
            "the client of the crate kube",
            |_| kube_client::build(workspace),
        );
        tools.add(steps, "KEYHOLE_ETCD", "etcd", debian::etcd);
        tools.add(steps, "KEYHOLE_WASH", "wash, of wasmCloud", wash::install);
        tools.add(steps, "KEYHOLE_WASMTIME", "the program wasmtime", |cache| {
            wasmtime_cli::build(workspace, cache)
        });
        let mut build = |variable, program| {
            tools.add(steps, variable, program, |cache| {
                kubernetes::build(workspace, cache, program)
            });
        };
        build("KEYHOLE_KUBE_APISERVER", "kube-apiserver");
        if !kubernetes::has_kubectl() {
            build("KEYHOLE_KUBECTL", "kubectl");
        }
        tools
    }

    /// The real kubelogin alone.
    pub(crate) fn kubelogin(steps: &mut Steps) -> Self {
        let mut tools = Self::default();
        tools.add_kubelogin(steps);
        tools
    }

    /// Those that make the exchange as Keyhole does.
    pub(crate) fn peers(workspace: &Workspace, steps: &mut Steps) -> Self {
        let mut tools = Self::kubelogin(steps);
        tools.add(
            steps,
            "KEYHOLE_PEER_RUST",
            "azure_identity for Rust",
            |_| azure_identity::rust(workspace),
        );
        tools.add(
            steps,
            "KEYHOLE_PEER_PYTHON",
            "azure-identity for Python",
            azure_identity::python,
        );
        tools.add(
            steps,
            "KEYHOLE_PEER_NODE",
            "@azure/identity for Node",
            |cache| azure_identity::node(workspace, cache),
        );
        tools
    }

    /// Our own npm package, which jco makes.
    pub(crate) fn npm_package(workspace: &Workspace, steps: &mut Steps) {
        let mut tools = Self::default();
        tools.add(steps, "KEYHOLE_JCO", "jco", jco::install);
        tools.add_npm_package(workspace, steps);
    }

    fn add_npm_package(&mut self, workspace: &Workspace, steps: &mut Steps) {
        if let Some(jco) = self.get("KEYHOLE_JCO").map(Path::to_owned) {
            self.add(steps, "KEYHOLE_NPM_PACKAGE", "the npm package", |_| {
                npm::pack(workspace, &jco)
            });
        }
    }

    /// Where a tool is, by its variable.
    pub(crate) fn get(&self, variable: &str) -> Option<&Path> {
        let found = self.0.iter().find(|(known, _)| *known == variable);
        found.map(|(_, path)| path.as_path())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add_kubelogin(&mut self, steps: &mut Steps) {
        self.add(
            steps,
            "KEYHOLE_REAL_KUBELOGIN",
            "the real kubelogin",
            kubelogin::build,
        );
    }

    /// Tells the tests.
    pub(crate) fn tell(&self, cargo: &mut Command) {
        cargo.envs(self.0.iter().map(|(variable, path)| (variable, path)));
    }

    fn add(
        &mut self,
        steps: &mut Steps,
        variable: &'static str,
        what: &str,
        get: impl FnOnce(&Cache) -> Result<PathBuf>,
    ) {
        // A step that ends well either way: a tool is no condition.
        let got = steps.run(what, || Ok(Cache::find().and_then(|cache| get(&cache))));
        match got.and_then(|got| got) {
            Ok(path) => {
                eprintln!("    {}", path.display());
                self.0.retain(|(known, _)| *known != variable);
                self.0.push((variable, path));
            }
            Err(error) => eprintln!("    not to be had, its tests are skipped: {error:#}"),
        }
    }
}
