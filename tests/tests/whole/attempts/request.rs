//! The request: method, scheme, authority, path and headers.

use super::Ends::{Learns, Refused};

super::attempts! {
    held_by "host/src/grants/request.rs": "if let Err(rule) = judge_head(&endpoint.target, &request) {";

    access_token_in_host sends 1 => Refused(&["request.authority"]);
    authorization_header => Refused(&["request.header.name"]);
    connect_instead_of_post => Refused(&["request.method"]);
    connection_header => Refused(&["request.header.name"]);
    content_length_header => Refused(&["request.header.name"]);
    extra_header => Refused(&["request.header.name"]);
    federated_token_in_host => Refused(&["request.authority"]);
    forwarded_header => Refused(&["request.header.name"]);
    get_instead_of_post => Refused(&["request.method"]);
    host_header => Refused(&["request.header.name"]);
    long_user_agent => Refused(&["request.header.value"]);
    post_absolute_form => Learns("path not taken");
    post_address_of_host => Refused(&["request.authority"]);
    post_host_in_upper_case => Refused(&["request.authority"]);
    post_host_with_trailing_dot => Refused(&["request.authority"]);
    post_http_scheme => Refused(&["request.scheme"]);
    post_in_lower_case => Refused(&["request.method"]);
    post_look_alike_host => Refused(&["request.authority"]);
    post_metadata_service => Refused(&["request.authority"]);
    post_other_host => Refused(&["request.authority"]);
    post_other_path => Refused(&["request.path"]);
    post_other_port => Refused(&["request.authority"]);
    post_other_scheme => Refused(&["request.scheme"]);
    post_other_tenant => Refused(&["request.path"]);
    post_path_with_dots => Refused(&["request.path"]);
    post_path_with_encoded_dots => Refused(&["request.path"]);
    post_path_with_fragment => Refused(&["request.path"]);
    post_path_with_query => Refused(&["request.path"]);
    post_path_with_two_slashes => Refused(&["request.path"]);
    post_with_userinfo => Refused(&["request.authority"]);
    post_without_authority => Learns("authority not taken");
    post_without_scheme => Refused(&["request.scheme"]);
    transfer_encoding_header => Refused(&["request.header.name"]);
    two_content_types => Refused(&["request.header.name"]);
    header_injection => Learns("headers not taken");
    hop_by_hop_headers => Refused(&["request.header.name"; 10]);
    post_host_in_cyrillic => Learns("authority not taken");
    post_host_with_empty_port => Refused(&["request.authority"]);
    post_host_without_port => Refused(&["request.authority"]);
    post_path_in_upper_case => Refused(&["request.path"]);
    post_path_with_encoded_letter => Refused(&["request.path"]);
}
