//! Callers that want to be somebody else, or to get a request past the filter.

use keyhole_emulator::Verdict;
use keyhole_tests::envoy::Pod;

/// Every request that arrived carried the pod's token, and nothing of the
/// caller's that says who asks.
fn must_be_the_pod_s(pod: &Pod, what: &str) {
    for request in pod.arrived() {
        assert_eq!(request.verdict, Verdict::Authenticated, "{what}: {request}");
        let named: Vec<&str> = request
            .headers
            .iter()
            .map(|(name, _)| &**name)
            .filter(|name| {
                let name = name.replace('_', "-");
                name.starts_with("impersonate-")
                    || name.starts_with("x-remote-")
                    || name == "proxy-authorization"
            })
            .collect();
        assert!(named.is_empty(), "{what}: {named:?}");
        let bearers = request
            .headers
            .iter()
            .filter(|(name, _)| name == "authorization");
        assert_eq!(bearers.count(), 1, "{what}");
    }
}

#[test]
fn what_a_caller_says_of_itself_never_goes_on() {
    let Some(pod) = Pod::new(&[]) else { return };
    must_keep_callers_apart(&pod);
}

#[test]
fn the_plugin_can_remove_the_callers_headers_itself() {
    let Some(mut pod) = Pod::new(&[]) else { return };
    pod.let_the_plugin_strip();
    must_keep_callers_apart(&pod);
}

fn must_keep_callers_apart(pod: &Pod) {
    let envoy = pod.start();
    for headers in [
        "authorization: Bearer mine\r\n",
        "authorization: Bearer mine\r\nauthorization: Bearer mine2\r\n",
        "Authorization: Basic eDp5\r\nPROXY-AUTHORIZATION: Basic eDp5\r\n",
        "impersonate-user: root\r\nimpersonate-group: system:masters\r\n",
        "Impersonate-Extra-scopes: x\r\nImpersonate-Uid: 0\r\n",
        "impersonate_user: root\r\nx_remote_user: root\r\nProxy_Authorization: Basic eDp5\r\n",
        "IMPERSONATE-USER: root\r\nX-Remote_User: root\r\nx_Remote-Extra-a: b\r\n",
        "x-remote-user: root\r\nx-remote-group: system:masters\r\nX-Remote-Extra-a: b\r\n",
    ] {
        let before = pod.arrived().len();
        let answer = envoy.get_with("/version", headers);
        assert_eq!(answer.status, 200, "{headers:?}: {answer:?}");
        assert_eq!(pod.arrived().len(), before + 1, "{headers:?}");
        must_be_the_pod_s(pod, headers);
    }
    let forwarded = "x-forwarded-for: 10.0.0.1\r\nx-real-ip: 10.0.0.1\r\n";
    assert_eq!(envoy.get_with("/version", forwarded).status, 200);
    let last = pod.arrived().pop().expect("a request");
    assert_eq!(last.header("x-forwarded-for"), None, "{:?}", last.headers);
    assert_eq!(last.header("x-real-ip"), None, "{:?}", last.headers);
}

#[test]
fn a_header_that_connection_names_takes_no_token_with_it() {
    let Some(pod) = Pod::new(&[]) else { return };
    let envoy = pod.start();
    let answer = envoy.get_with("/version", "connection: authorization\r\n");
    // Refused, or with the token: both are well.
    if answer.status == 200 {
        assert_eq!(pod.arrived().len(), 1);
    }
    must_be_the_pod_s(&pod, "connection: authorization");
}

#[test]
fn smuggled_requests_are_refused_or_are_requests_like_others() {
    let Some(pod) = Pod::new(&[]) else { return };
    let mut envoy = pod.start();
    let host = format!("host: 127.0.0.1:{}\r\n", envoy.port());
    let inner = format!("GET /smuggled HTTP/1.1\r\n{host}impersonate-user: root\r\n\r\n");
    let closing = inner.replace("impersonate", "connection: close\r\nimpersonate");
    for (request, may_pass) in [
        (
            format!(
                "POST /version HTTP/1.1\r\n{host}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{inner}"
            ),
            false,
        ),
        (
            format!(
                "POST /version HTTP/1.1\r\n{host}content-length: 4\r\ncontent-length: 5\r\n\r\nabcd{inner}"
            ),
            false,
        ),
        (
            format!(
                "POST /version HTTP/1.1\r\n{host}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{inner}"
            ),
            false,
        ),
        (
            format!(
                "GET /version HTTP/1.1\r\n{host}connection: close\r\na: b\nimpersonate-user: root\r\n\r\n"
            ),
            true,
        ),
        (
            format!(
                "GET /version HTTP/1.1\r\n{host}connection: close\r\nimpersonate-user : root\r\n\r\n"
            ),
            true,
        ),
        (
            format!(
                "GET /version HTTP/1.1\r\n{host}connection: close\r\na: b\r\n impersonate-user: root\r\n\r\n"
            ),
            true,
        ),
        (
            "GET /version HTTP/1.1\r\nhost: elsewhere.example\r\nconnection: close\r\n\r\n"
                .to_owned(),
            false,
        ),
        // Two requests on one connection are two requests.
        (
            format!("GET /version HTTP/1.1\r\n{host}\r\n{closing}"),
            true,
        ),
    ] {
        let before = pod.arrived().len();
        let answer = envoy.raw(&request);
        let smuggled = pod.arrived();
        let smuggled = smuggled[before..]
            .iter()
            .filter(|request| request.target == "/smuggled");
        if !may_pass {
            assert_eq!(smuggled.count(), 0, "{request:?}");
            assert!(
                (400..=501).contains(&answer.status),
                "{request:?}: {answer:?}"
            );
        }
        must_be_the_pod_s(&pod, &request);
    }
    assert!(envoy.runs());
    assert_eq!(envoy.get("/version").status, 200);
}

#[test]
fn floods_of_headers_are_refused_and_the_next_request_is_served() {
    let Some(pod) = Pod::new(&[]) else { return };
    let mut envoy = pod.start();
    assert_eq!(envoy.get("/version").status, 200, "{}", envoy.log());
    let before = pod.arrived().len();
    let many: String = (0..5_000)
        .map(|number| format!("x-{number}: y\r\n"))
        .collect();
    let long = format!("x-long: {}\r\n", "y".repeat(1 << 20));
    for flood in [many, long] {
        let answer = envoy.get_with("/version", &flood);
        assert!(
            matches!(answer.status, 0 | 431),
            "{} {}",
            answer.status,
            answer.head
        );
    }
    assert_eq!(pod.arrived().len(), before);
    // As many as Envoy lets in, each of them one to remove.
    let remotes: String = (0..90)
        .map(|number| format!("x-remote-extra-{number}: y\r\n"))
        .collect();
    assert_eq!(
        envoy.get_with("/version", &remotes).status,
        200,
        "{}",
        envoy.log()
    );
    must_be_the_pod_s(&pod, "a flood");
    assert!(envoy.runs());
}
