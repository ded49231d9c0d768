//! The exchange, without I/O.
#![no_std]
