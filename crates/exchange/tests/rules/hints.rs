//! The table of AADSTS codes.

use keyhole_exchange::cloud::{AuthorityHost, Cloud};
use keyhole_exchange::hint::{self, HINTS};

/// Every code of the table in the notes on Azure, section 5, in its order.
const TABLE: [u32; 58] = [
    70021, 700211, 700212, 700213, 7002138, 7002137, 7002381, 70025, 700024, 70023, 50027, 50013,
    700027, 90061, 50166, 501661, 700016, 700011, 7000112, 70001, 700025, 7000215, 7000222,
    7000218, 700222, 700229, 700231, 700223, 700238, 70052, 90002, 90038, 900382, 900432, 500011,
    50001, 650057, 70011, 1002012, 700022, 28003, 900144, 9002313, 90013, 90014, 53003, 530032,
    50196, 90055, 90006, 90012, 90024, 90033, 90090, 100007, 9001023, 7000232, 5000211,
];

#[test]
fn every_code_of_the_table_has_a_hint() {
    for code in TABLE {
        assert!(hint::of(code).is_some(), "AADSTS{code} has no hint");
    }
    assert_eq!(HINTS.len(), TABLE.len());
}

#[test]
fn a_code_has_one_hint() {
    for (index, hint) in HINTS.iter().enumerate() {
        assert!(
            HINTS[index + 1..]
                .iter()
                .all(|other| other.code != hint.code),
            "AADSTS{} occurs twice",
            hint.code
        );
    }
}

#[test]
fn a_hint_is_a_sentence_that_says_what_to_do() {
    for hint in HINTS {
        assert!(hint.fix.ends_with('.'), "{hint:?}");
        assert!(!hint.meaning.ends_with('.'), "{hint:?}");
        assert!(hint.fix.len() > 15 && hint.fix.len() < 400, "{hint:?}");
    }
}

#[test]
fn people_read_this_table() {
    let table: String = HINTS
        .iter()
        .map(|hint| format!("{}\n  {}\n  {}\n", hint.code, hint.meaning, hint.fix))
        .collect();
    insta::assert_snapshot!("hints", table);
}

#[test]
fn an_unknown_code_has_a_page_in_its_cloud() {
    assert_eq!(hint::of(1), None);
    let url = |authority: AuthorityHost| hint::help_url(1, &authority);
    assert_eq!(
        url(Cloud::Public.authority()),
        "https://login.microsoftonline.com/error?code=1"
    );
    assert_eq!(
        url(Cloud::China.authority()),
        "https://login.partner.microsoftonline.cn/error?code=1"
    );
}
