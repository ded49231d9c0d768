//! The world, as wit-bindgen makes it.

use super::run::Component;

wit_bindgen::generate!({
    inline: "
        package other:component;

        world other {
            import wasi:cli/environment@0.2.12;
            import wasi:filesystem/types@0.2.12;
            import wasi:filesystem/preopens@0.2.12;
            import wasi:io/poll@0.2.12;
            import wasi:io/streams@0.2.12;
            import wasi:http/types@0.2.12;
            import wasi:http/outgoing-handler@0.2.12;

            export run: func() -> result<string, string>;
        }
    ",
    path: "../../wit",
    world: "other:component/other",
    generate_all,
});

export!(Component with_types_in self);
