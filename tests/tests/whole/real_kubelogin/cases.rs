//! The command lines. `{client}` and the like stand for what a pod has.

/// An exchange: `get-token` with these arguments and variables.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) arguments: &'static [&'static str],
    pub(super) variables: &'static [(&'static str, &'static str)],
    /// What the authority does wrong.
    pub(super) fault: Option<&'static str>,
    /// The row of docs/kubelogin.md that says why Keyhole does otherwise.
    pub(super) differs: Option<&'static str>,
}

/// A conversion of a kubeconfig.
pub(super) struct Conversion {
    pub(super) name: &'static str,
    pub(super) arguments: &'static [&'static str],
    pub(super) kubeconfig: &'static str,
    /// As in [`Case`].
    pub(super) differs: Option<&'static str>,
}

type Variables = &'static [(&'static str, &'static str)];

/// What the webhook sets.
const POD: Variables = &[
    ("AZURE_CLIENT_ID", "{client}"),
    ("AZURE_TENANT_ID", "{tenant}"),
    ("AZURE_FEDERATED_TOKEN_FILE", "{file}"),
    ("AZURE_AUTHORITY_HOST", "{authority}"),
];

/// The usual command line: no instance is discovered, because the emulator is
/// none of those that Microsoft knows.
macro_rules! usual {
    ($($more:literal),* $(,)?) => {
        &["get-token", "--login", "workloadidentity", "--server-id", "{server}",
          "--disable-instance-discovery" $(, $more)*]
    };
}

/// The same with everything as flags.
macro_rules! flags {
    ($($more:literal),* $(,)?) => {
        usual!["--client-id", "{client}", "--tenant-id", "{tenant}", "--authority-host",
               "{authority}", "--federated-token-file", "{file}" $(, $more)*]
    };
}

/// The pod's variables and more.
macro_rules! pod {
    ($($name:literal = $value:expr),* $(,)?) => {
        &[("AZURE_CLIENT_ID", "{client}"), ("AZURE_TENANT_ID", "{tenant}"),
          ("AZURE_FEDERATED_TOKEN_FILE", "{file}"), ("AZURE_AUTHORITY_HOST", "{authority}")
          $(, ($name, $value))*]
    };
}

const fn same(
    name: &'static str,
    arguments: &'static [&'static str],
    variables: Variables,
) -> Case {
    Case {
        name,
        arguments,
        variables,
        fault: None,
        differs: None,
    }
}

const fn differs(row: &'static str, case: Case) -> Case {
    Case {
        differs: Some(row),
        ..case
    }
}

const fn fault(fault: &'static str, case: Case) -> Case {
    Case {
        fault: Some(fault),
        ..case
    }
}

const V1: &str = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}"#;
const V1BETA1: &str = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":true}}"#;
const V1ALPHA1: &str =
    r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1alpha1"}"#;
const WITH_CLUSTER: &str = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"cluster":{"server":"https://aks.example","config":null},"interactive":false}}"#;
const NO_VERSION: &str = r#"{"kind":"ExecCredential"}"#;

