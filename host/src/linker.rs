//! The linker of the exchange: exactly the functions of `wit/exchange.imports`.
//!
//! [`grants`](crate::grants) add whole interfaces to an embedder's linker.
//! Here each function stands by itself, in the order of the list, so that what
//! is not on the list does not exist: a component that imports it cannot be
//! instantiated, whatever the check before it thinks.

use crate::bindings::wasi::filesystem::{preopens, types as filesystem};
use crate::grants::limits::MAX_REQUEST_PART;
use crate::grants::request::Handle;
use crate::grants::{GrantsCtx, GrantsView, WASI};
use std::time::Instant;
use wasmtime::component::{Linker, LinkerInstance, Resource, ResourceType};
use wasmtime::{Engine, Result, StoreContextMut};
use wasmtime_wasi::clocks::{WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::p2::bindings::cli::environment;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi_http::p2::bindings::http::types as http;
use wasmtime_wasi_io::bindings::wasi::io::{error, poll, streams};
use wasmtime_wasi_io::poll::DynPollable;
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream, StreamResult};

/// The store data of the exchange.
pub(crate) struct State {
    pub(crate) grants: GrantsCtx,
    pub(crate) limiter: crate::grants::limits::Limiter,
    pub(crate) deadline: Instant,
}

impl GrantsView for State {
    fn grants(&mut self) -> &mut GrantsCtx {
        &mut self.grants
    }
}

impl WasiClocksView for GrantsCtx {
    fn clocks(&mut self) -> WasiClocksCtxView<'_> {
        WasiClocksCtxView {
            ctx: &mut self.clocks,
            table: &mut self.table,
        }
    }
}

/// The linker, and the functions in it in the form of the list.
pub(crate) fn linker(engine: &Engine) -> Result<(Linker<State>, Vec<String>)> {
    let mut linked = Linked {
        linker: Linker::new(engine),
        functions: Vec::new(),
    };
    cli(&mut linked)?;
    clocks(&mut linked)?;
    files(&mut linked)?;
    requests(&mut linked)?;
    answers(&mut linked)?;
    io(&mut linked)?;
    linked.functions.sort();
    Ok((linked.linker, linked.functions))
}

type Store<'a> = StoreContextMut<'a, State>;

struct Linked {
    linker: Linker<State>,
    functions: Vec<String>,
}

impl Linked {
    /// Opens an interface and notes which of its functions follow.
    fn interface(&mut self, name: &str, functions: &[&str]) -> Result<LinkerInstance<'_, State>> {
        self.functions.extend(
            functions
                .iter()
                .map(|function| format!("{name}.{function}")),
        );
        self.linker.instance(&format!("{name}@{WASI}"))
    }
}

fn cli(linked: &mut Linked) -> Result<()> {
    let [get] = ["get-environment"];
    let mut env = linked.interface("wasi:cli/environment", &[get])?;
    env.func_wrap(get, |mut store: Store<'_>, ()| {
        Ok((environment::Host::get_environment(grants(&mut store)?)?,))
    })
}

fn clocks(linked: &mut Linked) -> Result<()> {
    let [now] = ["now"];
    let mut wall = linked.interface("wasi:clocks/wall-clock", &[now])?;
    wall.func_wrap(now, |mut store: Store<'_>, ()| {
        Ok((wall_clock::Host::now(&mut grants(&mut store)?.clocks())?,))
    })?;

    let names @ [now, subscribe] = ["now", "subscribe-duration"];
    let mut monotonic = linked.interface("wasi:clocks/monotonic-clock", &names)?;
    monotonic.func_wrap(now, |mut store: Store<'_>, ()| {
        Ok((monotonic_clock::Host::now(
            &mut grants(&mut store)?.clocks(),
        )?,))
    })?;
    monotonic.func_wrap(subscribe, |mut store: Store<'_>, (duration,): (u64,)| {
        let mut clocks = grants(&mut store)?.clocks();
        Ok((monotonic_clock::Host::subscribe_duration(
            &mut clocks,
            duration,
        )?,))
    })
}

