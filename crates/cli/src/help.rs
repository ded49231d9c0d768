//! Help texts that several commands share.

/// Shown by `keyhole --help`.
pub(crate) const OVERVIEW: &str = "\
Keyhole exchanges a pod's federated token for an AKS access token. The code \
that reads the federated token runs as a WebAssembly component that can see \
five variables, read one file and send one form to one endpoint; everything \
else does not exist for it.";

/// Shown at the end of `keyhole --help`.
pub(crate) const MORE: &str = "\
Begin with `keyhole verify` in a pod: it runs the exchange step by step and \
says what to do when a step fails. `keyhole help COMMAND` has examples, \
variables and exit codes.";

/// Variables and precedence, for the commands that make an exchange.
pub(crate) const ENVIRONMENT: &str = "\
Environment variables (a flag beats every variable of its line):
  AZURE_CLIENT_ID             --client-id; set by the workload identity webhook
  AZURE_TENANT_ID             --tenant-id; set by the webhook
  AZURE_FEDERATED_TOKEN_FILE  --federated-token-file; set by the webhook
  AZURE_AUTHORITY_HOST        --authority-host, --environment; set by the webhook
  AZURE_CLOUD                 the same by a cloud's name, if the former is not set
  AZURE_SCOPE                 --scope, --server-id
  AKS_SERVER_APP_ID           the same by the server's id, if the former is not set
  SSL_CERT_FILE, SSL_CERT_DIR replace the system's root certificates
  NO_COLOR                    no colours
A variable that is empty counts as not set.";

/// Exit codes.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0   done
  2   usage or configuration
  3   federated token file or its content
  4   refused by the authority
  5   authority unavailable (network, timeout, throttled)
  6   unusable answer from the authority
  7   the component tried what it was not granted, or broke a limit
  70  a bug in keyhole
  130 interrupted";

/// The end of `keyhole verify --help`.
pub(crate) fn verify() -> String {
    format!(
        "\
Examples:
  In a pod with workload identity, where the webhook has set the variables:
    keyhole verify
  For a script:
    keyhole verify --output json | jq -r .token.expires_on
  A page for whoever administers the tenant:
    keyhole verify --save-report report.html
  Another cloud, another server application:
    keyhole verify --environment AzureChinaCloud --server-id 11111111-2222-3333-4444-555555555555

The report goes to standard output, a failure's too; progress and log lines go
to standard error. No form of it holds more of the access token than its first
10 characters and its length.

{ENVIRONMENT}

{EXIT_CODES}"
    )
}

/// The end of `keyhole get-token --help`.
pub(crate) fn get_token() -> String {
    format!(
        "\
Examples:
  In a kubeconfig, in place of kubelogin:
    users:
    - name: pod
      user:
        exec:
          apiVersion: client.authentication.k8s.io/v1
          interactiveMode: Never
          command: keyhole
          args: [get-token]
  By hand, with the decisions of the sandbox on standard error:
    keyhole get-token --audit -

The reply is in the version that KUBERNETES_EXEC_INFO asks for, v1beta1 if it
is not set. Standard output carries the reply and nothing else; errors and
hints go to standard error.

{ENVIRONMENT}

{EXIT_CODES}"
    )
}

/// The end of `keyhole inspect --help`.
pub(crate) fn inspect() -> String {
    format!(
        "\
Examples:
  What this program carries, and what it would grant in this pod:
    keyhole inspect
  The SHA-256 of the component, for comparison with a build of one's own:
    keyhole inspect --output json | jq -r .component.sha256
  A component that is not ours (full build):
    keyhole inspect other.wasm

Nothing is run and nothing is sent. Settings that cannot be used are shown with
the reason in the place of the grants; the exit code is 0 all the same, because
what was asked was shown.

{ENVIRONMENT}

{EXIT_CODES}"
    )
}

/// The end of `keyhole completions --help`.
pub(crate) const COMPLETIONS: &str = "\
Examples:
  bash:  keyhole completions bash > /etc/bash_completion.d/keyhole
  zsh:   keyhole completions zsh > \"${fpath[1]}/_keyhole\"
  fish:  keyhole completions fish > ~/.config/fish/completions/keyhole.fish";