pub(super) const EXCHANGES: &[Case] = &[
    same("pod", usual![], POD),
    same("flags alone", flags![], &[]),
    same(
        "short flags",
        &[
            "get-token",
            "-l",
            "workloadidentity",
            "-t",
            "{tenant}",
            "--client-id",
            "{client}",
            "--server-id",
            "{server}",
            "--authority-host",
            "{authority}",
            "--federated-token-file",
            "{file}",
            "--disable-instance-discovery",
            "-e",
            "AzurePublicCloud",
        ],
        &[],
    ),
    same(
        "flags with =",
        &[
            "get-token",
            "--login=workloadidentity",
            "--server-id={server}",
            "--disable-instance-discovery=true",
            "--client-id={client}",
        ],
        POD,
    ),
    same(
        "a flag that is given twice",
        usual!["--client-id", "another", "--client-id", "{client}"],
        &[
            ("AZURE_TENANT_ID", "{tenant}"),
            ("AZURE_FEDERATED_TOKEN_FILE", "{file}"),
            ("AZURE_AUTHORITY_HOST", "{authority}"),
        ],
    ),
    same(
        "variables beat flags",
        usual![
            "--client-id",
            "another",
            "--tenant-id",
            "another.example",
            "--authority-host",
            "https://another.example/",
            "--federated-token-file",
            "/another",
        ],
        POD,
    ),
    same(
        "a wrong variable beats a right flag",
        usual!["--client-id", "{client}"],
        pod!["AZURE_CLIENT_ID" = "another"],
    ),
    same(
        "client by its older variable",
        usual![],
        &[
            ("AAD_SERVICE_PRINCIPAL_CLIENT_ID", "{client}"),
            ("AZURE_TENANT_ID", "{tenant}"),
            ("AZURE_FEDERATED_TOKEN_FILE", "{file}"),
            ("AZURE_AUTHORITY_HOST", "{authority}"),
        ],
    ),
    same(
        "the newer variable wins",
        usual![],
        pod!["AAD_SERVICE_PRINCIPAL_CLIENT_ID" = "another"],
    ),
    same(
        "login by its variable",
        &[
            "get-token",
            "--server-id",
            "{server}",
            "--disable-instance-discovery",
        ],
        pod!["AAD_LOGIN_METHOD" = "workloadidentity"],
    ),
    same(
        "login by its variable beats the flag",
        usual![],
        pod!["AAD_LOGIN_METHOD" = "nonsense"],
    ),
    same(
        "an unknown login",
        &[
            "get-token",
            "--login",
            "nonsense",
            "--server-id",
            "{server}",
        ],
        POD,
    ),
    same(
        "login in other letters",
        &[
            "get-token",
            "--login",
            "WorkloadIdentity",
            "--server-id",
            "{server}",
        ],
        POD,
    ),
    same(
        "no login",
        &["get-token", "--server-id", "{server}", "--timeout", "2s"],
        POD,
    ),
    same(
        "no server",
        &["get-token", "--login", "workloadidentity"],
        POD,
    ),
    same("an unknown flag", usual!["--nonsense"], POD),
    same(
        "no client",
        usual![],
        &[
            ("AZURE_TENANT_ID", "{tenant}"),
            ("AZURE_FEDERATED_TOKEN_FILE", "{file}"),
            ("AZURE_AUTHORITY_HOST", "{authority}"),
        ],
    ),
    same(
        "no tenant",
        usual![],
        &[
            ("AZURE_CLIENT_ID", "{client}"),
            ("AZURE_FEDERATED_TOKEN_FILE", "{file}"),
            ("AZURE_AUTHORITY_HOST", "{authority}"),
        ],
    ),
    same(
        "no token file",
        usual![],
        &[
            ("AZURE_CLIENT_ID", "{client}"),
            ("AZURE_TENANT_ID", "{tenant}"),
            ("AZURE_AUTHORITY_HOST", "{authority}"),
        ],
    ),
    same(
        "a token file that is not there",
        usual![],
        pod!["AZURE_FEDERATED_TOKEN_FILE" = "/nowhere/token"],
    ),
    same(
        "a tenant with a slash",
        usual![],
        pod!["AZURE_TENANT_ID" = "a/b"],
    ),
    differs(
        "requests for a token",
        same(
            "an unknown tenant",
            usual![],
            pod!["AZURE_TENANT_ID" = "00000000-0000-0000-0000-000000000001"],
        ),
    ),
    same(
        "an unknown client",
        usual![],
        pod!["AZURE_CLIENT_ID" = "00000000-0000-0000-0000-000000000001"],
    ),
    same(
        "an authority over plain HTTP",
        usual![],
        pod!["AZURE_AUTHORITY_HOST" = "http://login.example/"],
    ),
    differs(
        "an authority without a slash at its end",
        same(
            "an authority without a slash",
            usual![],
            pod!["AZURE_AUTHORITY_HOST" = "{no-slash}"],
        ),
    ),
    same(
        "a server with a slash at its end",
        &[
            "get-token",
            "--login",
            "workloadidentity",
            "--server-id",
            "{server}/",
            "--disable-instance-discovery",
        ],
        POD,
    ),
    same(
        "a server that is a scope",
        &[
            "get-token",
            "--login",
            "workloadidentity",
            "--server-id",
            "{server}/.default",
            "--disable-instance-discovery",
        ],
        POD,
    ),
    same(
        "another server",
        &[
            "get-token",
            "--login",
            "workloadidentity",
            "--server-id",
            "api://unknown",
            "--disable-instance-discovery",
        ],
        POD,
    ),
    same(
        "a cloud beside an authority",
        usual!["--environment", "AzureUSGovernment"],
        POD,
    ),
    same(
        "an unknown cloud beside an authority",
        usual!["--environment", "AzureGermanCloud"],
        POD,
    ),
    differs(
        "a variable that is set and empty",
        same(
            "an empty variable",
            usual!["--client-id", "{client}"],
            pod!["AZURE_CLIENT_ID" = ""],
        ),
    ),
    same(
        "no variables are read",
        flags!["--disable-environment-override"],
        pod![
            "AZURE_CLIENT_ID" = "another",
            "AAD_LOGIN_METHOD" = "nonsense",
        ],
    ),
    same(
        "no variables are read and none given",
        usual!["--disable-environment-override"],
        POD,
    ),
    same(
        "Terraform's variables",
        usual!["--use-azurerm-env-vars"],
        &[
            ("ARM_CLIENT_ID", "{client}"),
            ("ARM_TENANT_ID", "{tenant}"),
            ("AZURE_FEDERATED_TOKEN_FILE", "{file}"),
            ("AZURE_AUTHORITY_HOST", "{authority}"),
        ],
    ),
    same(
        "Terraform's variables and the pod's client",
        usual!["--use-azurerm-env-vars"],
        &[
            ("ARM_CLIENT_ID", "another"),
            ("AZURE_CLIENT_ID", "{client}"),
            ("ARM_TENANT_ID", "{tenant}"),
            ("AZURE_FEDERATED_TOKEN_FILE", "{file}"),
            ("AZURE_AUTHORITY_HOST", "{authority}"),
        ],
    ),
    same(
        "Terraform's variables without its tenant",
        usual!["--use-azurerm-env-vars"],
        POD,
    ),
    same("legacy", usual!["--legacy"], POD),
    same("cache folders", usual!["--cache-dir", "/tmp/nowhere"], POD),
    same("verbose", usual!["-v", "5", "--logtostderr=true"], POD),
    same(
        "flags of other logins",
        usual![
            "--username",
            "somebody",
            "--identity-resource-id",
            "i",
            "--redirect-url",
            "http://localhost",
            "--login-hint",
            "h",
        ],
        POD,
    ),
    differs(
        "`--pop-enabled`, `--pop-claims`",
        same(
            "bound tokens",
            usual!["--pop-enabled", "--pop-claims", "u=1"],
            POD,
        ),
    ),
    same("bound tokens without claims", usual!["--pop-enabled"], POD),
    differs(
        "`--client-secret`, `--password`, `--client-certificate-password`",
        same("a secret", usual!["--client-secret", "nothing"], POD),
    ),
    differs(
        "`ACTIONS_ID_TOKEN_REQUEST_URL` and `_TOKEN` are set",
        same(
            "in GitHub Actions",
            usual![],
            pod![
                "ACTIONS_ID_TOKEN_REQUEST_URL" = "https://127.0.0.1:9/token?a=b",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN" = "nothing",
            ],
        ),
    ),
    same("a timeout", usual!["--timeout", "30s"], POD),
    same(
        "a timeout in several units",
        usual!["--timeout", "1m30.5s"],
        POD,
    ),
    same("no time at all", usual!["--timeout", "0s"], POD),
    same("a timeout that is none", usual!["--timeout", "soon"], POD),
    same(
        "a timeout by a variable that is none",
        usual![],
        pod!["AZURE_CLI_TIMEOUT" = "soon"],
    ),
    same(
        "the three variables of others",
        usual![],
        pod![
            "AZURE_SCOPE" = "api://another/.default",
            "AKS_SERVER_APP_ID" = "another",
            "AZURE_CLOUD" = "Nowhere",
        ],
    ),
    same(
        "kubectl asks for v1",
        usual![],
        pod!["KUBERNETES_EXEC_INFO" = V1],
    ),
    same(
        "kubectl asks for v1beta1",
        usual![],
        pod!["KUBERNETES_EXEC_INFO" = V1BETA1],
    ),
    differs(
        "`KUBERNETES_EXEC_INFO` that cannot be answered",
        same(
            "kubectl asks for v1alpha1",
            usual![],
            pod!["KUBERNETES_EXEC_INFO" = V1ALPHA1],
        ),
    ),
    same(
        "kubectl says the cluster",
        usual![],
        pod!["KUBERNETES_EXEC_INFO" = WITH_CLUSTER],
    ),
    same(
        "kubectl says no version",
        usual![],
        pod!["KUBERNETES_EXEC_INFO" = NO_VERSION],
    ),
    same(
        "kubectl says nothing",
        usual![],
        pod!["KUBERNETES_EXEC_INFO" = ""],
    ),
    differs(
        "`KUBERNETES_EXEC_INFO` that cannot be answered",
        same(
            "kubectl says nonsense",
            usual![],
            pod!["KUBERNETES_EXEC_INFO" = "{nonsense"],
        ),
    ),
    fault(
        "aadsts=700213",
        same("refused for its subject", usual![], POD),
    ),
    fault("not-json", same("an answer that is none", usual![], POD)),
    fault(
        "expires-in-string",
        same("a time as a string", usual![], POD),
    ),
];