fn files(linked: &mut Linked) -> Result<()> {
    use filesystem::{DescriptorFlags, HostDescriptor, OpenFlags, PathFlags};
    type Descriptor = Resource<crate::grants::file::Descriptor>;
    type Open = (Descriptor, PathFlags, String, OpenFlags, DescriptorFlags);

    let [directories] = ["get-directories"];
    let mut roots = linked.interface("wasi:filesystem/preopens", &[directories])?;
    roots.func_wrap(directories, |mut store: Store<'_>, ()| {
        Ok((preopens::Host::get_directories(grants(&mut store)?)?,))
    })?;

    let names @ [open, read] = ["[method]descriptor.open-at", "[method]descriptor.read"];
    let mut types = linked.interface("wasi:filesystem/types", &names)?;
    resource(&mut types, "descriptor", |grants, own: Descriptor| {
        HostDescriptor::drop(grants, own)
    })?;
    types.func_wrap_async(
        open,
        |mut store: Store<'_>, (this, links, path, how, flags): Open| {
            Box::new(async move {
                let grants = grants(&mut store)?;
                Ok((HostDescriptor::open_at(grants, this, links, path, how, flags).await?,))
            })
        },
    )?;
    types.func_wrap(
        read,
        |mut store: Store<'_>, (this, length, offset): (Descriptor, u64, u64)| {
            Ok((HostDescriptor::read(
                grants(&mut store)?,
                this,
                length,
                offset,
            )?,))
        },
    )
}

fn requests(linked: &mut Linked) -> Result<()> {
    use http::{Host as _, HostFields, HostOutgoingBody, HostOutgoingRequest};
    type Request = Resource<http::OutgoingRequest>;
    type Body = Resource<http::OutgoingBody>;

    let names @ [
        from_list,
        new,
        method,
        scheme,
        authority,
        path,
        body,
        write,
        finish,
    ] = [
        "[static]fields.from-list",
        "[constructor]outgoing-request",
        "[method]outgoing-request.set-method",
        "[method]outgoing-request.set-scheme",
        "[method]outgoing-request.set-authority",
        "[method]outgoing-request.set-path-with-query",
        "[method]outgoing-request.body",
        "[method]outgoing-body.write",
        "[static]outgoing-body.finish",
    ];
    let mut types = linked.interface("wasi:http/types", &names)?;
    resource(
        &mut types,
        "fields",
        |grants, own: Resource<http::Fields>| HostFields::drop(&mut grants.http(), own),
    )?;
    resource(&mut types, "outgoing-request", |grants, own: Request| {
        HostOutgoingRequest::drop(&mut grants.http(), own)
    })?;
    resource(
        &mut types,
        "request-options",
        |grants, own: Resource<http::RequestOptions>| {
            http::HostRequestOptions::drop(&mut grants.http(), own)
        },
    )?;
    resource(&mut types, "outgoing-body", |grants, own: Body| {
        HostOutgoingBody::drop(&mut grants.http(), own)
    })?;
    types.func_wrap(
        from_list,
        |mut store: Store<'_>, (list,): (Vec<(String, Vec<u8>)>,)| {
            let http = &mut grants(&mut store)?.http();
            Ok((match HostFields::from_list(http, list) {
                Ok(fields) => Ok(fields),
                Err(error) => Err(http.convert_header_error(error)?),
            },))
        },
    )?;
    types.func_wrap(
        new,
        |mut store: Store<'_>, (headers,): (Resource<http::Headers>,)| {
            let http = &mut grants(&mut store)?.http();
            Ok((HostOutgoingRequest::new(http, headers)?,))
        },
    )?;
    types.func_wrap(
        method,
        |mut store: Store<'_>, (this, method): (Request, http::Method)| {
            let http = &mut grants(&mut store)?.http();
            if matches!(&method, http::Method::Other(name) if too_long(Some(name))) {
                return Ok((Err(()),));
            }
            Ok((HostOutgoingRequest::set_method(http, this, method)?,))
        },
    )?;
    types.func_wrap(
        scheme,
        |mut store: Store<'_>, (this, scheme): (Request, Option<http::Scheme>)| {
            let http = &mut grants(&mut store)?.http();
            if matches!(&scheme, Some(http::Scheme::Other(name)) if too_long(Some(name))) {
                return Ok((Err(()),));
            }
            Ok((HostOutgoingRequest::set_scheme(http, this, scheme)?,))
        },
    )?;
    types.func_wrap(
        authority,
        |mut store: Store<'_>, (this, authority): (Request, Option<String>)| {
            let http = &mut grants(&mut store)?.http();
            if too_long(authority.as_ref()) {
                return Ok((Err(()),));
            }
            Ok((HostOutgoingRequest::set_authority(http, this, authority)?,))
        },
    )?;
    types.func_wrap(
        path,
        |mut store: Store<'_>, (this, path): (Request, Option<String>)| {
            let http = &mut grants(&mut store)?.http();
            if too_long(path.as_ref()) {
                return Ok((Err(()),));
            }
            Ok((HostOutgoingRequest::set_path_with_query(http, this, path)?,))
        },
    )?;
    types.func_wrap(body, |mut store: Store<'_>, (this,): (Request,)| {
        Ok((HostOutgoingRequest::body(
            &mut grants(&mut store)?.http(),
            this,
        )?,))
    })?;
    types.func_wrap(write, |mut store: Store<'_>, (this,): (Body,)| {
        Ok((HostOutgoingBody::write(
            &mut grants(&mut store)?.http(),
            this,
        )?,))
    })?;
    types.func_wrap(
        finish,
        |mut store: Store<'_>, (this, trailers): (Body, Option<Resource<http::Trailers>>)| {
            let http = &mut grants(&mut store)?.http();
            Ok((match HostOutgoingBody::finish(http, this, trailers) {
                Ok(()) => Ok(()),
                Err(error) => Err(http.convert_error_code(error)?),
            },))
        },
    )
}

