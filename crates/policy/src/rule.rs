//! The rules by name.

use core::fmt;

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $asks:literal;)+) => {
        /// A rule of a grant. Its name stands in the audit log and is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Rule {
            /// Every rule there is.
            pub const ALL: &'static [Rule] = &[$(Rule::$variant),+];

            /// The stable name, as the audit log has it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Rule::$variant => $name),+ }
            }

            /// What the rule asks for, as a sentence for a person.
            #[must_use]
            pub const fn asks(self) -> &'static str {
                match self { $(Rule::$variant => $asks),+ }
            }
        }
    };
}

rules! {
    /// The method is not POST.
    RequestMethod = "request.method", "the method is POST";
    /// The scheme is not the granted one.
    RequestScheme = "request.scheme", "the scheme is the granted authority's";
    /// The authority is not the granted one, byte for byte.
    RequestAuthority = "request.authority", "host and port are the granted authority's, byte for byte";
    /// The path is not the token endpoint's, byte for byte.
    RequestPath = "request.path", "the path is the tenant's token endpoint, byte for byte";
    /// A header that is not on the list.
    RequestHeaderName = "request.header.name", "no header but content-type, accept and user-agent, once each";
    /// A listed header with another value.
    RequestHeaderValue = "request.header.value", "the listed headers have the values of a token request";
    /// The request has trailers.
    RequestTrailers = "request.trailers", "a request has no trailers";
    /// The body is larger than a token request.
    RequestBodySize = "request.body.size", "a body is at most 64 KiB";
    /// The body was not finished.
    RequestBodyIncomplete = "request.body.incomplete", "a body is finished before anything is sent";
    /// A request of the gateway to another place than its upstream.
    GatewayTarget = "gateway.target", "scheme, host and port are the gateway's upstream, byte for byte";
    /// A tunnel, or a request whose answer repeats it.
    GatewayMethod = "gateway.method", "no CONNECT and no TRACE";
    /// A verb or a path that the rules of the gateway do not let pass.
    GatewayAction = "gateway.action", "verb and path are among those that --allow-verbs and --allow-paths name";
    /// Another `Authorization` than the gateway was given.
    GatewayAuthorization = "gateway.authorization", "one Authorization header, with the token that the gateway was given";
    /// A header that names another user.
    GatewayIdentity = "gateway.identity", "no header by which a caller could be somebody else";
    /// More than a request and one repetition.
    GatewayRequests = "gateway.requests", "a request is sent once, and once more with another token";
    /// The body is not a form.
    FormSyntax = "form.syntax", "the body is one well-formed urlencoded form";
    /// A field that is not part of the granted form.
    FormField = "form.field", "no field but those of the client credentials grant with a client assertion";
    /// A field stands twice.
    FormDuplicate = "form.duplicate", "each field stands once";
    /// A field is missing.
    FormMissing = "form.missing", "no field is missing";
    /// Another client.
    FormClientId = "form.client_id", "client_id is the granted client";
    /// Another scope.
    FormScope = "form.scope", "scope is the granted scope";
    /// Another grant type.
    FormGrantType = "form.grant_type", "grant_type is client_credentials";
    /// Another assertion type.
    FormAssertionType = "form.client_assertion_type", "client_assertion_type is jwt-bearer";
    /// An assertion that this call's file grant did not serve.
    FormAssertion = "form.client_assertion", "client_assertion is the federated token that this call read";
    /// Claims that were not asked for.
    FormClaims = "form.claims", "claims are those the caller asked for";
    /// One request more than granted.
    RequestCount = "request.count", "a call sends a bounded number of requests";
    /// A second request while the first is under way.
    RequestConcurrent = "request.concurrent", "one request at a time";
    /// A name that is not the file's.
    FileName = "file.name", "the one entry is opened by its name";
    /// Anything but opening and reading.
    FileOperation = "file.operation", "the file is opened and read, nothing else";
    /// Opened with create, truncate, directory or write flags.
    FileFlags = "file.flags", "the file is opened for reading only";
    /// The content is not a compact JWS.
    FileContent = "file.content", "the content is three base64url parts";
    /// The file is larger than the grant.
    FileSize = "file.size", "the file is at most 1 MiB";
    /// The path does not lead to a regular file.
    FileKind = "file.kind", "the file is a regular file";
    /// An address that is never connected to.
    AddressForbidden = "address.forbidden", "no link-local, multicast, broadcast, unspecified or metadata address";
    /// A loopback address for a name that is not a loopback name.
    AddressLoopback = "address.loopback", "a loopback address only for an authority that is a loopback name or address";
    /// Plain HTTP to an address that is not loopback.
    AddressPlain = "address.plain_http", "plain HTTP goes to loopback addresses only";
    /// A function that is not on the list of imports.
    Import = "import", "a component imports the listed functions only";
    /// A token that the authority did not send.
    ResultToken = "result.token", "the token is literally the access_token of the authority's answer";
    /// The federated token was handed out as a result.
    ResultAssertion = "result.assertion", "no part of the federated token is a result";
    /// An expiry beyond what an authority grants.
    ResultExpiry = "result.expiry", "a token ends at most 48 hours from now";
    /// A string beyond its limit, or with forbidden characters.
    ResultText = "result.text", "every string of a result is within its limit";
    /// A result that does not fit what the call did.
    ResultFacts = "result.facts", "a result agrees with what the call did";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;
    use alloc::collections::BTreeSet;

    #[test]
    fn no_two_rules_share_a_name() {
        let names: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
    }
}
