//! The exchange component behind wasmtime and its ready-made WASI: five variables, the
//! token file's folder to read, and the whole network. Guards (docs/guard.md) hold the
//! network; `keyhole-host` does, and the file alone, addresses, CAs, time, an audit log.
//!
//! ```text
//! cargo build --release -p keyhole-example-wasmtime
//! keyhole-example-wasmtime exchange.wasm    # settings: the AZURE_* variables
//! ```

use exchange::exports::keyhole::identity::token_provider::*;
use std::{env, path::Path};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::error::Context as _;
use wasmtime::{Config, Engine, Result, Store, bail};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

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

struct Grants(WasiCtx, WasiHttpCtx, ResourceTable);

impl WasiView for Grants {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Self(ctx, _, table) = self;
        WasiCtxView { ctx, table }
    }
}

impl WasiHttpView for Grants {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let (Self(_, ctx, table), hooks) = (self, Default::default());
        WasiHttpCtxView { ctx, table, hooks }
    }
}

fn main() -> Result<()> {
    let file = env::var("AZURE_FEDERATED_TOKEN_FILE")?;
    let folder = Path::new(&file).parent().context("no folder")?;
    let guest_folder = folder.to_str().context("a folder in UTF-8")?;
    let mut wasi = WasiCtx::builder();
    wasi.preopened_dir(folder, guest_folder, FsPerms::ReadOnly)?
        .envs(&Vec::from_iter(
            env::vars().filter(|(name, _)| SETTINGS.contains(&name.as_str())),
        ));

    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_sync(&mut linker)?;
    let grants = Grants(wasi.build(), WasiHttpCtx::new(), ResourceTable::new());
    let mut store = Store::new(&engine, grants);
    store.set_fuel(200_000_000)?;

    let path = env::args_os().nth(1).context("name exchange.wasm")?;
    let component = Component::from_file(&engine, path)?;
    let exchange = exchange::Exchange::instantiate(&mut store, &component, &linker)?;
    let request = TokenRequest {
        scope: None,
        claims: None,
        deadline: Some(30_000_000_000),
        retry_propagation: 0,
        skip_assertion_checks: false,
    };
    let provider = exchange.keyhole_identity_token_provider();
    let token = match provider.call_get_token(&mut store, &request)? {
        Ok(token) => token,
        // Each cause has more to tell; some of it, a claims challenge, is secret.
        Err(
            TokenError::Configuration(ConfigurationError { explanation, .. })
            | TokenError::TokenFile(TokenFileError { explanation, .. })
            | TokenError::Assertion(AssertionError { explanation, .. })
            | TokenError::Refused(RefusedError { explanation, .. })
            | TokenError::Unavailable(UnavailableError { explanation, .. })
            | TokenError::BadResponse(BadResponseError { explanation, .. })
            | TokenError::Denied(DeniedError { explanation, .. }),
        ) => bail!("{}\nhint: {}", explanation.message, explanation.next_step),
    };
    let (length, until) = (token.token.len(), token.expires_on);
    println!("a token of {length} characters, valid until {until}");
    Ok(())
}

const SETTINGS: [&str; 5] = [
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_SCOPE",
    "AZURE_TENANT_ID",
];
