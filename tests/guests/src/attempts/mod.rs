//! The attempts, by name.

mod access_token_in_error_message;
mod access_token_in_host;
mod access_token_in_path;
mod altered_assertion;
mod assertion_not_from_file;
mod authorization_header;
mod body_not_a_form;
mod body_of_100_kib;
mod call_host_without_end;
mod claims_in_every_string;
mod claims_in_path;
mod claims_not_asked_for;
mod codes_without_end;
mod connect_instead_of_post;
mod connection_header;
mod content_length_header;
mod deep_recursion;
mod dropped_before_it_is_judged;
mod empty_token;
mod endless_loop;
mod endless_wait;
mod escapes_in_every_string;
mod events_without_end;
mod expiry_in_year_9999;
mod extra_field;
mod extra_header;
mod federated_token_in_assertion_error;
mod federated_token_in_bad_response_error;
mod federated_token_in_configuration_error;
mod federated_token_in_denied_error;
mod federated_token_in_error_message;
mod federated_token_in_host;
mod federated_token_in_path;
mod federated_token_in_refused_error;
mod federated_token_in_result_facts;
mod federated_token_in_token_file_error;
mod federated_token_in_unavailable_error;
mod federated_token_signature_piece_in_message;
mod follow_redirect;
mod forwarded_header;
mod get_instead_of_post;
mod grow_memory;
mod header_injection;
mod header_maps_by_the_hundred;
mod held_body;
mod hop_by_hop_headers;
mod host_header;
mod issuer_of_a_kilobyte;
mod long_user_agent;
mod look_for_a_second_preopen;
mod message_of_a_mebibyte;
mod message_of_three_mebibytes;
mod message_over_limit;
mod missing_field;
mod more_requests_than_sent;
mod open_absolute;
mod open_as_directory;
mod open_behind_link;
mod open_below_file;
mod open_current_folder;
mod open_entry_by_detour;
mod open_for_writing;
mod open_link;
mod open_nothing;
mod open_parent;
mod open_parent_of_entry;
mod open_proc_environ;
mod open_sibling;
mod open_to_create;
mod open_to_mutate_folder;
mod open_to_truncate;
mod open_upper_case;
mod open_with_nul;
mod open_with_slash;
mod other_assertion_type;
mod other_client_id;
mod other_grant_type;
mod other_scope;
mod other_scope_in_result;
mod other_token_type;
mod panics;
mod path_of_three_mebibytes;
mod post_absolute_form;
mod post_address_of_host;
mod post_host_in_cyrillic;
mod post_host_in_upper_case;
mod post_host_with_empty_port;
mod post_host_with_trailing_dot;
mod post_host_without_port;
mod post_http_scheme;
mod post_in_lower_case;
mod post_look_alike_host;
mod post_metadata_service;
mod post_other_host;
mod post_other_path;
mod post_other_port;
mod post_other_scheme;
mod post_other_tenant;
mod post_path_in_upper_case;
mod post_path_with_dots;
mod post_path_with_encoded_dots;
mod post_path_with_encoded_letter;
mod post_path_with_fragment;
mod post_path_with_query;
mod post_path_with_two_slashes;
mod post_with_userinfo;
mod post_without_authority;
mod post_without_scheme;
mod read_after_rotation;
mod read_beyond_the_end;
mod read_other_variable;
mod read_the_folder;
mod reads_without_end;
mod refresh_before_the_epoch;
mod refusals_by_the_thousand;
mod request_behind_the_result;
mod resources_by_the_million;
mod return_federated_token_as_access_token;
mod return_more_than_the_token;
mod return_part_of_federated_token;
mod return_part_of_token;
mod return_token_never_sent;
mod return_token_without_request;
mod scope_in_upper_case;
mod scope_list;
mod scope_with_encoded_name;
mod seventh_request;
mod success_after_refusal;
mod texts_that_take_long_to_search;
mod thousand_borrows;
mod token_with_newline;
mod trailers;
mod transfer_encoding_header;
mod two_content_types;
mod two_requests_at_once;
mod two_scopes;
mod unfinished_body;
mod write_headers_big;

