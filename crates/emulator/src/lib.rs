//! An authority and an issuer for demo and tests.
