//! Headers in the ABI's form: their number, the lengths of each name and value
//! (all in four bytes, the lowest first), then each name and value with a zero
//! byte behind it (proxy-wasm ABI 0.2.1, "Serialized data").

use alloc::vec::Vec;

/// Headers in that form.
#[must_use]
pub fn write(headers: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    number(headers.len(), &mut bytes);
    for (name, value) in headers {
        number(name.len(), &mut bytes);
        number(value.len(), &mut bytes);
    }
    for text in headers.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    }
    bytes
}

fn number(value: usize, bytes: &mut Vec<u8>) {
    let value = u32::try_from(value).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&value.to_le_bytes());
}

/// The names in headers of that form, without a copy. `None` stands for bytes
/// that are not of that form; it is the last item then.
pub fn names(bytes: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let count = read(bytes, 0);
    let mut index = 0;
    let mut at = count.and_then(|count| count.checked_mul(8)?.checked_add(4));
    let mut broken = count.is_none();
    core::iter::from_fn(move || {
        if broken {
            broken = false;
            index = usize::MAX;
            return Some(None);
        }
        if index >= count? {
            return None;
        }
        let name = (|| {
            let lengths = index.checked_mul(8)?.checked_add(4)?;
            let name = read(bytes, lengths)?;
            let value = read(bytes, lengths.checked_add(4)?)?;
            let start = at?;
            let end = start.checked_add(name)?;
            let found = bytes.get(start..end)?;
            at = end.checked_add(value)?.checked_add(2);
            at.filter(|end| *end <= bytes.len())?;
            Some(found)
        })();
        index = if name.is_some() {
            index + 1
        } else {
            usize::MAX
        };
        Some(name)
    })
}

fn read(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(four.try_into().ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_in_their_order() {
        let bytes = write(&[
            (":path", "/a"),
            ("accept", ""),
            ("impersonate-user", "root"),
        ]);
        let read: Option<Vec<_>> = names(&bytes).collect();
        let expected: [&[u8]; 3] = [b":path", b"accept", b"impersonate-user"];
        assert_eq!(read.unwrap(), expected);
        assert_eq!(names(&write(&[])).count(), 0);
    }

    #[test]
    fn bytes_of_another_form_end_in_none_and_never_in_a_panic() {
        let whole = write(&[("a", "b"), ("cc", "dd")]);
        for end in 0..whole.len() {
            let read: Option<Vec<_>> = names(&whole[..end]).collect();
            assert_eq!(read, None, "{end}");
        }
        for at in 0..whole.len() {
            let mut odd = whole.clone();
            odd[at] = 0xff;
            let _ = names(&odd).count();
        }
    }
}
