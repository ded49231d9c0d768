//! `keyhole inspect --verify`: files beside a list of digests, as sha256sum(1)
//! writes it, compared with it.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Component, Path};

use keyhole_host::Digest;
use keyhole_report::{ExitClass, Fact, Failure, Section, Value};

use crate::regular_file::{self, Links};

/// How much is read of all files, and the largest list, in bytes.
const FILES_BYTES: u64 = 1 << 30;
const LIST_BYTES: u64 = 1 << 20;

/// Compares the files that the list names, or this one of them.
///
/// # Errors
/// The list cannot be used, or a file is missing or another one.
pub(super) fn run(list: &Path, file: Option<&Path>) -> Result<Section, Failure> {
    let text = read(list).map_err(|reason| unusable(list, &reason))?;
    let mut listed = parse(&text).map_err(|fault| unusable(list, &fault))?;
    if let Some(file) = file {
        listed.retain(|(_, listed)| file.file_name() == Some(listed.as_ref()));
    }
    if listed.is_empty() {
        let what = file.map_or("any file".into(), |file| file.display().to_string());
        return Err(unusable(list, &format_args!("it does not name {what}")));
    }

    let mut same = Vec::new();
    let mut faults = Vec::new();
    let mut left = FILES_BYTES;
    for (digest, name) in listed {
        let beside = list.with_file_name(name);
        // Whoever wrote the list may have put links beside it.
        let (path, links) = match file {
            Some(file) => (file, Links::Followed),
            None => (&*beside, Links::Refused),
        };
        match digest_of(path, links, left) {
            Ok((found, rest)) => {
                left = rest;
                if found == digest {
                    same.push(format!("{}  {name}", hex(&digest)));
                } else {
                    faults.push(format!("{name} is {found}, listed is {digest}"));
                }
            }
            Err(reason) => faults.push(format!("{name} cannot be read: {reason}")),
        }
    }
    if !faults.is_empty() {
        return Err(failure(
            format!("not as {} lists: {}", list.display(), faults.join("; ")),
            "Do not use these files. Get them and the list again from where they were \
             published, and compare the list's own digest too.",
        ));
    }
    Ok(Section {
        key: "verified",
        title: "Verified",
        facts: vec![
            Fact::new("list sha256", hex(&Digest::of(text.as_bytes()))),
            Fact::new("as listed", Value::List(same)),
        ],
    })
}

/// A file's digest, read up to the limit whatever its size is said to be, and how much
/// of the limit is left.
fn digest_of(path: &Path, links: Links, limit: u64) -> io::Result<(Digest, u64)> {
    let mut limited = regular_file::open(path, links)?.take(limit + 1);
    let digest = Digest::of_reader(&mut limited)?;
    within(&limited, limit).map(|()| (digest, limited.limit() - 1))
}

fn read(path: &Path) -> io::Result<String> {
    let mut limited = regular_file::open(path, Links::Followed)?.take(LIST_BYTES + 1);
    let mut bytes = Vec::new();
    limited.read_to_end(&mut bytes)?;
    within(&limited, LIST_BYTES)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not text"))
}

fn within(limited: &io::Take<File>, bytes: u64) -> io::Result<()> {
    match limited.limit() {
        0 => Err(io::Error::other(format!(
            "it is larger than the {bytes} bytes that are read"
        ))),
        _ => Ok(()),
    }
}

/// What each line lists; or what is wrong with the first line that cannot be used.
/// Between digest and name stand two characters, of which the second says how the file
/// was read, which makes no difference here. A name is that of a file beside the list:
/// a list from elsewhere does not choose which files of this machine are read.
fn parse(text: &str) -> Result<Vec<(Digest, &str)>, String> {
    let mut names = BTreeSet::new();
    let lines = text.lines().zip(1_usize..);
    lines
        .map(|(line, number)| {
            let (digest, name) =
                entry(line).ok_or_else(|| format!("line {number} is no digest and file name"))?;
            if !is_beside(name) {
                return Err(format!("line {number} names a file that is not beside it"));
            }
            match names.insert(name) {
                true => Ok((digest, name)),
                false => Err(format!("line {number} names {name} again")),
            }
        })
        .collect()
}

fn entry(line: &str) -> Option<(Digest, &str)> {
    let (digest, name) = line.split_at_checked(64)?;
    let name = name
        .strip_prefix("  ")
        .or_else(|| name.strip_prefix(" *"))?;
    let digest = format!("sha256:{digest}").parse().ok()?;
    (!name.is_empty()).then_some((digest, name))
}

fn is_beside(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let first = components.next();
    first == Some(Component::Normal(name.as_ref()))
        && components.next().is_none()
        && !name.contains('\\')
}

fn hex(digest: &Digest) -> String {
    digest.to_string().replace("sha256:", "")
}

fn unusable(list: &Path, reason: &dyn Display) -> Failure {
    failure(
        format!("the list {} cannot be used: {reason}", list.display()),
        "Give a list as `sha256sum FILE…` writes it, such as SHA256SUMS of a release.",
    )
}

fn failure(message: String, next_step: &str) -> Failure {
    Failure::new(ExitClass::Configuration, message, next_step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_sha256sum_writes_them_and_nothing_else_is() {
        let digest = "0".repeat(64);
        let text = format!("{digest}  a file\n{digest} *other\n");
        let names: Vec<_> = parse(&text)
            .unwrap()
            .iter()
            .map(|(_, name)| *name)
            .collect();
        assert_eq!(names, ["a file", "other"]);
        for bad in [
            "",
            "a  b",
            &format!("{digest} name"),
            &format!("{digest}  "),
            &format!("\\{digest}  na\\nme"),
            &format!("{}g  name", &digest[1..]),
            &format!("{}é  name", &digest[1..]),
        ] {
            let text = format!("{digest}  first\n{bad}\n");
            let said = parse(&text).expect_err(bad);
            assert_eq!(said, "line 2 is no digest and file name", "{bad:?}");
        }
        for elsewhere in ["/etc/shadow", "../a", "a/b", "./a", "..", ".", "a/", "a\\b"] {
            let text = format!("{digest}  {elsewhere}\n");
            let said = parse(&text).expect_err(elsewhere);
            assert_eq!(
                said, "line 1 names a file that is not beside it",
                "{elsewhere:?}"
            );
        }
        let twice = format!("{digest}  a\n{digest} *a\n");
        assert_eq!(parse(&twice), Err("line 2 names a again".into()));
    }
}
