//! The compiler for `wasm32-unknown-unknown`, and how to get one.
//!
//! The compiler itself is asked whether it has the target's libraries; nothing
//! is decided by a machine's name and nothing is remembered. In this order:
//!
//! 1. the workspace's own compiler, if the libraries lie in its folder;
//! 2. the same after `rustup target add`;
//! 3. Debian's `rustc-web`, which builds the libraries from `rust-web-src` (the
//!    two are a pair: these sources need this compiler), installed if need be;
//! 4. an error that names both ways.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::bound;
use crate::process;
use crate::workspace::{self, Workspace};

/// What the components are built for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// How long rustup may take for some 20 MB. Where it cannot reach its server
/// it may wait for minutes.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// The same where Debian's packages are there already: nothing is remembered,
/// so a machine whose network swallows packets waits this long at each call.
const RUSTUP_LIMIT_WITH_PACKAGES: Duration = Duration::from_secs(15);

/// Debian's packages, and where the first puts its compiler.
const PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A compiler that can build components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The libraries come with the compiler.
    Ready {
        /// The workspace's compiler.
        rustc: PathBuf,
    },
    /// The libraries are built from source.
    FromSource {
        /// The compiler that the sources belong to.
        rustc: PathBuf,
        /// rust-lld of the workspace's toolchain: Debian ships none.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// The compiler.
    pub(crate) fn rustc(&self) -> &Path {
        match self {
            Self::Ready { rustc } | Self::FromSource { rustc, .. } => rustc,
        }
    }

    /// Makes a `cargo build --target wasm32-unknown-unknown` use this compiler.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        if let Self::FromSource { rustc, linker } = self {
            cargo
                .args(["-Z", "build-std=core,alloc"])
                // -Z is for nightly compilers and those told to be like one.
                .env("RUSTC_BOOTSTRAP", "1")
                .env("RUSTC", rustc)
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }

    /// What `rustc -V` says.
    ///
    /// # Errors
    ///
    /// The compiler cannot be run.
    pub(crate) fn version(&self) -> Result<String> {
        let told = process::output(Command::new(self.rustc()).arg("-V"))?;
        Ok(told.trim().to_owned())
    }

    /// The folder the compiler's own files lie in.
    ///
    /// # Errors
    ///
    /// The compiler cannot be run.
    pub(crate) fn sysroot(&self) -> Result<PathBuf> {
        sysroot(self.rustc())
    }
}

/// Finds a compiler for components, and installs what is missing.
///
/// # Errors
///
/// There is none and none can be had: the text says why and what to do.
pub(crate) fn set_up(workspace: &Workspace) -> Result<Toolchain> {
    choose(&mut ThisMachine { workspace })
}

/// What the choice needs to know and may do. `Err` says why not.
trait Machine {
    fn ready(&mut self) -> Result<Toolchain, String>;
    fn rustup_target_add(&mut self, limit: Duration) -> Result<(), String>;
    fn debian(&mut self) -> Result<Toolchain, String>;
    fn install_packages(&mut self) -> Result<(), String>;
}

fn choose(machine: &mut impl Machine) -> Result<Toolchain> {
    if let Ok(toolchain) = machine.ready() {
        return Ok(toolchain);
    }
    eprintln!("    the compiler has no libraries for {TARGET}: rustup target add {TARGET}");
    let packages = machine.debian();
    let limit = if packages.is_ok() {
        RUSTUP_LIMIT_WITH_PACKAGES
    } else {
        RUSTUP_LIMIT
    };
    let added = machine.rustup_target_add(limit);
    let rustup = match added.and_then(|()| machine.ready()) {
        Ok(toolchain) => return Ok(toolchain),
        Err(reason) => reason,
    };
    if let Ok(toolchain) = packages {
        eprintln!("    rustup cannot ({rustup})\n    Debian's {DEBIAN_RUSTC} builds them");
        return Ok(toolchain);
    }
    let packages = PACKAGES.join(" ");
    eprintln!(
        "    rustup cannot ({rustup})\n    installing Debian's {packages} (half a minute, more where the network is slow)"
    );
    let installed = machine.install_packages();
    let debian = match installed.and_then(|()| machine.debian()) {
        Ok(toolchain) => return Ok(toolchain),
        Err(reason) => reason,
    };
    bail!(
        "the Rust compiler has no libraries for {TARGET}, which the components are built for, \
         and they could not be had:\n\
         \n  rustup target add {TARGET}\n    {rustup}\
         \n  apt-get install {packages}\n    {debian}\n\
         \nDo one of these by hand, then start again:\n\
         \n  rustup target add {TARGET}\
         \n    in this folder, where rustup can download\
         \n  sudo apt-get update && sudo apt-get install --no-install-recommends {packages}\
         \n    on a Debian whose {} is {} or newer",
        PACKAGES[0],
        env!("CARGO_PKG_RUST_VERSION"),
    )
}

