//! The functions of the proxy-wasm ABI that each plugin needs: the shortest
//! lists with which all of it works. `docs/envoy.md` says what each is for.

/// The plugin `exchange`.
pub const EXCHANGE: [&str; 10] = [
    "proxy_on_configure",
    "proxy_on_tick",
    "proxy_on_http_call_response",
    "proxy_set_tick_period_milliseconds",
    "proxy_get_current_time_nanoseconds",
    "proxy_http_call",
    "proxy_get_header_map_value",
    "proxy_get_buffer_bytes",
    "proxy_set_shared_data",
    "proxy_log",
];

/// The plugin `inject`.
pub const INJECT: [&str; 12] = [
    "proxy_on_configure",
    "proxy_on_tick",
    "proxy_on_request_headers",
    "proxy_set_tick_period_milliseconds",
    "proxy_get_current_time_nanoseconds",
    "proxy_get_buffer_bytes",
    "proxy_get_shared_data",
    "proxy_replace_header_map_value",
    "proxy_send_local_response",
    "proxy_set_effective_context",
    "proxy_continue_stream",
    "proxy_log",
];

/// What `inject` needs beside [`INJECT`] where it removes the callers' headers
/// itself (`"strip_by": "plugin"`, the default).
pub const STRIP: [&str; 2] = [
    "proxy_get_header_map_pairs",
    "proxy_remove_header_map_value",
];
