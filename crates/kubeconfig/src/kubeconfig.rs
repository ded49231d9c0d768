//! Reading a kubeconfig: its users and contexts, as far as they matter here.
//!
//! Types and names are held to what client-go does (tools/clientcmd/api/v1):
//! two users of one name are an error, a `user` may be missing.

use std::collections::HashMap;
use std::fmt;

use crate::error::Error;
use crate::syntax::{self, Entry, Kind, Node};

/// A kubeconfig. Its `Debug` shows nothing of it.
pub struct Kubeconfig {
    pub(crate) source: String,
    pub(crate) root: Option<Node>,
    users: Vec<Named>,
    contexts: Vec<Context>,
    anchors: Anchors,
}

/// Where each anchor is: the way down from the root, by numbers of children.
type Anchors = HashMap<usize, Vec<usize>>;

/// A user's name and place in the list.
struct Named {
    name: String,
    line: usize,
}

struct Context {
    name: String,
    user: Option<String>,
}

impl fmt::Debug for Kubeconfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kubeconfig").finish_non_exhaustive()
    }
}

/// Where a field stands, for errors.
pub(crate) struct At(String);

impl Kubeconfig {
    /// Reads a kubeconfig, YAML or JSON. An empty one is one without users.
    ///
    /// # Errors
    /// It is not YAML, or something that would be looked at is of a type that
    /// kubectl does not take.
    pub fn parse(source: String) -> Result<Self, Error> {
        let mut documents = syntax::parse(&source)?;
        if documents.len() > 1 {
            return Err(Error::Documents {
                count: documents.len(),
            });
        }
        let mut read = Self {
            source,
            root: documents.pop().filter(|root| !root.is_null()),
            users: Vec::new(),
            contexts: Vec::new(),
            anchors: Anchors::new(),
        };
        if let Some(root) = &read.root {
            find_anchors(root, &mut Vec::new(), &mut read.anchors);
        }
        read.read_kind()?;
        read.users = read.read_users()?;
        read.contexts = read.read_contexts()?;
        Ok(read)
    }

