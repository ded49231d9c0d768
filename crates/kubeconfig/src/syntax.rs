//! YAML as a tree of nodes that know where they stand in the text.
//!
//! The parser is `granit-parser`: it takes what libyaml takes, of which
//! kubectl's reader is a port, and gives the bytes of each event.

use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span};

use crate::error::Error;

/// Collections nested deeper than this are refused: a kubeconfig has seven
/// levels and an extension's own, and what walks the tree recurses.
pub(crate) const DEPTH: usize = 64;

/// A node. It has no `Debug`: it may hold a secret.
#[derive(Clone)]
pub(crate) struct Node {
    /// Its bytes. Of a block collection only the start means something.
    pub(crate) span: Range<usize>,
    /// The line it starts in, from 1.
    pub(crate) line: usize,
    /// Its anchor, 0 for none.
    pub(crate) anchor: usize,
    /// Its tag, `handle` and `suffix` in one.
    pub(crate) tag: Option<String>,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Clone)]
pub(crate) enum Kind {
    Scalar { text: String, style: Style },
    List(Vec<Node>),
    Map(Vec<Entry>),
    Alias(usize),
}

/// A key and its value.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: Node,
    pub(crate) value: Node,
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    /// `|` or `>`.
    Block,
}

impl Node {
    /// The scalar's text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar that is a string for every YAML reader.
    pub(crate) fn string(&self) -> Option<&str> {
        self.text()
            .filter(|text| self.is_quoted() || !is_special(text))
    }

    /// Whether it is `null`, `~` or nothing at all.
    pub(crate) fn is_null(&self) -> bool {
        !self.is_quoted() && matches!(self.text(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether it is a scalar in quotes or a block scalar.
    pub(crate) fn is_quoted(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { style, .. } if *style != Style::Plain)
    }

    /// What it is, for an error.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar { .. } if self.is_null() => "nothing",
            Kind::Scalar { .. } if self.string().is_some() => "a string",
            Kind::Scalar { .. } => "a number, a date or a truth value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Alias(_) => "an alias",
        }
    }

    /// The nodes right below: keys and values in the order of the text.
    pub(crate) fn children(&self) -> impl Iterator<Item = &Self> {
        (0..).map_while(|number| self.child(number))
    }

    /// The node of that number right below.
    pub(crate) fn child(&self, number: usize) -> Option<&Self> {
        match &self.kind {
            Kind::Scalar { .. } | Kind::Alias(_) => None,
            Kind::List(items) => items.get(number),
            Kind::Map(entries) => {
                let entry = entries.get(number / 2)?;
                Some([&entry.key, &entry.value][number % 2])
            }
        }
    }

    /// The last node right below.
    fn last_child(&self) -> Option<&Self> {
        match &self.kind {
            Kind::Scalar { .. } | Kind::Alias(_) => None,
            Kind::List(items) => items.last(),
            Kind::Map(entries) => entries.last().map(|entry| &entry.value),
        }
    }

    /// The first node below, itself included, that `wanted` holds for.
    pub(crate) fn find(&self, wanted: &dyn Fn(&Self) -> bool) -> Option<&Self> {
        if wanted(self) {
            return Some(self);
        }
        self.children().find_map(|node| node.find(wanted))
    }

    /// The end of its last byte; of a block collection that of its last node.
    pub(crate) fn end(&self, source: &str) -> usize {
        if self.is_flow(source) {
            return self.span.end;
        }
        self.last_child()
            .map_or(self.span.end, |node| node.end(source))
    }

    /// Whether it is written in brackets or braces.
    pub(crate) fn is_flow(&self, source: &str) -> bool {
        matches!(self.kind, Kind::List(_) | Kind::Map(_))
            && source[self.span.start..].starts_with(['{', '['])
    }
}

/// Two nodes are equal if they mean the same, however they are written.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.kind, &other.kind) {
            (Kind::Scalar { text: a, .. }, Kind::Scalar { text: b, .. }) => {
                a == b && self.string().is_some() == other.string().is_some()
            }
            (Kind::List(a), Kind::List(b)) => a == b,
            (Kind::Map(a), Kind::Map(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(b)
                        .all(|(a, b)| a.key == b.key && a.value == b.value)
            }
            (Kind::Alias(a), Kind::Alias(b)) => a == b,
            _ => false,
        };
        same && self.anchor == other.anchor && self.tag == other.tag
    }
}

/// Whether a plain scalar may be something else than a string: the words and
/// numbers of YAML 1.1, which kubectl's reader knows, and of YAML 1.2.
/// Dates count, `6dae42f8-…` does not.
pub(crate) fn is_special(text: &str) -> bool {
    const WORDS: [&str; 16] = [
        "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf",
        "-.inf", "+.inf", "<<",
    ];
    let lower = text.to_ascii_lowercase();
    let digit = lower
        .trim_start_matches(['+', '-', '.'])
        .starts_with(|c: char| c.is_ascii_digit());
    WORDS.contains(&lower.as_str()) || text == "=" || (digit && may_be_a_number(&lower))
}

