//! Random identifiers in the form Microsoft calls GUID (RFC 9562, version 4).

/// A new one, lower-case with hyphens.
pub(crate) fn random() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    written(bytes)
}

fn written(mut bytes: [u8; 16]) -> String {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// The one of a text, always the same.
pub(crate) fn of(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest.as_ref()[..16]);
    written(bytes)
}

/// Whether a text is a GUID: 8-4-4-4-12 hexadecimal digits.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_guid_is_a_guid_of_version_four_and_no_two_are_alike() {
        let (one, other) = (random(), random());
        assert!(is_guid(&one), "{one}");
        assert_eq!(&one[14..15], "4", "{one}");
        assert_ne!(one, other);
    }

    #[test]
    fn what_only_looks_like_a_guid_is_none() {
        for text in [
            "",
            "common",
            "5d2a71c4-8f0e-4b6a-9c3d-1e7f60a4b85",
            "5d2a71c48-f0e-4b6a-9c3d-1e7f60a4b852",
            "gd2a71c4-8f0e-4b6a-9c3d-1e7f60a4b852",
        ] {
            assert!(!is_guid(text), "{text}");
        }
    }
}
