//! The page of `examples/browser` in Chromium: the token is read offline, an authority at
//! the page's origin is asked, and nobody else is.

use keyhole_emulator::{EmulatorConfig, Fault};
use keyhole_tests::browser::Page;
use keyhole_tests::{World, skipped};
use serde_json::{Value, json};

const MISSING: &str = "no Chromium, Puppeteer or jco; `cargo xtask test` looks for them";

/// The page, or a word on why there is none.
fn page(world: &World) -> Option<Page<'_>> {
    let page = Page::new(world);
    if page.is_none() {
        skipped(MISSING);
    }
    page
}

/// The page with the hostile component in the place of the exchange.
fn hostile_page(world: &World) -> Option<Page<'_>> {
    let page = Page::with(world, "hostile");
    if page.is_none() {
        skipped(MISSING);
    }
    page
}

/// Fills the form in and asks for a token.
fn exchange(world: &World, authority: Option<&str>) -> Value {
    let mut steps = vec![
        json!(["choose", world.token_file()]),
        json!(["held"]),
        json!(["type", "#client", world.emulator.client_id()]),
        json!(["type", "#tenant", world.emulator.tenant()]),
    ];
    steps.extend(authority.map(|authority| json!(["type", "#authority", authority])));
    steps.push(json!(["press", "#exchange"]));
    steps.into()
}

/// Fills the form in for the hostile component, and starts one of its attempts.
fn attempt(world: &World, name: &str) -> Value {
    let mut steps = exchange(world, None);
    let all = steps.as_array_mut().expect("steps");
    let scope = json!(["type", "#scope", format!("api://attempt/{name}/.default")]);
    all.insert(all.len() - 1, scope);
    steps
}

/// What is shown is what the token says, and nothing of it was sent or kept.
fn must_have_been_read_in_the_page(world: &World, seen: &Value) {
    assert_eq!(seen["verdict"], "The token reads well", "{seen:#}");
    let facts = &seen["facts"];
    assert_eq!(facts["Issuer"], world.emulator.issuer_url(), "{seen:#}");
    assert_eq!(facts["Subject"], world.emulator.subject(), "{seen:#}");
    assert_eq!(facts["Audience"], world.emulator.audience(), "{seen:#}");
    let size = format!("{} bytes", world.federated_token().len());
    assert_eq!(facts["Size"], size, "{seen:#}");
    let expires = facts["Expires"].as_str().expect("when it ends");
    assert!(expires.ends_with(" minutes)"), "{expires}");

    assert_eq!(seen["sent"], json!([]), "{seen:#}");
    assert_eq!(world.emulator.connections(), 0);
    let empty = json!({
        "local": {}, "session": {}, "cookies": "", "databases": [], "caches": [],
        "history": null,
    });
    assert_eq!(seen["storage"], empty, "{seen:#}");
    assert_eq!(seen["console"], json!([]), "{seen:#}");
}

#[test]
fn a_token_that_is_pasted_into_the_page_is_read_there_and_nothing_is_sent() {
    let world = World::new();
    let Some(page) = page(&world) else { return };
    let seen = page.visit(&json!([
        ["paste", world.federated_token()],
        ["held"],
        ["press", "#check"]
    ]));
    must_have_been_read_in_the_page(&world, &seen);
}

#[test]
fn a_file_that_is_dropped_on_the_page_is_read_without_a_network() {
    let world = World::new();
    let Some(page) = page(&world) else { return };
    let seen = page.visit(&json!([
        ["drop", world.token_file()],
        ["held"],
        ["offline"],
        ["press", "#check"]
    ]));
    must_have_been_read_in_the_page(&world, &seen);
}

#[test]
fn the_page_says_in_the_components_words_what_is_wrong_with_a_token() {
    let world = World::new();
    let Some(page) = page(&world) else { return };
    let seen = page.visit(&json!([
        ["type", "#token", "no token"],
        ["press", "#check"]
    ]));
    assert_eq!(seen["verdict"], "Not right: assertion", "{seen:#}");
    let message = "the federated token file does not hold a JWT: it has no dots, a JWT has two";
    assert_eq!(seen["message"], message, "{seen:#}");
    assert_eq!(seen["facts"], json!({}), "{seen:#}");

    let claims = world.emulator.claims().shifted(-7_200);
    world
        .volume
        .rotate(&world.emulator.issuer().mint(&claims))
        .expect("a token");
    let seen = page.visit(&json!([
        ["drop", world.token_file()],
        ["held"],
        ["press", "#check"]
    ]));
    assert_eq!(seen["verdict"], "Not right: assertion", "{seen:#}");
    let message = seen["message"].as_str().expect("a message");
    assert!(
        message.contains("the federated token ended at"),
        "{message}"
    );
    assert_eq!(
        seen["facts"]["Subject"],
        world.emulator.subject(),
        "{seen:#}"
    );
    let expires = seen["facts"]["Expires"].as_str().expect("when it ended");
    assert!(expires.ends_with(" minutes ago)"), "{expires}");
    assert_eq!(seen["sent"], json!([]), "{seen:#}");
}

