//! What people and scripts see, on success and on each way to fail.

mod fixture;

use fixture::{failed, success};
use insta::assert_snapshot;
use keyhole_report::{ExitClass, Outcome, Style, TokenSummary};

const TERMINAL: Style = Style {
    marks: true,
    colors: true,
};

#[test]
fn a_success_reads_well_in_all_forms() {
    assert_snapshot!("success.txt", success().to_text(Style::PLAIN));
    assert_snapshot!("success.json", success().to_json());
    assert_snapshot!("success.html", success().to_html());
}

#[test]
fn a_terminal_gets_marks_and_colours() {
    let text = success().to_text(TERMINAL).replace('\u{1b}', "ESC");
    assert_snapshot!("success.terminal", text);
}

#[test]
fn every_failure_reads_well_in_all_forms() {
    for class in ExitClass::ALL.into_iter().filter(|c| *c != ExitClass::Done) {
        let run = failed(class);
        let name = class.name();
        assert_snapshot!(format!("{name}.txt"), run.to_text(Style::PLAIN));
        assert_snapshot!(format!("{name}.json"), run.to_json());
        assert_snapshot!(format!("{name}.html"), run.to_html());
    }
}

#[test]
fn what_was_asked_to_be_shown_is_shown() {
    let mut run = fixture::run(Outcome::Shown);
    run.command = "inspect".into();
    run.steps.clear();
    run.notes.clear();
    assert_snapshot!("shown.txt", run.to_text(Style::PLAIN));
    assert_snapshot!("shown.json", run.to_json());
}

#[test]
fn standard_error_gets_the_failure_without_the_checks() {
    let Outcome::Failed(failure) = failed(ExitClass::Refused).outcome else {
        panic!("a failed run holds a failure");
    };
    assert_snapshot!("short.txt", failure.to_short_text(Style::PLAIN));
}

#[test]
fn steps_and_ending_are_the_whole_text() {
    let run = failed(ExitClass::Refused);
    let steps: String = run.steps.iter().map(|s| s.to_text(TERMINAL)).collect();
    assert_eq!(steps + &run.ending_to_text(TERMINAL), run.to_text(TERMINAL));
}

#[test]
fn exit_codes_are_those_of_the_contract() {
    let codes = ExitClass::ALL.map(ExitClass::code);
    assert_eq!(codes, [0, 2, 3, 4, 5, 6, 7, 70]);
}

#[test]
fn a_token_is_cut_to_ten_characters() {
    let (prefix, length) = TokenSummary::shorten("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.c2ln");
    assert_eq!((prefix.as_str(), length), ("eyJ0eXAiOi", 45));
}

#[test]
fn a_short_token_shows_nothing_of_itself() {
    let (prefix, length) = TokenSummary::shorten("nineteen-characters");
    assert_eq!((prefix.as_str(), length), ("", 19));
}
