//! Keyhole as a plugin for Envoy (proxy-wasm ABI 0.2.1): two plugins in one
//! module. `exchange`, a bootstrap extension on the main thread, gets the access
//! token through an egress listener of the same Envoy; `inject`, an HTTP filter in
//! every worker, puts it into requests. As Envoy is to be configured
//! (`docs/envoy.md`), neither holds the federated token, the first sees no
//! request of a caller and the second can send none.
//!
//! Envoy never starts a VM again that has trapped, so nothing here may: no
//! indexing, no `unwrap`, and every call into Envoy answers a `Result`. Start
//! with `plugins`; what decides is `exchange` and `inject`, what speaks to Envoy
//! is `abi` alone.
#![cfg_attr(target_family = "wasm", no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

extern crate alloc;

#[cfg(target_family = "wasm")]
#[expect(
    unsafe_code,
    reason = "the proxy-wasm ABI: pointers into linear memory"
)]
mod abi;
pub mod configuration;
pub mod envoy_said;
pub mod exchange;
pub mod header_map;
pub mod host;
pub mod inject;
pub mod plugins;
pub mod record;
pub mod redact;

/// What is freed is wiped first: tokens, and callers' headers.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<dlmalloc::GlobalDlmalloc> =
    zeroizing_alloc::ZeroAlloc(dlmalloc::GlobalDlmalloc);

/// A panic ends the VM. Nothing here panics; memory that runs out does.
#[cfg(target_family = "wasm")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