#[test]
fn what_a_token_says_of_itself_is_text_in_the_page_and_never_markup() {
    let world = World::new();
    let Some(page) = page(&world) else { return };
    let subject = "<img src=/image onerror=fetch('/ran')><script>fetch('/ran')</script>";
    let claims = world.emulator.claims().subject(subject);
    world
        .volume
        .rotate(&world.emulator.issuer().mint(&claims))
        .expect("a token");
    let seen = page.visit(&json!([
        ["drop", world.token_file()],
        ["held"],
        ["press", "#check"]
    ]));
    assert_eq!(seen["facts"]["Subject"], subject, "{seen:#}");
    assert_eq!(seen["sent"], json!([]), "{seen:#}");
    assert_eq!(seen["violations"], json!([]), "{seen:#}");
}

#[test]
fn a_token_that_the_page_is_to_forget_is_gone() {
    let world = World::new();
    let Some(page) = page(&world) else { return };
    let seen = page.visit(&json!([
        ["paste", world.federated_token()],
        ["held"],
        ["press", "#check"],
        ["press", "#wipe"],
        ["press", "#check"]
    ]));
    assert_eq!(
        seen["message"], "the federated token file is empty",
        "{seen:#}"
    );
    assert_eq!(seen["facts"], json!({}), "{seen:#}");
}

#[test]
fn the_page_gets_a_token_from_an_authority_at_its_own_origin_and_shows_its_start_alone() {
    let world = World::new();
    let Some(page) = page(&world) else { return };
    let seen = page.visit(&exchange(&world, None));
    assert_eq!(seen["verdict"], "The authority gave a token", "{seen:#}");
    let tokens = world.emulator.access_tokens();
    let [token] = &tokens[..] else {
        panic!("{} tokens", tokens.len());
    };
    let shown = format!("{}… ({} characters)", &token[..10], token.len());
    assert_eq!(seen["facts"]["Access token"], shown, "{seen:#}");
    assert_eq!(seen["facts"]["Requests"], "1", "{seen:#}");
    let sent = format!("POST /{}/oauth2/v2.0/token", world.emulator.tenant());
    assert_eq!(seen["sent"], json!([sent]), "{seen:#}");

    let requests = world.emulator.requests();
    let [request] = &requests[..] else {
        panic!("{requests:?}");
    };
    assert_eq!(
        request.field("client_assertion"),
        Some(&*world.federated_token())
    );
    for header in ["cookie", "referer", "authorization"] {
        assert_eq!(request.header(header), None, "{request}");
    }
}

#[test]
fn the_page_says_what_the_authority_refused() {
    let world = World::new();
    let Some(page) = page(&world) else { return };
    world.emulator.queue(Fault::Entra(700_213));
    let seen = page.visit(&exchange(&world, None));
    assert_eq!(seen["verdict"], "Not right: refused", "{seen:#}");
    let message = seen["message"].as_str().expect("a message");
    assert!(message.contains("AADSTS700213"), "{message}");
    assert_ne!(seen["next"], "", "{seen:#}");
}

#[test]
fn the_page_follows_no_redirect_with_the_token() {
    for status in [302, 307] {
        let world = World::new();
        let Some(page) = page(&world) else { return };
        let elsewhere = format!("/{}/elsewhere", world.emulator.tenant());
        world
            .emulator
            .always(Some(Fault::redirect(status, &elsewhere)));
        let seen = page.visit(&exchange(&world, None));
        assert_eq!(seen["verdict"], "Not right: unavailable", "{seen:#}");
        let endpoint = format!("POST /{}/oauth2/v2.0/token", world.emulator.tenant());
        let sent = seen["sent"].as_array().expect("requests");
        assert!(!sent.is_empty() && sent.len() <= 6, "{seen:#}");
        assert!(sent.iter().all(|sent| *sent == endpoint), "{seen:#}");
        assert_eq!(world.emulator.requests().len(), sent.len());
    }
}

