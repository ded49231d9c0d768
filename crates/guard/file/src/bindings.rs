//! The world `file`, as wit-bindgen makes it of `wit/guard`.

use super::Guard;

wit_bindgen::generate!({
    path: ["../../../wit", "../../../wit/guard"],
    world: "keyhole:guard/file",
    generate_all,
    // Codes and flags are the same types outside and inside.
    merge_structurally_equal_types: true,
});

export!(Guard with_types_in self);
