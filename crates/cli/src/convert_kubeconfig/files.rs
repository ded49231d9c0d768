//! Kubeconfig files: where they are, and how one is read and replaced.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use keyhole_report::{ExitClass, Failure};
use rustix::fs::OFlags;

/// Largest kubeconfig that is read. One of a thousand clusters has 5 MB.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// kubectl's variable with a list of files.
const KUBECONFIG: &str = "KUBECONFIG";

/// A kubeconfig on disk, as it was read.
pub(crate) struct KubeconfigFile {
    /// As the user calls it.
    pub(crate) path: PathBuf,
    /// Where a symbolic link leads.
    real: PathBuf,
    pub(crate) text: String,
    metadata: fs::Metadata,
}

/// The files that kubectl would read: the flag's, else those of `KUBECONFIG`
/// that exist, else `~/.kube/config` (client-go, tools/clientcmd/loader.go).
///
/// # Errors
/// There is none, or one cannot be read.
pub(crate) fn read(flag: Option<&Path>) -> Result<Vec<KubeconfigFile>, Failure> {
    if let Some(path) = flag {
        return Ok(vec![open(path)?]);
    }
    let list = std::env::var_os(KUBECONFIG).filter(|list| !list.is_empty());
    let Some(list) = list else {
        let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
        let home = home.ok_or_else(|| {
            problem(
                "neither --kubeconfig nor KUBECONFIG nor HOME says where the kubeconfig is",
                "Give --kubeconfig.",
            )
        })?;
        return Ok(vec![open(&Path::new(&home).join(".kube/config"))?]);
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for path in std::env::split_paths(&list) {
        let named = !path.as_os_str().is_empty() && !paths.contains(&path);
        if named && !matches!(fs::metadata(&path), Err(error) if is_missing(&error)) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(problem(
            format!("no file of {KUBECONFIG}={} exists", list.display()),
            "Correct the variable, or give --kubeconfig.",
        ));
    }
    paths.iter().map(|path| open(path)).collect()
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn open(path: &Path) -> Result<KubeconfigFile, Failure> {
    let shown = path.display();
    let unreadable = |error: io::Error| {
        problem(
            format!("{shown} cannot be read: {error}"),
            "Give --kubeconfig a file that can be read, or set KUBECONFIG.",
        )
    };
    // Opening must not wait for a pipe's other end.
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() {
            "a folder"
        } else {
            "a pipe or device"
        };
        return Err(problem(
            format!("{shown} is {what}, not a file"),
            "Give --kubeconfig the file itself.",
        ));
    }
    let mut bytes = Vec::new();
    (&mut file)
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(problem(
            format!("{shown} is larger than {MAX_BYTES} bytes"),
            "Split it, and name the parts in KUBECONFIG.",
        ));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        problem(
            format!("{shown} is not UTF-8 text (byte {at})"),
            "Give --kubeconfig the path of a kubeconfig.",
        )
    })?;
    Ok(KubeconfigFile {
        path: path.to_owned(),
        real: fs::canonicalize(path).map_err(unreadable)?,
        text,
        metadata,
    })
}

impl KubeconfigFile {
    /// Whether it can be replaced: looked at before anything is written.
    ///
    /// # Errors
    /// It is read-only, for everybody or for this user.
    pub(crate) fn check_writable(&self) -> Result<(), Failure> {
        let hint = "Make it writable, or copy it and give --kubeconfig the copy.";
        // Root may write everything, but who took the bits away meant it.
        if self.metadata.mode() & 0o222 == 0 {
            return Err(problem(
                format!("{} is read-only", self.path.display()),
                hint,
            ));
        }
        let opened = OpenOptions::new().append(true).open(&self.real);
        opened.map(drop).map_err(|error| {
            problem(
                format!("{} cannot be written: {error}", self.path.display()),
                hint,
            )
        })
    }

