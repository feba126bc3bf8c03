//! Width and height of a video in an MP4 or MOV file: from the header of its
//! first track that has a picture, turned as players turn it.
//!
//! Source: ISO/IEC 14496-12, boxes `moov`, `trak` and `tkhd`;
//! <https://developer.apple.com/documentation/quicktime-file-format/track_header_atom>

use std::io::{Read, Seek, SeekFrom};

/// Bytes of a `moov` box that are looked at; those of hours of video are
/// smaller.
const LONGEST_HEADER: u64 = 16 << 20;
/// Boxes of a file that are looked at.
const MOST_BOXES: usize = 4_096;
/// Where the matrix stands in a `tkhd` box of version 0; the size follows it.
const MATRIX: usize = 40;
/// How much longer the times before it are in version 1.
const LONGER: usize = 12;

/// Reads it; nothing when the file does not say.
pub(super) fn dimensions(file: &mut (impl Read + Seek)) -> Option<(u32, u32)> {
    let moov = header(file)?;
    boxes(&moov)
        .filter(|(kind, _)| *kind == b"trak")
        .flat_map(|(_, trak)| boxes(trak))
        .filter(|(kind, _)| *kind == b"tkhd")
        .find_map(|(_, tkhd)| picture(tkhd))
}

/// The `moov` box, wherever in the file it is.
fn header(file: &mut (impl Read + Seek)) -> Option<Vec<u8>> {
    file.rewind().ok()?;
    for _ in 0..MOST_BOXES {
        let mut start = [0; 8];
        file.read_exact(&mut start).ok()?;
        let kind: [u8; 4] = start.get(4..)?.try_into().ok()?;
        let size = match u32::from_be_bytes(start.get(..4)?.try_into().ok()?) {
            // The size of a very large one follows its kind.
            1 => {
                let mut long = [0; 8];
                file.read_exact(&mut long).ok()?;
                u64::from_be_bytes(long).checked_sub(16)?
            }
            short => u64::from(short).checked_sub(8)?,
        };
        if &kind == b"moov" {
            let mut moov = Vec::new();
            file.take(size.min(LONGEST_HEADER))
                .read_to_end(&mut moov)
                .ok()?;
            return Some(moov);
        }
        file.seek(SeekFrom::Current(i64::try_from(size).ok()?))
            .ok()?;
    }
    None
}

/// The boxes inside of one, with what they hold.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (size, rest) = bytes.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*size))
            .ok()?
            .checked_sub(8)?;
        let (inner, after) = rest.split_at_checked(length)?;
        bytes = after;
        Some((kind, inner))
    })
}

/// The size a track is shown with; a track without one has no picture.
fn picture(tkhd: &[u8]) -> Option<(u32, u32)> {
    let matrix = MATRIX + if tkhd.first()? == &1 { LONGER } else { 0 };
    let word = |at: usize| -> Option<u32> {
        let bytes = tkhd.get(at..at.checked_add(4)?)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    // Both are fixed-point numbers of 16 and 16 bits.
    let (width, height) = (word(matrix + 36)? >> 16, word(matrix + 40)? >> 16);
    if width == 0 || height == 0 {
        return None;
    }
    // Turned by a quarter, when only the other diagonal of the matrix counts.
    let turned = word(matrix)? == 0 && word(matrix + 4)? != 0;
    Some(if turned {
        (height, width)
    } else {
        (width, height)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn boxed(kind: &[u8; 4], inner: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(inner.len() + 8)
            .unwrap()
            .to_be_bytes()
            .to_vec();
        bytes.extend(kind);
        bytes.extend(inner);
        bytes
    }

    fn tkhd(version: u8, a: u32, b: u32, width: u32, height: u32) -> Vec<u8> {
        let times = if version == 1 { LONGER } else { 0 };
        let mut inner = vec![0; MATRIX + times];
        inner[0] = version;
        inner.extend([a, b].iter().flat_map(|word| word.to_be_bytes()));
        inner.extend([0; 28]);
        inner.extend(
            [width << 16, height << 16]
                .iter()
                .flat_map(|word| word.to_be_bytes()),
        );
        boxed(b"tkhd", &inner)
    }

    fn video(tracks: &[Vec<u8>]) -> Vec<u8> {
        let traks: Vec<u8> = tracks.iter().flat_map(|one| boxed(b"trak", one)).collect();
        let mut file = boxed(b"ftyp", b"isom\0\0\x02\0isommp41");
        file.extend(boxed(b"mdat", &[7; 100]));
        file.extend(boxed(b"moov", &traks));
        file
    }

    #[test]
    fn the_size_is_that_of_the_first_track_with_a_picture_as_it_is_shown() {
        let sound = tkhd(0, 1 << 16, 0, 0, 0);
        for version in [0, 1] {
            let upright = tkhd(version, 1 << 16, 0, 1920, 1080);
            let file = video(&[sound.clone(), upright]);
            assert_eq!(dimensions(&mut Cursor::new(file)), Some((1920, 1080)));
        }
        let phone = video(&[tkhd(0, 0, 1 << 16, 1920, 1080)]);
        assert_eq!(dimensions(&mut Cursor::new(phone)), Some((1080, 1920)));
    }

    proptest! {
        #[test]
        fn outside_no_boxes_make_it_panic_or_read_for_ever(
            tracks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..120), 0..3),
            size in prop_oneof![Just(0), Just(1), Just(7), Just(u32::MAX), any::<u32>()],
            cut in any::<prop::sample::Index>(),
        ) {
            let mut file = video(&tracks);
            // A box that claims another size than it has.
            let at = cut.index(file.len() - 4);
            file[at..at + 4].copy_from_slice(&size.to_be_bytes());
            let _ = dimensions(&mut Cursor::new(&file));
            let _ = dimensions(&mut Cursor::new(&file[..at]));
        }
    }

    #[test]
    fn a_file_that_does_not_say_has_no_size() {
        assert_eq!(dimensions(&mut Cursor::new(video(&[]))), None);
        let whole = video(&[tkhd(0, 1 << 16, 0, 4, 3)]);
        for length in 0..whole.len() {
            let cut = whole[..length].to_vec();
            assert_eq!(dimensions(&mut Cursor::new(cut)), None, "{length}");
        }
        assert_eq!(dimensions(&mut Cursor::new(vec![0; 64])), None);
    }
}