/// Two users, one for each form that kubelogin's own users come from.
pub(super) const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
clusters:
- name: aks
  cluster: {server: 'https://aks.example'}
contexts:
- name: aks
  context: {cluster: aks, user: legacy}
- name: other
  context: {cluster: aks, user: device}
current-context: aks
users:
- name: legacy
  user:
    auth-provider:
      name: azure
      config:
        apiserver-id: {server}
        client-id: 80faf920-1908-4b52-b5ef-a8e7bedfc67a
        config-mode: '1'
        tenant-id: contoso.example
- name: device
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args: [get-token, --server-id, '{server}', --client-id,
        80faf920-1908-4b52-b5ef-a8e7bedfc67a, --tenant-id, contoso.example, --login, devicecode]
      env: null
      provideClusterInfo: false
- name: certificate
  user: {client-certificate-data: YQ==, client-key-data: YQ==}
";

const SOVEREIGN: &str = "\
apiVersion: v1
kind: Config
clusters: []
contexts: []
users:
- name: device
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args: [get-token, --environment, AzureUSGovernmentCloud, --server-id, '{server}', --login, spn]
";

const WITH_ENVIRONMENT: &str = "\
apiVersion: v1
kind: Config
clusters: []
contexts: []
users:
- name: device
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args: [get-token, --server-id, '{server}', --login, spn]
      env: [{name: HTTPS_PROXY, value: 'http://proxy.example:3128'}]
