//! YAML, and so JSON, as a tree that knows its lines.

use granit_parser::{Event, Parser};

/// Nested deeper than this nothing is read: Envoy's configurations have about
/// forty levels, and what walks the tree recurses.
const DEPTH: usize = 100;

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    /// The line it starts in, from 1.
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Kind {
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Why a text cannot be checked, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) line: usize,
    pub(crate) why: String,
}

impl Node {
    /// Reads one document.
    pub(crate) fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut events = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| Unreadable {
                line: error.marker().line(),
                why: "it is no YAML".into(),
            })?;
            events.push((event, span.start.line()));
        }
        let documents = events
            .iter()
            .filter(|(event, _)| matches!(event, Event::DocumentStart(..)));
        if documents.count() != 1 {
            return Err(unreadable(1, "it holds none or several documents"));
        }
        let mut events = events.into_iter().filter(|(event, _)| {
            !matches!(
                event,
                Event::StreamStart
                    | Event::StreamEnd
                    | Event::DocumentStart(..)
                    | Event::DocumentEnd
            )
        });
        node(&mut events, 0)
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value behind several keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text behind several keys.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).and_then(Self::text)
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping; none for anything else.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Itself and every node below, mappings alone.
    pub(crate) fn maps(&self) -> Vec<&Self> {
        let mut found = Vec::new();
        let mut to_see = vec![self];
        while let Some(node) = to_see.pop() {
            match &node.kind {
                Kind::Map(entries) => {
                    found.push(node);
                    to_see.extend(entries.iter().rev().map(|(_, value)| value));
                }
                Kind::List(items) => to_see.extend(items.iter().rev()),
                Kind::Scalar(_) => {}
            }
        }
        found
    }
}

fn unreadable(line: usize, why: &str) -> Unreadable {
    Unreadable {
        line,
        why: why.into(),
    }
}

fn node<'e>(
    events: &mut impl Iterator<Item = (Event<'e>, usize)>,
    depth: usize,
) -> Result<Node, Unreadable> {
    let first = events.next();
    let first = first.ok_or_else(|| unreadable(1, "it ends too early"))?;
    from(first, events, depth)
}

fn from<'e>(
    (event, line): (Event<'e>, usize),
    events: &mut impl Iterator<Item = (Event<'e>, usize)>,
    depth: usize,
) -> Result<Node, Unreadable> {
    if depth > DEPTH {
        return Err(unreadable(line, "it nests too deep"));
    }
    let kind = match event {
        Event::Scalar(text, ..) => Kind::Scalar(text.into_owned()),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match events.next() {
                    Some((Event::SequenceEnd, _)) => break Kind::List(items),
                    Some(next) => items.push(from(next, events, depth + 1)?),
                    None => return Err(unreadable(line, "it ends too early")),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries: Vec<(String, Node)> = Vec::new();
            loop {
                match events.next() {
                    Some((Event::MappingEnd, _)) => break Kind::Map(entries),
                    Some((Event::Scalar(key, ..), line)) => {
                        let key = snake_case(&key);
                        if entries.iter().any(|(known, _)| *known == key) {
                            return Err(unreadable(line, "a key occurs twice"));
                        }
                        entries.push((key, node(events, depth + 1)?));
                    }
                    Some((_, line)) => {
                        return Err(unreadable(line, "a key is no plain text"));
                    }
                    None => return Err(unreadable(line, "it ends too early")),
                }
            }
        }
        Event::Alias(_) => {
            return Err(unreadable(
                line,
                "it has an alias; write out what it stands for",
            ));
        }
        _ => return Err(unreadable(line, "it is no YAML")),
    };
    Ok(Node { line, kind })
}

/// Envoy takes `vmConfig` for `vm_config` (proto3 JSON mapping).
fn snake_case(key: &str) -> String {
    if !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return key.to_owned();
    }
    let mut snake = String::new();
    for (at, c) in key.char_indices() {
        if c.is_ascii_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.push(if at > 0 { c.to_ascii_lowercase() } else { c });
    }
    snake
}
