//! Where everything of this installation lives, and the check that nobody else
//! can put anything there.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

/// What a directory of ours is called inside the XDG directories.
const OURS: &str = "allgreen";

/// The places of one installation; all absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file.
    pub config: PathBuf,
    /// The database; SQLite keeps its `-wal` and `-shm` beside it.
    pub database: PathBuf,
    /// The key that seals secrets.
    pub key: PathBuf,
    /// Directory of verified backups.
    pub backups: PathBuf,
    /// Directory of media copied when their post was scheduled.
    pub media: PathBuf,
    /// Directory of log files.
    pub logs: PathBuf,
    /// Directory of media put here for later posts.
    pub inbox: PathBuf,
    /// The lock of the one publisher: the canonical path of the database with
    /// `.publisher` behind it, so that two ways to one store meet at one lock.
    pub publisher_lock: PathBuf,
}

/// Why a place cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {hint}")]
pub struct PathError {
    /// What is wrong, in one sentence.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl PathError {
    fn new(what: String, hint: impl Into<String>) -> Self {
        Self {
            what,
            hint: hint.into(),
        }
    }
}

impl Paths {
    /// Everything inside one directory, as `--home` asks for it.
    pub fn in_home(home: &Path) -> Self {
        Self::of(home, home, &home.join("logs"))
    }

    /// The XDG directories: configuration and key in config; database, media,
    /// backups and inbox in data; logs in state. `ALLGREEN_HOME` is the command
    /// line's `--home` and is not looked at here.
    ///
    /// # Errors
    /// When the user's home directory is not known.
    pub fn from_environment() -> Result<Self, PathError> {
        let base = etcetera::base_strategy::Xdg::new().map_err(|_| {
            PathError::new(
                "Your home directory is not known.".into(),
                "Set HOME, or name a directory with --home.",
            )
        })?;
        Ok(Self::in_base(&base))
    }

    fn in_base(base: &impl BaseStrategy) -> Self {
        let data = base.data_dir().join(OURS);
        // Only strategies other than XDG know no state directory.
        let logs = base
            .state_dir()
            .map_or_else(|| data.join("logs"), |state| state.join(OURS));
        Self::of(&base.config_dir().join(OURS), &data, &logs)
    }

    fn of(config: &Path, data: &Path, logs: &Path) -> Self {
        // Absolute, so that a later change of directory moves nothing.
        let [config, data, logs] =
            [config, data, logs].map(|path| std::path::absolute(path).unwrap_or(path.into()));
        let database = data.join("allgreen.db");
        let mut lock = canonical(&database).into_os_string();
        lock.push(".publisher");
        Self {
            config: config.join("config.toml"),
            key: config.join("key"),
            backups: data.join("backups"),
            media: data.join("media"),
            inbox: data.join("inbox"),
            logs,
            publisher_lock: lock.into(),
            database,
        }
    }

    /// Creates the directories that are missing, mode 0700, and checks the ones
    /// that are there.
    ///
    /// # Errors
    /// When one cannot be created, is not a directory, is a symbolic link,
    /// belongs to somebody else, or can be written by group or others.
    pub fn prepare(&self) -> Result<(), PathError> {
        // Parents come before what is inside them.
        let parents = [&self.config, &self.key, &self.database]
            .into_iter()
            .filter_map(|file| file.parent());
        let own = [&self.backups, &self.media, &self.logs, &self.inbox];
        let mut done: Vec<&Path> = Vec::new();
        for directory in parents.chain(own.into_iter().map(PathBuf::as_path)) {
            if !done.contains(&directory) {
                private_directory(directory)?;
                done.push(directory);
            }
        }
        Ok(())
    }
}

/// `path` with the links of everything that exists resolved; what does not
/// exist yet is kept as it is.
fn canonical(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => canonical(parent).join(name),
        _ => path.to_path_buf(),
    }
}

fn private_directory(path: &Path) -> Result<(), PathError> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(path);
    if let Err(error) = created {
        // A file or a dangling link in the way is named better below.
        if error.kind() != ErrorKind::AlreadyExists {
            return Err(PathError::new(
                format!(
                    "The directory {} could not be created: {error}.",
                    path.display()
                ),
                "Check the directory above it, or name another place with --home.",
            ));
        }
    }
    let found = fs::symlink_metadata(path).map_err(|error| {
        PathError::new(
            format!("The directory {} cannot be read: {error}.", path.display()),
            "Check its permissions and those of the directories above it.",
        )
    })?;
    judge(
        path,
        found.file_type(),
        found.uid(),
        found.permissions().mode(),
        rustix::process::geteuid().as_raw(),
    )
}

