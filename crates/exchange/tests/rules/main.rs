//! The core's rules, seen from outside.

mod assertion;
mod authority;
mod fixture;
mod form;
mod hints;
mod identity;
mod machine;
mod national;
mod reply;
mod retry;
mod secrets;
mod settings;
mod texts;
mod tries;
