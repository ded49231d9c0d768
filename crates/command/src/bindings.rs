//! The world `command`, as wit-bindgen makes it of `wit/`.

use super::Command;

wit_bindgen::generate!({
    path: "../../wit",
    world: "command",
    generate_all,
});

export!(Command with_types_in self);