fn judge(path: &Path, kind: fs::FileType, owner: u32, mode: u32, me: u32) -> Result<(), PathError> {
    let shown = path.display();
    if kind.is_symlink() {
        return Err(PathError::new(
            format!("{shown} is a symbolic link."),
            "Name the directory it leads to with --home, or replace the link by a directory.",
        ));
    }
    if !kind.is_dir() {
        return Err(PathError::new(
            format!("{shown} is not a directory."),
            "Move it away, or name another place with --home.",
        ));
    }
    if owner != me {
        return Err(PathError::new(
            format!("{shown} belongs to user {owner}, but you are user {me}."),
            "Run as its owner, or name a directory of your own with --home.",
        ));
    }
    if mode & 0o022 != 0 {
        return Err(PathError::new(
            format!(
                "{shown} can be written by others (mode {:04o}).",
                mode & 0o7777
            ),
            format!("Look for files you do not know in it, then run: chmod 700 {shown}"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_home_holds_everything_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("a/b");
        let paths = Paths::in_home(&home);
        paths.prepare().unwrap();
        paths.prepare().unwrap();
        for made in [
            &home,
            &dir.path().join("a"),
            &paths.backups,
            &paths.media,
            &paths.logs,
            &paths.inbox,
        ] {
            assert_eq!(mode(made), 0o700, "{}", made.display());
        }
        assert_eq!(paths.config, home.join("config.toml"));
        assert_eq!(paths.key, home.join("key"));
        assert_eq!(paths.database, home.join("allgreen.db"));
        let real = fs::canonicalize(&home).unwrap();
        assert_eq!(paths.publisher_lock, real.join("allgreen.db.publisher"));
    }

    #[test]
    fn the_xdg_directories_part_configuration_data_and_logs() {
        struct Base(PathBuf);
        impl BaseStrategy for Base {
            fn home_dir(&self) -> &Path {
                &self.0
            }
            fn config_dir(&self) -> PathBuf {
                self.0.join("c")
            }
            fn data_dir(&self) -> PathBuf {
                self.0.join("d")
            }
            fn cache_dir(&self) -> PathBuf {
                self.0.join("x")
            }
            fn state_dir(&self) -> Option<PathBuf> {
                Some(self.0.join("s"))
            }
            fn runtime_dir(&self) -> Option<PathBuf> {
                None
            }
        }
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_base(&Base(dir.path().into()));
        paths.prepare().unwrap();
        let under = |rest: &str| dir.path().join(rest);
        assert_eq!(paths.config, under("c/allgreen/config.toml"));
        assert_eq!(paths.key, under("c/allgreen/key"));
        assert_eq!(paths.database, under("d/allgreen/allgreen.db"));
        assert_eq!(paths.media, under("d/allgreen/media"));
        assert_eq!(paths.backups, under("d/allgreen/backups"));
        assert_eq!(paths.inbox, under("d/allgreen/inbox"));
        assert_eq!(paths.logs, under("s/allgreen"));
        assert!(!under("x").exists());
    }

    #[test]
    fn two_ways_to_one_store_meet_at_one_lock() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        Paths::in_home(&real).prepare().unwrap();
        symlink(&real, dir.path().join("way")).unwrap();
        let other = Paths::in_home(&dir.path().join("way"));
        assert_eq!(other.publisher_lock, Paths::in_home(&real).publisher_lock);
        // Also before and after the database exists.
        fs::write(real.join("allgreen.db"), "").unwrap();
        assert_eq!(other.publisher_lock, Paths::in_home(&real).publisher_lock);
    }

    #[test]
    fn links_files_and_shared_directories_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        Paths::in_home(&real).prepare().unwrap();

        let way = dir.path().join("way");
        symlink(&real, &way).unwrap();
        let error = Paths::in_home(&way).prepare().unwrap_err();
        assert!(error.what.contains("symbolic link"), "{error}");

        let dangling = dir.path().join("dangling");
        symlink(dir.path().join("nowhere"), &dangling).unwrap();
        let error = Paths::in_home(&dangling).prepare().unwrap_err();
        assert!(error.what.contains("symbolic link"), "{error}");

        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Paths::in_home(&file).prepare().unwrap_err();
        assert!(error.what.contains("not a directory"), "{error}");

        fs::remove_dir(real.join("media")).unwrap();
        symlink(dir.path(), real.join("media")).unwrap();
        let error = Paths::in_home(&real).prepare().unwrap_err();
        assert!(error.what.contains("media"), "{error}");
        fs::remove_file(real.join("media")).unwrap();

        for shared in [0o770, 0o707] {
            fs::set_permissions(&real, fs::Permissions::from_mode(shared)).unwrap();
            let error = Paths::in_home(&real).prepare().unwrap_err();
            assert!(error.hint.contains("chmod 700"), "{error}");
        }
    }

    #[test]
    fn a_directory_of_somebody_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let kind = fs::symlink_metadata(dir.path()).unwrap().file_type();
        let error = judge(dir.path(), kind, 7, 0o700, 8).unwrap_err();
        assert!(error.what.contains("belongs to user 7"), "{error}");
        assert!(judge(dir.path(), kind, 8, 0o755, 8).is_ok());
    }
}
