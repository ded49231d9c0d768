//! The limits: memory, tables, compute and what the host holds for a guest.

use crate::call::TooManyRefusals;
use serde::Serialize;
use std::fmt;
use wasmtime::component::ResourceTableError;
use wasmtime::{ResourceLimiter, Store, Trap};

/// Linear memory: the longest honest exchange (a 1 MiB file, a 1 MiB answer)
/// needs under 8 MiB.
pub const MAX_MEMORY: usize = 16 * 1024 * 1024;

/// Linear memories: the component has one.
pub const MAX_MEMORIES: usize = 1;

/// Core instances: the component's own module and the two small ones that
/// the component encoding puts beside it.
pub const MAX_INSTANCES: usize = 4;

/// Tables: the component's own and the one of the encoding.
pub const MAX_TABLES: usize = 2;

/// Table elements: the exchange has under 300 functions.
pub const MAX_TABLE_ELEMENTS: usize = 1_000;

/// Fuel of one call: 20 times what the longest honest exchange burns, six
/// answers of 1 MiB at 300 million each. An ordinary one burns half a million.
pub const FUEL: u64 = 36_000_000_000;

/// Fuel between two yields to the executor, so that the deadline also ends a
/// guest that spins: about a millisecond. An ordinary exchange never yields.
pub const FUEL_SLICE: u64 = 1_000_000;

/// Bytes that one call from the guest may make the host allocate: four times
/// the largest honest one, a result with a token of 64 KiB. More would let a
/// guest that burns no fuel keep the host busy copying.
pub const HOSTCALL_FUEL: usize = 256 * 1024;

/// Bytes of a method, scheme, authority or path: a tenant's token endpoint has
/// under 400. A guest can hold as many as it can hold requests.
pub const MAX_REQUEST_PART: usize = 2 * 1024;

/// Events of one call in the audit log: an honest exchange with all its
/// retries has under 100.
pub const MAX_EVENTS: u32 = 1_000;

/// Times that one call reads the file: an honest exchange reads it twice.
/// Each is a snapshot of up to 1 MiB that the guest may hold.
pub const MAX_READS: u32 = 16;

/// Component handles: an honest exchange holds under 20 at a time.
pub const MAX_HANDLES: usize = 256;

/// Entries of the resource table, for the same reason.
pub const MAX_RESOURCES: usize = 256;

/// Bytes of one `fields`: three short headers.
pub const MAX_FIELDS: usize = 16 * 1024;

/// Bytes of one chunk of an outgoing body.
pub const BODY_CHUNK: usize = 64 * 1024;

/// Stack of the guest in bytes: it does not recurse.
pub const MAX_STACK: usize = 512 * 1024;

/// The limits of one call. The defaults are right for the exchange; an
/// embedder of another component may need others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Limits {
    /// Linear memory in bytes.
    pub memory: usize,
    /// Elements of each table.
    pub table_elements: usize,
    /// Fuel: roughly one unit an instruction.
    pub fuel: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: MAX_MEMORY,
            table_elements: MAX_TABLE_ELEMENTS,
            fuel: FUEL,
        }
    }
}

impl Limits {
    /// Sets fuel, hostcall fuel and handles of a store. The caller also sets
    /// [`Store::limiter`] to a [`Limiter`].
    pub(crate) fn apply<T>(&self, store: &mut Store<T>) -> wasmtime::Result<()> {
        store.set_fuel(self.fuel)?;
        store.fuel_async_yield_interval(Some(FUEL_SLICE))?;
        store.set_hostcall_fuel(HOSTCALL_FUEL);
        store.set_max_component_handles(MAX_HANDLES);
        Ok(())
    }

    pub(crate) fn limiter(&self) -> Limiter {
        Limiter(*self)
    }
}

/// A limit that a guest ran into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{name}, {value}")]
#[non_exhaustive]
pub struct LimitReached {
    /// The limit's name.
    pub name: &'static str,
    /// The limit, with its unit.
    pub value: String,
}

impl LimitReached {
    pub(crate) fn new(name: &'static str, value: impl fmt::Display, unit: &str) -> Self {
        LimitReached {
            name,
            value: format!("{value} {unit}"),
        }
    }
}

/// Ends a guest that grows beyond its limits, by name.
pub(crate) struct Limiter(Limits);

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.0.memory {
            return Err(LimitReached::new("linear memory", self.0.memory, "bytes").into());
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.0.table_elements {
            return Err(LimitReached::new("table size", self.0.table_elements, "elements").into());
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

/// The limit behind an error of wasmtime, if it is one.
pub(crate) fn limit_reached(error: &wasmtime::Error, limits: &Limits) -> Option<LimitReached> {
    if let Some(limit) = error.downcast_ref::<LimitReached>() {
        return Some(limit.clone());
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::OutOfFuel => Some(LimitReached::new("fuel", limits.fuel, "units")),
            Trap::StackOverflow => Some(LimitReached::new("stack", MAX_STACK, "bytes")),
            _ => None,
        };
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref() {
        return Some(LimitReached::new("resources", MAX_RESOURCES, "entries"));
    }
    if error.is::<wasmtime_wasi_http::FieldMapError>() {
        return Some(LimitReached::new("fields", MAX_FIELDS, "bytes"));
    }
    if error.is::<TooManyRefusals>() {
        let most = crate::call::MAX_REFUSALS;
        return Some(LimitReached::new("refusals", most, "refused attempts"));
    }
    // wasmtime has no types for these. A hostile component runs into each in
    // a test, so that a wasmtime that says it otherwise is noticed.
    let text = error.root_cause().to_string();
    WASMTIME_LIMITS
        .iter()
        .find(|(said, ..)| text.contains(said))
        .map(|(_, name, value, unit)| LimitReached::new(name, value, unit))
}

/// What wasmtime says of a limit, and the limit.
const WASMTIME_LIMITS: [(&str, &str, usize, &str); 5] = [
    (
        "fuel allocated for hostcalls has been exhausted",
        "hostcall fuel",
        HOSTCALL_FUEL,
        "bytes",
    ),
    (
        "store handle limit exceeded",
        "handles",
        MAX_HANDLES,
        "handles",
    ),
    (
        "instance count too high",
        "instances",
        MAX_INSTANCES,
        "core instances",
    ),
    ("table count too high", "tables", MAX_TABLES, "tables"),
    (
        "memory count too high",
        "memories",
        MAX_MEMORIES,
        "linear memories",
    ),
];
