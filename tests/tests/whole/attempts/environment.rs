//! The environment: five variables.

use super::Ends::Learns;

super::attempts! {
    held_by "host/src/grants/env.rs": "Ok(self.env.0.clone())";

    read_other_variable => Learns(
        "AZURE_CLIENT_ID AZURE_TENANT_ID AZURE_AUTHORITY_HOST AZURE_SCOPE \
         AZURE_FEDERATED_TOKEN_FILE"
    );
}
