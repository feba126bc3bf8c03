//! Texts and media named on the command line.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::output::{Failure, clean};

/// The longest text that is read: far beyond what any network takes.
const LONGEST: u64 = 1 << 20;

/// How a file is called in a sentence.
pub fn name(path: &Path) -> String {
    if path.as_os_str() == "-" {
        "Standard input".into()
    } else {
        format!("The file {}", clean(&path.to_string_lossy()))
    }
}

/// The text given by a flag or in a file.
///
/// # Errors
/// When the file cannot be read.
pub async fn body(text: Option<&str>, file: Option<&Path>) -> Result<String, Failure> {
    match (text, file) {
        (Some(text), _) => Ok(text.to_owned()),
        // Editors end a file with a line break that belongs to no post.
        (None, Some(path)) => Ok(read(path).await?.trim_end_matches(['\n', '\r']).to_owned()),
        (None, None) => Ok(String::new()),
    }
}

/// Reads a text file, or standard input for `-`.
///
/// # Errors
/// When it cannot be read, is too long or is not UTF-8.
pub async fn read(path: &Path) -> Result<String, Failure> {
    let owned = path.to_path_buf();
    let read = tokio::task::spawn_blocking(move || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if owned.as_os_str() == "-" {
            io::stdin()
                .lock()
                .take(LONGEST + 1)
                .read_to_end(&mut bytes)?;
        } else {
            std::fs::File::open(&owned)?
                .take(LONGEST + 1)
                .read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    });
    let bytes = match read.await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => {
            return Err(Failure::failed(
                "unreadable",
                format!("{} cannot be read: {error}.", name(path)),
                "Check its name and permissions.",
            ));
        }
        Err(_) => return Err(Failure::interrupted()),
    };
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::failed(
            "too_long",
            format!("{} is longer than 1 MiB.", name(path)),
            "Give a shorter text.",
        ));
    }
    String::from_utf8(bytes).map_err(|_| {
        Failure::failed(
            "not_text",
            format!("{} is not UTF-8 text.", name(path)),
            "Save it as UTF-8.",
        )
    })
}

/// Each medium with its description, empty where none was given.
pub fn with_alts(media: &[PathBuf], alts: &[Option<String>]) -> Vec<(PathBuf, String)> {
    media
        .iter()
        .enumerate()
        .map(|(number, path)| {
            let alt = alts.get(number).cloned().flatten().unwrap_or_default();
            (path.clone(), alt)
        })
        .collect()
}
