//! How many requests, and how many at a time.

use super::Ends::Refused;

super::attempts! {
    held_by "host/src/call.rs": "if state.in_flight {",
        "host/src/call.rs": "if state.requests >= most {";

    seventh_request sends 6 => Refused(&["request.count"]);
    two_requests_at_once sends 1 => Refused(&["request.concurrent"]);
}
