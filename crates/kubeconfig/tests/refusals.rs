//! What is not converted: the error, what to do, and nothing of the secrets.

use keyhole_exchange::settings::Flags;
use keyhole_kubeconfig::{Error, Kubeconfig, Outcome, Skip, Wanted, choose};
use proptest::prelude::*;

const SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

fn convert(text: &str) -> Result<String, Error> {
    let kubeconfig = Kubeconfig::parse(text.to_owned())?;
    let conversion = kubeconfig.convert(&Wanted::default(), &|_| None)?;
    Ok(conversion.text)
}

#[test]
fn each_refusal_names_the_place_and_what_to_do() {
    let exec =
        |exec: &str| format!("users:\n- name: a\n  user:\n    token: SECRET\n    exec: {exec}\n");
    let mut shown = String::new();
    for text in [
        "a: [SECRET".to_owned(),
        "\u{7f}\u{0}SECRET".to_owned(),
        "SECRET".to_owned(),
        "[SECRET]".to_owned(),
        "kind: Pod".to_owned(),
        "a: 1\n---\nb: 2\n".to_owned(),
        "users: SECRET".to_owned(),
        "users: {SECRET: 1}".to_owned(),
        "users: [SECRET]".to_owned(),
        "users: [{name: 1}]".to_owned(),
        "users: [{name: a, user: SECRET}]".to_owned(),
        "users: []\nusers: []".to_owned(),
        "users: [{name: a}, {name: b}, {name: a}]".to_owned(),
        "contexts: [{name: a}, {name: a}]".to_owned(),
        "contexts: [{name: a, context: {user: [SECRET]}}]".to_owned(),
        exec("SECRET"),
        exec("[SECRET]"),
        exec("{command: [SECRET]}"),
        exec("{command: kubelogin, args: SECRET}"),
        exec("{command: kubelogin, args: [get-token, {a: SECRET}]}"),
        exec("{command: kubelogin, args: [get-token, 12]}"),
        exec("{command: kubelogin, apiVersion: [SECRET]}"),
        exec("{command: kubelogin, command: kubelogin}"),
        exec("{command: kubelogin, args: [get-token]}"),
        exec("{command: kubelogin, args: [--server-id, 'a b']}"),
        exec("{command: kubelogin, args: [--server-id, x, -e, AzureStackCloud]}"),
        exec("{command: kubelogin, args: &a [--server-id, x]}"),
        exec("{command: !!str kubelogin, args: [--server-id, x]}"),
        exec("{command: kubelogin, args: [--server-id, x]}\n    auth-provider: {name: gcp}"),
        exec("null\n    auth-provider: {name: azure, config: {apiserver-id: x}}"),
        exec("\n      command: kubelogin\n      args:\n      - --server-id\n      - >-\n        x"),
        exec("\n      ? command\n      : kubelogin\n      ? args\n      : [--server-id, x]"),
        "x: &x {command: kubelogin, args: [--server-id, x]}\nusers:\n- name: a\n  user: {exec: *x}\n"
            .to_owned(),
        "x: &x\n  exec: {command: kubelogin, args: [--server-id, x]}\nusers:\n- name: a\n  user:\n    <<: *x\n"
            .to_owned(),
    ] {
        let error = convert(&text).expect_err(&text);
        assert!(!error.is_bug(), "{text}: {error}");
        shown += &format!(
            "{}\n=> {error}\n   {}\n\n",
            text.escape_debug(),
            error.next_step()
        );
        let said = format!("{error} {error:?} {}", error.next_step());
        assert!(!said.contains("SECRET"), "{text}: {said}");
    }
    insta::assert_snapshot!("refusals", shown);
}

#[test]
fn a_name_in_an_earlier_file_wins() {
    let file = |server: &str| {
        Kubeconfig::parse(format!(
            "contexts: [{{name: c, context: {{user: {server}}}}}]\n\
             users:\n- name: both\n- name: {server}\n"
        ))
        .unwrap()
    };
    let files = [file("one"), file("two")];
    let choices = choose(&files, None).unwrap();
    assert_eq!(choices[0].skip("both"), None);
    assert_eq!(choices[1].skip("both"), Some(Skip::Shadowed { by: 0 }));
    assert_eq!(choices[1].skip("two"), None);
    let choices = choose(&files, Some("c")).unwrap();
    assert_eq!(choices[0].skip("one"), None);
    assert_eq!(choices[0].skip("both"), Some(Skip::OtherContext));
    assert_eq!(choices[1].skip("two"), Some(Skip::OtherContext));
}

