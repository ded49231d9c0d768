//! The linker of the gateway: the functions of `wit/gateway.imports`.

use super::FUEL;
use super::upstream::{Grant, Upstream};
use crate::bindings::exports::keyhole::identity::token_provider::{
    AccessToken, TokenError, TokenRequest,
};
use crate::grants::limits::{self, Limiter};
use crate::grants::{Env, WASI};
use crate::imports::TOKEN_PROVIDER;
use std::sync::Arc;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable, ResourceType};
use wasmtime::{Engine, Result, StoreContextMut};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksCtx, WasiClocksCtxView};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::{WasiHttp, WasiHttpCtx, WasiHttpCtxView};
use wasmtime_wasi_io::bindings::wasi::io::poll::{Host as _, HostPollable};
use wasmtime_wasi_io::bindings::wasi::io::{error, streams};
use wasmtime_wasi_io::poll::DynPollable;

/// The store data of an instance.
pub(super) struct State {
    table: ResourceTable,
    http: WasiHttpCtx,
    clocks: WasiClocksCtx,
    env: Env,
    upstream: Grant,
    pub(super) limiter: Limiter,
}

impl State {
    pub(super) fn new(env: Env, upstream: Arc<Upstream>, limiter: Limiter) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::MAX_RESOURCES);
        State {
            table,
            http: WasiHttpCtx::new(),
            clocks: WasiClocksCtx::default(),
            env,
            upstream: Grant::new(upstream),
            limiter,
        }
    }

    /// Begins a request.
    pub(super) fn begin(&mut self) {
        self.upstream.begin();
    }

    /// Whether nothing is left of the requests so far.
    pub(super) fn is_clean(&self) -> bool {
        self.table.is_empty()
    }

    pub(super) fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.upstream,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }

    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    fn clocks(&mut self) -> WasiClocksCtxView<'_> {
        WasiClocksCtxView {
            ctx: &mut self.clocks,
            table: &mut self.table,
        }
    }
}

type Store<'a> = StoreContextMut<'a, State>;

/// Ties wasmtime's streams to the table of a store.
struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

/// The linker.
pub(super) fn linker(engine: &Engine) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    error::add_to_linker::<State, Table>(&mut linker, State::table)?;
    streams::add_to_linker::<State, Table>(&mut linker, State::table)?;
    monotonic_clock::add_to_linker::<State, WasiClocks>(&mut linker, State::clocks)?;
    let options = types::LinkOptions::default();
    types::add_to_linker::<State, WasiHttp>(&mut linker, &options, State::http)?;
    outgoing_handler::add_to_linker::<State, WasiHttp>(&mut linker, State::http)?;
    environment(&mut linker)?;
    polls(&mut linker)?;
    tokens(&mut linker)?;
    Ok(linker)
}

fn environment(linker: &mut Linker<State>) -> Result<()> {
    let mut env = linker.instance(&format!("wasi:cli/environment@{WASI}"))?;
    env.func_wrap("get-environment", |store: Store<'_>, ()| {
        Ok((store.data().env.variables().to_vec(),))
    })
}

/// `wasi:io/poll`. Waiting gives a guest its fuel back: a body of any length may
/// pass, and a guest that computes without end still ends.
fn polls(linker: &mut Linker<State>) -> Result<()> {
    type Pollable = Resource<DynPollable>;
    let mut polls = linker.instance(&format!("wasi:io/poll@{WASI}"))?;
    polls.resource(
        "pollable",
        ResourceType::host::<DynPollable>(),
        |mut store: Store<'_>, rep| {
            HostPollable::drop(&mut store.data_mut().table, Resource::new_own(rep))
        },
    )?;
    polls.func_wrap_async(
        "[method]pollable.block",
        |mut store: Store<'_>, (this,): (Pollable,)| {
            Box::new(async move {
                store.set_fuel(FUEL)?;
                HostPollable::block(&mut store.data_mut().table, this).await
            })
        },
    )?;
    polls.func_wrap_async("poll", |mut store: Store<'_>, (list,): (Vec<Pollable>,)| {
        Box::new(async move {
            store.set_fuel(FUEL)?;
            Ok((store.data_mut().table.poll(list).await?,))
        })
    })
}

/// `token-provider`: what the exchange component gave, kept for all requests.
/// Whatever the guest asks for, it gets the token of the settings: another scope
/// or `claims` it has no right to.
fn tokens(linker: &mut Linker<State>) -> Result<()> {
    type Answer = std::result::Result<AccessToken, TokenError>;
    let mut provider = linker.instance(TOKEN_PROVIDER)?;
    provider.func_wrap_async(
        "get-token",
        |store: Store<'_>, (request,): (TokenRequest,)| {
            Box::new(async move {
                let tokens = Arc::clone(store.data().upstream.tokens());
                let answer: Answer = tokens.get(&request).await;
                Ok((answer,))
            })
        },
    )
}
