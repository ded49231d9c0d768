//! The rule as a component of constants.
//!
//! Its core module has one function, which answers where the rule lies, and one data
//! segment, which is the rule as the canonical ABI has it: `result<rule, string>`,
//! that is a discriminant, and from the fourth byte on a pointer and a length for each
//! string (component model, `CanonicalABI.md`, "Storing").

use keyhole_policy::guard::GuardRule;
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wasmparser::{DataKind, Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::GuardError;

/// The interface.
const WIT: &str = include_str!("../../../../wit/guard/rule.wit");

/// The export as core modules name it.
const GET: &str = "keyhole:guard/rule@0.1.0#get";

/// Where the answer lies. Nothing lies at 0, which looks like no address.
const BASE: u32 = 1024;

/// A page of a memory in bytes.
const PAGE: u32 = 65_536;

/// The number of strings in a rule.
const STRINGS: usize = 6;

/// A component that answers this.
pub(crate) fn component(answer: Result<&GuardRule, &str>) -> Result<Vec<u8>, GuardError> {
    let bug = |error: &dyn std::fmt::Display| GuardError::Bug(format!("{error:#}"));
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str("rule.wit", WIT)
        .map_err(|error| bug(&error))?;
    let world = resolve
        .select_world(&[package], Some("constant"))
        .map_err(|error| bug(&error))?;
    let mut module = module(&data(answer));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| bug(&error))?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| bug(&error))
}

fn strings(rule: &GuardRule) -> [&str; STRINGS] {
    let GuardRule {
        scheme,
        authority,
        path,
        client_id,
        scope,
        token_file,
    } = rule;
    [scheme, authority, path, client_id, scope, token_file]
}

/// The answer in memory, from [`BASE`] on.
fn data(answer: Result<&GuardRule, &str>) -> Vec<u8> {
    let (discriminant, strings) = match &answer {
        Ok(rule) => (0, strings(rule).to_vec()),
        Err(why) => (1, vec![*why]),
    };
    let mut data = vec![0; 4 + 8 * STRINGS];
    data[0] = discriminant;
    for (index, string) in strings.into_iter().enumerate() {
        let pointer = BASE + size(data.len());
        let place = 4 + 8 * index;
        data[place..place + 4].copy_from_slice(&pointer.to_le_bytes());
        data[place + 4..place + 8].copy_from_slice(&size(string.len()).to_le_bytes());
        data.extend_from_slice(string.as_bytes());
    }
    data
}

fn size(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn module(data: &[u8]) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut memories = MemorySection::new();
    let pages = u64::from((BASE + size(data.len())).div_ceil(PAGE));
    memories.memory(MemoryType {
        minimum: pages,
        maximum: Some(pages),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export(GET, ExportKind::Func, 0);
    let mut get = Function::new([]);
    get.instructions().i32_const(BASE.cast_signed()).end();
    let mut code = CodeSection::new();
    code.function(&get);
    let mut segments = DataSection::new();
    let at_base = ConstExpr::i32_const(BASE.cast_signed());
    segments.active(0, &at_base, data.iter().copied());
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&memories)
        .section(&exports)
        .section(&code)
        .section(&segments);
    module.finish()
}

/// What such a component answers, a rule as it lies there, unchecked; nothing if it is
/// not byte for byte one that is made here. Reasons have no control characters: whoever
/// shows them shows one line.
pub(crate) fn read(bytes: &[u8]) -> Option<Result<GuardRule, String>> {
    let mut segments = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::DataSection(section) = payload.ok()? {
            for segment in section {
                let segment = segment.ok()?;
                matches!(segment.kind, DataKind::Active { .. }).then_some(())?;
                segments.push(segment.data);
            }
        }
    }
    let [data] = segments[..] else { return None };
    let string = |index: usize| {
        let number = |place: usize| {
            let bytes = data.get(place..place + 4)?.try_into().ok()?;
            usize::try_from(u32::from_le_bytes(bytes)).ok()
        };
        let place = 4 + 8 * index;
        let start = number(place)?.checked_sub(usize::try_from(BASE).ok()?)?;
        let string = data.get(start..start.checked_add(number(place + 4)?)?)?;
        String::from_utf8(string.to_vec()).ok()
    };
    let answer = match data.first()? {
        0 => Ok(GuardRule {
            scheme: string(0)?,
            authority: string(1)?,
            path: string(2)?,
            client_id: string(3)?,
            scope: string(4)?,
            token_file: string(5)?,
        }),
        _ => Err(string(0)?),
    };
    if answer
        .as_ref()
        .is_err_and(|why| why.chars().any(char::is_control))
    {
        return None;
    }
    let again = component(answer.as_ref().map_err(String::as_str)).ok()?;
    (again == bytes).then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> GuardRule {
        GuardRule {
            scheme: "https".into(),
            authority: "login.microsoftonline.com".into(),
            path: "/contoso.example/oauth2/v2.0/token".into(),
            client_id: "00000000-0000-0000-0000-000000000001".into(),
            scope: "scope/.default".into(),
            token_file: "/t/token".into(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let long = GuardRule {
            token_file: format!("/{}", "a".repeat(200_000)),
            ..rule()
        };
        for rule in [rule(), long] {
            let component = component(Ok(&rule)).expect("a component");
            assert_eq!(read(&component), Some(Ok(rule)));
        }
        let component = component(Err("no settings")).expect("a component");
        assert_eq!(read(&component), Some(Err("no settings".into())));
    }

    #[test]
    fn the_same_rule_is_the_same_bytes() {
        assert_eq!(component(Ok(&rule())).ok(), component(Ok(&rule())).ok());
    }

    #[test]
    fn a_component_that_differs_by_a_byte_is_none_of_ours() {
        let component = component(Ok(&rule())).expect("a component");
        let mut other = component.clone();
        // `i32.const 1024`, the answer's address.
        let address = [0x41, 0x80, 0x08, 0x0b];
        let place = component
            .windows(address.len())
            .position(|bytes| bytes == address)
            .expect("the function");
        other[place + 1] += 1;
        assert_eq!(read(&other), None);
        assert_eq!(read(b"\0asm"), None);
        let two_lines = super::component(Err("none\nchecked")).expect("a component");
        assert_eq!(read(&two_lines), None);
    }
}
