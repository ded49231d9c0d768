//! Somebody else's component, in an embedder's own linker and store: it gets
//! one variable, one file and one endpoint, each by itself, and nothing else.
//!
//! The component exports a function `run: func() -> result<string, string>` at
//! its top level; `tests/other-component` is one.
//!
//! ```text
//! cargo run --release -p keyhole-host --features compiler --example your_component -- \
//!     COMPONENT.wasm FILE http://127.0.0.1:PORT/path
//! ```

use keyhole_host::audit::AuditEvent;
use keyhole_host::grants::{Endpoint, Env, GrantsCtx, GrantsView, SingleFile};
use keyhole_host::{Network, TlsRoots};
use std::env;
use std::error::Error;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// What this embedder keeps in its store: the grants, and its own WASI context
/// for the interfaces it links itself.
struct Data {
    grants: GrantsCtx,
    wasi: WasiCtx,
}

impl GrantsView for Data {
    fn grants(&mut self) -> &mut GrantsCtx {
        &mut self.grants
    }
}

impl WasiView for Data {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            // The grants' streams live in their table, so it is shared.
            table: self.grants.table(),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let [component, file, url] = &env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("usage: your_component COMPONENT.wasm FILE URL".into());
    };
    let (scheme, rest) = url.split_once("://").ok_or("the URL has no scheme")?;
    let (authority, path) = rest.split_once('/').ok_or("the URL has no path")?;

    // The grants are values, made before any guest code runs.
    let network = Network::new(TlsRoots::from_environment()?);
    let grants = GrantsCtx::builder()
        .env(Env::new([("GREETING", "hello")]))
        .file(SingleFile::read_only(file).shown_as("/data", "input"))
        .endpoint(
            Endpoint::post(scheme, authority, format!("/{path}")).max_requests(1),
            network,
        )
        .audit(|event: &AuditEvent| eprintln!("{:?} {}", event.decision, event.target))
        .build();

    let engine = Engine::new(&Config::new())?;
    let mut linker: Linker<Data> = Linker::new(&engine);
    Env::add_to_linker(&mut linker)?;
    SingleFile::add_to_linker(&mut linker)?;
    Endpoint::add_to_linker(&mut linker)?;
    // The rest of what the component may have is the embedder's choice, one
    // interface at a time; these let it read streams and wait.
    use wasmtime_wasi::p2::bindings::{clocks, io};
    use wasmtime_wasi_io::IoView;
    io::error::add_to_linker::<Data, Io>(&mut linker, IoView::table)?;
    io::poll::add_to_linker::<Data, Io>(&mut linker, IoView::table)?;
    io::streams::add_to_linker::<Data, Io>(&mut linker, IoView::table)?;
    use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
    clocks::monotonic_clock::add_to_linker::<Data, WasiClocks>(&mut linker, Data::clocks)?;

    let wasi = WasiCtx::builder().build();
    let mut store = Store::new(&engine, Data { grants, wasi });
    let component = Component::from_file(&engine, component)?;
    let instance = linker.instantiate_async(&mut store, &component).await?;
    let run = instance.get_typed_func::<(), (Result<String, String>,)>(&mut store, "run")?;
    let (answer,) = run.call_async(&mut store, ()).await?;
    println!("{answer:?}");
    for refusal in store.data().grants.refusals() {
        println!("refused: {refusal}");
    }
    Ok(())
}

impl wasmtime_wasi_io::IoView for Data {
    fn table(&mut self) -> &mut wasmtime::component::ResourceTable {
        self.grants.table()
    }
}

/// Says that `wasi:io` works on the table.
struct Io;

impl wasmtime::component::HasData for Io {
    type Data<'a> = &'a mut wasmtime::component::ResourceTable;
}
