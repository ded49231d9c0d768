//! How many requests, and how many at a time.

use super::Ends::Refused;

super::attempts! {
    held_by "host/src/call.rs": "if state.in_flight {",
        "host/src/call.rs": "if state.requests >= most {",
        "host/src/grants/request.rs": "if !self.judged && !self.call.is_over() {";

    dropped_before_it_is_judged sends 1 => Refused(&["request.body.incomplete"]);
    seventh_request sends 6 => Refused(&["request.count"]);
    two_requests_at_once sends 1 => Refused(&["request.concurrent"]);
}