#[test]
fn a_context_without_a_user_is_refused() {
    for (text, message) in [
        ("", "no context exists with the name: \"c\""),
        ("contexts: [{name: c}]", "the context \"c\" has no user"),
        (
            "contexts: [{name: c, context: {user: u}}]",
            "the context \"c\" has the user \"u\", and no such user exists",
        ),
    ] {
        let files = [Kubeconfig::parse(text.to_owned()).unwrap()];
        let error = choose(&files, Some("c")).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn what_a_flag_says_must_be_what_get_token_takes() {
    let text = |text: &str| Some(text.to_owned());
    for flags in [
        Flags {
            server_id: text(""),
            ..Flags::default()
        },
        Flags {
            environment: text("AzureStackCloud"),
            ..Flags::default()
        },
        Flags {
            environment: text("Nowhere"),
            authority_host: text("login.microsoftonline.com"),
            ..Flags::default()
        },
        Flags {
            tenant_id: text("common"),
            ..Flags::default()
        },
        Flags {
            authority_host: text("http://example.com"),
            ..Flags::default()
        },
        Flags {
            federated_token_file: text("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln"),
            ..Flags::default()
        },
    ] {
        let error = Wanted::new(flags).unwrap_err();
        assert!(!error.to_string().contains("eyJ"), "{error}");
    }
}

/// A kubeconfig with a secret everywhere one can be, in a style by chance.
fn with_secret(secret: &str, style: usize) -> String {
    let quoted = match style % 4 {
        0 => secret.to_owned(),
        1 => format!("'{secret}'"),
        2 => format!("\"{secret}\""),
        _ => format!("|-\n            {secret}\n            {secret}"),
    };
    format!(
        "\
users:
- name: a
  user:
    exec:
      args:
      - get-token
      - --server-id
      - {SERVER}
      # {secret}
      - --client-secret   # {secret}
      - x{secret}
      - {secret}
      command: kubelogin # {secret}
      env:
      - name: A
        value: {quoted}
      unknown: {quoted}
      new: {{a: {secret}, b: [{secret}]}}
    token: {quoted}
    password: {quoted}
    extensions:
    - {quoted}
"
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_secret_is_in_a_diff(secret in "[A-Za-z][A-Za-z0-9+/]{15,30}", style in 0_usize..4) {
        let old = Kubeconfig::parse(with_secret(&secret, style)).unwrap();
        let conversion = old.convert(&Wanted::default(), &|_| None).unwrap();
        let diff = conversion.diff(&old).unwrap().join("\n");
        prop_assert!(diff.contains("+      command: keyhole"), "{}", diff);
        prop_assert!(!diff.contains(&secret), "{}", diff);
        let outcome = &conversion.users[0].outcome;
        let is_changed = matches!(outcome, Outcome::Changed { .. });
        prop_assert!(is_changed);
    }

    #[test]
    fn nothing_behind_an_entry_makes_it_fail_badly(
        text in "[-a{}\\[\\],:?&*!|>'\"%@`# \n\t]{0,60}"
    ) {
        let text = format!(
            "users:\n- name: a\n  user:\n    exec:\n      command: kubelogin\n      args: [--server-id, x]\n{text}"
        );
        if let Err(error) = convert(&text) {
            prop_assert!(!error.is_bug(), "{}: {}", text, error);
        }
    }

    #[test]
    fn nothing_inside_an_entry_makes_it_fail_badly(
        text in "([ -]{0,8}(args|command|a|exec|<<|-|\\[|\\]|\\{|\\}|:|#|'|\"|\\||,| ){0,6}\n){0,6}"
    ) {
        let text = format!("users:\n- name: a\n  user:\n    exec:\n      command: kubelogin\n{text}");
        let converted = Kubeconfig::parse(text.clone()).and_then(|kubeconfig| {
            let server_id = Some("x".into());
            let wanted = Wanted::new(Flags { server_id, ..Flags::default() }).unwrap();
            kubeconfig.convert(&wanted, &|_| None)
        });
        if let Err(error) = converted {
            prop_assert!(!error.is_bug(), "{}: {}", text, error);
        }
    }
}
