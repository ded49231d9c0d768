use super::*;

fn scalars(source: &str) -> Vec<String> {
    fn walk(node: &Node, source: &str, out: &mut Vec<String>) {
        if let Some(text) = node.text() {
            out.push(format!("{text:?} is {:?}", &source[node.span.clone()]));
        }
        for child in node.children() {
            walk(child, source, out);
        }
    }
    let mut out = Vec::new();
    for document in parse(source).unwrap() {
        walk(&document, source, &mut out);
    }
    out
}

#[test]
fn a_scalar_s_bytes_are_its_own() {
    let source = "\u{feff}a: \"é \\\" q\"   # comment\n'b''c': 'it''s'  # d\ne:\nf: plain text  # g\nh: [x , \"y\" , 'z' ]\n";
    assert_eq!(
        scalars(source),
        [
            r#""a" is "a""#,
            r#""é \" q" is "\"é \\\" q\"""#,
            r#""b'c" is "'b''c'""#,
            r#""it's" is "'it''s'""#,
            r#""e" is "e""#,
            r#""~" is """#,
            r#""f" is "f""#,
            r#""plain text" is "plain text""#,
            r#""h" is "h""#,
            r#""x" is "x""#,
            r#""y" is "\"y\"""#,
            r#""z" is "'z'""#,
        ]
    );
}

#[test]
fn what_is_not_yaml_is_said_with_its_place_and_without_its_text() {
    for source in [
        "a: [1, 2\nb: 3\n",
        "users:\n  - name: a\n user: x\n",
        "a: @hunter2\n",
        "a: \"hunter2\n",
        "a: b: hunter2",
        "\u{0}\u{1}hunter2",
    ] {
        let Err(error) = parse(source) else {
            panic!("{source:?} was taken");
        };
        let text = error.to_string();
        assert!(text.contains("line "), "{text}");
        assert!(!text.contains("hunter"), "{text}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    for source in [
        "[".repeat(100_000),
        "- ".repeat(100_000),
        "{a: ".repeat(500),
    ] {
        assert!(parse(&source).is_err());
    }
}

#[test]
fn words_and_numbers_are_no_strings() {
    for text in [
        "yes",
        "NO",
        "null",
        "~",
        "1",
        "-1.5e3",
        "0x1F",
        "0o17",
        "1:30",
        "2026-01-01",
        ".5",
        "1_0",
    ] {
        assert!(is_special(text), "{text}");
    }
    for text in [
        "get-token",
        "--login",
        "6dae42f8-4368-4678-94ff-3960e28e3630",
        "11111111-1111-1111-1111-111111111111",
        "https://login.microsoftonline.com/",
        "1.example",
    ] {
        assert!(!is_special(text), "{text}");
    }
}
