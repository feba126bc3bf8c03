//! A disk so small that a story can fill it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::Home;
use super::program::{Desk, QUICK};

/// A file system of a few MiB in memory; gone when dropped.
pub struct Disk {
    mounted: PathBuf,
}

impl Disk {
    /// `None`, said on standard error, where this user may mount nothing.
    fn at(place: &Path, kib: u32) -> Option<Self> {
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o"])
            .arg(format!("size={kib}k,mode=0700"))
            .arg("allgreen-test")
            .arg(place)
            .output();
        match done {
            Ok(output) if output.status.success() => Some(Self {
                mounted: place.to_path_buf(),
            }),
            _ => {
                super::not_shown("this user may not mount a small disk (run it as root)");
                None
            }
        }
    }

    /// Writes until nothing more fits.
    pub fn fill(&self) {
        let mut file = File::create(self.mounted.join("filler")).expect("a file");
        while file.write_all(&[0; 4096]).is_ok() {}
        while file.write_all(&[0; 1]).is_ok() {}
    }

    /// Gives the room back.
    pub fn free(&self) {
        std::fs::remove_file(self.mounted.join("filler")).expect("the filler");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.mounted).status();
    }
}

/// A desk whose home lies on a small disk.
pub struct SmallDesk {
    /// Dropped first: what is on it goes with it.
    pub disk: Disk,
    /// The desk.
    pub desk: Desk,
}

impl SmallDesk {
    /// `None` where this user may mount nothing.
    pub fn new(config: &str) -> Option<Self> {
        let dir = tempfile::Builder::new()
            .prefix("allgreen-small-")
            .tempdir()
            .expect("a temporary directory");
        let disk = Disk::at(dir.path(), 8 * 1024)?;
        let home = Home::within(dir);
        home.write_config(&format!("{config}{QUICK}"));
        Some(Self {
            disk,
            desk: Desk { home },
        })
    }
}
