//! `application/x-www-form-urlencoded`, read strictly.

/// The fields in the order they came, or nothing if the body is not exactly a
/// form: percent signs are followed by two hexadecimal digits, everything is
/// UTF-8, and every field has a name and one equals sign (WHATWG URL, section
/// 5, without its tolerance).
pub(crate) fn fields(body: &[u8]) -> Option<Vec<(String, String)>> {
    if body.is_empty() {
        return Some(Vec::new());
    }
    body.split(|&byte| byte == b'&')
        .map(|field| {
            let equals = field.iter().position(|&byte| byte == b'=')?;
            let (name, value) = (decode(&field[..equals])?, decode(&field[equals + 1..])?);
            (!name.is_empty()).then_some((name, value))
        })
        .collect()
}

fn decode(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(*rest.next()?)? << 4 | hex(*rest.next()?)?,
            b'=' | 0..=b' ' | 0x7f.. => return None,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_decoded_and_in_order() {
        let form = fields(b"a=1+2&b=%2F%c3%A9&a=").unwrap();
        let expected = [("a", "1 2"), ("b", "/é"), ("a", "")];
        assert_eq!(
            form,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn a_body_that_is_not_exactly_a_form_is_none() {
        for body in [
            "a",
            "=1",
            "a=1&",
            "&a=1",
            "a=%",
            "a=%4",
            "a=%zz",
            "a=1=2",
            "a= 1",
            "a=%ff",
            "a=\u{e9}",
            "a=1\n",
            "{\"a\":1}",
        ] {
            assert!(fields(body.as_bytes()).is_none(), "{body:?}");
        }
    }
}
