//! What the grants allow.
#![no_std]
