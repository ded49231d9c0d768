//! The page of `examples/browser`, built as its README says and visited in Chromium by
//! `tests/browser/visit.mjs`. Needs `KEYHOLE_CHROMIUM` (the program), `KEYHOLE_PUPPETEER`
//! and `KEYHOLE_JCO` (folders in which they are installed), which `cargo xtask test` sets.

use crate::World;
use crate::artifacts::{component, workspace};
use crate::program::{command, run_command};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is served with the component, beside what jco makes of it.
const PAGE: [&str; 4] = ["index.html", "page.css", "page.mjs", "exchange.mjs"];

/// The component as the README names it.
const COMPONENT: &str = "../../target/wasm/exchange.wasm";

/// The page at an origin of its own, at which the authority of a pod also is.
pub struct Page<'w> {
    world: &'w World,
    folder: PathBuf,
    chromium: PathBuf,
}

impl<'w> Page<'w> {
    /// One with the exchange in it, where Chromium can be had.
    #[must_use]
    pub fn new(world: &'w World) -> Option<Self> {
        Self::with(world, "exchange")
    }

    /// One with another component in the place of the exchange.
    #[must_use]
    pub fn with(world: &'w World, name: &str) -> Option<Self> {
        let tool = |variable| std::env::var_os(variable).map(PathBuf::from);
        let chromium = tool("KEYHOLE_CHROMIUM")?;
        let puppeteer = tool("KEYHOLE_PUPPETEER")?;
        let jco = tool("KEYHOLE_JCO")?.join("node_modules");

        let page = workspace().join("examples/browser");
        let folder = world.folder().join("browser");
        let site = folder.join("site");
        fs::create_dir_all(&site).expect("a folder");
        for name in PAGE {
            fs::copy(page.join(name), site.join(name)).expect("a file of the page");
        }
        let shim = jco.join("@bytecodealliance/preview2-shim/dist/browser");
        symlink(shim, site.join("shim")).expect("a link");
        let readme = fs::read_to_string(page.join("README.md")).expect("the page's README.md");
        let told = readme
            .lines()
            .find_map(|line| line.strip_prefix("npx jco "));
        let told = told.expect("how jco is called");
        assert!(told.contains(COMPONENT), "{told}");
        let mut transpile = command(Path::new("node"), world);
        transpile
            .current_dir(&site)
            .arg(jco.join(".bin/jco"))
            .args(told.split(' ').map(|word| match word {
                COMPONENT => component(name).into_os_string(),
                word => word.into(),
            }))
            .args(["--name", "exchange"]);
        must_run(&mut transpile);

        symlink(puppeteer.join("node_modules"), folder.join("node_modules")).expect("a link");
        let visit = workspace().join("tests/browser/visit.mjs");
        fs::copy(visit, folder.join("visit.mjs")).expect("the program that visits");
        Some(Self {
            world,
            folder,
            chromium,
        })
    }

    /// Takes the Content-Security-Policy away from it.
    pub fn drop_policy(&self) {
        let path = self.folder.join("site/index.html");
        let text = fs::read_to_string(&path).expect("the page");
        let is_policy = |line: &&str| line.contains("Content-Security-Policy");
        assert_eq!(text.lines().filter(is_policy).count(), 1, "{text}");
        let lines = text.lines().filter(|line| !is_policy(line));
        let rest = lines.collect::<Vec<_>>().join("\n");
        fs::write(path, rest).expect("the page");
    }

    /// Does these steps in a browser of its own, and tells what was seen; each is a name
    /// and what it needs, as `visit.mjs` has them.
    ///
    /// # Panics
    /// If a step could not be done, or if a token of the pod's, the federated or one that
    /// it was given, stood in the document, a field, the console, the address, a request's
    /// line or in what the browser stores.
    #[must_use]
    pub fn visit(&self, steps: &Value) -> Value {
        let plan = self.folder.join("plan.json");
        let content = json!({
            "chromium": self.chromium,
            "site": self.folder.join("site"),
            "authority": self.world.emulator.http_authority(),
            "steps": steps,
        });
        fs::write(&plan, content.to_string()).expect("a plan");
        let mut node = command(Path::new("node"), self.world);
        node.arg(self.folder.join("visit.mjs")).arg(plan);
        let ran = run_command(&mut node, self.world);
        let seen: Value = serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
        assert_eq!(seen["failed"], Value::Null, "{seen:#}");
        seen
    }
}

fn must_run(command: &mut Command) {
    let output = command.output().expect("the program starts");
    assert!(
        output.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
