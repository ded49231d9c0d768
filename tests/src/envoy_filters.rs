//! The same Envoy with other filters in the plugin's place, for measurements: what
//! a request costs without any, with one of Envoy's own that sets a header of the
//! same size, and with ours.

use crate::envoy::Pod;
use std::net::SocketAddr;

/// What stands in the cluster's filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Nothing.
    None,
    /// Envoy's `header_mutation`, with an `Authorization` of this many bytes.
    HeaderMutation(usize),
    /// The plugin `inject`.
    Keyhole,
}

impl Pod {
    /// Puts another filter into the plugin's place. The exchange stays.
    pub fn filter_with(&mut self, filter: Filter) {
        let start = self
            .yaml
            .find("        - name: keyhole-inject")
            .expect("the filter");
        let end = self.yaml.find("        - name: codec").expect("the codec");
        let other = match filter {
            Filter::Keyhole => return,
            Filter::None => String::new(),
            Filter::HeaderMutation(size) => format!(
                "        - name: mutation\n          typed_config:\n            \"@type\": \
                 type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation\n\
                 \x20           mutations: {{request_mutations: [{{append: {{header: {{key: \
                 authorization, value: \"{}\"}}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}}}}]}}\n",
                "x".repeat(size)
            ),
        };
        self.yaml.replace_range(start..end, &other);
    }

    /// Sends requests to another upstream, without TLS: what is measured then is
    /// Envoy and the filter.
    pub fn send_to(&mut self, upstream: SocketAddr) {
        let cluster = self
            .yaml
            .find("  - name: upstream\n    type:")
            .expect("the cluster");
        let tls = cluster
            + self.yaml[cluster..]
                .find("    transport_socket:")
                .expect("TLS");
        let options = "    typed_extension_protocol_options:";
        let end = tls + self.yaml[tls..].find(options).expect("the options");
        self.yaml.replace_range(tls..end, "");
        let address = self.yaml[cluster..]
            .find("{socket_address: ")
            .expect("an address");
        let start = cluster + address;
        let end = start + self.yaml[start..].find('}').expect("its end") + 1;
        let new = format!(
            "{{socket_address: {{address: \"{}\", port_value: {}}}",
            upstream.ip(),
            upstream.port()
        );
        self.yaml.replace_range(start..end, &new);
    }
}
