//! The kubeconfig a person gets of a cluster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::AKS_SERVER_APP_ID;

/// The application ID that kubelogin signs people in with (kubelogin,
/// docs/concepts/aks.md).
const AKS_CLIENT_APP_ID: &str = "80faf920-1908-4b52-b5ef-a8e7bedfc67a";

pub(crate) fn aks_kubeconfig(server: &str, ca: &str, tenant: &str) -> String {
    let ca = STANDARD.encode(ca);
    format!(
        "\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {ca}
    server: {server}
  name: emulator
contexts:
- context:
    cluster: emulator
    user: clusterUser_emulator
  name: emulator
current-context: emulator
kind: Config
preferences: {{}}
users:
- name: clusterUser_emulator
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      args:
      - get-token
      - --server-id
      - {AKS_SERVER_APP_ID}
      - --client-id
      - {AKS_CLIENT_APP_ID}
      - --tenant-id
      - {tenant}
      - --login
      - devicecode
      command: kubelogin
      env: null
      provideClusterInfo: false
"
    )
}
