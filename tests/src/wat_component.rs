//! Components with the exchange's world, written as WAT text: for what no
//! compiler would make.

use crate::artifacts::workspace;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A core module behind the exchange's world.
pub struct WatComponent<'a> {
    /// Imports, before anything else.
    pub imports: &'a str,
    /// Pages of 64 KiB that the memory begins with.
    pub pages: u32,
    /// Tables, globals, functions.
    pub fields: &'a str,
    /// What `get-token` does; what comes after it traps.
    pub get_token: &'a str,
}

impl Default for WatComponent<'_> {
    fn default() -> Self {
        Self {
            imports: "",
            pages: 1,
            fields: "",
            get_token: "",
        }
    }
}

impl WatComponent<'_> {
    /// The component's bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let Self {
            imports,
            pages,
            fields,
            get_token,
        } = self;
        // The parameters are the fields of token-request, flat (Canonical ABI).
        let text = format!(
            "(module
               {imports}
               (memory (export \"memory\") {pages})
               {fields}
               (global $free (mut i32) (i32.const 1024))
               (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32)
                 (global.get $free)
                 (global.set $free (i32.and (i32.const -8)
                   (i32.add (i32.const 7) (i32.add (global.get $free) (local.get 3))))))
               (func (export \"keyhole:identity/token-provider@0.1.0#get-token\")
                 (param i32 i32 i32 i32 i32 i32 i32 i64 i64 i32) (result i32)
                 {get_token}
                 unreachable)
               (func (export \"keyhole:identity/token-provider@0.1.0#inspect-token\")
                 (result i32)
                 unreachable))"
        );
        let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
        let mut resolve = Resolve::default();
        let (package, _) = resolve
            .push_dir(workspace().join("wit"))
            .expect("the interfaces");
        let world = resolve
            .select_world(&[package], Some("exchange"))
            .expect("the world");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
            .expect("the module takes the world");
        ComponentEncoder::default()
            .module(&module)
            .expect("a module of the world")
            .encode()
            .expect("a component")
    }
}