fn answers(linked: &mut Linked) -> Result<()> {
    use http::HostIncomingResponse;
    use http::{HostFields, HostFutureIncomingResponse, HostIncomingBody};
    type Future = Resource<http::FutureIncomingResponse>;
    type Answer = Resource<http::IncomingResponse>;

    let [handle] = ["handle"];
    let mut handler = linked.interface("wasi:http/outgoing-handler", &[handle])?;
    handler.func_wrap(handle, |mut store: Store<'_>, handle: Handle| {
        Ok((grants(&mut store)?.handle(handle)?,))
    })?;

    let names @ [get, future_get, subscribe, status, headers, consume, stream] = [
        "[method]fields.get",
        "[method]future-incoming-response.get",
        "[method]future-incoming-response.subscribe",
        "[method]incoming-response.status",
        "[method]incoming-response.headers",
        "[method]incoming-response.consume",
        "[method]incoming-body.stream",
    ];
    let mut types = linked.interface("wasi:http/types", &names)?;
    resource(
        &mut types,
        "future-incoming-response",
        |grants, own: Future| HostFutureIncomingResponse::drop(&mut grants.http(), own),
    )?;
    resource(&mut types, "incoming-response", |grants, own: Answer| {
        HostIncomingResponse::drop(&mut grants.http(), own)
    })?;
    resource(
        &mut types,
        "incoming-body",
        |grants, own: Resource<http::IncomingBody>| HostIncomingBody::drop(&mut grants.http(), own),
    )?;
    types.func_wrap(
        get,
        |mut store: Store<'_>, (this, name): (Resource<http::Fields>, String)| {
            Ok((HostFields::get(
                &mut grants(&mut store)?.http(),
                this,
                name,
            )?,))
        },
    )?;
    types.func_wrap(future_get, |mut store: Store<'_>, (this,): (Future,)| {
        Ok((HostFutureIncomingResponse::get(
            &mut grants(&mut store)?.http(),
            this,
        )?,))
    })?;
    types.func_wrap(subscribe, |mut store: Store<'_>, (this,): (Future,)| {
        Ok((HostFutureIncomingResponse::subscribe(
            &mut grants(&mut store)?.http(),
            this,
        )?,))
    })?;
    types.func_wrap(status, |mut store: Store<'_>, (this,): (Answer,)| {
        Ok((HostIncomingResponse::status(
            &mut grants(&mut store)?.http(),
            this,
        )?,))
    })?;
    types.func_wrap(headers, |mut store: Store<'_>, (this,): (Answer,)| {
        Ok((HostIncomingResponse::headers(
            &mut grants(&mut store)?.http(),
            this,
        )?,))
    })?;
    types.func_wrap(consume, |mut store: Store<'_>, (this,): (Answer,)| {
        Ok((HostIncomingResponse::consume(
            &mut grants(&mut store)?.http(),
            this,
        )?,))
    })?;
    types.func_wrap(
        stream,
        |mut store: Store<'_>, (this,): (Resource<http::IncomingBody>,)| {
            Ok((HostIncomingBody::stream(
                &mut grants(&mut store)?.http(),
                this,
            )?,))
        },
    )
}

