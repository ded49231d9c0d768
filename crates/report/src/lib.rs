//! A run as data.
#![no_std]