    /// The users' names, in the order of the file.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.users.iter().map(|user| user.name.as_str())
    }

    /// The user of a context: `None` if there is no such context here,
    /// `Some(None)` if it has no user.
    #[must_use]
    pub fn user_of_context(&self, name: &str) -> Option<Option<&str>> {
        self.contexts
            .iter()
            .find(|context| context.name == name)
            .map(|context| context.user.as_deref())
    }

    /// Each user's number, name, line and item of the list.
    pub(crate) fn items(&self) -> impl Iterator<Item = (usize, &str, usize, &Node)> {
        let nodes = match self.users_node().map(|node| &node.kind) {
            Some(Kind::List(items)) => items.as_slice(),
            _ => &[],
        };
        self.users
            .iter()
            .zip(nodes)
            .enumerate()
            .map(|(index, (user, node))| (index, user.name.as_str(), user.line, node))
    }

    /// The list of users.
    pub(crate) fn users_node(&self) -> Option<&Node> {
        let Kind::Map(entries) = &self.root.as_ref()?.kind else {
            return None;
        };
        entries
            .iter()
            .find(|entry| entry.key.text() == Some("users"))
            .map(|entry| self.resolve(&entry.value))
    }

    /// The node that an alias stands for.
    pub(crate) fn resolve<'n>(&'n self, node: &'n Node) -> &'n Node {
        let Kind::Alias(id) = node.kind else {
            return node;
        };
        let way = self.anchors.get(&id).map_or(&[][..], Vec::as_slice);
        self.root
            .as_ref()
            .filter(|_| !way.is_empty())
            .and_then(|root| way.iter().try_fold(root, |at, number| at.child(*number)))
            .unwrap_or(node)
    }

    /// The value of a key, of one that is merged in as well (`<<`). Nothing
    /// and `null` are `None`.
    pub(crate) fn field<'n>(
        &'n self,
        map: &'n Node,
        key: &str,
        at: &At,
    ) -> Result<Option<&'n Node>, Error> {
        if map.is_null() {
            return Ok(None);
        }
        if let Some(entry) = entry(map, key, at)? {
            let value = self.resolve(&entry.value);
            return Ok((!value.is_null()).then_some(value));
        }
        match entry(map, "<<", at)?.map(|merged| self.resolve(&merged.value)) {
            Some(merged) if matches!(merged.kind, Kind::Map(_)) => {
                Ok(entry(merged, key, at)?.map(|entry| self.resolve(&entry.value)))
            }
            _ => Ok(None),
        }
    }

    /// The value of a key that is a string.
    pub(crate) fn string<'n>(
        &'n self,
        map: &'n Node,
        key: &str,
        at: &At,
    ) -> Result<Option<&'n str>, Error> {
        let Some(value) = self.field(map, key, at)? else {
            return Ok(None);
        };
        match value.string() {
            Some(text) => Ok(Some(text)),
            None => Err(at.of(key).unexpected(value, "a string")),
        }
    }

    fn read_kind(&self) -> Result<(), Error> {
        let Some(root) = &self.root else {
            return Ok(());
        };
        if !matches!(root.kind, Kind::Map(_)) {
            return Err(At::ROOT.unexpected(root, "a mapping"));
        }
        match self.field(root, "kind", &At::ROOT)? {
            Some(kind) if kind.text() != Some("Config") => Err(Error::Kind { line: kind.line }),
            _ => Ok(()),
        }
    }

    fn named(&self, key: &'static str, what: &'static str) -> Result<Vec<(Named, &Node)>, Error> {
        let Some(root) = &self.root else {
            return Ok(Vec::new());
        };
        let Some(list) = self.field(root, key, &At::ROOT)? else {
            return Ok(Vec::new());
        };
        let Kind::List(items) = &list.kind else {
            return Err(At::ROOT.of(key).unexpected(list, "a list"));
        };
        let mut lines = HashMap::new();
        let mut read = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let item = self.resolve(item);
            let at = At::ROOT.of(key).item(index);
            let name = self.string(item, "name", &at)?.unwrap_or_default();
            if let Some(first) = lines.insert(name, item.line) {
                return Err(Error::DuplicateName {
                    what,
                    name: name.to_owned(),
                    first,
                    line: item.line,
                });
            }
            let named = Named {
                name: name.to_owned(),
                line: item.line,
            };
            read.push((named, item));
        }
        Ok(read)
    }

    fn read_users(&self) -> Result<Vec<Named>, Error> {
        let users = self.named("users", "user")?;
        Ok(users.into_iter().map(|(user, _)| user).collect())
    }

    fn read_contexts(&self) -> Result<Vec<Context>, Error> {
        let contexts = self.named("contexts", "context")?.into_iter().enumerate();
        contexts
            .map(|(index, (named, item))| {
                let at = At::ROOT.of("contexts").item(index);
                let user = match self.field(item, "context", &at)? {
                    None => None,
                    Some(context) => self.string(context, "user", &at.of("context"))?,
                };
                Ok(Context {
                    name: named.name,
                    user: user.filter(|user| !user.is_empty()).map(str::to_owned),
                })
            })
            .collect()
    }
}

impl At {
    /// The document itself.
    pub(crate) const ROOT: Self = Self(String::new());

    /// The field of that name.
    pub(crate) fn of(&self, key: &str) -> Self {
        if self.0.is_empty() {
            Self(key.to_owned())
        } else {
            Self(format!("{}.{key}", self.0))
        }
    }

    /// The item of that number.
    pub(crate) fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// The error for a node of another type.
    pub(crate) fn unexpected(&self, found: &Node, expected: &'static str) -> Error {
        Error::Type {
            path: if self.0.is_empty() {
                "the document".to_owned()
            } else {
                self.0.clone()
            },
            line: found.line,
            found: found.describe(),
            expected,
        }
    }
}

fn find_anchors(node: &Node, way: &mut Vec<usize>, found: &mut Anchors) {
    if node.anchor != 0 {
        found.insert(node.anchor, way.clone());
    }
    for (number, child) in node.children().enumerate() {
        way.push(number);
        find_anchors(child, way, found);
        way.pop();
    }
}

/// A mapping's entry of that key, which may be there once.
pub(crate) fn entry<'n>(map: &'n Node, key: &str, at: &At) -> Result<Option<&'n Entry>, Error> {
    let Kind::Map(entries) = &map.kind else {
        return Err(at.unexpected(map, "a mapping"));
    };
    let mut found = entries.iter().filter(|entry| entry.key.text() == Some(key));
    let first = found.next();
    match (first, found.next()) {
        (Some(first), Some(second)) => Err(Error::DuplicateKey {
            path: at.of(key).0,
            first: first.key.line,
            line: second.key.line,
        }),
        _ => Ok(first),
    }
}
