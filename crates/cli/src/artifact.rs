//! Which component runs: the one this program carries, or one that is named.

use std::path::Path;

use keyhole_host::Artifact;
use keyhole_report::{ExitClass, Failure};
use serde_json::Value;

#[cfg(feature = "compiler")]
use crate::failure;
use crate::flags::{Engine, SandboxFlags};
#[cfg(feature = "compiler")]
use crate::parts::{self, Known};
#[cfg(feature = "compiler")]
use crate::regular_file::{self, Links};

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Whether this is the full build.
pub(crate) const FULL: bool = cfg!(feature = "compiler");

/// Version, build, target and the digest of the exchange.
pub(crate) const fn long_version() -> &'static str {
    LONG_VERSION
}

/// Has the linker keep the list of crates, which scanners read of the program's file
/// and nothing here does.
pub(crate) fn keep_crates() {
    std::hint::black_box(CRATES.as_ptr());
}

/// What `exchange.json` says of the embedded component; none if it was not
/// there when this program was built.
pub(crate) fn identity() -> Option<Value> {
    serde_json::from_str(IDENTITY?).ok()
}

/// The component that the flags choose.
///
/// # Errors
/// The program carries none, or the one named cannot be used.
pub(crate) fn chosen(flags: &SandboxFlags) -> Result<Artifact, Failure> {
    let artifact = match (&flags.component, &flags.digest) {
        (Some(file), Some(digest)) => external(file, digest),
        _ => embedded(),
    };
    on(flags.engine, artifact?)
}

/// The artifact for this engine.
#[cfg(feature = "compiler")]
fn on(engine: Engine, artifact: Artifact) -> Result<Artifact, Failure> {
    match engine {
        Engine::Native => Ok(artifact),
        Engine::Pulley => artifact
            .interpreted()
            .map_err(|error| failure::of(&error, None)),
    }
}

/// The artifact for this engine.
#[cfg(not(feature = "compiler"))]
fn on(engine: Engine, artifact: Artifact) -> Result<Artifact, Failure> {
    match engine {
        Engine::Native => Ok(artifact),
        Engine::Pulley => Err(Failure::new(
            ExitClass::Configuration,
            "this build has no interpreter",
            "Leave --engine out: this build makes no memory executable either. keyhole-full \
             has the interpreter.",
        )),
    }
}

/// The gateway that this program carries.
///
/// # Errors
/// It carries none.
#[cfg(feature = "compiler")]
pub(crate) fn gateway(flags: &SandboxFlags) -> Result<Artifact, Failure> {
    let artifact = Artifact::embedded_gateway().map_err(|error| failure::of(&error, None));
    on(flags.engine, artifact?)
}

/// The gateway that this program carries.
///
/// # Errors
/// It carries none.
#[cfg(not(feature = "compiler"))]
pub(crate) fn gateway(flags: &SandboxFlags) -> Result<Artifact, Failure> {
    on(flags.engine, carried(GATEWAY, "gateway")?)
}

/// The guards that this program carries.
///
/// # Errors
/// It carries none.
#[cfg(feature = "compiler")]
pub(crate) fn guards() -> Result<keyhole_guard::Guards<'static>, Failure> {
    Ok(keyhole_guard::Guards {
        endpoint: GUARD_ENDPOINT.ok_or_else(|| not_carried("guard"))?,
        file: GUARD_FILE.ok_or_else(|| not_carried("guard"))?,
        environment: GUARD_ENVIRONMENT.ok_or_else(|| not_carried("guard"))?,
    })
}

/// The command with the exchange in it, `keyhole.wasm`, that this program carries.
///
/// # Errors
/// It carries none.
#[cfg(feature = "compiler")]
pub(crate) fn command() -> Result<Vec<u8>, Failure> {
    COMMAND
        .map(<[u8]>::to_vec)
        .ok_or_else(|| not_carried("command"))
}

