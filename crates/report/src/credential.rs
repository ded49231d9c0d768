//! The federated credential that a federated token asks for, to paste.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::Snippet;
use crate::escape::is_deceptive;
use crate::quote::{hcl_string, json_string, shell_word};

/// What a federated credential must equal, character by character (Microsoft
/// Learn, "Important considerations for federated identity credentials").
#[derive(Debug, Clone, Copy)]
pub struct FederatedCredential<'a> {
    /// The client id of the identity that it belongs to.
    pub client_id: &'a str,
    /// The token's `iss`.
    pub issuer: &'a str,
    /// The token's `sub`.
    pub subject: &'a str,
    /// The token's `aud`; a credential has one.
    pub audience: &'a str,
}

impl FederatedCredential<'_> {
    /// The credential for the Azure CLI, of a managed identity and of an
    /// application, and for Terraform. Nothing where a value holds control or
    /// invisible characters, which no credential can be meant to have and no
    /// terminal shows, or was cut.
    #[must_use]
    pub fn snippets(&self) -> Vec<Snippet> {
        let values = [self.issuer, self.subject, self.audience];
        let unusable = |value: &&str| {
            value.is_empty() || value.ends_with('…') || value.chars().any(is_deceptive)
        };
        if values.iter().any(unusable) {
            return Vec::new();
        }
        Vec::from([
            Snippet {
                label: "Azure CLI, managed identity",
                text: self.managed_identity(),
            },
            Snippet {
                label: "Azure CLI, app registration",
                text: self.application(),
            },
            Snippet {
                label: "Terraform, managed identity",
                text: self.terraform(),
            },
        ])
    }

    fn managed_identity(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let find = if self.client_id.chars().all(plain) {
            format!(
                "az identity list --output table --query \\\n  \
                 \"[?clientId=='{}'].{{identity:name, group:resourceGroup}}\"\n",
                self.client_id
            )
        } else {
            String::new()
        };
        format!(
            "{find}az identity federated-credential create --name keyhole \\\n  \
             --identity-name IDENTITY --resource-group RESOURCE_GROUP \\\n  \
             --issuer {} \\\n  --subject {} \\\n  --audiences {}",
            shell_word(self.issuer),
            shell_word(self.subject),
            shell_word(self.audience)
        )
    }

    fn application(&self) -> String {
        let parameters = format!(
            "{{\"name\":\"keyhole\",\"issuer\":{},\"subject\":{},\"audiences\":[{}]}}",
            json_string(self.issuer),
            json_string(self.subject),
            json_string(self.audience)
        );
        format!(
            "az ad app federated-credential create --id {} \\\n  --parameters {}",
            shell_word(self.client_id),
            shell_word(&parameters)
        )
    }

    fn terraform(&self) -> String {
        format!(
            "resource \"azurerm_federated_identity_credential\" \"keyhole\" {{\n  \
             name                      = \"keyhole\"\n  \
             user_assigned_identity_id = azurerm_user_assigned_identity.IDENTITY.id\n  \
             issuer                    = {}\n  \
             subject                   = {}\n  \
             audience                  = [{}]\n}}",
            hcl_string(self.issuer),
            hcl_string(self.subject),
            hcl_string(self.audience)
        )
    }
}
