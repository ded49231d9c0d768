//! The gateway: a caller's request reaches the API server with the token, and
//! nothing else happens.

mod callers;
mod hostile;
