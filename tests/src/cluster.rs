//! A pod in a cluster, with a kubeconfig that `keyhole convert-kubeconfig` has
//! converted, for clients of other people's making.

use crate::World;
use crate::program::{command, run, slim};
use keyhole_emulator::{ApiServer, EmulatorConfig, Verdict};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A pod, its cluster's API server, and a kubeconfig.
pub struct Cluster {
    /// The pod and its authority.
    pub world: World,
    /// What stands in for the API server.
    pub api_server: ApiServer,
    kubeconfig: PathBuf,
}

impl Cluster {
    /// The namespaces of the API server's stand-in.
    pub const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

    /// The group of the pod's identity.
    pub const GROUP: &str = "4f1ad3cc-9b02-4d8e-8a17-8f2c5f0d6b21";

    /// One in which everything is in order: its kubeconfig is what `az aks
    /// get-credentials` wrote, converted.
    #[must_use]
    pub fn new() -> Self {
        let cluster = Self::not_converted();
        cluster.convert();
        cluster
    }

    /// One whose kubeconfig has not been converted yet.
    #[must_use]
    pub fn not_converted() -> Self {
        let world = World::with(EmulatorConfig {
            groups: vec![Self::GROUP.to_owned()],
            ..EmulatorConfig::default()
        });
        let api_server = ApiServer::start(&world.emulator, 0).expect("the API server starts");
        let kubeconfig = world.folder().join("kubeconfig");
        std::fs::write(&kubeconfig, api_server.kubeconfig()).expect("a kubeconfig");
        let programs = world.folder().join("bin");
        std::fs::create_dir(&programs).expect("a folder for programs");
        symlink(slim(), programs.join("keyhole")).expect("a link");
        Self {
            world,
            api_server,
            kubeconfig,
        }
    }

    /// Converts the kubeconfig.
    pub fn convert(&self) {
        let path = self.kubeconfig.to_str().expect("a path in UTF-8");
        let ran = run(&self.world, &["convert-kubeconfig", "--kubeconfig", path]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }

    /// The kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Edits the kubeconfig as its owner would.
    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(&self.kubeconfig).expect("the kubeconfig");
        assert!(text.contains(from), "{from:?} in:\n{text}");
        std::fs::write(&self.kubeconfig, text.replace(from, to)).expect("the kubeconfig");
    }

    /// A folder that is on the path of [`Cluster::client`].
    #[must_use]
    pub fn programs(&self) -> PathBuf {
        self.world.folder().join("bin")
    }

    /// A client in the pod, with the kubeconfig and with `keyhole` on its path.
    #[must_use]
    pub fn client(&self, program: impl AsRef<Path>) -> Command {
        let mut client = command(program.as_ref(), &self.world);
        let others = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.programs()).chain(std::env::split_paths(&others));
        client
            .env("PATH", std::env::join_paths(folders).expect("a path"))
            .env("HOME", self.world.folder())
            .env("KUBECONFIG", &self.kubeconfig);
        client
    }

    /// Runs a client to its end.
    ///
    /// # Panics
    /// If what it printed holds a token.
    pub fn run(&self, client: &mut Command) -> Output {
        let output = client.output().expect("the client starts");
        for secret in self.world.secrets() {
            secret.must_not_be_in("the client's standard output", &output.stdout);
            secret.must_not_be_in("the client's standard error", &output.stderr);
        }
        output
    }

    /// How many requests the API server let in, and how many it did not.
    #[must_use]
    pub fn let_in_and_not(&self) -> (usize, usize) {
        let requests = self.api_server.requests();
        let count = |wanted: &dyn Fn(&Verdict) -> bool| {
            let found = requests.iter().filter(|request| wanted(&request.verdict));
            found.count()
        };
        (
            count(&|verdict| *verdict == Verdict::Authenticated),
            count(&|verdict| matches!(verdict, Verdict::Unauthenticated(_))),
        )
    }
}

impl Default for Cluster {
    fn default() -> Self {
        Self::new()
    }
}
