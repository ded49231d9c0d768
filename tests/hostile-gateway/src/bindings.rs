//! The world `gateway`, as wit-bindgen makes it of `wit/`.

use super::attempts::Hostile;

wit_bindgen::generate!({
    path: "../../wit",
    world: "gateway",
    generate_all,
});

export!(Hostile with_types_in self);
