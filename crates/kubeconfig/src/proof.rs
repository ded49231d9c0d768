//! The result, read again and compared with what was meant.
//!
//! The new text must parse to the old tree with the planned fields set and
//! nothing else different: no other user, no cluster, no unknown field, not
//! even the order. This holds whatever [`crate::edit`] does.

use crate::error::Error;
use crate::kubeconfig::Kubeconfig;
use crate::plan::{NEVER, Plan};
use crate::syntax::{self, Entry, Kind, Node, Style};

/// Compares.
///
/// # Errors
/// The text does not parse, or means something else.
pub(crate) fn check(old: &Kubeconfig, text: &str, plans: &[Plan<'_>]) -> Result<(), Error> {
    let mut expected = old.root.clone();
    for plan in plans {
        expected
            .as_mut()
            .and_then(|root| user(root, plan.index))
            .and_then(|user| set(user, plan))
            .ok_or(Error::Unproven { line: None })?;
    }
    let found = syntax::parse(text).map_err(|error| Error::Unproven {
        line: match error {
            Error::Syntax { line, .. } => Some(line),
            _ => None,
        },
    })?;
    if found.len() == 1 && found.first() == expected.as_ref() {
        Ok(())
    } else {
        Err(Error::Unproven { line: None })
    }
}

fn user(root: &mut Node, index: usize) -> Option<&mut Node> {
    let Kind::List(users) = &mut value(root, "users")?.kind else {
        return None;
    };
    value(users.get_mut(index)?, "user")
}

fn entries(node: &mut Node) -> Option<&mut Vec<Entry>> {
    match &mut node.kind {
        Kind::Map(entries) => Some(entries),
        _ => None,
    }
}

fn value<'n>(map: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    entries(map)?
        .iter_mut()
        .find(|entry| entry.key.text() == Some(key))
        .map(|entry| &mut entry.value)
}

/// Sets the planned fields of a user.
fn set(user: &mut Node, plan: &Plan<'_>) -> Option<()> {
    let target = &plan.target;
    let api_version = ("apiVersion", string(&target.api_version));
    let command = ("command", string(&target.command));
    let arguments = target.arguments.as_ref().map(|arguments| {
        let items = arguments.iter().map(|argument| string(argument)).collect();
        ("args", node(Kind::List(items)))
    });
    let mode = ("interactiveMode", string(NEVER));
    if value(user, "exec").is_none() {
        let provider = entries(user)?
            .iter_mut()
            .find(|entry| entry.key.text() == Some("auth-provider"))?;
        let fields = [api_version, command]
            .into_iter()
            .chain(arguments)
            .chain([mode]);
        provider.key = string("exec");
        provider.value = node(Kind::Map(fields.map(entry).collect()));
        return Some(());
    }
    let exec = value(user, "exec")?;
    let mut missing = Vec::new();
    for (key, new) in [api_version, command]
        .into_iter()
        .chain(arguments)
        .chain([mode])
    {
        match value(exec, key) {
            Some(old) => *old = new,
            None => missing.push(entry((key, new))),
        }
    }
    let entries = entries(exec)?;
    let command = entries
        .iter()
        .position(|entry| entry.key.text() == Some("command"))?;
    entries.splice(command + 1..command + 1, missing);
    Some(())
}

fn entry((key, value): (&str, Node)) -> Entry {
    Entry {
        key: string(key),
        value,
    }
}

fn string(text: &str) -> Node {
    node(Kind::Scalar {
        text: text.to_owned(),
        style: Style::Double,
    })
}

fn node(kind: Kind) -> Node {
    Node {
        span: 0..0,
        line: 0,
        anchor: 0,
        tag: None,
        kind,
    }
}
