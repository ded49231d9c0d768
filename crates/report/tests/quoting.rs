//! What is to be pasted says what the token says, whatever that is.

use std::process::Command;

use keyhole_report::{FederatedCredential, Snippet, hcl_string, shell_word};
use proptest::prelude::*;

/// Claims that try to get out of their quotes.
fn claim() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z0-9:/._-]{1,8}",
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "'",
            "\"",
            "\\",
            "\\'",
            "$(id)",
            "`id`",
            "${x}",
            "$${x}",
            "%{if true}",
            "%%{",
            "$",
            "%",
            "!",
            "#",
            ";",
            "&&",
            "|",
            "*",
            "~",
            " ",
            "--",
            "-e",
            "\\n",
            "${\"x\"}",
        ])
        .prop_map(String::from),
    ];
    prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

/// What a shell makes of words.
fn words(script: &str) -> Vec<String> {
    let output = Command::new("sh")
        .args(["-c", &format!("printf '%s\\0' {script}")])
        .env_clear()
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{script}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.split_terminator('\0').map(str::to_owned).collect()
}

fn snippets(issuer: &str, subject: &str, audience: &str) -> Vec<Snippet> {
    FederatedCredential {
        client_id: "c0a8f3b6-27d9-4e15-b84a-6f1d92e7350c",
        issuer,
        subject,
        audience,
    }
    .snippets()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_shell_reads_a_word_as_it_was(text in claim()) {
        prop_assume!(!text.contains('\0'));
        prop_assert_eq!(words(&shell_word(&text)), [text]);
    }

    #[test]
    fn hcl_reads_a_string_as_it_was(text in claim()) {
        prop_assume!(!text.chars().any(char::is_control));
        let source = format!("value = {}", hcl_string(&text));
        let context = hcl::eval::Context::new();
        let read: hcl::Map<String, String> = hcl::eval::from_str(&source, &context)
            .map_err(|error| TestCaseError::fail(format!("{source}: {error}")))?;
        prop_assert_eq!(read.get("value"), Some(&text), "{}", source);
    }

    #[test]
    fn the_commands_carry_the_claims_and_nothing_else(
        issuer in claim(), subject in claim(), audience in claim(),
    ) {
        let pasted = snippets(&issuer, &subject, &audience);
        prop_assume!(!pasted.is_empty());
        let create = pasted[0].text.split_once("}\"\n").map(|(_, create)| create);
        let words = words(create.unwrap_or_default());
        prop_assert_eq!(words.len(), 16, "{:?}", words);
        for (flag, value) in [("--issuer", &issuer), ("--subject", &subject), ("--audiences", &audience)] {
            let place = words.iter().position(|word| word == flag);
            prop_assert_eq!(place.and_then(|place| words.get(place + 1)), Some(value));
        }
        let words = self::words(&pasted[1].text);
        let parameters: serde_json::Value = serde_json::from_str(words.last().map_or("", |last| last))
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&parameters["issuer"], &issuer);
        prop_assert_eq!(&parameters["subject"], &subject);
        prop_assert_eq!(&parameters["audiences"][0], &audience);
        let body: hcl::Body = hcl::from_str(&pasted[2].text)
            .map_err(|error| TestCaseError::fail(format!("{}: {error}", pasted[2].text)))?;
        prop_assert_eq!(body.attributes().count(), 0);
        prop_assert_eq!(body.blocks().count(), 1);
        let block = body.blocks().next().map(|block| block.body().attributes().count());
        prop_assert_eq!(block, Some(5));
    }
}

#[test]
fn claims_that_no_terminal_shows_or_that_were_cut_are_not_to_be_pasted() {
    let usual = "api://AzureADTokenExchange";
    for odd in ["a\nb", "a\u{1b}[2J", "a\u{202e}b", "a\u{200b}b", "cut…", ""] {
        assert_eq!(snippets("https://issuer/", odd, usual), [], "{odd:?}");
    }
    assert_eq!(snippets("https://issuer/", "subject", usual).len(), 3);
}
