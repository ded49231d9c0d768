//! The world `exchange`, as wit-bindgen makes it of `wit/`.

use super::provider::Provider;

wit_bindgen::generate!({
    path: "../../wit",
    world: "exchange",
    generate_all,
});

export!(Provider with_types_in self);
