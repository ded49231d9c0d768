//! Which users of which files, if there are several files.
//!
//! kubectl's order (client-go, tools/clientcmd/loader.go): the first file that
//! has a name wins, for contexts and for users alike.

use std::collections::HashMap;

use crate::error::Error;
use crate::kubeconfig::Kubeconfig;
use crate::outcome::Skip;

/// What is to be done with a file's users.
#[derive(Debug)]
pub struct Choice {
    skipped: HashMap<String, Skip>,
}

impl Choice {
    /// Why a user is left alone, if it is.
    #[must_use]
    pub fn skip(&self, user: &str) -> Option<Skip> {
        self.skipped.get(user).cloned()
    }
}

/// Chooses users: all that count, or that of one context. One choice a file,
/// in the order of the files.
///
/// # Errors
/// No file has the context, or its user.
pub fn choose(files: &[Kubeconfig], context: Option<&str>) -> Result<Vec<Choice>, Error> {
    let only = context.map(|name| user_of(files, name)).transpose()?;
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut choices = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let mut skipped = HashMap::new();
        for user in file.users() {
            let by = *first.entry(user).or_insert(number);
            let skip = if only.is_some_and(|only| only != user) {
                Skip::OtherContext
            } else if by != number {
                Skip::Shadowed { by }
            } else {
                continue;
            };
            skipped.insert(user.to_owned(), skip);
        }
        choices.push(Choice { skipped });
    }
    Ok(choices)
}

fn user_of<'k>(files: &'k [Kubeconfig], context: &str) -> Result<&'k str, Error> {
    let user = files
        .iter()
        .find_map(|file| file.user_of_context(context))
        .ok_or_else(|| Error::NoContext {
            name: context.to_owned(),
        })?;
    user.filter(|user| {
        files
            .iter()
            .any(|file| file.users().any(|name| name == *user))
    })
    .ok_or_else(|| Error::NoUser {
        context: context.to_owned(),
        user: user.map(str::to_owned),
    })
}