struct ThisMachine<'a> {
    workspace: &'a Workspace,
}

impl Machine for ThisMachine<'_> {
    fn ready(&mut self) -> Result<Toolchain, String> {
        let rustc = workspace::rustc();
        let mut ask = Command::new(&rustc);
        ask.args(["--print", "target-libdir", "--target", TARGET])
            .current_dir(&self.workspace.root);
        let folder = process::output(&mut ask).map_err(|error| format!("{error:#}"))?;
        holds_core(Path::new(folder.trim()))?;
        Ok(Toolchain::Ready { rustc })
    }

    fn rustup_target_add(&mut self, limit: Duration) -> Result<(), String> {
        let mut rustup = Command::new("rustup");
        rustup
            .args(["target", "add", TARGET])
            .current_dir(&self.workspace.root)
            .env("RUST_BACKTRACE", "0");
        bound::run_for(&mut rustup, limit)
    }

    fn debian(&mut self) -> Result<Toolchain, String> {
        let text = |error: anyhow::Error| format!("{error:#}");
        let rustc = PathBuf::from(DEBIAN_RUSTC);
        let told = process::output(Command::new(&rustc).arg("-vV")).map_err(text)?;
        let version = workspace::line_of(&told, "release: ").unwrap_or_default();
        new_enough(&version)?;
        let sources = sysroot(&rustc)
            .map_err(text)?
            .join("lib/rustlib/src/rust/library/core/src/lib.rs");
        if !sources.is_file() {
            return Err(format!("{} is missing", sources.display()));
        }
        let linker = sysroot(&workspace::rustc())
            .map_err(text)?
            .join("lib/rustlib")
            .join(&self.workspace.host)
            .join("bin/rust-lld");
        if !linker.is_file() {
            return Err(format!("the linker {} is missing", linker.display()));
        }
        Ok(Toolchain::FromSource { rustc, linker })
    }

    fn install_packages(&mut self) -> Result<(), String> {
        let update: &[&str] = &["update", "-q"];
        // --no-remove: never at the cost of a compiler that is there.
        let mut install = vec!["install", "-y", "-q", "--no-remove"];
        install.push("--no-install-recommends");
        install.extend(PACKAGES);
        for arguments in [update, &install] {
            process::output(apt_get(is_root()).args(arguments))
                .map_err(|error| format!("{error:#}"))?;
        }
        Ok(())
    }
}

fn apt_get(root: bool) -> Command {
    let mut command = if root {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        // Never ask for a password in the middle of a build.
        sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    };
    command
        .args(["-o", "Acquire::http::Timeout=20"])
        .args(["-o", "DPkg::Lock::Timeout=300"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn sysroot(rustc: &Path) -> Result<PathBuf> {
    let told = process::output(Command::new(rustc).args(["--print", "sysroot"]))?;
    Ok(told.trim().into())
}

/// Whether a target's library folder holds `core` (an empty folder may be left
/// from a target that was removed).
fn holds_core(folder: &Path) -> Result<(), String> {
    let held = std::fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name: OsString = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libcore-") && name.ends_with(".rlib")
        })
    });
    if held {
        Ok(())
    } else {
        Err(format!("{} holds no libcore", folder.display()))
    }
}

/// Whether a version such as `1.96.0` is at least the workspace's rust-version.
fn new_enough(version: &str) -> Result<(), String> {
    let needed = env!("CARGO_PKG_RUST_VERSION");
    let numbers = |text: &str| -> Vec<u32> {
        text.split(['.', '-', '+'])
            .map_while(|part| part.parse().ok())
            .collect()
    };
    if numbers(version) >= numbers(needed) {
        Ok(())
    } else {
        Err(format!(
            "{DEBIAN_RUSTC} is {version}, {needed} or newer is needed"
        ))
    }
}

#[cfg(test)]
mod tests;