#[test]
fn an_authority_at_another_origin_gets_nothing_from_the_page() {
    let world = World::new();
    let Some(page) = page(&world) else { return };
    let authority = world.emulator.http_authority();
    let mut steps = exchange(&world, Some(&authority));
    let fetch = json!(["fetch", format!("{authority}common/oauth2/v2.0/token")]);
    steps.as_array_mut().expect("steps").push(fetch);
    let seen = page.visit(&steps);
    assert_eq!(seen["verdict"], "The browser stopped it", "{seen:#}");
    let message = seen["message"].as_str().expect("a message");
    let origin = authority.trim_end_matches('/');
    for part in [origin, "CSP", "CORS", "Failed to fetch"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    // Not by the page's own code alone: its policy stops any script of it.
    let violated = format!("connect-src {authority}common/oauth2/v2.0/token");
    assert_eq!(seen["violations"], json!([violated]), "{seen:#}");
    assert_eq!(seen["sent"], json!([]), "{seen:#}");
    assert_eq!(world.emulator.connections(), 0);
    assert!(world.emulator.requests().is_empty());
}

#[test]
fn without_its_policy_the_page_sends_nothing_elsewhere_and_cors_keeps_answers_from_others() {
    let world = World::new();
    let Some(page) = page(&world) else { return };
    page.drop_policy();
    let authority = world.emulator.http_authority();
    let mut steps = exchange(&world, Some(&authority));
    let seen = page.visit(&steps);
    assert_eq!(seen["verdict"], "The browser stopped it", "{seen:#}");
    assert_eq!(world.emulator.connections(), 0);

    // A script that takes no such care: it is sent, and only the answer is kept.
    let endpoint = format!("{authority}{}/oauth2/v2.0/token", world.emulator.tenant());
    let all = steps.as_array_mut().expect("steps");
    all.push(json!(["fetch", endpoint]));
    let seen = page.visit(&steps);
    let told = seen["console"].to_string();
    assert!(told.contains("fetch: TypeError: Failed to fetch"), "{told}");
    assert!(told.contains("CORS policy"), "{told}");
    let requests = world.emulator.requests();
    let [request] = &requests[..] else {
        panic!("{requests:?}");
    };
    assert_eq!(request.method, "POST", "{request}");
}

#[test]
fn a_component_in_the_page_that_goes_a_step_further_is_refused() {
    let attempts = [
        ("post_other_host", "HttpRequestDenied"),
        ("post_other_port", "HttpRequestDenied"),
        ("post_other_path", "HttpRequestDenied"),
        ("get_instead_of_post", "HttpRequestDenied"),
        ("seventh_request", "HttpRequestDenied"),
        ("open_sibling", "no-entry"),
        ("open_absolute", "no-entry"),
    ];
    let resources = attempts.map(|(name, _)| format!("api://attempt/{name}"));
    let world = World::with(EmulatorConfig {
        resources: resources.into(),
        ..EmulatorConfig::default()
    });
    let Some(page) = hostile_page(&world) else {
        return;
    };
    for (name, refused) in attempts {
        let before = world.emulator.requests().len();
        let seen = page.visit(&attempt(&world, name));
        let message = seen["message"].as_str().expect("a message");
        assert!(message.contains(refused), "{name}: {seen:#}");
        let most = if name == "seventh_request" { 6 } else { 0 };
        let sent = seen["sent"].as_array().expect("requests");
        assert_eq!(sent.len(), most, "{name}: {seen:#}");
        assert_eq!(world.emulator.requests().len() - before, most, "{name}");
    }
}

#[test]
fn a_component_in_the_page_that_spins_is_ended_with_its_worker() {
    let world = World::new();
    let Some(page) = hostile_page(&world) else {
        return;
    };
    let mut steps = attempt(&world, "endless_loop");
    // The next one is there afterwards.
    let more = json!(["ready"]);
    steps.as_array_mut().expect("steps").push(more);
    let seen = page.visit(&steps);
    let verdict = "The component was ended after 30 seconds";
    assert_eq!(seen["verdict"], verdict, "{seen:#}");
    assert!(world.emulator.requests().is_empty());
}