use crate::outcome::Outcome;
use crate::pod::Pod;

macro_rules! attempts {
    ($($name:ident)+) => {
        /// All of them.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),+];

        /// The one of this name.
        pub(crate) fn find(name: &str) -> Option<fn(&Pod) -> Outcome> {
            match name {
                $(stringify!($name) => Some($name::run),)+
                _ => None,
            }
        }
    };
}

attempts! {
    access_token_in_error_message
    access_token_in_host
    access_token_in_path
    altered_assertion
    assertion_not_from_file
    authorization_header
    body_not_a_form
    body_of_100_kib
    call_host_without_end
    claims_in_every_string
    claims_in_path
    claims_not_asked_for
    codes_without_end
    connect_instead_of_post
    connection_header
    content_length_header
    deep_recursion
    dropped_before_it_is_judged
    empty_token
    endless_loop
    endless_wait
    escapes_in_every_string
    events_without_end
    expiry_in_year_9999
    extra_field
    extra_header
    federated_token_in_assertion_error
    federated_token_in_bad_response_error
    federated_token_in_configuration_error
    federated_token_in_denied_error
    federated_token_in_error_message
    federated_token_in_host
    federated_token_in_path
    federated_token_in_refused_error
    federated_token_in_result_facts
    federated_token_in_token_file_error
    federated_token_in_unavailable_error
    federated_token_signature_piece_in_message
    follow_redirect
    forwarded_header
    get_instead_of_post
    grow_memory
    header_injection
    header_maps_by_the_hundred
    held_body
    hop_by_hop_headers
    host_header
    issuer_of_a_kilobyte
    long_user_agent
    look_for_a_second_preopen
    message_of_a_mebibyte
    message_of_three_mebibytes
    message_over_limit
    missing_field
    more_requests_than_sent
    open_absolute
    open_as_directory
    open_behind_link
    open_below_file
    open_current_folder
    open_entry_by_detour
    open_for_writing
    open_link
    open_nothing
    open_parent
    open_parent_of_entry
    open_proc_environ
    open_sibling
    open_to_create
    open_to_mutate_folder
    open_to_truncate
    open_upper_case
    open_with_nul
    open_with_slash
    other_assertion_type
    other_client_id
    other_grant_type
    other_scope
    other_scope_in_result
    other_token_type
    panics
    path_of_three_mebibytes
    post_absolute_form
    post_address_of_host
    post_host_in_cyrillic
    post_host_in_upper_case
    post_host_with_empty_port
    post_host_with_trailing_dot
    post_host_without_port
    post_http_scheme
    post_in_lower_case
    post_look_alike_host
    post_metadata_service
    post_other_host
    post_other_path
    post_other_port
    post_other_scheme
    post_other_tenant
    post_path_in_upper_case
    post_path_with_dots
    post_path_with_encoded_dots
    post_path_with_encoded_letter
    post_path_with_fragment
    post_path_with_query
    post_path_with_two_slashes
    post_with_userinfo
    post_without_authority
    post_without_scheme
    read_after_rotation
    read_beyond_the_end
    read_other_variable
    read_the_folder
    reads_without_end
    refresh_before_the_epoch
    refusals_by_the_thousand
    request_behind_the_result
    resources_by_the_million
    return_federated_token_as_access_token
    return_more_than_the_token
    return_part_of_federated_token
    return_part_of_token
    return_token_never_sent
    return_token_without_request
    scope_in_upper_case
    scope_list
    scope_with_encoded_name
    seventh_request
    success_after_refusal
    texts_that_take_long_to_search
    thousand_borrows
    token_with_newline
    trailers
    transfer_encoding_header
    two_content_types
    two_requests_at_once
    two_scopes
    unfinished_body
    write_headers_big
}