fn may_be_a_number(lower: &str) -> bool {
    let unsigned = lower.trim_start_matches(['+', '-']);
    let of = |text: &str, digits: &str| {
        !text.is_empty() && text.chars().all(|c| c == '_' || digits.contains(c))
    };
    for (prefix, digits) in [("0x", "0123456789abcdef"), ("0o", "01234567"), ("0b", "01")] {
        if unsigned
            .strip_prefix(prefix)
            .is_some_and(|rest| of(rest, digits))
        {
            return true;
        }
    }
    // Decimal, sexagesimal, floating point, and dates with their times.
    unsigned.chars().all(|c| {
        c.is_ascii_digit() || matches!(c, '.' | '_' | ':' | '+' | '-' | 'e' | 't' | 'z' | ' ')
    }) && !is_guid(unsigned)
}

/// Eight, four, four, four and twelve hexadecimal digits. No reader takes that
/// for a number or a date, even where there is no letter in it.
fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// The documents of a text. An empty text has none.
pub(crate) fn parse(source: &str) -> Result<Vec<Node>, Error> {
    let mut options = Options::default();
    options.flow_nesting_limit = DEPTH;
    options.block_nesting_limit = DEPTH;
    let mut builder = Builder::new(source);
    for event in Parser::new_from_str_with_options(source, options) {
        let (event, span) = event.map_err(|error| syntax_error(&error))?;
        builder.event(event, span)?;
    }
    Ok(builder.documents)
}

/// The message is the parser's; the one that quotes the text is not repeated.
fn syntax_error(error: &granit_parser::ScanError) -> Error {
    let info = error.info();
    let what = if info.starts_with("unexpected character") {
        "a character that cannot stand here".to_owned()
    } else {
        info
    };
    Error::Syntax {
        line: error.marker().line(),
        column: error.marker().col() + 1,
        what,
    }
}

/// Makes nodes of events.
struct Builder<'s> {
    source: &'s str,
    documents: Vec<Node>,
    /// Collections that are not closed. A mapping's keys and values stand in
    /// one list until then.
    open: Vec<(Node, Vec<Node>)>,
}

impl<'s> Builder<'s> {
    fn new(source: &'s str) -> Self {
        Self {
            source,
            documents: Vec::new(),
            open: Vec::new(),
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Error> {
        let bytes = span.byte_range().unwrap_or_default();
        let (kind, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = style_of(style);
                let text = text.into_owned();
                (Kind::Scalar { text, style }, anchor, tag)
            }
            Event::Alias(id) => (Kind::Alias(id), 0, None),
            Event::SequenceStart(_, anchor, tag) => (Kind::List(Vec::new()), anchor, tag),
            Event::MappingStart(_, anchor, tag) => (Kind::Map(Vec::new()), anchor, tag),
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(bytes.end);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let collection = matches!(kind, Kind::List(_) | Kind::Map(_));
        let mut node = Node {
            span: bytes,
            line: span.start.line(),
            anchor,
            tag: tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix())),
            kind,
        };
        if collection {
            if self.open.len() >= DEPTH {
                return Err(Error::TooDeep { line: node.line });
            }
            self.open.push((node, Vec::new()));
        } else {
            node.span = self.exact(&node);
            self.add(node);
        }
        Ok(())
    }

    /// A scalar's bytes without what follows a block scalar. A value that is
    /// not there stands behind its colon; the parser has it behind its key.
    fn exact(&self, node: &Node) -> Range<usize> {
        let Range { start, end } = node.span;
        if start == end {
            let rest = self.source[start..].trim_start_matches([' ', '\t']);
            let colon = usize::from(rest.starts_with(':'));
            let at = [start, self.source.len() - rest.len() + colon][colon];
            return at..at;
        }
        start..start + self.source[start..end].trim_end().len()
    }

    fn close(&mut self, end: usize) {
        let Some((mut node, children)) = self.open.pop() else {
            return;
        };
        node.span.end = end;
        match &mut node.kind {
            Kind::List(items) => *items = children,
            Kind::Map(entries) => {
                let mut children = children.into_iter();
                while let (Some(key), Some(value)) = (children.next(), children.next()) {
                    entries.push(Entry { key, value });
                }
            }
            Kind::Scalar { .. } | Kind::Alias(_) => {}
        }
        self.add(node);
    }

    fn add(&mut self, node: Node) {
        match self.open.last_mut() {
            Some((_, children)) => children.push(node),
            None => self.documents.push(node),
        }
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

#[cfg(test)]
mod tests;
