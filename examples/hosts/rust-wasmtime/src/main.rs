//! The exchange component behind wasmtime alone: five variables, the token file's
//! folder to read, one request. `keyhole-host` grants the file alone, judges the
//! form and the addresses, takes other CAs, ends calls and keeps an audit log.
//!
//! ```text
//! cargo build --release -p keyhole-example-wasmtime
//! keyhole-example-wasmtime exchange.wasm    # settings: the AZURE_* variables
//! ```

use http_body_util::BodyExt as _;
use std::{env, error, path::PathBuf, process};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http as wasi_http;

mod exchange {
    wasmtime::component::bindgen!({
        inline: "
            package example:host;
            world exchange { export keyhole:identity/token-provider@0.1.0; }
        ",
        path: "../../../wit",
        world: "example:host/exchange",
    });
}
use exchange::exports::keyhole::identity::token_provider::{TokenError, TokenRequest};

/// What the component may have: variables and a folder, a table, one request.
struct Grants(WasiCtx, ResourceTable, wasi_http::WasiHttpCtx, OneRequest);

/// wasmtime's client goes anywhere; this lets a single request pass.
struct OneRequest(http::Uri);

type Sent<T> = Box<dyn Future<Output = wasi_http::Result<T>> + Send>;

impl wasi_http::WasiHttpHooks for OneRequest {
    fn send_request(
        &mut self,
        request: http::Request<wasi_http::WasiBody>,
        options: Option<wasi_http::RequestOptions>,
        _read: Sent<()>,
    ) -> Sent<(http::Response<wasi_http::WasiBody>, Sent<()>)> {
        let granted = request.method() == http::Method::POST && *request.uri() == self.0;
        Box::new(async move {
            if !granted {
                return Err(wasi_http::Error::HttpRequestDenied);
            }
            let (response, done) = wasi_http::default_send_request(request, options).await?;
            Ok((
                response.map(|body| body.boxed_unsync()),
                Box::new(done) as Sent<()>,
            ))
        })
    }
}

impl WasiView for Grants {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.0,
            table: &mut self.1,
        }
    }
}

impl wasi_http::WasiHttpView for Grants {
    fn http(&mut self) -> wasi_http::WasiHttpCtxView<'_> {
        wasi_http::WasiHttpCtxView {
            ctx: &mut self.2,
            table: &mut self.1,
            hooks: &mut self.3,
        }
    }
}

fn main() -> process::ExitCode {
    match get_token() {
        Ok(told) => {
            println!("{told}");
            process::ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            process::ExitCode::FAILURE
        }
    }
}

fn get_token() -> Result<String, Box<dyn error::Error>> {
    let file = PathBuf::from(env::var("AZURE_FEDERATED_TOKEN_FILE")?);
    let (folder, name) = (
        file.parent().ok_or("no folder")?,
        file.file_name().ok_or("no file")?,
    );
    let mut wasi = WasiCtx::builder();
    wasi.preopened_dir(folder, "/keyhole", FsPerms::ReadOnly)?
        .env(
            "AZURE_FEDERATED_TOKEN_FILE",
            format!("/keyhole/{}", name.display()),
        );
    for name in [
        "AZURE_AUTHORITY_HOST",
        "AZURE_CLIENT_ID",
        "AZURE_SCOPE",
        "AZURE_TENANT_ID",
    ] {
        env::var(name).ok().map(|value| wasi.env(name, value));
    }
    let authority = env::var("AZURE_AUTHORITY_HOST");
    let authority = authority.unwrap_or("https://login.microsoftonline.com".into());
    let uri = format!(
        "{}/{}/oauth2/v2.0/token",
        authority.trim_end_matches('/'),
        env::var("AZURE_TENANT_ID")?
    );

    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    wasi_http::p2::add_only_http_to_linker_sync(&mut linker)?;
    let grants = Grants(
        wasi.build(),
        ResourceTable::new(),
        Default::default(),
        OneRequest(uri.parse()?),
    );
    let mut store = Store::new(&engine, grants);
    store.set_fuel(200_000_000)?;

    let component = env::args_os()
        .nth(1)
        .ok_or("usage: keyhole-example-wasmtime exchange.wasm")?;
    let component = Component::from_file(&engine, component)?;
    let exchange = exchange::Exchange::instantiate(&mut store, &component, &linker)?;
    let request = TokenRequest {
        scope: None,
        claims: None,
        deadline: Some(30_000_000_000),
        retry_propagation: 0,
        skip_assertion_checks: false,
    };
    let provider = exchange.keyhole_identity_token_provider();
    match provider.call_get_token(&mut store, &request)? {
        Ok(token) => Ok(format!(
            "a token of {} characters, valid until {}",
            token.token.len(),
            token.expires_on
        )),
        Err(error) => Err(explanation(error).into()),
    }
}

/// Each cause has more to tell; some of it, a claims challenge, is secret.
fn explanation(error: TokenError) -> String {
    let explanation = match error {
        TokenError::Configuration(error) => error.explanation,
        TokenError::TokenFile(error) => error.explanation,
        TokenError::Assertion(error) => error.explanation,
        TokenError::Refused(error) => error.explanation,
        TokenError::Unavailable(error) => error.explanation,
        TokenError::BadResponse(error) => error.explanation,
        TokenError::Denied(error) => error.explanation,
    };
    format!("{}\nhint: {}", explanation.message, explanation.next_step)
}
