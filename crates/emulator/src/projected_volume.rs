//! A service account token on disk as kubelet projects it.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// The link whose target is the current generation.
const DATA: &str = "..data";
/// The link that is renamed over it.
const DATA_TMP: &str = "..data_tmp";
/// What the azure-workload-identity webhook calls the file.
const TOKEN: &str = "azure-identity-token";

/// A folder that holds a token the way kubelet's atomic writer leaves it
/// (Kubernetes, `pkg/volume/util/atomic_writer.go`):
///
/// ```text
/// azure-identity-token -> ..data/azure-identity-token
/// ..data -> ..2026_11_24_22_54_27.318264905
/// ..2026_11_24_22_54_27.318264905/azure-identity-token
/// ```
///
/// [`rotate`](Self::rotate) writes the next generation beside the current one
/// and renames a link, so that whoever has a file open keeps a whole token. A
/// reader that resolves `..data` just before the swap and opens the file just
/// after the old generation is removed finds it missing, as under kubelet;
/// opening it again succeeds.
#[derive(Clone, Debug)]
pub struct ProjectedVolume {
    directory: PathBuf,
    mode: u32,
}

impl ProjectedVolume {
    /// Projects a token into an existing folder, readable by all (0644, what
    /// kubelet gives a pod without `fsGroup` and `runAsUser`).
    ///
    /// # Errors
    /// Whatever the file system answers.
    pub fn create(directory: impl Into<PathBuf>, token: &str) -> io::Result<Self> {
        Self::create_with_mode(directory, token, 0o644)
    }

    /// The same with a mode of the caller's, such as 0600, which kubelet uses
    /// when all containers run as one user.
    ///
    /// # Errors
    /// Whatever the file system answers.
    pub fn create_with_mode(
        directory: impl Into<PathBuf>,
        token: &str,
        mode: u32,
    ) -> io::Result<Self> {
        let volume = Self {
            directory: directory.into(),
            mode,
        };
        volume.rotate(token)?;
        Ok(volume)
    }

    /// Replaces the token as kubelet does when 80 % of its life are over. The
    /// token that is already there is left alone, as kubelet leaves it.
    ///
    /// # Errors
    /// Whatever the file system answers; the old token then stays.
    pub fn rotate(&self, token: &str) -> io::Result<()> {
        let data = self.directory.join(DATA);
        let previous = match fs::read_link(&data) {
            Ok(target) => Some(self.directory.join(target)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(previous) = &previous
            && fs::read(previous.join(TOKEN)).is_ok_and(|old| old == token.as_bytes())
        {
            return Ok(());
        }
        let generation = self.new_generation()?;
        if let Err(error) = self.publish(&generation, token) {
            // The generation is not in use, and the error that matters is the first.
            let _ = fs::remove_dir_all(&generation);
            return Err(error);
        }
        self.link_visible_file()?;
        match previous {
            Some(previous) => fs::remove_dir_all(previous),
            None => Ok(()),
        }
    }

    /// The path a pod is given in `AZURE_FEDERATED_TOKEN_FILE`.
    pub fn token_file(&self) -> PathBuf {
        self.directory.join(TOKEN)
    }

    /// The folder, a pod's mount point.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A folder named after the time in UTC and a number no other one has.
    fn new_generation(&self) -> io::Result<PathBuf> {
        let now = jiff::Timestamp::now()
            .strftime("..%Y_%m_%d_%H_%M_%S.")
            .to_string();
        loop {
            let number = getrandom::u32().map_err(io::Error::other)?;
            let path = self.directory.join(format!("{now}{number}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    // Again, because the umask has no say in a projected volume.
                    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
                    return Ok(path);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn publish(&self, generation: &Path, token: &str) -> io::Result<()> {
        let path = generation.join(TOKEN);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(self.mode)
            .open(&path)?;
        file.write_all(token.as_bytes())?;
        fs::set_permissions(&path, Permissions::from_mode(self.mode))?;

        let next = self.directory.join(DATA_TMP);
        match fs::remove_file(&next) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        symlink(generation.file_name().unwrap_or_default(), &next)?;
        fs::rename(&next, self.directory.join(DATA))
    }

    fn link_visible_file(&self) -> io::Result<()> {
        match symlink(Path::new(DATA).join(TOKEN), self.token_file()) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }
}
