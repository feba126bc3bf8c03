//! Content identifiers, as the real network makes them: CIDv1, SHA-256 of the
//! DAG-CBOR form of a record, or of the raw bytes of a blob.
//!
//! Sources: <https://atproto.com/specs/data-model>,
//! <https://ipld.io/specs/codecs/dag-cbor/spec/>.

use base64::Engine as _;
use serde_json::Value;
use sha2::{Digest, Sha256};

const DAG_CBOR: u8 = 0x71;
const RAW: u8 = 0x55;

/// The identifier of a record (`bafyrei...`); `None` when the record holds
/// what the data model does not know: a fraction, or a link that is no CID.
pub(super) fn of_record(record: &Value) -> Option<String> {
    let mut bytes = Vec::new();
    encode(record, &mut bytes)?;
    Some(text(DAG_CBOR, &bytes))
}

/// The identifier of a blob (`bafkrei...`).
pub(super) fn of_blob(bytes: &[u8]) -> String {
    text(RAW, bytes)
}

/// An identifier that looks like a record's, for what is no JSON (commits).
pub(super) fn of_commit(text_of_it: &str) -> String {
    text(DAG_CBOR, text_of_it.as_bytes())
}

fn text(codec: u8, content: &[u8]) -> String {
    // Version 1, codec, SHA-256, 32 bytes.
    let mut bytes = vec![0x01, codec, 0x12, 0x20];
    bytes.extend_from_slice(&Sha256::digest(content));
    format!("b{}", base32(&bytes, b"abcdefghijklmnopqrstuvwxyz234567"))
}

/// Base32 without padding in the given alphabet.
pub(super) fn base32(bytes: &[u8], alphabet: &[u8; 32]) -> String {
    let (mut out, mut held, mut bits) = (String::new(), 0_u32, 0_u32);
    for &byte in bytes {
        held = (held << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(alphabet[(held >> bits & 31) as usize]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(char::from(alphabet[(held << (5 - bits) & 31) as usize]));
    }
    out
}

/// The bytes of a base32 CID, as a link holds them.
fn link_bytes(cid: &str) -> Option<Vec<u8>> {
    let (mut out, mut held, mut bits) = (vec![0], 0_u32, 0_u32);
    for c in cid.strip_prefix('b')?.bytes() {
        let value = match c {
            b'a'..=b'z' => c - b'a',
            b'2'..=b'7' => c - b'2' + 26,
            _ => return None,
        };
        held = (held << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits & 255) as u8);
        }
        held &= (1 << bits) - 1;
    }
    (out.len() > 4).then_some(out)
}

fn head(major: u8, value: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    let bytes = value.to_be_bytes();
    match value {
        0..=23 => out.push(major | bytes[7]),
        24..=0xff => out.extend_from_slice(&[major | 24, bytes[7]]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&bytes[6..]);
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&bytes[4..]);
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&bytes);
        }
    }
}

fn encode(value: &Value, out: &mut Vec<u8>) -> Option<()> {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(false) => out.push(0xf4),
        Value::Bool(true) => out.push(0xf5),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(positive), _) => head(0, positive, out),
            // -1 - n is what CBOR stores, which is the complement.
            (None, Some(negative)) => head(1, u64::try_from(!negative).ok()?, out),
            (None, None) => return None,
        },
        Value::String(text) => string(text, out),
        Value::Array(items) => {
            head(4, items.len() as u64, out);
            for item in items {
                encode(item, out)?;
            }
        }
        Value::Object(map) => {
            if let (1, Some(Value::String(cid))) = (map.len(), map.get("$link")) {
                let bytes = link_bytes(cid)?;
                out.extend_from_slice(&[0xd8, 0x2a]);
                head(2, bytes.len() as u64, out);
                out.extend_from_slice(&bytes);
                return Some(());
            }
            if let (1, Some(Value::String(text))) = (map.len(), map.get("$bytes")) {
                let text = text.trim_end_matches('=');
                let bytes = base64::engine::general_purpose::STANDARD_NO_PAD
                    .decode(text)
                    .ok()?;
                head(2, bytes.len() as u64, out);
                out.extend_from_slice(&bytes);
                return Some(());
            }
            let mut keys: Vec<&String> = map.keys().collect();
            // Shorter keys first, then bytewise: the order DAG-CBOR demands.
            keys.sort_by(|a, b| (a.len(), a.as_bytes()).cmp(&(b.len(), b.as_bytes())));
            head(5, keys.len() as u64, out);
            for key in keys {
                string(key, out);
                encode(&map[key], out)?;
            }
        }
    }
    Some(())
}

fn string(text: &str, out: &mut Vec<u8>) {
    head(3, text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_blob_has_the_identifier_that_ipfs_gives_it() {
        // `ipfs add --cid-version=1 --raw-leaves` of "hello world".
        assert_eq!(
            of_blob(b"hello world"),
            "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
        );
    }

    #[test]
    fn a_record_is_encoded_as_dag_cbor() {
        let mut out = Vec::new();
        let record = json!({ "bb": 1, "c": [-1, 24, null, true], "a": "x" });
        encode(&record, &mut out).unwrap();
        let wanted = [
            0xa3, 0x61, b'a', 0x61, b'x', 0x61, b'c', 0x84, 0x20, 0x18, 24, 0xf6, 0xf5, 0x62, b'b',
            b'b', 0x01,
        ];
        assert_eq!(out, wanted);
        assert!(of_record(&record).unwrap().starts_with("bafyrei"));
        assert_eq!(of_record(&record).unwrap().len(), 59);
        assert_eq!(of_record(&json!({ "a": 1.5 })), None);
    }

    #[test]
    fn the_published_examples_of_the_data_model_have_their_identifiers() {
        // Source: interop-test-files/data-model in bluesky-social/atproto.
        let links = json!({
            "a": { "$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a" },
            "b": { "$bytes": "nFERjvLLiw9qm45JrqH9QTzyC2Lu1Xb4ne6+sBrCzI0" },
            "c": {
                "$type": "blob",
                "ref": { "$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity" },
                "mimeType": "image/jpeg",
                "size": 10_000,
            },
        });
        assert_eq!(
            of_record(&links).unwrap(),
            "bafyreihldkhcwijkde7gx4rpkkuw7pl6lbyu5gieunyc7ihactn5bkd2nm"
        );
    }

    #[test]
    fn a_link_is_encoded_as_its_bytes() {
        let cid = of_blob(b"hello world");
        let bytes = link_bytes(&cid).unwrap();
        assert_eq!(bytes[..5], [0, 1, RAW, 0x12, 0x20]);
        assert_eq!(bytes[5..], *Sha256::digest(b"hello world"));
    }
}
