//! The grants by themselves, in an embedder's own linker and store, around a
//! component that is not ours.

use keyhole_emulator::Fault;
use keyhole_host::audit::AuditEvent;
use keyhole_host::grants::{Endpoint, Env, GrantsCtx, GrantsView, SingleFile};
use keyhole_host::{Network, TlsRoots};
use keyhole_tests::sandbox::{block_on, refused};
use keyhole_tests::{World, artifacts};
use std::sync::{Arc, Mutex};
use wasmtime::component::{Component, HasData, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::p2::bindings::{clocks, io};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_io::IoView;

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
            table: self.grants.table(),
        }
    }
}

impl IoView for Data {
    fn table(&mut self) -> &mut ResourceTable {
        self.grants.table()
    }
}

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<Data>> {
    use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};

    let mut linker = Linker::new(engine);
    Env::add_to_linker(&mut linker)?;
    SingleFile::add_to_linker(&mut linker)?;
    Endpoint::add_to_linker(&mut linker)?;
    io::error::add_to_linker::<Data, Io>(&mut linker, IoView::table)?;
    io::poll::add_to_linker::<Data, Io>(&mut linker, IoView::table)?;
    io::streams::add_to_linker::<Data, Io>(&mut linker, IoView::table)?;
    clocks::monotonic_clock::add_to_linker::<Data, WasiClocks>(&mut linker, Data::clocks)?;
    Ok(linker)
}

async fn run(grants: GrantsCtx) -> wasmtime::Result<(Result<String, String>, Store<Data>)> {
    let engine = Engine::new(&Config::new())?;
    let component = Component::from_binary(&engine, &artifacts::bytes("other"))?;
    let wasi = WasiCtx::builder().build();
    let mut store = Store::new(&engine, Data { grants, wasi });
    let instance = linker(&engine)?
        .instantiate_async(&mut store, &component)
        .await?;
    let run = instance.get_typed_func::<(), (Result<String, String>,)>(&mut store, "run")?;
    let (said,) = run.call_async(&mut store, ()).await?;
    Ok((said, store))
}

#[test]
fn somebody_else_s_component_gets_one_file_one_endpoint_and_nothing_else() {
    let world = World::new();
    // Any answer will do: it is not a token request that is sent.
    world.emulator.always(Some(Fault::status(202)));
    let authority = world.emulator.https_authority();
    let authority = authority
        .trim_start_matches("https://")
        .trim_end_matches('/');
    let path = format!("/{}/oauth2/v2.0/token", world.emulator.tenant());
    let input = world.folder().join("what the embedder calls it");
    std::fs::write(
        &input,
        format!("https://{authority}{path}\nfrom the file\n"),
    )
    .expect("a file");
    std::fs::write(world.folder().join("sibling"), "secret").expect("a file");

    let events = Arc::new(Mutex::new(Vec::new()));
    let log = events.clone();
    let roots = TlsRoots::from_file(world.emulator.ca_file()).expect("the emulator's CA");
    let grants = GrantsCtx::builder()
        .env(Env::new([("GREETING", "hello")]))
        .file(SingleFile::read_only(&input).shown_as("/data", "input"))
        .endpoint(
            Endpoint::post("https", authority, &*path).max_requests(3),
            Network::new(roots),
        )
        .audit(move |event: &AuditEvent| log.lock().expect("a lock").push(event.clone()))
        .build();
    let (said, store) = block_on(run(grants)).expect("the component runs");
    assert_eq!(
        said.as_deref(),
        Ok(
            "/data: 202; elsewhere: ErrorCode::HttpRequestDenied; sibling: no-entry; \
             unlink: not-permitted"
        )
    );

    let refusals = store.data().grants.refusals();
    let rules: Vec<_> = refusals.iter().map(|refusal| refusal.rule).collect();
    assert_eq!(rules, ["request.path", "file.name", "file.operation"]);
    let events = events.lock().expect("a lock");
    crate::audit_log::must_be_valid(&events);
    assert_eq!(refused(&events), rules);

    let requests = world.emulator.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].target, path);
    assert!(input.is_file());
}

#[test]
fn without_a_grant_there_is_nothing() {
    let grants = GrantsCtx::builder().build();
    let (said, _) = block_on(run(grants)).expect("the component runs");
    assert_eq!(said, Err("no preopen".to_owned()));
}
