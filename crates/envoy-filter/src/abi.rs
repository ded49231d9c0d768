//! The proxy-wasm ABI 0.2.1 as far as the two plugins use it: the functions that
//! Envoy calls, and checked calls into Envoy (proxy-wasm/spec, abi-versions/v0.2.1).
//!
//! The SDK of the project proxy-wasm is not used: it ends the plugin (and so the
//! exchange, for good) on any status that it does not expect, and an empty answer
//! is one. Here every status but `Ok` is an error value.

use alloc::alloc::{Layout, alloc};
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ptr::null_mut;

use zeroize::Zeroizing;

use crate::header_map;
use crate::host::{Headers, Host, Level, Refused};
use crate::plugins::Plugins;

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;

// Kinds of buffers and of header maps.
const CALL_BODY: u32 = 4;
const PLUGIN_CONFIGURATION: u32 = 7;
const REQUEST_HEADERS: u32 = 0;
const CALL_HEADERS: u32 = 6;
const REQUEST_STREAM: u32 = 0;
const NO_GRPC_STATUS: i32 = -1;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, text: *const u8, size: usize) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_buffer_bytes(
        kind: u32,
        start: usize,
        most: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_get_header_map_pairs(kind: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_header_map_value(
        kind: u32,
        name: *const u8,
        name_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_replace_header_map_value(
        kind: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(kind: u32, name: *const u8, name_size: usize) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
        cas: u32,
    ) -> u32;
    fn proxy_http_call(
        cluster: *const u8,
        cluster_size: usize,
        headers: *const u8,
        headers_size: usize,
        body: *const u8,
        body_size: usize,
        trailers: *const u8,
        trailers_size: usize,
        milliseconds: u32,
        call: *mut u32,
    ) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_continue_stream(stream: u32) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
}

/// Envoy.
pub(crate) struct Envoy;

fn done(status: u32) -> Result<(), Refused> {
    if status == OK { Ok(()) } else { Err(Refused) }
}

/// What a call hands out: memory that [`proxy_on_memory_allocate`] gave to Envoy.
fn fetch(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Zeroizing<Vec<u8>>, u32> {
    let (mut data, mut size) = (null_mut(), 0);
    let status = call(&raw mut data, &raw mut size);
    if status != OK {
        return Err(status);
    }
    if data.is_null() || size == 0 {
        return Ok(Zeroizing::default());
    }
    // SAFETY: Envoy asked for `size` bytes with `proxy_on_memory_allocate`, which
    // made them by this allocator with this layout, and wrote them all.
    Ok(Zeroizing::new(unsafe {
        Vec::from_raw_parts(data, size, size)
    }))
}

impl Host for Envoy {
    fn now(&self) -> u64 {
        let mut time = 0;
        // SAFETY: Envoy writes eight bytes.
        match unsafe { proxy_get_current_time_nanoseconds(&raw mut time) } {
            OK => time,
            _ => 0,
        }
    }

    fn log(&self, level: Level, line: &str) {
        // SAFETY: Envoy reads the text.
        let _ = unsafe { proxy_log(level as u32, line.as_ptr(), line.len()) };
    }

    fn tick_every(&self, milliseconds: u32) -> Result<(), Refused> {
        // SAFETY: a number.
        done(unsafe { proxy_set_tick_period_milliseconds(milliseconds) })
    }

    fn configuration(&self) -> Option<Zeroizing<Vec<u8>>> {
        const MOST: usize = 64 * 1024;
        // SAFETY: see `fetch`.
        fetch(|data, size| unsafe {
            proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, MOST, data, size)
        })
        .ok()
    }

    fn call(
        &self,
        cluster: &str,
        headers: Headers<'_>,
        body: &[u8],
        milliseconds: u32,
    ) -> Result<u32, Refused> {
        let headers = header_map::write(headers);
        let trailers = header_map::write(&[]);
        let mut call = 0;
        // SAFETY: Envoy reads the slices and writes four bytes.
        done(unsafe {
            proxy_http_call(
                cluster.as_ptr(),
                cluster.len(),
                headers.as_ptr(),
                headers.len(),
                body.as_ptr(),
                body.len(),
                trailers.as_ptr(),
                trailers.len(),
                milliseconds,
                &raw mut call,
            )
        })?;
        Ok(call)
    }

    fn answer_header(&self, name: &str) -> Option<Zeroizing<Vec<u8>>> {
        // SAFETY: Envoy reads the name; see `fetch`.
        fetch(|data, size| unsafe {
            proxy_get_header_map_value(CALL_HEADERS, name.as_ptr(), name.len(), data, size)
        })
        .ok()
    }

    fn answer_body(&self, most: usize) -> Option<Zeroizing<Vec<u8>>> {
        // SAFETY: see `fetch`.
        fetch(|data, size| unsafe { proxy_get_buffer_bytes(CALL_BODY, 0, most, data, size) }).ok()
    }

    fn shared(&self, key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Refused> {
        let mut version = 0;
        // SAFETY: Envoy reads the key and writes four bytes; see `fetch`.
        let fetched = fetch(|data, size| unsafe {
            proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &raw mut version)
        });
        match fetched {
            Ok(value) => Ok(Some(value)),
            Err(NOT_FOUND) => Ok(None),
            Err(_) => Err(Refused),
        }
    }

    fn share(&self, key: &str, value: &[u8]) -> Result<(), Refused> {
        // The version 0 stands for any: there is one writer.
        // SAFETY: Envoy reads both.
        done(unsafe {
            proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), 0)
        })
    }

    fn request_headers(&self) -> Option<Zeroizing<Vec<u8>>> {
        // SAFETY: see `fetch`.
        fetch(|data, size| unsafe { proxy_get_header_map_pairs(REQUEST_HEADERS, data, size) }).ok()
    }

    fn remove_request_header(&self, name: &str) -> Result<(), Refused> {
        // SAFETY: Envoy reads the name.
        done(unsafe { proxy_remove_header_map_value(REQUEST_HEADERS, name.as_ptr(), name.len()) })
    }

    fn set_request_header(&self, name: &str, value: &str) -> Result<(), Refused> {
        // SAFETY: Envoy reads both.
        done(unsafe {
            proxy_replace_header_map_value(
                REQUEST_HEADERS,
                name.as_ptr(),
                name.len(),
                value.as_ptr(),
                value.len(),
            )
        })
    }

    fn answer(&self, status: u16, headers: Headers<'_>, body: &str) -> Result<(), Refused> {
        let headers = header_map::write(headers);
        let details = "keyhole";
        // SAFETY: Envoy reads the slices.
        done(unsafe {
            proxy_send_local_response(
                u32::from(status),
                details.as_ptr(),
                details.len(),
                body.as_ptr(),
                body.len(),
                headers.as_ptr(),
                headers.len(),
                NO_GRPC_STATUS,
            )
        })
    }

    fn select(&self, context: u32) -> Result<(), Refused> {
        // SAFETY: a number.
        done(unsafe { proxy_set_effective_context(context) })
    }

    fn go_on(&self) -> Result<(), Refused> {
        // SAFETY: a number.
        done(unsafe { proxy_continue_stream(REQUEST_STREAM) })
    }

    fn die(&self) {
        core::arch::wasm32::unreachable()
    }
}

