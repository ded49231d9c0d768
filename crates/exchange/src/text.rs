//! Texts for people, put together without `core::fmt`: its machinery and each
//! `write!` together would be a tenth of the component.

use alloc::string::String;

/// What can stand in a text.
///
/// Long implementations are `#[inline(never)]`: as a part of their one caller
/// they would name the text by its place in that frame, at three times the
/// bytes.
pub(crate) trait Say {
    /// Appends itself to `text`.
    fn say(&self, text: &mut String);
}

/// Appends each part to a text: `say!(text, "it has ", size, " bytes")`.
macro_rules! say {
    ($text:expr, $($part:expr),+ $(,)?) => {{
        $($crate::text::Say::say(&$part, $text);)+
    }};
}

/// A `String` of the parts.
macro_rules! said {
    ($($part:expr),+ $(,)?) => {{
        let mut text = ::alloc::string::String::new();
        $crate::text::say!(&mut text, $($part),+);
        text
    }};
}

/// `Display` for what can stand in a text, for the users of this crate.
macro_rules! display {
    ($($name:ty),+ $(,)?) => {
        $(impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(&$crate::text::said!(self))
            }
        })+
    };
}

pub(crate) use {display, said, say};

impl Say for str {
    fn say(&self, text: &mut String) {
        text.push_str(self);
    }
}

impl Say for String {
    fn say(&self, text: &mut String) {
        text.push_str(self);
    }
}

impl<T: Say + ?Sized> Say for &T {
    fn say(&self, text: &mut String) {
        (**self).say(text);
    }
}

impl Say for u64 {
    fn say(&self, text: &mut String) {
        digits(text, *self, 10, 1);
    }
}

impl Say for i64 {
    fn say(&self, text: &mut String) {
        if *self < 0 {
            text.push('-');
        }
        self.unsigned_abs().say(text);
    }
}

impl Say for u32 {
    fn say(&self, text: &mut String) {
        u64::from(*self).say(text);
    }
}

impl Say for u8 {
    fn say(&self, text: &mut String) {
        u64::from(*self).say(text);
    }
}

impl Say for u16 {
    fn say(&self, text: &mut String) {
        u64::from(*self).say(text);
    }
}

impl Say for usize {
    fn say(&self, text: &mut String) {
        u64::try_from(*self).unwrap_or(u64::MAX).say(text);
    }
}

/// A number with zeros in front of it, up to a width.
pub(crate) struct Padded(pub(crate) i64, pub(crate) u32);

impl Say for Padded {
    fn say(&self, text: &mut String) {
        digits(text, self.0.unsigned_abs(), 10, self.1);
    }
}

/// A number in hexadecimal, lower case.
pub(crate) struct Hex(pub(crate) u32);

impl Say for Hex {
    fn say(&self, text: &mut String) {
        digits(text, self.0.into(), 16, 1);
    }
}

fn digits(text: &mut String, value: u64, base: u64, width: u32) {
    if value >= base || width > 1 {
        digits(text, value / base, base, width.saturating_sub(1));
    }
    let digit = u32::try_from(value % base).unwrap_or(0);
    text.push(char::from_digit(digit, 16).unwrap_or('0'));
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;

    use super::{Hex, Padded};

    proptest! {
        #[test]
        fn numbers_are_written_as_the_standard_library_does(
            long: u64, signed: i64, short: u32, narrow: u16, size: usize,
        ) {
            prop_assert_eq!(
                said!(long, " ", signed, " ", short, " ", narrow, " ", size),
                format!("{long} {signed} {short} {narrow} {size}")
            );
            prop_assert_eq!(said!(Hex(short)), format!("{short:x}"));
            let year = i64::from(narrow);
            prop_assert_eq!(said!(Padded(year, 4)), format!("{year:04}"));
        }
    }
}
