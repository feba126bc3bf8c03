//! What is taken and what is refused, and that nothing is left over.

use super::*;
use proptest::prelude::*;
use std::os::unix::fs::symlink;

/// A PNG header of that size; nobody here decodes pixels.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

struct Place {
    dir: tempfile::TempDir,
    rules: MediaRules,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("spool")).unwrap();
        Self {
            dir,
            rules: MediaRules::default(),
        }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn take(&self, path: &Path) -> Result<Spooled, MediaError> {
        let spool = self.dir.path().join("spool");
        take(path, &spool, &self.rules, UtcMs(1), &Entropy::seeded(3))
    }

    fn left(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("spool"))
            .unwrap()
            .count()
    }
}

#[test]
fn d_an_image_is_copied_once_and_known_by_its_content() {
    let place = Place::new();
    let file = place.file("holiday.txt", &png(1080, 1350));
    let taken = place.take(&file).unwrap();
    assert_eq!((taken.mime, taken.size), ("image/png", Some((1080, 1350))));
    assert_eq!(taken.bytes, 33);
    let name = taken.path.file_name().unwrap().to_str().unwrap();
    assert_eq!(name, format!("{}.png", taken.sha256));
    assert_eq!(
        std::fs::metadata(&taken.path).unwrap().mode() & 0o777,
        0o600
    );
    // A later edit changes the file, not what was approved.
    std::fs::write(&file, png(1, 1)).unwrap();
    assert_eq!(std::fs::read(&taken.path).unwrap(), png(1080, 1350));
    let twin = place.file("twin.png", &png(1080, 1350));
    assert_eq!(place.take(&twin).unwrap(), taken);
    assert_eq!(place.left(), 1);
}

#[test]
fn threats_what_is_no_regular_image_or_video_is_refused() {
    let place = Place::new();
    assert!(matches!(
        place.take(place.dir.path()),
        Err(MediaError::NotAFile(_))
    ));
    let missing = place.dir.path().join("none.png");
    assert!(matches!(place.take(&missing), Err(MediaError::Missing(_))));
    assert!(matches!(
        place.take(Path::new("/dev/zero")),
        Err(MediaError::NotAFile(_))
    ));
    let empty = place.file("empty.png", b"");
    assert!(matches!(place.take(&empty), Err(MediaError::Empty(_))));
    let script = place.file("image.png", b"#!/bin/sh\necho hello\n");
    let error = place.take(&script).unwrap_err().to_string();
    assert!(error.contains("by its content"), "{error}");
    let cut = place.file("cut.png", &png(1, 1)[..12]);
    assert!(place.take(&cut).is_err());
    let wide = place.file("wide.png", &png(4_000_000, 1));
    assert!(matches!(place.take(&wide), Err(MediaError::Damaged(_))));
    assert_eq!(place.left(), 0);
}

proptest! {
    #[test]
    fn outside_no_file_makes_the_sniffer_panic_or_is_taken_for_what_it_is_not(
        start in prop::sample::select(vec![
            &b""[..], b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", b"\xff\xd8\xff\xe0\0\x10JFIF\0",
            b"GIF89a", b"RIFF\xff\xff\xff\xffWEBPVP8X", b"\0\0\0\x18ftypisom", b"\x1a\x45\xdf\xa3",
            b"\0\0\0\x14ftypqt  ", b"\0\0\0\x08moov\0\0\0\x01trak", b"#!/bin/sh\n",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let place = Place::new();
        let file = place.file("any", &[start, &rest].concat());
        let kept = place.take(&file);
        prop_assert_eq!(place.left(), usize::from(kept.is_ok()), "nothing is left over");
        if let Ok(kept) = kept {
            let (known, ending) = sniff(&file, &std::fs::read(&file).unwrap()).unwrap();
            prop_assert_eq!(kept.mime, known);
            prop_assert_eq!(kept.path.extension().unwrap().to_str(), Some(ending));
            let image = kept.mime.starts_with("image/");
            let sides = 1..=32_768;
            let sane = |(width, height)| sides.contains(&width) && sides.contains(&height);
            let fits = !image || kept.size.is_some_and(sane);
            prop_assert!(fits, "a size nobody believes");
        }
    }
}

#[test]
fn threats_a_pipe_does_not_make_us_wait() {
    let place = Place::new();
    let pipe = place.dir.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::from_raw_mode(0o600)).unwrap();
    assert!(matches!(place.take(&pipe), Err(MediaError::NotAFile(_))));
}

#[test]
fn threats_a_window_into_the_system_is_no_picture_and_neither_is_a_link_to_one() {
    let place = Place::new();
    let link = place.dir.path().join("holiday.png");
    for target in [
        "/proc/self/environ",
        "/proc/self/mem",
        "/sys/kernel/uevent_seqnum",
        "/dev/tty",
    ] {
        if !Path::new(target).exists() {
            continue;
        }
        symlink(target, &link).unwrap();
        for path in [Path::new(target), &link] {
            let refused = place.take(path);
            let told = matches!(
                refused,
                Err(MediaError::NotAFile(_) | MediaError::Io { .. })
            );
            assert!(told, "{target}: {refused:?}");
        }
        std::fs::remove_file(&link).unwrap();
    }
    assert_eq!(place.left(), 0);
}

#[test]
fn threats_a_file_of_somebody_else_is_not_ours_to_publish() {
    assert!(foreign(1001, 1000));
    assert!(!foreign(1000, 1000) && !foreign(0, 1000) && !foreign(1000, 0));
}

#[test]
fn threats_a_file_that_changes_under_us_is_refused_or_kept_as_it_was_hashed() {
    let place = Place::new();
    let size = 4 << 20;
    let content = move |with: u8| [png(9, 9), vec![with; size]].concat();
    let path = place.file("busy.png", &content(0));
    let (stop, done) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn({
        let path = path.clone();
        move || {
            let mut with = 0_u8;
            // As long: only its content changes.
            while done.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                with = with.wrapping_add(1);
                let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
                file.write_all(&content(with)).unwrap();
            }
        }
    });
    let mut changed = 0;
    for _ in 0..20 {
        match place.take(&path) {
            Ok(kept) => {
                let digest: [u8; 32] = Sha256::digest(std::fs::read(&kept.path).unwrap()).into();
                let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(hash, kept.sha256);
            }
            Err(MediaError::Changed(_)) => changed += 1,
            Err(other) => panic!("{other}"),
        }
    }
    drop(stop);
    writer.join().unwrap();
    assert!(changed > 0, "one of twenty copies was overtaken");
}

#[test]
fn threats_what_is_too_large_is_refused_before_it_is_copied() {
    let mut place = Place::new();
    place.rules.image_bytes = 32;
    let file = place.file("big.png", &png(10, 10));
    assert!(matches!(
        place.take(&file),
        Err(MediaError::TooLarge { most: 32, .. })
    ));
    assert_eq!(place.left(), 0);
}

#[test]
fn f_a_confined_session_reaches_its_inbox_only_even_by_a_link() {
    let mut place = Place::new();
    let inbox = place.dir.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    place.rules.within = Some(inbox.clone());
    let inside = place.file("inbox/a.png", &png(2, 2));
    assert!(place.take(&inside).is_ok());
    let outside = place.file("b.png", &png(2, 2));
    let link = inbox.join("link.png");
    symlink(&outside, &link).unwrap();
    for path in [outside, link, inbox.join("../b.png")] {
        assert!(matches!(place.take(&path), Err(MediaError::Outside(_))));
    }
}
