//! The world `exchange`, as wit-bindgen makes it of `wit/`.

use super::provider::Hostile;

wit_bindgen::generate!({
    path: "../../wit",
    world: "exchange",
    generate_all,
});

export!(Hostile with_types_in self);