";

const OF_THIS_LOGIN: &str = "\
apiVersion: v1
kind: Config
clusters: []
contexts: []
users:
- name: pod
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args: [get-token, --login, workloadidentity, --server-id, '{server}', --client-id, c,
        --tenant-id, t.example, --authority-host, 'https://login.microsoftonline.us/',
        --federated-token-file, /f]
";

const NOTHING: &str = "\
apiVersion: v1
kind: Config
clusters: []
contexts: []
users:
- name: certificate
  user: {client-certificate-data: YQ==, client-key-data: YQ==}
";

const NO_SERVER: &str = "\
apiVersion: v1
kind: Config
clusters: []
contexts: []
users:
- name: device
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args: [get-token, --login, spn]
";

const fn converts(
    name: &'static str,
    arguments: &'static [&'static str],
    kubeconfig: &'static str,
) -> Conversion {
    Conversion {
        name,
        arguments,
        kubeconfig,
        differs: None,
    }
}

const fn otherwise(row: &'static str, conversion: Conversion) -> Conversion {
    Conversion {
        differs: Some(row),
        ..conversion
    }
}

pub(super) const CONVERSIONS: &[Conversion] = &[
    converts("convert all", &["-l", "workloadidentity"], KUBECONFIG),
    converts(
        "convert one context's",
        &["-l", "workloadidentity", "--context", "other"],
        KUBECONFIG,
    ),
    converts(
        "convert an unknown context's",
        &["-l", "workloadidentity", "--context", "nowhere"],
        KUBECONFIG,
    ),
    converts(
        "convert with flags",
        &[
            "-l",
            "workloadidentity",
            "--client-id",
            "c",
            "--tenant-id",
            "t.example",
            "--authority-host",
            "https://login.microsoftonline.us/",
            "--federated-token-file",
            "/f",
        ],
        KUBECONFIG,
    ),
    converts(
        "convert with another server",
        &["-l", "workloadidentity", "--server-id", "another"],
        KUBECONFIG,
    ),
    converts(
        "convert without a server",
        &["-l", "workloadidentity"],
        NO_SERVER,
    ),
    converts(
        "convert to an unknown login",
        &["-l", "nonsense"],
        KUBECONFIG,
    ),
    otherwise(
        "converting an entry with `--environment`",
        converts(
            "convert a sovereign cloud's",
            &["-l", "workloadidentity"],
            SOVEREIGN,
        ),
    ),
    otherwise(
        "converting an entry with `env`",
        converts(
            "convert an entry with variables",
            &["-l", "workloadidentity"],
            WITH_ENVIRONMENT,
        ),
    ),
    otherwise(
        "converting an entry that is for workloadidentity already",
        converts(
            "convert an entry of this login",
            &["-l", "workloadidentity"],
            OF_THIS_LOGIN,
        ),
    ),
    otherwise(
        "nothing to convert",
        converts("convert nothing", &["-l", "workloadidentity"], NOTHING),
    ),
];
