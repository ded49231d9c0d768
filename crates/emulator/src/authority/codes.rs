//! The AADSTS codes of this flow as a table: the HTTP status and `error` each
//! comes with, and its usual sentence (Microsoft Learn, "Microsoft Entra
//! authentication and authorization error codes"). Statuses that are not
//! public are those seen in public issues, or the emulator's choice.

/// Status, `error` and usual sentence of a code. Codes the emulator does not
/// know come as 400 `invalid_request`.
pub(super) fn kind(code: u32) -> (u16, &'static str, &'static str) {
    const REQUEST: (u16, &str) = (400, "invalid_request");
    const CLIENT: (u16, &str) = (401, "invalid_client");
    const UNAUTHORIZED: (u16, &str) = (400, "unauthorized_client");
    const RESOURCE: (u16, &str) = (400, "invalid_resource");
    const SCOPE: (u16, &str) = (400, "invalid_scope");
    const GRANT: (u16, &str) = (400, "invalid_grant");
    const BUSY: (u16, &str) = (503, "temporarily_unavailable");
    let ((status, error), text) = match code {
        900_561 => (
            (405, "invalid_request"),
            "The endpoint only accepts POST requests.",
        ),
        900_144 => (
            REQUEST,
            "The request body must contain the following parameter: 'grant_type'.",
        ),
        9_002_313 => (REQUEST, "Invalid request. Request is malformed or invalid."),
        90_013 => (REQUEST, "Invalid input received from the user."),
        90_014 => (
            REQUEST,
            "The required field 'client_id' is missing from the credential.",
        ),
        90_002 => (
            REQUEST,
            "Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
        ),
        90_038 => (REQUEST, "The tenant belongs to another national cloud."),
        900_382 | 900_432 => (
            CLIENT,
            "Confidential Client is not supported in Cross Cloud request.",
        ),
        9_001_023 => (
            REQUEST,
            "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
        ),
        70_003 => (
            (400, "unsupported_grant_type"),
            "The app requested an unsupported grant type.",
        ),
        70_001 | 7_000_112 => (UNAUTHORIZED, "The application is disabled."),
        70_011 => (
            SCOPE,
            "The provided value for the input parameter 'scope' is not valid.",
        ),
        1_002_012 => (
            SCOPE,
            "Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
        ),
        28_003 | 700_022 => (SCOPE, "The scope names no resource or more than one."),
        500_011 => (
            RESOURCE,
            "The resource principal was not found in the tenant.",
        ),
        50_001 => (RESOURCE, "The resource is disabled or does not exist."),
        650_057 => (
            RESOURCE,
            "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the client's application registration.",
        ),
        700_011 | 700_016 => (
            UNAUTHORIZED,
            "The application was not found in the directory.",
        ),
        70_021 => (
            CLIENT,
            "No matching federated identity record found for presented assertion.",
        ),
        700_211 => (
            CLIENT,
            "No matching federated identity record found for presented assertion issuer.",
        ),
        700_212 => (
            CLIENT,
            "No matching federated identity record found for presented assertion audience.",
        ),
        700_213 => (
            CLIENT,
            "No matching federated identity record found for presented assertion subject.",
        ),
        7_002_137 => (
            CLIENT,
            "The subject of the presented assertion has not the format of the federated identity credential.",
        ),
        7_002_138 => (
            CLIENT,
            "The subject matches with case-insensitive comparison, but not with case-sensitive comparison.",
        ),
        7_002_381 => (
            CLIENT,
            "A policy of the tenant does not allow tokens of this issuer.",
        ),
        70_025 => (
            CLIENT,
            "The client has no configured federated identity credentials.",
        ),
        700_024 => (
            CLIENT,
            "Client assertion is not within its valid time range.",
        ),
        70_023 => (
            CLIENT,
            "The presented assertion's lifetime is longer than the allowed 1 day and 1 hour.",
        ),
        50_027 => (REQUEST, "JWT token is invalid or malformed."),
        50_013 => (GRANT, "Assertion failed signature validation."),
        700_027 => (CLIENT, "Client assertion failed signature validation."),
        50_166 => (REQUEST, "Request to External OIDC endpoint failed."),
        501_661 => (
            REQUEST,
            "Request to External OIDC endpoint failed with a timeout.",
        ),
        90_061 => (REQUEST, "Request to External OIDC endpoint failed."),
        700_025 => (
            CLIENT,
            "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
        ),
        7_000_215 => (CLIENT, "Invalid client secret provided."),
        7_000_218 => (
            CLIENT,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        ),
        7_000_222 => (CLIENT, "The provided client secret keys are expired."),
        700_222 | 700_229 => (
            CLIENT,
            "A token issued by Microsoft Entra ID is not allowed as assertion here.",
        ),
        700_231 => (
            CLIENT,
            "A token got through a federated identity credential cannot be used as assertion.",
        ),
        700_223 | 700_238 => (
            CLIENT,
            "Workload identity federation is disabled or constrained for the tenant or the issuer.",
        ),
        70_052 => (
            CLIENT,
            "The identity must be a managed identity, single tenant app, or service account.",
        ),
        53_003 | 530_032 => (
            GRANT,
            "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        ),
        50_196 => (
            GRANT,
            "The server terminated an operation because it encountered a client request loop.",
        ),
        100_007 => (
            CLIENT,
            "A regional authority is allowed for managed identities and first-party applications only.",
        ),
        90_055 => (
            (429, "temporarily_unavailable"),
            "The tenant is throttled because there are too many requests.",
        ),
        90_006 | 90_012 | 90_024 | 90_033 | 90_090 => (
            BUSY,
            "The service is temporarily unavailable. Please retry later.",
        ),
        _ => (REQUEST, "The request was refused."),
    };
    (status, error, text)
}
