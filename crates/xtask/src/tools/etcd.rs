//! etcd: the one of the PATH, or Debian's, unpacked and not installed, because
//! an installed one would be started as a service.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::Cache;
use crate::process;

const PACKAGE: &str = "etcd-server";

pub(super) fn find(cache: &Cache) -> Result<PathBuf> {
    if process::output(Command::new("etcd").arg("--version")).is_ok() {
        return Ok("etcd".into());
    }
    let folder = cache.keep("etcd", "debian", |folder| {
        eprintln!(
            "    Debian's {PACKAGE}, for kube-apiserver to keep its data in; some seconds, once"
        );
        let download = || {
            let mut apt_get = Command::new("apt-get");
            process::output(apt_get.args(["download", PACKAGE]).current_dir(folder))
        };
        if download().is_err() {
            process::output(Command::new("apt-get").arg("update"))?;
            download()?;
        }
        let package = fs::read_dir(folder)?
            .next()
            .context("apt-get has downloaded nothing")??
            .path();
        process::output(
            Command::new("dpkg-deb")
                .arg("--extract")
                .arg(&package)
                .arg(folder),
        )?;
        Ok(fs::remove_file(package)?)
    })?;
    Ok(folder.join("usr/bin/etcd"))
}