fn io(linked: &mut Linked) -> Result<()> {
    use poll::{Host as _, HostPollable};
    use streams::{HostInputStream, HostOutputStream};
    type Input = Resource<DynInputStream>;
    type Output = Resource<DynOutputStream>;

    let mut errors = linked.interface("wasi:io/error", &[])?;
    resource(
        &mut errors,
        "error",
        |grants, own: Resource<streams::Error>| error::HostError::drop(&mut grants.table, own),
    )?;

    let [poll] = ["poll"];
    let mut polls = linked.interface("wasi:io/poll", &[poll])?;
    resource(
        &mut polls,
        "pollable",
        |grants, own: Resource<DynPollable>| HostPollable::drop(&mut grants.table, own),
    )?;
    polls.func_wrap_async(
        poll,
        |mut store: Store<'_>, (list,): (Vec<Resource<DynPollable>>,)| {
            Box::new(async move { Ok((grants(&mut store)?.table.poll(list).await?,)) })
        },
    )?;

    let names @ [read, subscribe, write] = [
        "[method]input-stream.read",
        "[method]input-stream.subscribe",
        "[method]output-stream.blocking-write-and-flush",
    ];
    let mut types = linked.interface("wasi:io/streams", &names)?;
    types.resource_async(
        "input-stream",
        ResourceType::host::<DynInputStream>(),
        |mut store: Store<'_>, rep| {
            Box::new(async move {
                let own: Input = Resource::new_own(rep);
                HostInputStream::drop(&mut grants(&mut store)?.table, own).await
            })
        },
    )?;
    types.resource_async(
        "output-stream",
        ResourceType::host::<DynOutputStream>(),
        |mut store: Store<'_>, rep| {
            Box::new(async move {
                let own: Output = Resource::new_own(rep);
                HostOutputStream::drop(&mut grants(&mut store)?.table, own).await
            })
        },
    )?;
    types.func_wrap(
        read,
        |mut store: Store<'_>, (this, length): (Input, u64)| {
            let grants = grants(&mut store)?;
            let read = HostInputStream::read(&mut grants.table, this, length);
            Ok((stream_result(grants, read)?,))
        },
    )?;
    types.func_wrap(subscribe, |mut store: Store<'_>, (this,): (Input,)| {
        Ok((HostInputStream::subscribe(
            &mut grants(&mut store)?.table,
            this,
        )?,))
    })?;
    types.func_wrap_async(
        write,
        |mut store: Store<'_>, (this, bytes): (Output, Vec<u8>)| {
            Box::new(async move {
                let grants = grants(&mut store)?;
                let table = &mut grants.table;
                let written = HostOutputStream::blocking_write_and_flush(table, this, bytes).await;
                Ok((stream_result(grants, written)?,))
            })
        },
    )
}

/// What a host function works on. Each one passes here, and so ends a guest
/// that is past its deadline: one that only calls the host burns next to no
/// fuel, and so hardly ever yields.
fn grants<'a>(store: &'a mut Store<'_>) -> Result<&'a mut GrantsCtx> {
    let state = store.data_mut();
    if Instant::now() >= state.deadline {
        return Err(DeadlinePassed.into());
    }
    state.grants.call.within_limits()?;
    Ok(&mut state.grants)
}

/// Whether a part of a request is longer than any honest one, which is
/// refused before it is kept.
fn too_long(part: Option<&String>) -> bool {
    part.is_some_and(|part| part.len() > MAX_REQUEST_PART)
}

/// The deadline passed while the guest called the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deadline passed")]
pub(crate) struct DeadlinePassed;

/// A resource whose destructor is synchronous.
fn resource<T: 'static>(
    instance: &mut LinkerInstance<'_, State>,
    name: &str,
    drop: fn(&mut GrantsCtx, Resource<T>) -> Result<()>,
) -> Result<()> {
    instance.resource(name, ResourceType::host::<T>(), move |mut store, rep| {
        drop(&mut store.data_mut().grants, Resource::new_own(rep))
    })
}

fn stream_result<T>(
    grants: &mut GrantsCtx,
    result: StreamResult<T>,
) -> Result<Result<T, streams::StreamError>> {
    Ok(match result {
        Ok(value) => Ok(value),
        Err(error) => Err(streams::Host::convert_stream_error(
            &mut grants.table,
            error,
        )?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linker_holds_exactly_the_functions_of_the_list() {
        let engine = crate::engine::engine().expect("an engine");
        let (_, functions) = linker(&engine).expect("a linker");
        let listed: Vec<_> = crate::imports::allowed().map(str::to_owned).collect();
        assert_eq!(functions, listed);
    }
}
