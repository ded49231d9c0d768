//! The components: a core module by cargo, a component by wit-component.
//!
//! The bytes are a function of the sources, `Cargo.lock`, the compiler and the
//! encoder. What else could reach them is shut out here: compiler flags of the
//! user's, wrappers, profile variables and folder names.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use wit_component::ComponentEncoder;

use crate::files;
use crate::identity::{Identity, Sources};
use crate::process;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// A package that is built into a component.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guest {
    /// Its package.
    pub(crate) package: &'static str,
    /// The name of its files in the artifacts' folder.
    pub(crate) name: &'static str,
}

/// The one that users run.
pub(crate) const EXCHANGE: Guest = Guest {
    package: "keyhole-component",
    name: "exchange",
};

/// The reverse proxy.
pub(crate) const GATEWAY: Guest = Guest {
    package: "keyhole-gateway",
    name: "gateway-alone",
};

/// Lets one form to one endpoint pass.
pub(crate) const GUARD_ENDPOINT: Guest = Guest {
    package: "keyhole-guard-endpoint",
    name: "guard-endpoint",
};

/// Shows one file.
pub(crate) const GUARD_FILE: Guest = Guest {
    package: "keyhole-guard-file",
    name: "guard-file",
};

/// The rule of the guards by variables.
pub(crate) const GUARD_ENVIRONMENT: Guest = Guest {
    package: "keyhole-guard-environment",
    name: "guard-environment",
};

/// `verify` and `get-token`, without the exchange.
pub(crate) const COMMAND: Guest = Guest {
    package: "keyhole-command",
    name: "command",
};

/// The command's flags as the exchange's variables.
pub(crate) const FLAGS: Guest = Guest {
    package: "keyhole-flags",
    name: "flags",
};

/// The one that attacks the host.
pub(crate) const HOSTILE: Guest = Guest {
    package: "keyhole-guests",
    name: "hostile",
};

/// A gateway that attacks the host.
const HOSTILE_GATEWAY: Guest = Guest {
    package: "keyhole-hostile-gateway",
    name: "hostile-gateway",
};

/// Somebody else's, for the host's grants by themselves.
const OTHER: Guest = Guest {
    package: "keyhole-other-component",
    name: "other",
};

/// The example of a component that asks another for a token.
pub(crate) const WHOAMI: Guest = Guest {
    package: "keyhole-example-whoami",
    name: "whoami-alone",
};

/// All of them.
pub(crate) const GUESTS: &[Guest] = &[
    EXCHANGE,
    GATEWAY,
    GUARD_ENDPOINT,
    GUARD_FILE,
    GUARD_ENVIRONMENT,
    COMMAND,
    FLAGS,
    HOSTILE,
    HOSTILE_GATEWAY,
    OTHER,
    WHOAMI,
];

/// Builds one component with its identity; leaves both where the host and the
/// tests look for them.
///
/// # Errors
///
/// It does not compile, is not a component, or a path of this machine is in it.
pub(crate) fn build(
    workspace: &Workspace,
    toolchain: &Toolchain,
    guest: Guest,
) -> Result<Identity> {
    let core = files::read(&compile(workspace, toolchain, guest)?)?;
    let component = encode(&core).with_context(|| format!("{} is no component", guest.package))?;
    let sources = Sources::of(workspace, guest)?;
    let component = sources.sign(&component, &toolchain.version()?)?;
    refuse_paths(&component, &private_folders(workspace, toolchain)?)?;
    let identity = Identity::new(guest.name, &component, sources)?;
    files::put(&workspace.component(guest.name), &component)?;
    files::put(&workspace.identity(guest.name), identity.json().as_bytes())?;
    Ok(identity)
}

pub(crate) fn compile(
    workspace: &Workspace,
    toolchain: &Toolchain,
    guest: Guest,
) -> Result<PathBuf> {
    // A folder of its own: another compiler may be at work here, and the lock
    // of the main one may be held by a build for this machine.
    let target = workspace.target.join("guests");
    let mut cargo = process::cargo(workspace);
    for (name, _) in std::env::vars_os() {
        if changes_code(&name.to_string_lossy()) {
            cargo.env_remove(name);
        }
    }
    let mut flags = remapped(workspace, toolchain)?;
    flags.extend(LINKING.map(str::to_owned));
    cargo
        .args(["build", "--profile", "guest", "--target", TARGET])
        .args(["--package", guest.package])
        .arg("--target-dir")
        .arg(&target)
        // Set, and so stronger than flags in any configuration file.
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    toolchain.apply(&mut cargo);
    process::run(&mut cargo)?;
    let file = format!("{}.wasm", guest.package.replace('-', "_"));
    Ok(target.join(TARGET).join("guest").join(file))
}

/// Whether a variable of the user's could change what is compiled.
fn changes_code(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_INCREMENTAL",
        "RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
    ];
    NAMES.contains(&name)
        || name.starts_with("CARGO_PROFILE_")
        || name.starts_with("CARGO_UNSTABLE_")
        || name.starts_with("CARGO_TARGET_WASM32_")
}

