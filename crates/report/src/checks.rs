//! What to check in Azure and in the cluster when the authority refuses.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde::Serialize;

use crate::quote::shell_word;

/// One thing to look at, and the commands that show or mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What must be so.
    pub text: String,
    /// Commands for a POSIX shell, in order; values from outside are quoted.
    pub commands: Vec<String>,
}

/// Who asked for a token, and for which server.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The application's (client) id.
    pub client_id: &'a str,
    /// The federated token's subject, where it is known.
    pub subject: Option<&'a str>,
}

/// The AKS server application, "Azure Kubernetes Service AAD Server", the same
/// in every cloud (kubelogin, docs/book concepts/aks.md).
const AKS_SERVER_APP_ID: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// Codes that speak of what the application may do at the resource.
const PERMISSION: &[u32] = &[
    50001, 50105, 65001, 500011, 501051, 650051, 650056, 650057, 7000112,
];
/// Codes that speak of who the application or the federated subject is.
const WHO: &[u32] = &[
    70021, 70025, 700011, 700016, 700211, 700212, 700213, 7002138,
];
/// Codes that speak of the scope or the resource asked for.
const SERVER: &[u32] = &[28003, 50001, 70011, 500011, 650057, 700022, 1002012];
/// Codes whose next step is complete: times, keys, tenants, clouds, policies.
const ELSEWHERE: &[u32] = &[
    50013, 50027, 50166, 50196, 53003, 70023, 70052, 90002, 90038, 90061, 100007, 501661, 530032,
    700024, 700025, 700027, 700222, 700223, 700229, 700231, 700238, 900144, 900382, 900432,
    7000215, 7000218, 7000222, 7002137, 7002381,
];

/// What to check after a refusal with these AADSTS codes. Codes whose own next
/// step is complete add nothing; codes that are not known call for all checks.
#[must_use]
pub fn for_refusal(codes: &[u32], identity: Identity<'_>) -> Vec<Check> {
    let any = |table: &[u32]| codes.iter().any(|code| table.contains(code));
    let (permission, who, server) = (any(PERMISSION), any(WHO), any(SERVER));
    let all = !(permission || who || server || any(ELSEWHERE));
    let mut checks = Vec::new();
    if permission || all {
        checks.push(delegated_access(identity.client_id));
    }
    if who || all {
        checks.push(service_account(identity));
    }
    if server || all {
        checks.push(server_application());
    }
    checks
}

fn delegated_access(client_id: &str) -> Check {
    let client = shell_word(client_id);
    Check {
        text: "The application has delegated access to the Azure Kubernetes Service AAD Server. \
               In the portal: App registrations, the application, API permissions, Add a \
               permission, APIs my organization uses, Azure Kubernetes Service AAD Server, \
               Delegated permissions, user.read; then grant admin consent. Or with the Azure CLI:"
            .to_string(),
        commands: Vec::from([
            format!(
                "permission=$(az ad sp show --id {AKS_SERVER_APP_ID} --query \
                 \"oauth2PermissionScopes[0].id\" --output tsv)"
            ),
            format!(
                "az ad app permission add --id {client} --api {AKS_SERVER_APP_ID} \
                 --api-permissions \"$permission=Scope\""
            ),
            format!("az ad app permission admin-consent --id {client}"),
        ]),
    }
}

fn service_account(identity: Identity<'_>) -> Check {
    let account = identity
        .subject
        .and_then(|subject| subject.strip_prefix("system:serviceaccount:"))
        .and_then(|rest| rest.split_once(':'));
    let command = match account {
        Some((namespace, name)) => format!(
            "kubectl get serviceaccount --namespace {} {} --output yaml",
            shell_word(namespace),
            shell_word(name)
        ),
        None => "kubectl get serviceaccount --namespace NAMESPACE NAME --output yaml".to_string(),
    };
    Check {
        text: format!(
            "The pod's service account carries the annotation azure.workload.identity/client-id: \
             {}, the pod carries the label azure.workload.identity/use: \"true\", and the \
             application (or managed identity) has a federated credential with this issuer, \
             subject and audience.",
            identity.client_id
        ),
        commands: Vec::from([
            command,
            format!(
                "az ad app federated-credential list --id {}",
                shell_word(identity.client_id)
            ),
        ]),
    }
}

fn server_application() -> Check {
    Check {
        text: format!(
            "AKS_SERVER_APP_ID (or --server-id) is the cluster's server application. For \
             AKS-managed Microsoft Entra integration it is {AKS_SERVER_APP_ID} in every cloud: \
             leave it unset. A cluster with its own server application names it in its kubeconfig \
             after --server-id."
        ),
        commands: Vec::new(),
    }
}
