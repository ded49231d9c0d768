//! The world `gateway`, as wit-bindgen makes it of `wit/`.

use super::handler::Gateway;

wit_bindgen::generate!({
    path: "../../wit",
    world: "gateway",
    generate_all,
});

export!(Gateway with_types_in self);
