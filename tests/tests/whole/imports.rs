//! A component that imports more than the list is refused before a byte of it
//! runs, and the function is named.

use keyhole_host::Error;
use keyhole_tests::sandbox::Sandbox;
use keyhole_tests::{World, artifacts};

fn load(wat: &str) -> Error {
    let bytes = wat::parse_str(wat).unwrap_or_else(|error| panic!("{wat}: {error}"));
    let world = World::new();
    match Sandbox::new(&world, artifacts::external(bytes), |builder| builder) {
        Ok(_) => panic!("loaded: {wat}"),
        Err(error) => error,
    }
}

fn importing(interface: &str, exports: &str) -> String {
    format!("(component (import \"{interface}\" (instance {exports})))")
}

fn must_be_refused(wat: &str, function: &str) {
    match load(wat) {
        Error::Import { name } => assert_eq!(name, function),
        error => panic!("{wat}: {error:?}"),
    }
}

/// A function of an interface, without parameters.
fn function(interface: &str, name: &str) {
    let wat = importing(interface, &format!("(export \"{name}\" (func))"));
    let interface = interface.split('@').next().unwrap_or_default();
    must_be_refused(&wat, &format!("{interface}.{name}"));
}

/// A method of a resource, which its component type must name.
fn method(interface: &str, resource: &str, name: &str) {
    let method = format!("[method]{resource}.{name}");
    let wat = importing(
        interface,
        &format!(
            "(export \"{resource}\" (type $resource (sub resource)))
             (export \"{method}\" (func (param \"self\" (borrow $resource))))"
        ),
    );
    let interface = interface.split('@').next().unwrap_or_default();
    must_be_refused(&wat, &format!("{interface}.{method}"));
}

#[test]
fn no_function_of_the_filesystem_but_opening_and_reading() {
    for name in [
        "read-via-stream",
        "write-via-stream",
        "append-via-stream",
        "advise",
        "sync-data",
        "get-flags",
        "get-type",
        "set-size",
        "set-times",
        "write",
        "read-directory",
        "sync",
        "create-directory-at",
        "stat",
        "stat-at",
        "set-times-at",
        "link-at",
        "readlink-at",
        "remove-directory-at",
        "rename-at",
        "symlink-at",
        "unlink-file-at",
        "is-same-object",
        "metadata-hash",
        "metadata-hash-at",
    ] {
        method("wasi:filesystem/types@0.2.12", "descriptor", name);
    }
}

#[test]
fn no_arguments_no_streams_of_the_process_no_exit() {
    function("wasi:cli/environment@0.2.12", "get-arguments");
    function("wasi:cli/environment@0.2.12", "initial-cwd");
    function("wasi:cli/exit@0.2.12", "exit");
    function("wasi:cli/stdin@0.2.12", "get-stdin");
    function("wasi:cli/stdout@0.2.12", "get-stdout");
    function("wasi:cli/stderr@0.2.12", "get-stderr");
}

#[test]
fn no_randomness() {
    function("wasi:random/random@0.2.12", "get-random-bytes");
    function("wasi:random/insecure@0.2.12", "get-insecure-random-u64");
    function("wasi:random/insecure-seed@0.2.12", "insecure-seed");
}

#[test]
fn no_sockets_and_no_names() {
    function("wasi:sockets/instance-network@0.2.12", "instance-network");
    function("wasi:sockets/tcp-create-socket@0.2.12", "create-tcp-socket");
    function("wasi:sockets/udp-create-socket@0.2.12", "create-udp-socket");
    function("wasi:sockets/ip-name-lookup@0.2.12", "resolve-addresses");
    method("wasi:sockets/tcp@0.2.12", "tcp-socket", "start-connect");
}

#[test]
fn no_function_of_http_that_the_exchange_does_not_need() {
    method("wasi:http/types@0.2.12", "fields", "append");
    method(
        "wasi:http/types@0.2.12",
        "request-options",
        "set-connect-timeout",
    );
    function("wasi:http/types@0.2.12", "http-error-code");
    function("wasi:http/incoming-handler@0.2.12", "handle");
}

#[test]
fn an_interface_of_another_release_of_wasi_is_another_interface() {
    let wat = importing(
        "wasi:cli/environment@0.3.0",
        "(export \"get-environment\" (func))",
    );
    must_be_refused(&wat, "wasi:cli/environment@0.3.0.get-environment");
    let wat = importing(
        "evil:cli/environment@0.2.12",
        "(export \"get-environment\" (func))",
    );
    must_be_refused(&wat, "evil:cli/environment.get-environment");
}

#[test]
fn an_import_that_is_no_interface_is_refused_by_its_name() {
    must_be_refused("(component (import \"evil\" (core module)))", "evil");
    must_be_refused("(component (import \"evil\" (func)))", "evil");
    let nested = "(export \"inner\" (instance (export \"evil\" (func))))";
    must_be_refused(
        &importing("wasi:cli/environment@0.2.12", nested),
        "wasi:cli/environment/inner",
    );
}

#[test]
fn the_first_import_that_is_not_listed_is_named() {
    let wat = "(component
        (import \"wasi:clocks/wall-clock@0.2.12\" (instance (export \"now\" (func))))
        (import \"wasi:cli/exit@0.2.12\" (instance (export \"exit\" (func))))
        (import \"wasi:random/random@0.2.12\" (instance (export \"get-random-u64\" (func)))))";
    must_be_refused(wat, "wasi:cli/exit.exit");
}

#[test]
fn a_component_without_the_export_is_not_an_exchange() {
    match load("(component)") {
        Error::Artifact { message, next_step } => {
            assert!(message.contains("not an exchange"), "{message}");
            assert!(next_step.contains("token-provider"), "{next_step}");
        }
        error => panic!("{error:?}"),
    }
}

#[test]
fn a_listed_function_of_another_type_is_not_linked() {
    let wat = importing(
        "wasi:cli/environment@0.2.12",
        "(export \"get-environment\" (func))",
    );
    assert!(matches!(load(&wat), Error::Artifact { .. }));
    // A type is no function, and the linker has no such interface.
    let wat = importing(
        "wasi:sockets/tcp@0.2.12",
        "(export \"tcp-socket\" (type (sub resource)))",
    );
    assert!(matches!(load(&wat), Error::Artifact { .. }));
}

#[test]
fn a_component_that_imports_a_component_is_not_loaded() {
    // wasmtime knows no such import.
    let error = load("(component (import \"evil\" (component)))");
    assert!(matches!(error, Error::Artifact { .. }), "{error:?}");
}

#[test]
fn what_is_not_a_component_in_binary_form_is_not_taken() {
    use keyhole_host::{Artifact, Digest};

    let aot = keyhole_host::precompile(&artifacts::bytes("exchange")).expect("machine code");
    let module = wat::parse_str("(module)").expect("a module");
    for bytes in [aot, module, b"(component)".to_vec(), Vec::new()] {
        let digest = Digest::of(&bytes);
        let taken = Artifact::wasm(bytes, digest);
        assert!(matches!(taken, Err(Error::Artifact { .. })));
    }
}

#[test]
fn a_component_with_another_digest_is_not_taken() {
    use keyhole_host::{Artifact, Digest};

    let error = match Artifact::wasm(artifacts::bytes("hostile"), Digest::of(b"another")) {
        Ok(_) => panic!("taken"),
        Err(error) => error.to_string(),
    };
    assert!(
        error.contains(&Digest::of(b"another").to_string()),
        "{error}"
    );
}
