//! The choice on machines that are not at hand, and what is asked of this one.

use super::*;

/// A machine that does what it is told and writes down what it was asked.
#[derive(Default)]
struct Told {
    has_target: bool,
    rustup_works: bool,
    has_packages: bool,
    apt_works: bool,
    asked: Vec<&'static str>,
    patience: Option<Duration>,
}

fn ready() -> Toolchain {
    Toolchain::Ready {
        rustc: "rustc".into(),
    }
}

fn from_source() -> Toolchain {
    Toolchain::FromSource {
        rustc: DEBIAN_RUSTC.into(),
        linker: "/toolchain/bin/rust-lld".into(),
    }
}

impl Machine for Told {
    fn ready(&mut self) -> Result<Toolchain, String> {
        self.has_target.then(ready).ok_or("no libcore".into())
    }

    fn rustup_target_add(&mut self, limit: Duration) -> Result<(), String> {
        self.asked.push("rustup");
        self.patience = Some(limit);
        self.has_target = self.rustup_works;
        if self.rustup_works {
            Ok(())
        } else {
            Err("rustup has no network".into())
        }
    }

    fn debian(&mut self) -> Result<Toolchain, String> {
        self.has_packages
            .then(from_source)
            .ok_or("no sources".into())
    }

    fn install_packages(&mut self) -> Result<(), String> {
        self.asked.push("apt-get");
        self.has_packages = self.apt_works;
        if self.apt_works {
            Ok(())
        } else {
            Err("apt-get cannot be started".into())
        }
    }
}

#[test]
fn a_compiler_that_has_the_libraries_is_used_and_nothing_is_installed() {
    let mut machine = Told {
        has_target: true,
        has_packages: true,
        ..Told::default()
    };
    assert_eq!(choose(&mut machine).unwrap(), ready());
    assert!(machine.asked.is_empty(), "{:?}", machine.asked);
}

#[test]
fn rustup_comes_before_debians_packages_even_where_they_are_installed() {
    let mut machine = Told {
        rustup_works: true,
        has_packages: true,
        ..Told::default()
    };
    assert_eq!(choose(&mut machine).unwrap(), ready());
    assert_eq!(machine.asked, ["rustup"]);
}

#[test]
fn packages_that_are_there_are_not_installed_again() {
    let mut machine = Told {
        has_packages: true,
        ..Told::default()
    };
    assert_eq!(choose(&mut machine).unwrap(), from_source());
    assert_eq!(machine.asked, ["rustup"]);
    assert_eq!(machine.patience, Some(RUSTUP_LIMIT_WITH_PACKAGES));
}

#[test]
fn where_rustup_cannot_download_debians_packages_are_installed() {
    let mut machine = Told {
        apt_works: true,
        ..Told::default()
    };
    assert_eq!(choose(&mut machine).unwrap(), from_source());
    assert_eq!(machine.asked, ["rustup", "apt-get"]);
    assert_eq!(machine.patience, Some(RUSTUP_LIMIT));
}

#[test]
fn where_nothing_works_the_error_gives_both_ways_and_both_reasons() {
    let error = choose(&mut Told::default()).unwrap_err().to_string();
    for part in [
        "rustup has no network",
        "apt-get cannot be started",
        "rustup target add wasm32-unknown-unknown",
        "apt-get install --no-install-recommends rustc-web rust-web-src",
    ] {
        assert!(error.contains(part), "{part} is not in:\n{error}");
    }
}

#[test]
fn an_empty_library_folder_is_no_library() {
    let folder = tempfile::tempdir().unwrap();
    assert!(holds_core(folder.path()).is_err());
    assert!(holds_core(&folder.path().join("absent")).is_err());
    std::fs::write(folder.path().join("libcore-0123.rlib"), b"").unwrap();
    assert_eq!(holds_core(folder.path()), Ok(()));
}

#[test]
fn versions_are_compared_by_number() {
    assert_eq!(new_enough("1.96.0"), Ok(()));
    assert_eq!(new_enough("1.95.0"), Ok(()));
    assert_eq!(new_enough("1.100.0-nightly"), Ok(()));
    for old in ["1.63.0", "1.9.0", ""] {
        assert!(new_enough(old).is_err(), "{old}");
    }
}

#[test]
fn debians_compiler_is_told_to_build_the_libraries() {
    let mut cargo = Command::new("cargo");
    from_source().apply(&mut cargo);
    assert_eq!(process::line(&cargo), "cargo -Z build-std=core,alloc");
    let set = |name: &str| cargo.get_envs().any(|(key, _)| key == name);
    assert!(set("RUSTC") && set("RUSTC_BOOTSTRAP"));
    assert!(set("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER"));

    let mut cargo = Command::new("cargo");
    ready().apply(&mut cargo);
    assert_eq!(cargo.get_args().count() + cargo.get_envs().count(), 0);
}

#[test]
fn without_root_apt_get_goes_through_sudo_and_never_asks() {
    let line = process::line(&apt_get(false));
    assert!(line.starts_with("sudo -n "), "{line}");
    assert!(process::line(&apt_get(true)).starts_with("apt-get "));
}
