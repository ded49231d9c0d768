//! The engine: one configuration for precompiling, slim and full builds.

use crate::grants::limits::MAX_STACK;
use std::sync::Arc;
use wasmtime::{
    Config, CustomCodeMemory, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    WasmBacktraceDetails,
};

/// The target that code is compiled for: the build's own, with its baseline
/// CPU, so that an artifact runs on every machine the binary runs on.
pub(crate) const TARGET: &str = env!("KEYHOLE_TARGET");

/// Bytecode of Pulley, wasmtime's interpreter, on a machine like this.
#[cfg(feature = "interpreter")]
const INTERPRETER: &str = if cfg!(target_endian = "big") {
    "pulley64be"
} else {
    "pulley64"
};

/// What a component is run as.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// Machine code in memory that is made executable.
    MachineCode,
    /// Machine code that is part of the program's text already.
    Text,
    /// Bytecode for the interpreter, which is data.
    #[cfg(feature = "interpreter")]
    Bytecode,
}

/// The engine of machine code. Every setting that changes code stands here, so that
/// an artifact that one build precompiles loads in the other.
#[cfg(any(feature = "compiler", test))]
pub(crate) fn engine() -> wasmtime::Result<Engine> {
    engine_of(Form::MachineCode)
}

/// The engine of this form; all else is the same.
pub(crate) fn engine_of(form: Form) -> wasmtime::Result<Engine> {
    Engine::new(&config(form)?)
}

/// An engine that makes an instance for each of many requests: `instances` at a
/// time, each with one memory of at most `memory` bytes.
pub(crate) fn engine_of_pool(
    form: Form,
    instances: usize,
    memory: usize,
) -> wasmtime::Result<Engine> {
    let mut config = config(form)?;
    let count = u32::try_from(instances)?;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(count)
        .total_core_instances(count * 4)
        .total_memories(count)
        .total_tables(count * 2)
        .total_stacks(count)
        .max_memory_size(memory)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(KEEP_RESIDENT)
        .async_stack_keep_resident(KEEP_RESIDENT)
        .max_core_instances_per_component(4)
        .max_memories_per_component(1)
        .max_tables_per_component(2);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// What of a slot is wiped by hand rather than given back to the system and
/// faulted in again, in bytes.
const KEEP_RESIDENT: usize = 64 * 1024;

fn config(form: Form) -> wasmtime::Result<Config> {
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
        // The adapters between the parts of a composition copy from one memory to
        // another; an instance still gets one.
        .wasm_multi_memory(true)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_wide_arithmetic(false)
        // A copy of some pages is cheaper than a file in memory to map them from.
        .memory_init_cow(false);
    match form {
        Form::MachineCode => {}
        Form::Text => {
            config.with_custom_code_memory(Some(Arc::new(Text)));
        }
        #[cfg(feature = "interpreter")]
        Form::Bytecode => {
            config.target(INTERPRETER)?;
        }
    }
    Ok(config)
}

/// Memory that is executable as it is.
struct Text;

impl CustomCodeMemory for Text {
    fn required_alignment(&self) -> usize {
        1
    }

    fn publish_executable(&self, _: *const u8, _: usize) -> wasmtime::Result<()> {
        Ok(())
    }

    fn unpublish_executable(&self, _: *const u8, _: usize) -> wasmtime::Result<()> {
        Ok(())
    }
}

/// Stack for host functions below the guest's, in bytes.
const HOST_STACK: usize = 512 * 1024;
