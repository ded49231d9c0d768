//! The exchange as a WASI component.
