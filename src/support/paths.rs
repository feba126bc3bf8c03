//! Where things live: one directory (`--home`, `ALLGREEN_HOME`) or the XDG
//! directories. Directories are 0700 and ours alone; files are 0600.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

/// Environment variable that puts everything into one directory.
pub const HOME: &str = "ALLGREEN_HOME";

/// Where systemd puts the credentials of a service.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// What the key is called among them (`LoadCredential=allgreen.key:...`).
const CREDENTIAL: &str = "allgreen.key";

/// Every place on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file.
    pub config: PathBuf,
    /// The database; its -wal and -shm lie beside it.
    pub database: PathBuf,
    /// The key that seals the secrets.
    pub key: PathBuf,
    /// Verified backups.
    pub backups: PathBuf,
    /// Our own copies of media.
    pub media: PathBuf,
    /// Logs.
    pub logs: PathBuf,
    /// What operators without file names put here, one directory each.
    pub inbox: PathBuf,
    /// The lock of the publisher.
    pub publisher_lock: PathBuf,
    /// Everything lies in one directory, the key beside the database.
    pub one_home: bool,
    /// The key was given to this process by the system, which keeps it.
    pub key_is_given: bool,
}

/// Why a place cannot be used: one sentence what, one what to do.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// The user has no home directory.
    #[error("Your home directory is not known. Set HOME, or name a directory with --home.")]
    NoHome,
    /// A symbolic link where our own directory must be.
    #[error("{0} is a symbolic link. Remove it, or name the directory it points to with --home.")]
    Symlink(PathBuf),
    /// A file where a directory must be.
    #[error("{0} is not a directory. Move it away, or name another place with --home.")]
    NotADirectory(PathBuf),
    /// Somebody else's directory.
    #[error(
        "{path} belongs to another user (uid {owner}). Name a directory of your own with --home."
    )]
    ForeignOwner {
        /// The directory.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
    },
    /// Others may write in it.
    #[error("Others may write in {0}. Run: chmod 700 {0}")]
    Writable(PathBuf),
    /// The system refused.
    #[error(
        "{path} cannot be used: {error}. Check the directory it is in, or name another place with --home."
    )]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl Paths {
    /// The places for `home`, else for [`HOME`], else the XDG directories.
    /// Nothing is touched.
    ///
    /// # Errors
    /// When there is no home directory to start from.
    pub fn choose(home: Option<&Path>) -> Result<Self, PathError> {
        let from_environment = || {
            std::env::var_os(HOME)
                .filter(|home| !home.is_empty())
                .map(PathBuf::from)
        };
        let paths = match home.map(Path::to_owned).or_else(from_environment) {
            Some(home) => {
                let path = home.clone();
                std::path::absolute(home)
                    .map(|home| Self::in_home(&home))
                    .map_err(|error| PathError::Io { path, error })
            }
            None => Self::xdg(),
        }?;
        let credentials = std::env::var_os(CREDENTIALS).map(PathBuf::from);
        Ok(paths.with_credentials(credentials.as_deref()))
    }

    /// The same with the key the service manager gave, where it gave one.
    fn with_credentials(self, directory: Option<&Path>) -> Self {
        let given = directory.map(|directory| directory.join(CREDENTIAL));
        match given.filter(|key| key.exists()) {
            Some(key) => Self {
                key,
                key_is_given: true,
                ..self
            },
            None => self,
        }
    }

    /// Everything in one directory.
    pub fn in_home(home: &Path) -> Self {
        Self {
            one_home: true,
            ..Self::spread(home, home, home)
        }
    }

    /// The XDG directories: key and config apart from the data they seal.
    ///
    /// # Errors
    /// When there is no home directory to start from.
    pub fn xdg() -> Result<Self, PathError> {
        let base = etcetera::base_strategy::Xdg::new().map_err(|_| PathError::NoHome)?;
        let data = base.data_dir();
        let state = base.state_dir().unwrap_or_else(|| data.clone());
        let ours = |dir: PathBuf| dir.join("allgreen");
        Ok(Self::spread(
            &ours(base.config_dir()),
            &ours(data),
            &ours(state),
        ))
    }

    fn spread(config: &Path, data: &Path, state: &Path) -> Self {
        Self {
            config: config.join("config.toml"),
            key: config.join("key"),
            database: data.join("allgreen.db"),
            publisher_lock: data.join("allgreen.db.publisher"),
            backups: data.join("backups"),
            media: data.join("media"),
            inbox: data.join("inbox"),
            logs: state.join("logs"),
            one_home: false,
            key_is_given: false,
        }
    }

    /// The directories, each after the one it lies in.
    fn directories(&self) -> Vec<&Path> {
        let mut all = Vec::new();
        for file in [&self.config, &self.database, &self.logs] {
            if let Some(parent) = file.parent()
                && !all.contains(&parent)
            {
                all.push(parent);
            }
        }
        all.extend([&*self.backups, &*self.media, &*self.logs, &*self.inbox]);
        all
    }

    /// Makes what is missing (0700) and checks what is there.
    ///
    /// # Errors
    /// The first directory that is not ours alone, and what to do about it.
    pub fn create(&self) -> Result<(), PathError> {
        self.directories().into_iter().try_for_each(ensure_private)
    }
}

