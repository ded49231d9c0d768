//! IP addresses as text, read and written as `core::net` does, whose code is
//! many times this one's.

use alloc::string::String;
use alloc::vec::Vec;

use crate::bounds::{behind_last, has, number, split, split_at_first};
use crate::text::{Hex, said, say};

/// Groups of an IPv6 address.
const GROUPS: usize = 8;

/// The four numbers of `a.b.c.d`, none with a zero in front.
pub(super) fn read_v4(text: &str) -> Option<[u8; 4]> {
    let mut numbers = [0; 4];
    let mut parts = split(text.as_bytes(), b'.');
    for octet in &mut numbers {
        let part = parts.next()?;
        if part.starts_with(b"0") && part.len() > 1 {
            return None;
        }
        *octet = u8::try_from(number(part)?).ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// The one canonical text (RFC 5952) of an IPv6 address.
pub(super) fn canonical_v6(text: &str) -> Option<String> {
    let groups = read_v6(text)?;
    let mut canonical = String::new();
    if let [0, 0, 0, 0, 0, 0xffff, high, low] = groups.as_slice() {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        return Some(said!("::ffff:", a, ".", b, ".", c, ".", d));
    }
    let (start, end) = longest_zeros(&groups);
    for (index, group) in groups.iter().enumerate() {
        if (start..end).contains(&index) {
            if index == start {
                canonical.push_str("::");
            }
            continue;
        }
        if index > 0 && index != end {
            canonical.push(':');
        }
        say!(&mut canonical, Hex((*group).into()));
    }
    Some(canonical)
}

/// The first of the longest runs of zeros, if that has more than one.
fn longest_zeros(groups: &[u16]) -> (usize, usize) {
    let mut longest = (GROUPS + 1, GROUPS + 1);
    let mut start = 0;
    for (index, group) in groups.iter().enumerate() {
        if *group != 0 {
            start = index + 1;
        } else if index + 1 - start > (longest.1 - longest.0).max(1) {
            longest = (start, index + 1);
        }
    }
    longest
}

fn read_v6(text: &str) -> Option<Vec<u16>> {
    // An IPv4 address may stand for the last two groups.
    if has(text, b'.') {
        let v4 = behind_last(text, b':');
        let front = text.strip_suffix(v4)?.strip_suffix(':')?;
        let [a, b, c, d] = read_v4(v4)?;
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        return read_v6(&said!(front, ":", Hex(high.into()), ":", Hex(low.into())));
    }
    let Some((front, back)) = split_at_first(text, b"::") else {
        return read_groups(text).filter(|groups| groups.len() == GROUPS);
    };
    let mut groups = read_groups(front)?;
    let back = read_groups(back)?;
    // `::` stands for one group or more.
    let zeros = (GROUPS - 1).checked_sub(groups.len() + back.len())? + 1;
    groups.extend(core::iter::repeat_n(0, zeros));
    groups.extend(back);
    Some(groups)
}

/// Groups of one to four hexadecimal digits with colons between them; an empty
/// text has none.
fn read_groups(text: &str) -> Option<Vec<u16>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let mut groups = Vec::new();
    for part in split(text.as_bytes(), b':') {
        if !(1..=4).contains(&part.len()) {
            return None;
        }
        let mut group = 0;
        for digit in part {
            group = group << 4 | char::from(*digit).to_digit(16)?;
        }
        groups.push(u16::try_from(group).ok()?);
    }
    Some(groups)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use core::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::{canonical_v6, read_v4};

    fn assert_same(text: &str) {
        let theirs: Option<Ipv6Addr> = text.parse().ok();
        assert_eq!(canonical_v6(text), theirs.map(|a| a.to_string()), "{text}");
        let theirs: Option<Ipv4Addr> = text.parse().ok();
        assert_eq!(read_v4(text), theirs.map(|a| a.octets()), "{text}");
    }

    proptest! {
        #[test]
        fn addresses_are_read_and_written_as_the_standard_library_does(
            groups in prop::collection::vec(prop_oneof![Just(0), any::<u16>()], 8)
        ) {
            let groups: [u16; 8] = groups.try_into().unwrap();
            assert_same(&Ipv6Addr::from(groups).to_string());
            let long: [String; 8] = groups.map(|group| format!("{group:04X}"));
            assert_same(&long.join(":"));
        }

        #[test]
        fn what_looks_like_an_address_is_taken_and_refused_alike(
            text in "(::|:|0|[0-9a-f]{1,5}|[0-9]{1,3}\\.){0,12}",
            v4 in "[0-9]{1,3}(\\.(0|[0-9]{1,3})){3}",
            front in "([0-9a-f]{1,4}:|:){0,7}",
        ) {
            assert_same(&text);
            assert_same(&v4);
            assert_same(&format!("{front}{v4}"));
            assert_same(&format!("{front}{text}"));
        }
    }

    #[test]
    fn the_odd_ones_are_read_and_written_alike() {
        for text in [
            "",
            ":",
            "::",
            ":::",
            "::1",
            "1::",
            "::1.2.3.4",
            "::ffff:1.2.3.4",
            "::ffff:0:0",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7:8::",
            "1:2:3:4:5:6:1.2.3.4",
            "1.2.3.4::",
            "1:2.3.4.5::",
            "0:0:1:0:0:0:1:0",
            "+1::",
            "1.2.3.+4",
            "01.2.3.4",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.256",
            "::1%1",
            "1:0:0:2:0:0:0:3",
        ] {
            assert_same(text);
        }
    }
}
