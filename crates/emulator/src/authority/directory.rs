//! Tenants, applications and their federated identity credentials.

/// A federated identity credential: whose tokens an application accepts in
/// place of a secret (Microsoft Learn, "Workload identity federation").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Federation {
    /// The tenant the application is in.
    pub tenant: String,
    /// The application.
    pub client_id: String,
    /// `iss` of the tokens, compared byte for byte: a trailing slash counts.
    pub issuer: String,
    /// `sub` of the tokens, compared byte for byte: upper and lower case count.
    pub subject: String,
    /// A member of `aud` of the tokens.
    pub audience: String,
}

/// An application in a tenant.
struct Application {
    tenant: String,
    client_id: String,
    federations: Vec<Federation>,
}

/// What a tenant's application is found to be.
pub(super) enum Lookup {
    /// There is no such tenant.
    NoTenant,
    /// The tenant is there, the application is not.
    NoApplication,
    /// The application's credentials, possibly none.
    Application(Vec<Federation>),
}

/// All tenants the authority knows.
#[derive(Default)]
pub(super) struct Directory {
    applications: Vec<Application>,
}

impl Directory {
    /// Adds an application, if it is new, without a credential.
    pub(super) fn add_application(&mut self, tenant: &str, client_id: &str) {
        self.application(tenant, client_id);
    }

    /// Adds a credential, and its application if it is new.
    pub(super) fn add(&mut self, federation: Federation) {
        self.application(&federation.tenant, &federation.client_id)
            .federations
            .push(federation);
    }

    fn application(&mut self, tenant: &str, client_id: &str) -> &mut Application {
        let known = self
            .applications
            .iter()
            .position(|app| app.is(tenant, client_id));
        let index = known.unwrap_or_else(|| {
            self.applications.push(Application {
                tenant: tenant.to_owned(),
                client_id: client_id.to_owned(),
                federations: Vec::new(),
            });
            self.applications.len() - 1
        });
        &mut self.applications[index]
    }

    /// Whether there is a tenant of that name. GUIDs and domains are compared
    /// without case, as Entra does.
    pub(super) fn has_tenant(&self, tenant: &str) -> bool {
        self.applications
            .iter()
            .any(|app| app.tenant.eq_ignore_ascii_case(tenant))
    }

    /// Looks an application up.
    pub(super) fn find(&self, tenant: &str, client_id: &str) -> Lookup {
        if !self.has_tenant(tenant) {
            return Lookup::NoTenant;
        }
        match self
            .applications
            .iter()
            .find(|app| app.is(tenant, client_id))
        {
            Some(app) => Lookup::Application(app.federations.clone()),
            None => Lookup::NoApplication,
        }
    }
}

impl Application {
    fn is(&self, tenant: &str, client_id: &str) -> bool {
        self.tenant.eq_ignore_ascii_case(tenant) && self.client_id.eq_ignore_ascii_case(client_id)
    }
}