    /// Leaves the text as it was read in `FILE.bak`, with the file's mode.
    /// Another file of that name is not overwritten.
    ///
    /// # Errors
    /// There is another one, or it cannot be written.
    pub(crate) fn back_up(&self) -> Result<PathBuf, Failure> {
        let backup = beside(&self.path, ".bak");
        let failed = |error: io::Error| self.failed("backed up", &error);
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&backup);
        match made {
            Ok(file) => self.fill(file, &self.text).map_err(|error| {
                // Half of it would be in the way of the next backup.
                let _ = fs::remove_file(&backup);
                failed(error)
            })?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let same = fs::metadata(&backup)
                    .is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MAX_BYTES)
                    && fs::read(&backup).is_ok_and(|bytes| bytes == self.text.as_bytes());
                if !same {
                    return Err(problem(
                        format!("{} exists already, with another content", backup.display()),
                        "Move it away, or leave --backup out.",
                    ));
                }
            }
            Err(error) => return Err(failed(error)),
        }
        Ok(backup)
    }

    /// Replaces the file at once: whoever reads it sees the old text or the
    /// new one. Mode and owner stay, and so does a symbolic link to it.
    ///
    /// # Errors
    /// It cannot be written, or was changed since it was read; then it is as
    /// it was.
    pub(crate) fn replace(&self, text: &str) -> Result<(), Failure> {
        let failed = |error: io::Error| self.failed("written", &error);
        let _lock = self.lock()?;
        if open(&self.path)?.text != self.text {
            return Err(problem(
                format!("{} was changed while it was converted", self.path.display()),
                "Run the command again.",
            ));
        }
        let mut new = Temporary::create(&self.real).map_err(failed)?;
        let file = new.file.take().ok_or(io::ErrorKind::NotFound);
        let file = file.map_err(|kind| failed(kind.into()))?;
        self.fill(file, text).map_err(failed)?;
        fs::rename(&new.path, &self.real).map_err(failed)?;
        new.renamed = true;
        // The name is on disk when the folder is. Not every file system can.
        if let Some(folder) = self.real.parent() {
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }

    /// Writes a file that takes this one's place: owner and mode, text, disk.
    fn fill(&self, mut file: File, text: &str) -> io::Result<()> {
        let (uid, gid) = (self.metadata.uid(), self.metadata.gid());
        let made = file.metadata()?;
        let mut mode = self.metadata.mode() & 0o777;
        if (made.uid(), made.gid()) != (uid, gid) && fchown(&file, Some(uid), Some(gid)).is_err() {
            // Others than before must not read it by the bits meant for those.
            mode &= 0o700;
        }
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    /// kubectl's own lock (client-go, tools/clientcmd/config.go): whoever made
    /// `FILE.lock` may write.
    fn lock(&self) -> Result<Temporary, Failure> {
        let path = beside(&self.path, ".lock");
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_) => Ok(Temporary {
                path,
                file: None,
                renamed: false,
            }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(problem(
                format!("{} is being written by somebody else", self.path.display()),
                format!(
                    "Run the command again; if nobody is, remove {}.",
                    path.display()
                ),
            )),
            Err(error) => Err(self.failed("written", &error)),
        }
    }

    fn failed(&self, what: &str, error: &io::Error) -> Failure {
        problem(
            format!("{} cannot be {what}: {error}", self.path.display()),
            "Its folder must be writable, because the file is replaced as a whole.",
        )
    }
}

/// A file that goes away again, unless it was renamed.
struct Temporary {
    path: PathBuf,
    file: Option<File>,
    renamed: bool,
}

impl Temporary {
    /// A new file in the same folder, readable by its owner alone.
    fn create(beside_this: &Path) -> io::Result<Self> {
        let path = beside(beside_this, &format!(".keyhole-{}", std::process::id()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        Ok(Self {
            path,
            file: Some(file),
            renamed: false,
        })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn problem(message: impl Into<String>, next_step: impl Into<String>) -> Failure {
    Failure::new(ExitClass::Configuration, message, next_step)
}
