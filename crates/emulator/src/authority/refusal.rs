//! Entra's errors: a code, the HTTP status and `error` it comes with, and the
//! sentence behind it (Microsoft Learn, "Microsoft Entra authentication and
//! authorization error codes"; the wording of the federation errors is what
//! users quote in public issues).

use serde_json::json;

use super::answer::Answer;
use super::codes::kind;
use crate::guid;

/// Why a request gets no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The number after `AADSTS`.
    pub(crate) code: u32,
    status: u16,
    error: &'static str,
    text: String,
    claims: Option<String>,
}

impl Refusal {
    fn new(code: u32, text: impl Into<String>) -> Self {
        let (status, error, _) = kind(code);
        Self {
            code,
            status,
            error,
            text: text.into(),
            claims: None,
        }
    }

    /// A code with the sentence it usually has.
    pub(crate) fn by_code(code: u32) -> Self {
        let mut refusal = Self::new(code, kind(code).2);
        // Conditional access tells the client what the user would have to do.
        if code == 53_003 {
            refusal.claims = Some(r#"{"access_token":{"capolids":{"essential":true,"values":["00000000-0000-0000-0000-000000000001"]}}}"#.to_owned());
        }
        refusal
    }

    /// A code with any sentence.
    pub(crate) fn with_text(code: u32, text: impl Into<String>) -> Self {
        Self::new(code, text)
    }

    pub(crate) fn method(method: &str) -> Self {
        Self::new(
            900_561,
            format!("The endpoint only accepts POST requests. Received a {method} request."),
        )
    }

    pub(crate) fn malformed() -> Self {
        Self::by_code(9_002_313)
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::new(
            900_144,
            format!("The request body must contain the following parameter: '{field}'."),
        )
    }

    pub(crate) fn grant_type(given: &str) -> Self {
        Self::new(
            70_003,
            format!("The app requested an unsupported grant type '{given}'."),
        )
    }

    pub(crate) fn tenant_not_found(tenant: &str) -> Self {
        Self::new(
            90_002,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
            ),
        )
    }

    pub(crate) fn app_not_found(client: &str, tenant: &str) -> Self {
        Self::new(
            700_016,
            format!(
                "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
            ),
        )
    }

    pub(crate) fn no_credential(client: &str) -> Self {
        Self::new(
            70_025,
            format!("The client '{client}' has no configured federated identity credentials."),
        )
    }

    pub(crate) fn nothing_matches(issuer: &str, subject: &str, audience: &str) -> Self {
        Self::new(
            70_021,
            format!(
                "No matching federated identity record found for presented assertion. Assertion Issuer: '{issuer}'. Assertion Subject: '{subject}'. Assertion Audience: '{audience}'. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
            ),
        )
    }

    pub(crate) fn issuer(issuer: &str) -> Self {
        Self::mismatch(700_211, "issuer", issuer)
    }

    pub(crate) fn audience(audience: &str) -> Self {
        Self::mismatch(700_212, "audience", audience)
    }

    pub(crate) fn subject(subject: &str) -> Self {
        Self::mismatch(700_213, "subject", subject)
    }

    fn mismatch(code: u32, what: &str, value: &str) -> Self {
        Self::new(
            code,
            format!(
                "No matching federated identity record found for presented assertion {what} '{value}'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
            ),
        )
    }

    pub(crate) fn subject_case(subject: &str) -> Self {
        Self::new(
            7_002_138,
            format!(
                "No matching federated identity record found for presented assertion subject '{subject}'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
            ),
        )
    }

    pub(crate) fn outside_valid_time(now: i64, not_before: Option<i64>, expires_on: i64) -> Self {
        let from = not_before.map_or_else(|| "unknown".to_owned(), iso);
        Self::new(
            700_024,
            format!(
                "Client assertion is not within its valid time range. Current time: {}, assertion valid from {from}, expiry time of assertion {}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
                iso(now),
                iso(expires_on),
            ),
        )
    }

    pub(crate) fn signature(reason: &str) -> Self {
        Self::new(
            700_027,
            format!("Client assertion failed signature validation. [Reason - {reason}]"),
        )
    }

    pub(crate) fn scope(scope: &str) -> Self {
        Self::new(
            70_011,
            format!(
                "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope '{scope}' is not valid."
            ),
        )
    }

    pub(crate) fn scope_suffix(scope: &str) -> Self {
        Self::new(
            1_002_012,
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
            ),
        )
    }

    pub(crate) fn resource(resource: &str, tenant: &str) -> Self {
        Self::new(
            500_011,
            format!(
                "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant."
            ),
        )
    }

    /// The error as Entra writes it, with a trace ID of its own and the
    /// correlation ID that belongs to the request.
    pub(crate) fn answer(&self, correlation_id: &str) -> Answer {
        let trace_id = guid::random();
        let timestamp = jiff::Timestamp::now()
            .strftime("%Y-%m-%d %H:%M:%SZ")
            .to_string();
        let mut body = json!({
            "error": self.error,
            "error_description": format!(
                "AADSTS{}: {} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}",
                self.code, self.text,
            ),
            "error_codes": [self.code],
            "timestamp": timestamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        });
        if let Some(claims) = &self.claims {
            body["claims"] = claims.as_str().into();
        }
        let answer = Answer::json(self.status, &body).header("x-ms-request-id", &trace_id);
        if self.status == 405 {
            answer.header("allow", "POST")
        } else {
            answer
        }
    }
}

/// A time as it stands in the text of 700024.
fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| seconds.to_string(),
        |time| time.strftime("%Y-%m-%dT%H:%M:%S.0000000Z").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn an_error_has_every_member_entra_sends() {
        let answer = Refusal::by_code(700_024).answer("c-1");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, 401);
        assert_eq!(body["error"], "invalid_client");
        assert_eq!(body["error_codes"], json!([700_024]));
        assert_eq!(body["correlation_id"], "c-1");
        assert_eq!(
            body["error_uri"],
            "https://login.microsoftonline.com/error?code=700024"
        );
        let (trace, timestamp) = (
            body["trace_id"].as_str().unwrap(),
            body["timestamp"].as_str().unwrap(),
        );
        assert_eq!(
            body["error_description"],
            format!(
                "AADSTS700024: Client assertion is not within its valid time range. Trace ID: {trace} Correlation ID: c-1 Timestamp: {timestamp}"
            )
        );
        assert_eq!(timestamp.len(), "2026-11-24 22:54:27Z".len(), "{timestamp}");
    }

    #[test]
    fn the_text_of_an_expired_assertion_names_the_three_times() {
        let text = Refusal::outside_valid_time(1_700_000_000, Some(0), 86_400).text;
        for time in [
            "2023-11-14T22:13:20.0000000Z",
            "1970-01-01T00:00:00.0000000Z",
            "1970-01-02T00:00:00.0000000Z",
        ] {
            assert!(text.contains(time), "{text}");
        }
    }
}
