//! Nothing from outside acts on a terminal or in a page.

use keyhole_report::{
    ExitClass, Fact, Failure, Finding, FindingState, GrantUse, Html, Identity, Outcome, Run,
    Section, Step, StepState, Style, Terminal, TokenSummary, for_refusal,
};
use proptest::prelude::*;

/// A run in which every string is hostile.
fn hostile(text: &str) -> [Run; 2] {
    let identity = Identity {
        client_id: text,
        subject: Some(text),
    };
    let mut failure = Failure::new(ExitClass::Refused, text, text);
    failure.details = vec![
        Fact::new(text, text),
        Fact::new("list", vec![text.to_string(); 5]),
    ];
    failure.checks = for_refusal(&[], identity);
    let token = TokenSummary {
        prefix: text.into(),
        length: 1,
        token_type: text.into(),
        expires_on: 0,
        refresh_on: None,
        scope: text.into(),
        requests: 1,
    };
    [Outcome::Failed(failure), Outcome::Token(token)].map(|outcome| Run {
        command: text.into(),
        version: text.into(),
        at: 0,
        steps: vec![Step {
            name: text.into(),
            state: StepState::Refused,
            detail: text.into(),
            at_us: None,
            us: None,
        }],
        sections: vec![Section {
            key: "grants",
            title: "Grants",
            facts: vec![Fact::new("value", text)],
        }],
        findings: vec![
            Finding::new("tls", "TLS", FindingState::Wrong, text)
                .facts(vec![Fact::new(text, text)])
                .fix(text),
        ],
        uses: vec![GrantUse {
            grant: "file",
            granted: text.into(),
            used: 1,
            detail: text.into(),
            refused: vec![text.into()],
        }],
        notes: vec![text.into()],
        outcome,
    })
}

/// Text that tries: markup, escapes, controls, overrides, and the rest.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        (0_u8..0xa0).prop_map(|byte| char::from(byte).to_string()),
        prop::sample::select(vec![
            "<script>",
            "</title>",
            "<!--",
            "&",
            "\"'",
            "\u{1b}]0;x\u{7}",
            "\u{9b}2J",
            "\r\n",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{e0041}",
            "\\u003c",
        ])
        .prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn acts_on_a_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The tags of the page's own that stand in `page`, in order.
fn tags(page: &str) -> Vec<&str> {
    page.split('<')
        .skip(1)
        .map(|rest| rest.split_once('>').map_or(rest, |(tag, _)| tag))
        .collect()
}

proptest! {
    #[test]
    fn no_control_character_survives_in_text(text in nasty()) {
        for run in hostile(&text) {
            let shown = run.to_text(Style::PLAIN);
            prop_assert_eq!(shown.chars().find(|c| *c != '\n' && acts_on_a_terminal(*c)), None);
        }
    }

    #[test]
    fn only_our_own_colours_reach_a_terminal(text in nasty()) {
        let style = Style { marks: true, colors: true };
        for run in hostile(&text) {
            let mut shown = run.to_text(style);
            for code in ["0", "1", "2", "1;31", "32", "33", "36"] {
                shown = shown.replace(&format!("\u{1b}[{code}m"), "");
            }
            prop_assert_eq!(shown.chars().find(|c| *c != '\n' && acts_on_a_terminal(*c)), None);
        }
    }

    #[test]
    fn a_line_from_outside_never_starts_a_line(text in nasty()) {
        let forged = format!("{text}\nerror: forged");
        for run in hostile(&forged) {
            let shown = run.to_text(Style::PLAIN);
            prop_assert!(!shown.lines().any(|line| line.starts_with("error: forged")), "{}", shown);
        }
    }

    #[test]
    fn json_is_the_same_data_without_control_characters(text in nasty()) {
        for run in hostile(&text) {
            let json = run.to_json();
            prop_assert_eq!(json.chars().find(|c| *c != '\n' && acts_on_a_terminal(*c)), None);
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read["notes"][0].as_str(), Some(text.as_str()));
        }
    }

    #[test]
    fn a_page_holds_no_markup_from_outside(text in nasty()) {
        let text = format!("x{text}");
        for (hostile, harmless) in hostile(&text).iter().zip(hostile("x")) {
            let (page, harmless) = (hostile.to_html(), harmless.to_html());
            // Values of several lines differ in their line breaks alone.
            let own = |page: &str| -> Vec<String> {
                tags(page).into_iter().filter(|tag| *tag != "br").map(String::from).collect()
            };
            prop_assert_eq!(own(&page), own(&harmless));
            prop_assert_eq!(page.chars().find(|c| *c != '\n' && acts_on_a_terminal(*c)), None);
        }
    }

    #[test]
    fn escaped_text_needs_no_second_escaping(text in nasty()) {
        let once = Terminal(&text).to_string();
        prop_assert_eq!(Terminal(&once).to_string(), once);
    }

    #[test]
    fn html_text_holds_no_markup_character(text in nasty()) {
        let shown = Html(&text).to_string();
        prop_assert!(!shown.contains(['<', '>', '"', '\'']), "{}", shown);
    }
}

#[test]
fn ordinary_text_of_any_script_is_left_alone() {
    let text = "Grüße, 世界, עולם, AADSTS700016: \\ 'x' ✓";
    assert_eq!(Terminal(text).to_string(), text);
}

#[test]
fn an_escape_sequence_is_shown_not_sent() {
    assert_eq!(Terminal("a\u{1b}[2Jb\r\n").to_string(), r"a\u{1b}[2Jb\r\n");
}

#[test]
fn a_command_to_copy_quotes_what_came_from_outside() {
    let checks = for_refusal(
        &[65_001],
        Identity {
            client_id: "$(reboot);'x",
            subject: None,
        },
    );
    assert!(
        checks[0].commands[1].contains(r"--id '$(reboot);'\''x' --api"),
        "{}",
        checks[0].commands[1]
    );
}