/// A VM is one thread.
struct OneThread(RefCell<Plugins>);

// SAFETY: a module without the threads proposal is run by one thread at a time.
unsafe impl Sync for OneThread {}

static PLUGINS: OneThread = OneThread(RefCell::new(Plugins::new()));

/// Runs `work`, unless Envoy has called within a call: then it answers `busy`.
fn with<T>(busy: T, work: impl FnOnce(&mut Plugins) -> T) -> T {
    match PLUGINS.0.try_borrow_mut() {
        Ok(mut plugins) => work(&mut plugins),
        Err(_) => busy,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// Memory that Envoy fills and hands to [`fetch`].
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    match Layout::array::<u8>(size) {
        // SAFETY: the layout is not empty.
        Ok(layout) if size > 0 => unsafe { alloc(layout) },
        _ => null_mut(),
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(context: u32, _size: usize) -> bool {
    with(false, |plugins| plugins.configured(&Envoy, context))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(context: u32) {
    with((), |plugins| plugins.tick(&Envoy, context));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_http_call_response(
    context: u32,
    call: u32,
    headers: usize,
    size: usize,
    _trailers: usize,
) {
    with((), |plugins| {
        plugins.answered(&Envoy, context, call, headers, size);
    });
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(context: u32, _headers: usize, _end: bool) -> u32 {
    with(1, |plugins| plugins.request(&Envoy, context) as u32)
}
