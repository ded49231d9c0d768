//! Values from outside as words of other languages.

use alloc::format;
use alloc::string::{String, ToString as _};

/// A value as one word of a POSIX shell command (POSIX.1-2024, XCU 2.2.2).
#[must_use]
pub fn shell_word(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_string();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// A value as a quoted string of HCL, Terraform's language: besides quotes and
/// backslashes, `${` and `%{` begin a template (HCL native syntax
/// specification, "Template Expressions").
#[must_use]
pub fn hcl_string(value: &str) -> String {
    let value = value
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace("${", "$${")
        .replace("%{", "%%{");
    format!("\"{value}\"")
}

/// A value as a JSON string.
pub(crate) fn json_string(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}