/// Makes the directory (0700, with what lies above it) or checks that it is a
/// real one, ours, and that nobody else may write in it.
///
/// # Errors
/// What is wrong with it and what to do.
pub fn ensure_private(dir: &Path) -> Result<(), PathError> {
    let failed = |error| PathError::Io {
        path: dir.to_owned(),
        error,
    };
    match fs::symlink_metadata(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder.create(dir).map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
        Ok(_) => {}
    }
    // Looked at again after the making: somebody may have been quicker.
    let meta = fs::symlink_metadata(dir).map_err(failed)?;
    let path = dir.to_owned();
    if meta.is_symlink() {
        Err(PathError::Symlink(path))
    } else if !meta.is_dir() {
        Err(PathError::NotADirectory(path))
    } else if meta.uid() != rustix::process::geteuid().as_raw() {
        let owner = meta.uid();
        Err(PathError::ForeignOwner { path, owner })
    } else if meta.mode() & 0o022 != 0 {
        Err(PathError::Writable(path))
    } else {
        Ok(())
    }
}

/// From here on, files and directories this process makes are for its user
/// alone. The program calls it before it makes the first one.
pub fn private_umask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn one_home_holds_everything_and_is_ours_alone() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("deep/home");
        let paths = Paths::choose(Some(&home)).unwrap();
        paths.create().unwrap();
        for made in [
            &home,
            &paths.backups,
            &paths.media,
            &paths.logs,
            &paths.inbox,
        ] {
            assert_eq!(mode(made), 0o700, "{}", made.display());
        }
        assert!(paths.database.starts_with(&home) && paths.key.starts_with(&home));
        assert_eq!(paths.publisher_lock, home.join("allgreen.db.publisher"));
        assert!(paths.one_home && !paths.config.exists());
        paths.create().unwrap();
    }

    #[test]
    fn without_a_home_the_key_lies_apart_from_the_data() {
        let paths = Paths::xdg().unwrap();
        assert_eq!(paths.config.parent(), paths.key.parent());
        assert_ne!(paths.key.parent(), paths.database.parent());
        assert!(!paths.one_home);
    }

    #[test]
    fn a_key_the_service_manager_gives_goes_before_the_one_in_the_home() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_home(&dir.path().join("home"));
        let same = paths.clone().with_credentials(Some(dir.path()));
        assert_eq!(same, paths, "it gave none");
        fs::write(dir.path().join("allgreen.key"), "x").unwrap();
        let given = paths.clone().with_credentials(Some(dir.path()));
        assert_eq!(given.key, dir.path().join("allgreen.key"));
        assert!(given.key_is_given);
        assert_eq!(given.database, paths.database);
    }

    #[test]
    fn a_link_a_file_or_an_open_directory_is_refused_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        fs::create_dir(&real).unwrap();
        fs::set_permissions(&real, PermissionsExt::from_mode(0o700)).unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(matches!(ensure_private(&link), Err(PathError::Symlink(_))));
        let dangling = dir.path().join("dangling");
        std::os::unix::fs::symlink(dir.path().join("nowhere"), &dangling).unwrap();
        assert!(ensure_private(&dangling).is_err());
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        let refused = ensure_private(&file);
        assert!(matches!(refused, Err(PathError::NotADirectory(_))));
        fs::set_permissions(&real, PermissionsExt::from_mode(0o770)).unwrap();
        let error = ensure_private(&real).unwrap_err().to_string();
        assert!(error.contains("chmod 700"), "{error}");
        fs::set_permissions(&real, PermissionsExt::from_mode(0o700)).unwrap();
        ensure_private(&real).unwrap();
    }

    #[test]
    fn somebody_elses_directory_is_refused() {
        // Of the super-user's or not, one of the two is foreign to us.
        if rustix::process::geteuid().is_root() {
            let dir = tempfile::tempdir().unwrap();
            std::os::unix::fs::chown(dir.path(), Some(12_345), None).unwrap();
            let refused = ensure_private(dir.path());
            let foreign = PathError::ForeignOwner {
                path: dir.path().into(),
                owner: 12_345,
            };
            assert_eq!(refused.unwrap_err().to_string(), foreign.to_string());
        } else {
            let refused = ensure_private(Path::new("/usr"));
            assert!(matches!(
                refused,
                Err(PathError::ForeignOwner { owner: 0, .. })
            ));
        }
    }
}
