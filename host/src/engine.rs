//! The engine: one configuration for precompiling, slim and full builds.

use crate::grants::limits::MAX_STACK;
use wasmtime::{Config, Engine, WasmBacktraceDetails};

/// The target that code is compiled for: the build's own, with its baseline
/// CPU, so that an artifact runs on every machine the binary runs on.
pub(crate) const TARGET: &str = env!("KEYHOLE_TARGET");

/// The engine. Every setting that changes code stands here, so that an
/// artifact that one build precompiles loads in the other.
pub(crate) fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .target(TARGET)?
        .consume_fuel(true)
        .max_wasm_stack(MAX_STACK)
        .async_stack_size(MAX_STACK + HOST_STACK)
        // Text that a guest chose (function names) has no business in errors.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(None)
        // Tables for backtraces: nothing to load, then.
        .generate_address_map(false)
        .native_unwind_info(false)
        // What the exchange does not need is not there to be attacked.
        .wasm_simd(false)
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_wide_arithmetic(false);
    Engine::new(&config)
}

/// Stack for host functions below the guest's, in bytes.
const HOST_STACK: usize = 512 * 1024;