/// Gives the same names everywhere to the folders whose names could come into
/// the code by panic locations and `file!()`.
fn remapped(workspace: &Workspace, toolchain: &Toolchain) -> Result<Vec<String>> {
    let mut folders = vec![
        (workspace.root.clone(), "/keyhole"),
        (toolchain.sysroot()?, "/rust"),
    ];
    // The folder below is named after the registry, and a mirror has another.
    let registry = workspace.cargo_home.join("registry/src");
    let mirrors = std::fs::read_dir(registry).into_iter().flatten().flatten();
    folders.extend(mirrors.map(|mirror| (mirror.path(), "/crates")));
    folders.sort();
    let flag = |(folder, name): (PathBuf, &str)| {
        format!("--remap-path-prefix={}={name}", folder.display())
    };
    Ok(folders.into_iter().map(flag).collect())
}

/// What the linker is told. It shall write numbers as short as they are, for it
/// pads those that it fills in to five bytes, a sixteenth of the code; and give
/// a stack of 128 KiB instead of 1 MiB, so that addresses of data are short.
const LINKING: [&str; 2] = [
    "-Clink-arg=--compress-relocations",
    "-Clink-arg=-zstack-size=131072",
];

/// Turns a core module into a component and validates it.
fn encode(core: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = ComponentEncoder::default().validate(true).module(core)?;
    without_names(&encoder.encode()?).context("the encoder's component has odd sections")
}

/// A component without the section that names its inner items: for debuggers, a
/// twentieth of the bytes, and the encoder has no switch for it.
fn without_names(component: &[u8]) -> Option<Vec<u8>> {
    const NAMES: &[u8] = b"\x0ecomponent-name";
    let (header, mut rest) = component.split_at_checked(8)?;
    let mut kept = header.to_vec();
    while let Some((id, after_id)) = rest.split_first() {
        // The size, seven bits a byte, the lowest first (LEB128).
        let length = after_id.iter().position(|byte| *byte < 0x80)? + 1;
        let (size, content) = after_id.split_at(length);
        let size = size
            .iter()
            .rev()
            .fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        let content = content.get(..size)?;
        let (section, next) = rest.split_at(1 + length + size);
        if *id != 0 || !content.starts_with(NAMES) {
            kept.extend_from_slice(section);
        }
        rest = next;
    }
    Some(kept)
}

/// Where paths of a build machine begin that panic locations would carry.
pub(crate) fn private_folders(
    workspace: &Workspace,
    toolchain: &Toolchain,
) -> Result<Vec<PathBuf>> {
    Ok(vec![
        workspace.root.join("crates"),
        workspace.root.join("tests"),
        workspace.target.clone(),
        workspace.cargo_home.join("registry"),
        toolchain.sysroot()?.join("lib/rustlib"),
        PathBuf::from("/usr/src/rustc"),
    ])
}

pub(crate) fn refuse_paths(component: &[u8], folders: &[PathBuf]) -> Result<()> {
    for folder in folders {
        let text = folder.as_os_str().as_encoded_bytes();
        if component.windows(text.len()).any(|bytes| bytes == text) {
            bail!(
                "the component holds the path {}, so its bytes would differ from machine to \
                 machine. A panic location or `file!()` is the usual cause",
                folder.display()
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_this_machine_in_a_component_is_refused_by_name() {
        let folders = [PathBuf::from("/home/someone/keyhole/crates")];
        let error = refuse_paths(b"..\0/home/someone/keyhole/crates/lib.rs\0", &folders);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("/home/someone/keyhole/crates"), "{error}");
        refuse_paths(b"/keyhole/federated-token", &folders).unwrap();
    }

    #[test]
    fn what_a_user_sets_for_other_builds_does_not_reach_a_component() {
        for name in [
            "RUSTFLAGS",
            "RUSTC_WRAPPER",
            "CARGO_PROFILE_GUEST_OPT_LEVEL",
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
        ] {
            assert!(changes_code(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "PATH", "RUSTUP_TOOLCHAIN"] {
            assert!(!changes_code(name), "{name}");
        }
    }

    #[test]
    fn the_names_of_inner_items_are_left_out_and_nothing_else() {
        let mut encoder = ComponentEncoder::default()
            .module(b"\0asm\x01\0\0\0")
            .unwrap();
        let encoded = encoder.encode().unwrap();
        let short = without_names(&encoded).unwrap();
        let has_names = |bytes: &[u8]| bytes.windows(14).any(|name| name == b"component-name");
        assert!(has_names(&encoded) && !has_names(&short));
        assert_eq!(without_names(&short), Some(short.clone()));
        assert!(short.windows(9).any(|name| name == b"producers"));
        assert_eq!(without_names(&encoded[..encoded.len() - 1]), None);
    }

    #[test]
    fn a_module_without_a_world_imports_and_exports_nothing() {
        let empty_module = b"\0asm\x01\0\0\0";
        let component = encode(empty_module).unwrap();
        let functions = crate::imports::Functions::of(&component).unwrap();
        assert!(functions.imports.is_empty() && functions.exports.is_empty());
    }
}
