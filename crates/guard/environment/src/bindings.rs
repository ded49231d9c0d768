//! The world `environment`, as wit-bindgen makes it of `wit/guard`.

use super::Variables;

wit_bindgen::generate!({
    path: ["../../../wit", "../../../wit/guard"],
    world: "keyhole:guard/environment",
    generate_all,
});

export!(Variables with_types_in self);
