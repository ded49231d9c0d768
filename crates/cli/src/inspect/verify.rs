//! `keyhole inspect --verify`: files beside a list of digests, as sha256sum(1)
//! writes it, compared with it.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use keyhole_host::Digest;
use keyhole_report::{ExitClass, Fact, Failure, Section};

/// The largest file that is read, and the largest list, in bytes.
const FILE_BYTES: u64 = 1 << 30;
const LIST_BYTES: u64 = 1 << 20;

/// Compares the files that the list names, or this one of them.
///
/// # Errors
/// The list cannot be used, or a file is missing or another one.
pub(super) fn run(list: &Path, file: Option<&Path>) -> Result<Section, Failure> {
    let bytes = read(list, LIST_BYTES).map_err(|reason| unusable(list, &reason))?;
    let text = str::from_utf8(&bytes).map_err(|_| unusable(list, &"it is not text"))?;
    let mut listed = parse(text).map_err(|line| {
        unusable(
            list,
            &format_args!("line {line} is no digest and file name"),
        )
    })?;
    if let Some(file) = file {
        let name = file.file_name().unwrap_or_default();
        listed.retain(|(_, listed)| Path::new(listed).file_name() == Some(name));
    }
    if listed.is_empty() {
        let what = file.map_or("any file".into(), |file| file.display().to_string());
        return Err(unusable(list, &format_args!("it does not name {what}")));
    }

    let mut facts = vec![Fact::new("list sha256", hex(&Digest::of(&bytes)))];
    let mut faults = Vec::new();
    for (digest, name) in listed {
        let beside = list.with_file_name(name);
        match read(file.unwrap_or(&beside), FILE_BYTES).map(|bytes| Digest::of(&bytes)) {
            Ok(found) if found == digest => facts.push(Fact::new(name, "as listed")),
            Ok(found) => faults.push(format!("{name} is {found}, listed is {digest}")),
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
        facts,
    })
}

/// A file's bytes. A FIFO would be waited for without end.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a regular file".into());
    }
    if metadata.len() > limit {
        return Err(format!("it is larger than {limit} bytes"));
    }
    fs::read(path).map_err(|error| error.to_string())
}

/// What each line lists; or the number of the first line that lists nothing. Between
/// digest and name stand two characters, of which the second says how the file was
/// read, which makes no difference here.
fn parse(text: &str) -> Result<Vec<(Digest, &str)>, usize> {
    let lines = text.lines().enumerate();
    lines
        .map(|(number, line)| entry(line).ok_or(number + 1))
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
            assert_eq!(parse(&text), Err(2), "{bad:?}");
        }
    }
}
