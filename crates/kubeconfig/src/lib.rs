//! Rewrites a kubeconfig's users so that kubectl asks Keyhole for their tokens:
//! text in, text and what was done out, without I/O.
//!
//! The rules are those of `kubelogin convert-kubeconfig` for the login
//! `workloadidentity`, but where kubelogin writes the whole file anew (and
//! loses comments, `exec.env` and what it does not know), only the bytes that
//! have to change are replaced here: comments, order and line ends stay because
//! nobody touches them. (A library that edits YAML and keeps comments exists,
//! `yaml-edit`. It writes unquoted words into JSON, loses the comments between
//! arguments, and takes minutes for a kubeconfig of 5 MB.) Before a result is
//! handed out it is parsed again and compared with what was meant; anything
//! else is an error, never a file.
//!
//! Kubeconfigs hold secrets. No error, report or `Debug` text holds a value of
//! theirs beyond names, ids and places, and a [`Conversion`]'s diff shows only
//! values that are known to be none.
//!
//! Start from [`Kubeconfig::parse`], and for several files [`choose`].

mod align;
mod arguments;
mod choice;
mod diff;
mod edit;
mod error;
mod kubeconfig;
mod lines;
mod outcome;
mod plan;
mod proof;
mod quote;
mod redact;
mod syntax;
mod wanted;

pub use choice::{Choice, choose};
pub use error::Error;
pub use kubeconfig::Kubeconfig;
pub use outcome::{From, Outcome, Skip, UserReport};
pub use plan::Conversion;
pub use wanted::Wanted;
