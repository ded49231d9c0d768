//! The API server's stand-in: whom it lets in, and what it then shows.

use keyhole_emulator::{ApiServer, Claims, Emulator, Signature, Verdict};
use serde_json::{Value, json};

use crate::client::{Reply, Request, connect, emulator};
use std::net::TcpStream;

pub(crate) struct Cluster {
    pub(crate) emulator: Emulator,
    pub(crate) api_server: ApiServer,
    _folder: tempfile::TempDir,
    ca: std::path::PathBuf,
}

impl Cluster {
    pub(crate) fn new() -> Self {
        let emulator = emulator();
        let api_server = ApiServer::start(&emulator, 0).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, api_server.ca_certificate()).unwrap();
        Self {
            emulator,
            api_server,
            _folder: folder,
            ca,
        }
    }

    fn send(&self, request: &Request) -> Reply {
        request.send_tls(self.api_server.url(), &self.ca).unwrap()
    }

    pub(crate) fn token(&self, claims: &Claims) -> String {
        self.emulator.access_token_issuer().mint(claims)
    }

    /// A connection over plain HTTP.
    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.api_server.http_url())
    }

    /// With a good token over plain HTTP: sent, nothing read yet.
    pub(crate) fn open(&self, request: Request) -> TcpStream {
        let token = self.token(&self.emulator.access_token_claims());
        let request = request.header("authorization", &format!("Bearer {token}"));
        request.open_at(self.api_server.http_url())
    }

    /// With a good token.
    pub(crate) fn in_order(&self, request: Request) -> Reply {
        let token = self.token(&self.emulator.access_token_claims());
        self.send(&request.header("authorization", &format!("Bearer {token}")))
    }
}

#[test]
fn a_token_of_the_authority_is_let_in() {
    let cluster = Cluster::new();
    let granted = Request::in_order(&cluster.emulator).send(&cluster.emulator);
    let token = granted.json()["access_token"].as_str().unwrap().to_owned();
    let request = Request::get("/version").header("authorization", &format!("Bearer {token}"));
    let reply = cluster.send(&request);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let requests = cluster.api_server.requests();
    assert_eq!(requests[0].verdict, Verdict::Authenticated);
    let line = requests[0].to_string();
    assert_eq!(line, "GET /version let in");
}

#[test]
fn no_other_token_is_let_in_and_none_learns_why() {
    type Change = fn(Claims) -> Claims;
    let bad: [(&str, Change); 10] = [
        ("it has expired", |claims| claims.shifted(-86_400)),
        ("it is not valid yet", |claims| claims.shifted(3_600)),
        ("it has expired", |claims| claims.without("exp")),
        ("it is for another audience", |claims| {
            claims.set("aud", "https://management.azure.com")
        }),
        ("it is from another issuer", |claims| {
            claims.issuer("https://sts.windows.net/another/")
        }),
        ("it has no oid", |claims| claims.without("oid")),
        ("its signature is not valid", |claims| {
            claims.signed(Signature::Stranger)
        }),
        ("its signature is not valid", |claims| {
            claims.signed(Signature::Altered)
        }),
        ("its key is not published", |claims| {
            claims.signed(Signature::UnknownKey)
        }),
        ("its algorithm is not RS256", |claims| {
            claims.signed(Signature::None)
        }),
    ];
    let cluster = Cluster::new();
    let mut headers: Vec<(&str, Option<String>)> = vec![
        ("no Authorization header", None),
        ("no bearer token", Some("Basic YTpi".to_owned())),
        ("not a JWT", Some("Bearer abc".to_owned())),
        (
            // The federated token itself: the issuer of the cluster signed it.
            "its key is not published",
            Some(format!("Bearer {}", cluster.emulator.federated_token())),
        ),
    ];
    for (reason, change) in bad {
        let token = cluster.token(&change(cluster.emulator.access_token_claims()));
        headers.push((reason, Some(format!("Bearer {token}"))));
    }
    for (number, (reason, header)) in headers.into_iter().enumerate() {
        let mut request = Request::get("/api/v1/namespaces");
        if let Some(header) = header {
            request = request.header("authorization", &header);
        }
        let reply = cluster.send(&request);
        assert_eq!(reply.status, 401, "{reason}: {}", reply.text());
        assert_eq!(reply.json()["message"], "Unauthorized", "{reason}");
        assert!(!reply.text().contains(reason), "{}", reply.text());
        let verdict = &cluster.api_server.requests()[number].verdict;
        assert_eq!(*verdict, Verdict::Unauthenticated(reason));
    }
}

#[test]
fn a_review_of_oneself_names_the_service_principal() {
    let cluster = Cluster::new();
    let review = json!({
        "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
    });
    let post = |body: &Value| {
        Request::get("/apis/authentication.k8s.io/v1/selfsubjectreviews")
            .method("POST")
            .content_type(Some("application/json"))
            .body(body.to_string())
    };
    let reply = cluster.in_order(post(&review));
    assert_eq!(reply.status, 201, "{}", reply.text());
    let user = &reply.json()["status"]["userInfo"];
    assert_eq!(user["username"], cluster.emulator.object_id());
    assert_eq!(user["groups"], json!(["system:authenticated"]));
    assert_eq!(cluster.in_order(post(&json!({}))).status, 400);
}

#[test]
fn everything_that_discovery_lists_is_there() {
    let cluster = Cluster::new();
    let get = |path: &str| {
        let reply = cluster.in_order(Request::get(path));
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    };
    assert_eq!(get("/api")["versions"], json!(["v1"]));
    for group in get("/apis")["groups"].as_array().unwrap() {
        let version = group["preferredVersion"]["groupVersion"].as_str().unwrap();
        assert_eq!(get(&format!("/apis/{version}"))["groupVersion"], version);
    }
    for resource in get("/api/v1")["resources"].as_array().unwrap() {
        let name = resource["name"].as_str().unwrap();
        let list = get(&format!("/api/v1/{name}"));
        let kind = resource["kind"].as_str().unwrap();
        assert_eq!(list["kind"], format!("{kind}List"));
        for item in list["items"].as_array().unwrap() {
            let one = item["metadata"]["name"].as_str().unwrap();
            assert_eq!(get(&format!("/api/v1/{name}/{one}"))["kind"], kind);
        }
    }
    for (request, status) in [
        (Request::get("/api/v1/secrets"), 404),
        (Request::get("/api/v1/namespaces/other"), 404),
        (Request::get("/api/v1/namespaces").method("DELETE"), 405),
    ] {
        assert_eq!(cluster.in_order(request).status, status);
    }
}
