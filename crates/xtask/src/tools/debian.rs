//! Programs of Debian's: the one of the PATH, or a package's, unpacked and not
//! installed, because an installed one would be started as a service.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::Cache;
use crate::process;

/// etcd, for kube-apiserver to keep its data in.
pub(super) fn etcd(cache: &Cache) -> Result<PathBuf> {
    find(cache, "etcd", "--version", "etcd-server")
}

/// tinyproxy, a forward proxy.
pub(super) fn tinyproxy(cache: &Cache) -> Result<PathBuf> {
    find(cache, "tinyproxy", "-v", "tinyproxy-bin")
}

fn find(cache: &Cache, program: &str, version: &str, package: &str) -> Result<PathBuf> {
    if process::output(Command::new(program).arg(version)).is_ok() {
        return Ok(program.into());
    }
    let folder = cache.keep(program, "debian", |folder| {
        eprintln!("    {program} of Debian's package {package}; some seconds, once");
        let download = || {
            let mut apt_get = Command::new("apt-get");
            process::output(apt_get.args(["download", package]).current_dir(folder))
        };
        if download().is_err() {
            process::output(Command::new("apt-get").arg("update"))?;
            download()?;
        }
        let archive = fs::read_dir(folder)?
            .next()
            .context("apt-get has downloaded nothing")??
            .path();
        process::output(
            Command::new("dpkg-deb")
                .arg("--extract")
                .arg(&archive)
                .arg(folder),
        )?;
        Ok(fs::remove_file(archive)?)
    })?;
    Ok(folder.join("usr/bin").join(program))
}
