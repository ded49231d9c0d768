//! The component to run: where it comes from and whether to believe it.

#[cfg(feature = "compiler")]
use crate::builder::load;
use crate::engine::{Form, engine_of, engine_of_pool};
use crate::error::Error;
use crate::imports;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;
#[cfg(feature = "compiler")]
use std::time::Duration;
use wasmtime::Engine;
use wasmtime::component::Component;

/// An external component is at most this many bytes; the exchange has 0.1 MiB.
pub const MAX_COMPONENT: usize = 8 * 1024 * 1024;

/// A component, ready to be loaded.
pub struct Artifact {
    code: Code,
    origin: Origin,
}

enum Code {
    #[cfg(feature = "compiler")]
    Wasm(Vec<u8>, Digest),
    #[cfg(feature = "interpreter")]
    Interpreted(Vec<u8>, Digest),
    Aot(&'static [u8]),
    InPlace(&'static [u8]),
}

/// Whose component it is: a trap of ours is a bug, a trap of another's is that
/// component's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// It came with this build.
    Embedded,
    /// The caller brought it.
    External,
}

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Digest(Sha256::digest(bytes).into())
    }

    /// The digest of all that is read, in constant memory.
    ///
    /// # Errors
    /// What reading fails with.
    pub fn of_reader(reader: &mut dyn Read) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let mut chunk = [0; 16 * 1024];
        loop {
            match reader.read(&mut chunk) {
                Ok(0) => return Ok(Digest(hash.finalize().into())),
                Ok(length) => hash.update(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Not `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a digest: write sha256: and 64 hexadecimal digits, as sha256sum prints them")]
pub struct DigestError(String);

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let error = || DigestError(text.chars().take(80).collect());
        let hex = text.strip_prefix("sha256:").ok_or_else(error)?;
        if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(error());
        }
        let mut digest = [0u8; 32];
        for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| error())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| error())?;
        }
        Ok(Digest(digest))
    }
}

/// A component's bytes and what they say of themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ComponentFacts {
    /// Digest of the bytes that were loaded.
    pub digest: Digest,
    /// How many bytes that are.
    pub size: usize,
    /// Whose it is.
    pub origin: Origin,
    /// The functions it imports, as `package:name/interface.function`.
    pub imports: Vec<String>,
    /// The interfaces it exports.
    pub exports: Vec<String>,
}

/// A component that the build script carried here.
#[cfg(feature = "compiler")]
macro_rules! embedded_component {
    ($name:literal, $constant:literal) => {{
        #[cfg(keyhole_embedded)]
        {
            let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".wasm"));
            let digest = concat!("sha256:", env!(concat!("KEYHOLE_", $constant, "_SHA256")));
            let digest = digest.parse().map_err(|error| Error::artifact(error, ""))?;
            let mut artifact = Self::wasm(bytes.to_vec(), digest)?;
            artifact.origin = Origin::Embedded;
            Ok(artifact)
        }
        #[cfg(not(keyhole_embedded))]
        Err(Error::artifact(
            concat!("this build carries no component ", $name),
            "build it with `cargo xtask build`, which makes the components first",
        ))
    }};
}

impl Artifact {
    /// The exchange component that this build carries.
    ///
    /// # Errors
    /// [`Error::Artifact`] if the component had not been built before this
    /// crate was; the text says how to build both.
    #[cfg(feature = "compiler")]
    pub fn embedded() -> Result<Self, Error> {
        embedded_component!("exchange", "EXCHANGE")
    }

    /// The gateway component that this build carries.
    ///
    /// # Errors
    /// As [`Artifact::embedded`].
    #[cfg(feature = "compiler")]
    pub fn embedded_gateway() -> Result<Self, Error> {
        embedded_component!("gateway-alone", "GATEWAY")
    }

    /// A component of the caller's. No digest, no run.
    ///
    /// # Errors
    /// [`Error::Artifact`] if the bytes have another digest, are more than
    /// [`MAX_COMPONENT`], or are not a WebAssembly component in binary form: a
    /// precompiled artifact is never taken from outside, because loading one
    /// is running it.
    #[cfg(feature = "compiler")]
    pub fn wasm(bytes: Vec<u8>, digest: Digest) -> Result<Self, Error> {
        if bytes.len() > MAX_COMPONENT {
            return Err(Error::artifact(
                format!("the component is larger than {MAX_COMPONENT} bytes"),
                "",
            ));
        }
        let found = Digest::of(&bytes);
        if found != digest {
            return Err(Error::artifact(
                format!("the component's digest is {found}, not {digest}"),
                "make sure that this is the component you mean, then name its digest",
            ));
        }
        // Magic, and the version and layer of a component (0x0d, 1).
        if !bytes.starts_with(b"\0asm\x0d\0\x01\0") {
            return Err(Error::artifact(
                "this is not a WebAssembly component in binary form",
                "core modules, .wat text and precompiled .cwasm files are not taken",
            ));
        }
        Ok(Artifact {
            code: Code::Wasm(bytes, digest),
            origin: Origin::External,
        })
    }

    /// An artifact that a full build of the same version precompiled.
    ///
    /// # Safety
    /// The bytes must be those that [`precompile`] made, and nobody else can
    /// have changed them: they are run as machine code. Embed them at build
    /// time.
    #[expect(
        unsafe_code,
        reason = "an unsafe constructor: who calls it vouches for the bytes"
    )]
    #[must_use]
    pub unsafe fn aot(bytes: &'static [u8]) -> Self {
        Artifact {
            code: Code::Aot(bytes),
            origin: Origin::Embedded,
        }
    }

    /// Such an artifact that lies in the program's own text, where it is run
    /// without being copied: no memory is ever made executable, its pages are
    /// shared by all processes of the program, and only those that are used are
    /// read.
    ///
    /// # Safety
    /// As for [`Artifact::aot`]; and the bytes begin at a page and lie in memory
    /// that is executable and stays read-only (`link_section = ".text.…"`).
    #[expect(
        unsafe_code,
        reason = "an unsafe constructor: who calls it vouches for the bytes and their place"
    )]
    #[must_use]
    pub unsafe fn aot_in_place(bytes: &'static [u8]) -> Self {
        Artifact {
            code: Code::InPlace(bytes),
            origin: Origin::Embedded,
        }
    }

    /// The same component, run by Pulley, wasmtime's interpreter, in the place of
    /// machine code: no memory is ever made executable, as by
    /// [`Artifact::aot_in_place`], for systems that forbid it. Grants and limits are
    /// the same, fuel too; the guest's own part of a call takes several times as long.
    ///
    /// # Errors
    /// [`Error::Artifact`] if it is machine code already.
    #[cfg(feature = "interpreter")]
    pub fn interpreted(self) -> Result<Self, Error> {
        match self.code {
            Code::Wasm(bytes, digest) | Code::Interpreted(bytes, digest) => Ok(Artifact {
                code: Code::Interpreted(bytes, digest),
                origin: self.origin,
            }),
            Code::Aot(_) | Code::InPlace(_) => Err(Error::artifact(
                "machine code cannot be interpreted",
                "give the component itself",
            )),
        }
    }

    fn form(&self) -> Form {
        match self.code {
            #[cfg(feature = "compiler")]
            Code::Wasm(..) => Form::MachineCode,
            #[cfg(feature = "interpreter")]
            Code::Interpreted(..) => Form::Bytecode,
            Code::Aot(_) => Form::MachineCode,
            Code::InPlace(_) => Form::Text,
        }
    }

    /// The engine that runs it.
    pub(crate) fn engine(&self) -> Result<Engine, Error> {
        engine_of(self.form()).map_err(|error| Error::artifact(error, ""))
    }

    /// The engine that runs many instances of it.
    pub(crate) fn engine_for_many(&self, instances: usize, memory: usize) -> Result<Engine, Error> {
        engine_of_pool(self.form(), instances, memory).map_err(|error| {
            Error::artifact(
                error,
                "each connection needs 8 GiB of address space, though no memory: raise ulimit -v, \
                 or serve fewer with --max-connections",
            )
        })
    }

    /// Whose component it is.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The component. Compiling may take long.
    pub(crate) fn load(self, engine: &Engine) -> Result<Loaded, Error> {
        let (component, bytes) = match self.code {
            #[cfg(feature = "compiler")]
            Code::Wasm(bytes, digest) => (
                Component::from_binary(engine, &bytes),
                Bytes::Hashed(digest, bytes.len()),
            ),
            #[cfg(feature = "interpreter")]
            Code::Interpreted(bytes, digest) => (
                Component::from_binary(engine, &bytes),
                Bytes::Hashed(digest, bytes.len()),
            ),
            Code::Aot(bytes) => (deserialize(engine, bytes), Bytes::There(bytes)),
            Code::InPlace(bytes) => (deserialize_in_place(engine, bytes), Bytes::There(bytes)),
        };
        let component = component.map_err(|error| {
            // wasmtime's own words, where mprotect(2) is refused.
            let next_step = match error.to_string().contains("memory executable") {
                true => {
                    "this system forbids it: take keyhole without a compiler, or the \
                     interpreter (--engine pulley)"
                }
                false => "",
            };
            Error::artifact(
                format!("the component cannot be loaded: {error}"),
                next_step,
            )
        })?;
        Ok(Loaded {
            imports: imports::of(engine, &component),
            exports: imports::exports_of(engine, &component),
            component,
            bytes,
            origin: self.origin,
        })
    }
}

/// A component that has been loaded, and where it is from.
pub(crate) struct Loaded {
    pub(crate) component: Component,
    pub(crate) imports: Vec<String>,
    pub(crate) origin: Origin,
    exports: Vec<String>,
    bytes: Bytes,
}

/// The bytes that were loaded, as far as their digest needs them.
enum Bytes {
    #[cfg(feature = "compiler")]
    Hashed(Digest, usize),
    /// Hashed only for those who ask: half a megabyte takes longer than an
    /// instance does.
    There(&'static [u8]),
}

impl Loaded {
    pub(crate) fn facts(&self) -> ComponentFacts {
        let (digest, size) = match self.bytes {
            #[cfg(feature = "compiler")]
            Bytes::Hashed(digest, size) => (digest, size),
            Bytes::There(bytes) => (Digest::of(bytes), bytes.len()),
        };
        ComponentFacts {
            digest,
            size,
            origin: self.origin,
            imports: self.imports.clone(),
            exports: self.exports.clone(),
        }
    }
}

#[expect(
    unsafe_code,
    reason = "`Artifact::aot` is unsafe: its caller vouches for the bytes"
)]
fn deserialize(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes came through `Artifact::aot`, whose contract this is.
    unsafe { Component::deserialize(engine, bytes) }
}

#[expect(
    unsafe_code,
    reason = "`Artifact::aot_in_place` is unsafe: its caller vouches for the bytes"
)]
fn deserialize_in_place(engine: &Engine, bytes: &'static [u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes came through `Artifact::aot_in_place`, whose contract
    // this is; nothing writes to them.
    unsafe { Component::deserialize_raw(engine, bytes.into()) }
}

/// Compiles a component for this build's target and baseline CPU: what
/// [`Artifact::aot`] takes.
///
/// # Errors
/// [`Error::Artifact`] if the bytes are not a component.
#[cfg(feature = "compiler")]
pub fn precompile(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    crate::engine::engine()
        .and_then(|engine| engine.precompile_component(wasm))
        .map_err(|error| Error::artifact(format!("the component cannot be compiled: {error}"), ""))
}

/// What a component's bytes say of themselves; nothing of it is run. It is
/// compiled nevertheless, for as long as `timeout`: to bytecode where there is an
/// interpreter, so that no memory has to be executable.
///
/// # Errors
/// [`Error::Artifact`] as for [`Artifact::wasm`], or if time is up.
#[cfg(feature = "compiler")]
pub fn inspect(bytes: Vec<u8>, timeout: Duration) -> Result<ComponentFacts, Error> {
    let digest = Digest::of(&bytes);
    #[cfg(feature = "interpreter")]
    let engine = crate::engine::engine_of(crate::engine::Form::Bytecode);
    #[cfg(not(feature = "interpreter"))]
    let engine = crate::engine::engine();
    let engine = engine.map_err(|error| Error::artifact(error, ""))?;
    match load(&engine, Artifact::wasm(bytes, digest)?, timeout) {
        Ok(loaded) => Ok(loaded.facts()),
        Err(Error::Deadline { timeout, .. }) => Err(Error::artifact(
            format!(
                "the component takes longer than {} s to compile",
                timeout.as_secs_f64()
            ),
            "raise --timeout, if its author is to be trusted",
        )),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_as_it_is_read() {
        let digest = Digest::of(b"keyhole");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        let upper = format!("sha256:{}", digest.to_string()[7..].to_uppercase());
        assert_eq!(upper.parse(), Ok(digest), "hexadecimal digits of any case");
    }

    #[test]
    fn what_is_not_a_digest_is_refused() {
        for text in ["", "sha256:", "sha256:00", "md5:00", &"0".repeat(64)] {
            assert!(text.parse::<Digest>().is_err(), "{text:?}");
        }
        let long = format!("sha256:{}", "g".repeat(64));
        assert!(long.parse::<Digest>().is_err());
    }
}
