//! The world `command-flags`, as wit-bindgen makes it of `wit/`.

use super::Flags;

wit_bindgen::generate!({
    path: "../../wit",
    world: "command-flags",
    generate_all,
});

export!(Flags with_types_in self);
