//! What to do next, and all that can be done.

use alloc::format;
use alloc::string::String;

use keyhole_exchange::settings::variable;

use crate::process::Process;

/// Set in pods with an AKS identity binding.
pub(crate) const TOKEN_PROXY: &str = "AZURE_KUBERNETES_TOKEN_PROXY";

/// `--version`.
pub(crate) const VERSION: &str = concat!("keyhole ", env!("CARGO_PKG_VERSION"), "\n");

/// `--help`.
pub(crate) const HELP: &str = "\
Exchange a pod's federated token for an AKS access token

Usage: keyhole.wasm <COMMAND> [OPTIONS]

Commands:
  verify     Exchange the federated token and say what was found
  get-token  Print an access token as kubectl's ExecCredential

Options:
      --output <FORMAT>              verify: text, json; get-token: exec, token, json
      --client-id <ID>               AZURE_CLIENT_ID
  -t, --tenant-id <ID>               AZURE_TENANT_ID
      --federated-token-file <FILE>  AZURE_FEDERATED_TOKEN_FILE, as the component sees it
      --authority-host <HOST>        AZURE_AUTHORITY_HOST
  -e, --environment <NAME>           AZURE_CLOUD: a cloud by its name
      --scope <SCOPE>                AZURE_SCOPE
      --server-id <ID>               AKS_SERVER_APP_ID
      --known-authorities-only       Refuse an authority that is not one of Microsoft's
      --timeout <DURATION>           Give up after this long [60s, and --retry-propagation]
      --retry-propagation <DURATION> Ask again while a new federated credential spreads
      --no-assertion-checks          Send the federated token even if it will be refused
      --insecure-http                Allow an authority on http://, on loopback
  -l, --login workloadidentity       For kubelogin's command lines
  -h, --help                         Print help
  -V, --version                      Print version

Flags beat variables. The program keyhole has more of both, and a sandbox: what this
component may read and reach is its runtime's to decide.

Exit codes:
  0   done
  2   usage or configuration
  3   federated token file or its content
  4   refused by the authority
  5   authority unavailable (network, timeout, throttled)
  6   unusable answer from the authority
  7   the runtime refused what was asked for
";

/// What to do next, for a person who said nothing.
pub(crate) fn greeting(process: &Process) -> String {
    let next = if process.variable(variable::FEDERATED_TOKEN_FILE).is_some() {
        "This pod has a federated token. Check that it can be exchanged, for example by\n"
    } else {
        "AZURE_FEDERATED_TOKEN_FILE is not set: either this is not a pod with workload identity,
or the runtime was not told to pass it on. In such a pod, for example:
"
    };
    format!(
        "Exchange a pod's federated token for an AKS access token.

{next}  wasmtime run -S http --dir /var/run/secrets/azure/tokens \\
    --env AZURE_CLIENT_ID --env AZURE_TENANT_ID --env AZURE_AUTHORITY_HOST \\
    --env AZURE_FEDERATED_TOKEN_FILE keyhole.wasm verify

All commands and flags:
  keyhole.wasm --help
"
    )
}
