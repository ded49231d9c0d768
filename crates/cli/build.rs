//! Puts into the program what `cargo xtask` has made for it: the components as
//! machine code for this target, and what `exchange.json` says of the exchange. Without
//! them the program compiles, and says how to get them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=KEYHOLE_ARTIFACTS");
    let target = env::var("TARGET").expect("cargo sets TARGET");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let full = env::var_os("CARGO_FEATURE_COMPILER").is_some();

    let identity = artifacts().join("exchange.json");
    let version = long_version(&target, full, &identity);

    let mut source = String::new();
    // The full build compiles the component itself when it runs.
    if !full {
        source.push_str(PAGE);
        for (component, constant) in [("exchange", "EXCHANGE"), ("gateway-alone", "GATEWAY")] {
            let code = artifacts().join(format!("{component}.{target}.cwasm"));
            let copy = out.join(format!("{component}.cwasm"));
            source.push_str(&place(&carry(&code, &copy, "include_bytes"), constant));
        }
    }
    if full {
        for (component, constant) in COMPONENTS {
            let name = format!("{component}.wasm");
            let code = carry(&artifacts().join(&name), &out.join(&name), "include_bytes");
            let _ = writeln!(source, "const {constant}: Option<&[u8]> = {code};");
        }
    }
    let crates = artifacts().join(if full {
        "keyhole-full.auditable"
    } else {
        "keyhole.auditable"
    });
    source.push_str(&audited(&carry(
        &crates,
        &out.join("crates.auditable"),
        "include_bytes",
    )));
    let identity = carry(&identity, &out.join("exchange.json"), "include_str");
    let _ = writeln!(source, "const IDENTITY: Option<&str> = {identity};");
    let _ = writeln!(source, "const LONG_VERSION: &str = {version:?};");
    fs::write(out.join("embedded.rs"), source).expect("OUT_DIR can be written");
}

/// What `keyhole guard` joins and `keyhole inspect` knows.
const COMPONENTS: [(&str, &str); 5] = [
    ("keyhole", "COMMAND"),
    ("gateway", "COMPOSED_GATEWAY"),
    ("guard-endpoint", "GUARD_ENDPOINT"),
    ("guard-environment", "GUARD_ENVIRONMENT"),
    ("guard-file", "GUARD_FILE"),
];

/// What lies at a page.
const PAGE: &str = "#[repr(align(4096))]
#[allow(dead_code, reason = \"there is none where nothing was made\")]
struct Page<const SIZE: usize>([u8; SIZE]);
";

/// The constant for machine code. On Linux it is put into the program's text, at
/// a page, where it can be run as it lies.
fn place(code: &str, constant: &str) -> String {
    let linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    match code
        .strip_prefix("Some(")
        .and_then(|code| code.strip_suffix(')'))
    {
        Some(code) if linux => format!(
            "#[expect(unsafe_code, reason = \"a section of our own: data in it are data as before\")]
#[unsafe(link_section = \".text.{}\")]
static {constant}_CODE: Page<{{ {code}.len() }}> = Page(*{code});
const {constant}: Option<&[u8]> = Some(&{constant}_CODE.0);
",
            constant.to_ascii_lowercase()
        ),
        _ => format!("const {constant}: Option<&[u8]> = {code};\n"),
    }
}

/// The constant for the crates in the program. On Linux it is a section by the name
/// at which scanners look (cargo-auditable, PARSING.md).
fn audited(crates: &str) -> String {
    let linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    match crates
        .strip_prefix("Some(")
        .and_then(|crates| crates.strip_suffix(')'))
    {
        Some(crates) if linux => format!(
            "#[expect(unsafe_code, reason = \"a section of its own: nothing else is in it\")]
#[unsafe(link_section = \".dep-v0\")]
static CRATES: [u8; {crates}.len()] = *{crates};
"
        ),
        _ => "static CRATES: [u8; 0] = [];\n".into(),
    }
}

/// Copies a file into the build if it is there, and answers the expression
/// that includes it.
fn carry(from: &Path, to: &Path, macro_name: &str) -> String {
    println!("cargo::rerun-if-changed={}", from.display());
    match fs::read(from) {
        Err(_) => "None".into(),
        Ok(bytes) => {
            fs::write(to, bytes).expect("OUT_DIR can be written");
            let name = to.file_name().unwrap_or_default().to_string_lossy();
            format!("Some({macro_name}!(concat!(env!(\"OUT_DIR\"), \"/{name}\")))")
        }
    }
}

fn long_version(target: &str, full: bool, identity: &Path) -> String {
    let version = env::var("CARGO_PKG_VERSION").expect("cargo sets CARGO_PKG_VERSION");
    let kind = if full {
        "full (runs other components with --component)"
    } else {
        "slim (no compiler)"
    };
    let exchange = fs::read_to_string(identity)
        .ok()
        .and_then(|text| digest(&text))
        .map_or_else(|| "none".to_owned(), |digest| format!("sha256:{digest}"));
    format!("{version}\nbuild:    {kind}\ntarget:   {target}\nexchange: {exchange}")
}

/// The value of `"sha256"` in the identity's JSON.
fn digest(json: &str) -> Option<String> {
    let (_, rest) = json.split_once("\"sha256\"")?;
    rest.split('"').nth(1).map(str::to_owned)
}

/// Where `cargo xtask` leaves components.
fn artifacts() -> PathBuf {
    env::var_os("KEYHOLE_ARTIFACTS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm"),
        PathBuf::from,
    )
}
