//! The result: tokens, facts and texts.

use super::Ends::{Learns, Redacted, Refused};

super::attempts! {
    held_by "host/src/keyhole.rs": "result::judge_token(call, token, &granted_scope)",
        "host/src/keyhole.rs": "Ok(_) if call.in_flight => {",
        "host/src/keyhole.rs": "result::clean_facts(&call, &mut token.assertion);",
        "host/src/keyhole.rs": "result::judge_error(call, &mut error)";

    access_token_in_error_message sends 1 => Redacted;
    codes_without_end => Refused(&["result.text"]);
    empty_token sends 1 => Refused(&["result.text"]);
    // Passed on as it is: who shows it escapes it, see `exit_codes`.
    escapes_in_every_string => Learns(
        "AADSTS\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\r\u{8}\u{202e}\0<script>\n"
    );
    expiry_in_year_9999 sends 1 => Refused(&["result.expiry"]);
    federated_token_in_error_message => Redacted;
    federated_token_in_result_facts sends 1 => Redacted;
    federated_token_signature_piece_in_message => Redacted;
    issuer_of_a_kilobyte sends 1 => Refused(&["result.text"]);
    message_over_limit => Refused(&["result.text"]);
    more_requests_than_sent sends 1 => Refused(&["result.facts"]);
    other_scope_in_result sends 1 => Refused(&["result.facts"]);
    other_token_type sends 1 => Refused(&["result.text"]);
    refresh_before_the_epoch sends 1 => Refused(&["result.expiry"]);
    return_federated_token_as_access_token sends 1 => Refused(&["result.assertion"]);
    request_behind_the_result sends 1 => Refused(&["request.body.incomplete"]);
    return_more_than_the_token sends 1 => Refused(&["result.text"]);
    return_part_of_federated_token sends 1 => Refused(&["result.assertion"]);
    return_part_of_token sends 1 => Refused(&["result.token"]);
    return_token_never_sent sends 1 => Refused(&["result.token"]);
    return_token_without_request => Refused(&["result.token"]);
    success_after_refusal sends 1 => Refused(&["file.name"]);
    token_with_newline sends 1 => Refused(&["result.text"]);
    federated_token_in_assertion_error => Redacted;
    federated_token_in_bad_response_error => Redacted;
    federated_token_in_configuration_error => Redacted;
    federated_token_in_denied_error => Redacted;
    federated_token_in_refused_error => Redacted;
    federated_token_in_token_file_error => Redacted;
    federated_token_in_unavailable_error => Redacted;
}

/// The access token is not in any text either.
#[test]
fn an_access_token_in_a_message_is_cut_out_whole() {
    use keyhole_emulator::Fault;
    use keyhole_exchange::scope::Scope;
    use keyhole_tests::leaks::Secret;
    use keyhole_tests::sandbox::Sandbox;
    use keyhole_tests::{World, artifacts};

    const TOKEN: &str = "eyJhbGciOiJub25lIn0.an-access-token-that-this-test-knows.c2lnbmF0dXJl";
    let world = World::granting("api://attempt/access_token_in_error_message");
    world.emulator.always(Some(Fault::access_token(TOKEN)));
    let hostile = artifacts::external(artifacts::bytes("hostile"));
    let hostile = Sandbox::new(&world, hostile, |builder| builder).expect("loads");
    let scope = Scope::parse("api://attempt/access_token_in_error_message/.default");
    let error = hostile
        .get_token_for(Some(scope.expect("a scope")))
        .expect_err("no token");
    assert_eq!(error.to_string(), "[redacted]");
    Secret::new("access token", TOKEN).must_not_be_in("the error", format!("{error:?}"));
}
