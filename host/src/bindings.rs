//! What wasmtime generates from `wit/`: the traits of the file grant, and the
//! calls into the component. Streams, clocks and HTTP are wasmtime's own.

wasmtime::component::bindgen!({
    path: "wit",
    world: "keyhole:identity/exchange",
    imports: {
        "wasi:filesystem/types.[method]descriptor.open-at": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    require_store_data_send: true,
    with: {
        "wasi:cli": wasmtime_wasi::p2::bindings::cli,
        "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        "wasi:io": wasmtime_wasi_io::bindings::wasi::io,
        "wasi:http": wasmtime_wasi_http::p2::bindings::http,
        "wasi:filesystem/types.descriptor": crate::grants::file::Descriptor,
        "wasi:filesystem/types.directory-entry-stream": crate::grants::file::NoDirectoryStream,
    },
});