/// What this program knows of components by their bytes.
#[cfg(feature = "compiler")]
pub(crate) fn known() -> Vec<Known> {
    let exchange = identity().and_then(|exchange| {
        let digest = exchange["sha256"].as_str()?.to_owned();
        let is = "the exchange component of this keyhole";
        Some(Known { digest, is })
    });
    let of = |bytes: Option<&'static [u8]>, is| Some(Known::of(bytes?, is));
    let carried = [
        of(COMMAND, "keyhole.wasm of this keyhole"),
        of(COMPOSED_GATEWAY, "gateway.wasm of this keyhole"),
        of(GUARD_ENDPOINT, "the guard of the endpoint of this keyhole"),
        of(GUARD_FILE, "the guard of the file of this keyhole"),
        of(GUARD_ENVIRONMENT, "the rule by variables of this keyhole"),
    ];
    let parts_of = |bytes: Option<&'static [u8]>, is| parts::known(bytes.unwrap_or_default(), is);
    // The exchange is first, so that it keeps its name.
    exchange
        .into_iter()
        .chain(carried.into_iter().flatten())
        .chain(parts_of(COMMAND, "a part of keyhole.wasm of this keyhole"))
        .chain(parts_of(
            COMPOSED_GATEWAY,
            "a part of gateway.wasm of this keyhole",
        ))
        .collect()
}

#[cfg(feature = "compiler")]
fn embedded() -> Result<Artifact, Failure> {
    Artifact::embedded().map_err(|error| failure::of(&error, None))
}

#[cfg(not(feature = "compiler"))]
fn embedded() -> Result<Artifact, Failure> {
    carried(EXCHANGE, "exchange")
}

#[cfg(not(feature = "compiler"))]
#[expect(
    unsafe_code,
    reason = "machine code that this build put into this program"
)]
fn carried(code: Option<&'static [u8]>, what: &str) -> Result<Artifact, Failure> {
    match code {
        // SAFETY: the bytes were made by `keyhole precompile` of the same
        // sources, put into the program by its build script, and lie in its
        // read-only data.
        #[cfg(not(target_os = "linux"))]
        Some(code) => Ok(unsafe { Artifact::aot(code) }),
        // SAFETY: as above, but in its text, at a page.
        #[cfg(target_os = "linux")]
        Some(code) => Ok(unsafe { Artifact::aot_in_place(code) }),
        None => Err(not_carried(what)),
    }
}

fn not_carried(what: &str) -> Failure {
    Failure::new(
        ExitClass::Configuration,
        format!("this build carries no {what} component"),
        "Build it with `cargo xtask build`, which makes the component first.",
    )
}

#[cfg(feature = "compiler")]
fn external(file: &Path, digest: &str) -> Result<Artifact, Failure> {
    let digest = digest.parse().map_err(|error| {
        Failure::new(
            ExitClass::Configuration,
            format!("--digest: {error}"),
            "Give the digest as `sha256sum FILE` prints it, after sha256:.",
        )
    })?;
    Artifact::wasm(read(file)?, digest).map_err(|error| failure::of(&error, None))
}

#[cfg(not(feature = "compiler"))]
fn external(file: &Path, _digest: &str) -> Result<Artifact, Failure> {
    Err(no_compiler(file))
}

/// What the slim build answers where a compiler is needed.
#[cfg(not(feature = "compiler"))]
pub(crate) fn no_compiler(file: &Path) -> Failure {
    Failure::new(
        ExitClass::Configuration,
        format!(
            "this build has no compiler, so it cannot take {}",
            file.display()
        ),
        "Use keyhole-full, which `cargo xtask dist` leaves beside keyhole.",
    )
}

/// A component's file, opened once and read whole, up to the limit.
#[cfg(feature = "compiler")]
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    use keyhole_host::MAX_COMPONENT;
    use std::io::Read as _;

    let cannot = |reason: &dyn std::fmt::Display| {
        Failure::new(
            ExitClass::Configuration,
            format!("the component {} cannot be read: {reason}", file.display()),
            "",
        )
    };
    let mut bytes = Vec::new();
    regular_file::open(file, Links::Followed)
        .and_then(|open| open.take(MAX_COMPONENT as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| cannot(&error))?;
    if bytes.len() > MAX_COMPONENT {
        return Err(cannot(&format_args!(
            "it is larger than {MAX_COMPONENT} bytes"
        )));
    }
    Ok(bytes)
}
