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
  ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN
                              read with --github-actions-token; set by GitHub
  AZURE_KUBERNETES_TOKEN_PROXY, _SNI_NAME, _CA_FILE, _CA_DATA
                              --identity-binding; set by the webhook of AKS identity bindings
  HTTPS_PROXY, https_proxy    --proxy, and the one place for its user and password
  NO_PROXY, no_proxy          --no-proxy
  SSL_CERT_FILE, SSL_CERT_DIR replace the system's root certificates
  XDG_RUNTIME_DIR             where --cache file keeps tokens, but for --cache-dir
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

/// The end of `keyhole proxy --help`.
pub(crate) fn proxy() -> String {
    format!(
        "\
Examples:
  kubectl without a credential plugin, in a pod with workload identity:
    keyhole proxy --upstream https://API-SERVER --upstream-ca ca.crt &
    kubectl --server http://127.0.0.1:8001 get namespaces
  Reading pods and nothing else, through a socket that only this user can open:
    keyhole proxy --upstream https://API-SERVER -u /run/keyhole/proxy.sock \\
      --allow-verbs get,list,watch \\
      --allow-paths '/api/v1/namespaces/*/pods,/api/v1/namespaces/*/pods/*'

Callers cannot choose who they are: Authorization, Impersonate-* and X-Remote-*
of theirs are removed. With rules, what leads beyond the API server (proxy, exec,
attach, portforward) passes only where a pattern names it. kubectl exec, attach, cp and port-forward cannot pass.

{ENVIRONMENT}

{EXIT_CODES}"
    )
}

/// The end of `keyhole verify --help`.
pub(crate) fn verify() -> String {
    format!(
        "\
Examples:
  In a pod with workload identity, where the webhook has set the variables:
    keyhole verify
  For a script:
    keyhole verify --output json | jq -r .token.expires_on
  What is right and what is wrong, each with a fix:
    keyhole verify --explain
  A page for whoever administers the tenant:
    keyhole verify --explain --save-report report.html
  Whom the cluster takes the token for:
    keyhole verify --cluster https://NAME.hcp.REGION.azmk8s.io:443 --cluster-ca ca.crt
  Another cloud, another server application:
    keyhole verify --environment AzureChinaCloud --server-id 11111111-2222-3333-4444-555555555555

The report goes to standard output, a failure's too; progress and log lines go
to standard error. No form of it holds more of the access token than its first
10 characters, its length, and with --show-claims its claims.

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
  Whether the files of a release are those that it lists:
    keyhole inspect --verify SHA256SUMS

Nothing is run and nothing is sent. Settings that cannot be used are shown with
the reason in the place of the grants; the exit code is 0 all the same, because
what was asked was shown.

{ENVIRONMENT}

{EXIT_CODES}"
    )
}

/// The end of `keyhole convert-kubeconfig --help`.
pub(crate) const CONVERT_KUBECONFIG: &str = "\
Examples:
  See what would become of ~/.kube/config:
    keyhole convert-kubeconfig --dry-run
  Convert one context's user, and keep the old file:
    keyhole convert-kubeconfig --context aks --backup
  An entry that names no server; this is the one of AKS in every cloud:
    keyhole convert-kubeconfig --server-id 6dae42f8-4368-4678-94ff-3960e28e3630

Converted are users with auth-provider azure, and with an exec command that has
kubelogin in its name or is keyhole. Of kubelogin's entries the server and the
environment are kept, and whatever the entry has beside its arguments: env,
installHint, provideClusterInfo, fields nobody knows. The rest comes from this
command line, because it belonged to another login. keyhole's own entries keep
all that the command line does not say otherwise. Comments stay. A user that
cannot be converted fails the command, and no file is changed.

kubelogin's options for other logins are taken and named in a note; those that
would be unsafe to drop (--client-secret and other secrets, --pop-enabled) are
refused.

Each user is a line on standard output: changed, unchanged or skipped, and why.
Nothing to convert is exit code 2.

A file is replaced at once, with its mode and owner; a symbolic link stays one.
In a list of files (KUBECONFIG) the first that has a context or user counts, as
for kubectl; files that are missing are passed over. kubectl's lock (FILE.lock)
is respected. Nothing of a token, key or password is ever printed.

Environment variables:
  KUBECONFIG   kubeconfigs, separated by a colon; --kubeconfig beats it
  HOME         where .kube/config is, if neither is given
  NO_COLOR     no colours

Exit codes:
  0   done, or already so
  2   usage or configuration; no context of that name; nothing to convert
  70  a bug in keyhole
  130 interrupted";

/// The end of `keyhole clean-cache --help`.
pub(crate) const CLEAN_CACHE: &str = "\
Examples:
  After kubectl says Unauthorized with a token whose time has not come:
    keyhole clean-cache
  Of a directory on disk:
    keyhole clean-cache --cache-dir ~/.cache/keyhole

Each file removed is a line on standard output. Nothing to remove is exit code
0. The directory stays.

Environment variables:
  XDG_RUNTIME_DIR  keyhole in it is the default of --cache-dir

Exit codes:
  0   done, or nothing was there
  2   it is not your directory, or a file cannot be removed
  70  a bug in keyhole
  130 Ctrl-C";

/// The end of `keyhole completions --help`.
pub(crate) const COMPLETIONS: &str = "\
Examples:
  bash:  keyhole completions bash > /etc/bash_completion.d/keyhole
  zsh:   keyhole completions zsh > \"${fpath[1]}/_keyhole\"
  fish:  keyhole completions fish > ~/.config/fish/completions/keyhole.fish";
