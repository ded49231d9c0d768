//! The world, as wit-bindgen makes it.

use super::whoami::Whoami;

wit_bindgen::generate!({
    inline: "
        package example:whoami;

        world whoami {
            import keyhole:identity/token-provider@0.1.0;
            import wasi:cli/stdout@0.2.12;
            import wasi:cli/stderr@0.2.12;

            export wasi:cli/run@0.2.12;
        }
    ",
    path: "../../wit",
    world: "example:whoami/whoami",
    generate_all,
});

export!(Whoami with_types_in self);
