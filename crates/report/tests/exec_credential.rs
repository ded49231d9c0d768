//! The reply to kubectl, byte for byte.

use keyhole_report::{ApiVersion, ExecCredential};
use proptest::prelude::*;

/// 2006-01-02T15:04:05Z.
const EXPIRES_ON: i64 = 1_136_214_245;

fn line(api_version: ApiVersion, token: &str) -> String {
    ExecCredential {
        api_version,
        token,
        expires_on: EXPIRES_ON,
    }
    .to_line()
    .to_string()
}

#[test]
fn the_reply_is_kubelogins() {
    assert_eq!(
        line(ApiVersion::V1Beta1, "a.b.c"),
        concat!(
            r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","#,
            r#""spec":{"interactive":false},"#,
            r#""status":{"expirationTimestamp":"2006-01-02T15:04:05Z","token":"a.b.c"}}"#,
            "\n"
        )
    );
}

#[test]
fn the_reply_is_in_the_version_that_was_asked_for() {
    assert!(line(ApiVersion::V1, "t").contains(r#""client.authentication.k8s.io/v1","spec""#));
}

#[test]
fn a_token_is_not_in_a_debug_text() {
    let reply = ExecCredential {
        api_version: ApiVersion::V1,
        token: "the-secret",
        expires_on: EXPIRES_ON,
    };
    assert!(!format!("{reply:?}").contains("the-secret"));
}

proptest! {
    #[test]
    fn any_token_comes_back_out_of_one_line(token in any::<String>()) {
        let line = line(ApiVersion::V1Beta1, &token);
        prop_assert_eq!(line.matches('\n').count(), 1);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(read["status"]["token"].as_str(), Some(token.as_str()));
    }

    #[test]
    fn a_reply_never_outgrows_its_buffer(token in any::<String>()) {
        let reply = ExecCredential {
            api_version: ApiVersion::V1Beta1,
            token: &token,
            expires_on: i64::MIN,
        };
        let line = reply.to_line();
        prop_assert_eq!(line.capacity(), 256 + 6 * token.len());
    }
}

#[test]
fn without_a_question_the_answer_is_v1beta1() {
    for nothing in [
        None,
        Some(""),
        Some("{}"),
        Some("null"),
        Some(r#"{"apiVersion":""}"#),
        Some(r#"{"apiVersion":null}"#),
        Some(r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"}"#),
    ] {
        let version = ApiVersion::from_exec_info(nothing);
        assert_eq!(version, Ok(ApiVersion::V1Beta1), "{nothing:?}");
    }
}

#[test]
fn v1_is_answered_with_v1() {
    let info = r#"{"apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":true}}"#;
    assert_eq!(ApiVersion::from_exec_info(Some(info)), Ok(ApiVersion::V1));
}

#[test]
fn an_unknown_version_is_refused_in_kubelogins_words() {
    let info = r#"{"apiVersion":"client.authentication.k8s.io/v1alpha1"}"#;
    let error = ApiVersion::from_exec_info(Some(info)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "api version: client.authentication.k8s.io/v1alpha1 is not supported"
    );
}

#[test]
fn other_content_is_refused_in_kubelogins_words() {
    for (info, begin) in [
        ("{", "cannot unmarshal \"{\" to ExecCredential: EOF"),
        (
            "[]",
            "cannot unmarshal \"[]\" to ExecCredential: not a JSON",
        ),
        (
            r#"{"apiVersion":1}"#,
            r#"cannot unmarshal "{"apiVersion":1}" to ExecCredential: apiVersion is not a"#,
        ),
    ] {
        let error = ApiVersion::from_exec_info(Some(info))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(begin), "{error}");
    }
}

#[test]
fn a_long_value_is_cut_in_the_error() {
    let error = ApiVersion::from_exec_info(Some(&"x".repeat(10_000))).unwrap_err();
    assert!(error.to_string().len() < 200, "{error}");
}
