//! The form: the fields and their values.

use super::Ends::Refused;

super::attempts! {
    held_by "host/src/grants/request.rs": "form.judge(&body, &served)",
        "host/src/grants/request.rs": "let body = read_body(body).await?;";

    altered_assertion => Refused(&["form.client_assertion"]);
    assertion_not_from_file => Refused(&["form.client_assertion"]);
    body_not_a_form => Refused(&["form.syntax"]);
    body_of_100_kib => Refused(&["request.body.size"]);
    claims_not_asked_for => Refused(&["form.claims"]);
    extra_field => Refused(&["form.field"]);
    held_body => Refused(&["request.body.incomplete"]);
    missing_field => Refused(&["form.missing"]);
    other_assertion_type => Refused(&["form.client_assertion_type"]);
    other_client_id => Refused(&["form.client_id"]);
    other_grant_type => Refused(&["form.grant_type"]);
    other_scope => Refused(&["form.scope"]);
    scope_list => Refused(&["form.scope"]);
    trailers => Refused(&["request.trailers"]);
    two_scopes => Refused(&["form.duplicate"]);
    unfinished_body => Refused(&["request.body.incomplete"]);
    scope_in_upper_case => Refused(&["form.scope"]);
    scope_with_encoded_name => Refused(&["form.duplicate"]);
}
