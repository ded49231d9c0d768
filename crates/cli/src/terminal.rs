//! What a stream can show.

use std::ffi::OsStr;
use std::io::IsTerminal;

use keyhole_report::Style;

/// Marks and colours for a stream: both only on a terminal, colours only
/// without `NO_COLOR` (no-color.org: set and not empty).
pub(crate) fn style(stream: &impl IsTerminal) -> Style {
    let no_color = std::env::var_os("NO_COLOR");
    let kind = std::env::var_os("TERM");
    style_of(stream.is_terminal(), no_color.as_deref(), kind.as_deref())
}

/// Whether a stream is a terminal that can move its cursor.
pub(crate) fn is_interactive(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("TERM").is_none_or(|kind| kind != "dumb")
}

fn style_of(terminal: bool, no_color: Option<&OsStr>, kind: Option<&OsStr>) -> Style {
    Style {
        marks: terminal,
        colors: terminal
            && no_color.is_none_or(OsStr::is_empty)
            && kind.is_none_or(|kind| kind != "dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(terminal: bool, no_color: &str, kind: &str) -> (bool, bool) {
        let style = style_of(terminal, Some(no_color.as_ref()), Some(kind.as_ref()));
        (style.marks, style.colors)
    }

    #[test]
    fn a_pipe_gets_neither_marks_nor_colours() {
        assert_eq!(style(false, "", "xterm"), (false, false));
    }

    #[test]
    fn no_color_takes_the_colours_and_leaves_the_marks() {
        assert_eq!(style(true, "1", "xterm"), (true, false));
    }

    #[test]
    fn an_empty_no_color_means_nothing() {
        assert_eq!(style(true, "", "xterm"), (true, true));
    }

    #[test]
    fn a_dumb_terminal_gets_no_colours() {
        assert_eq!(style(true, "", "dumb"), (true, false));
    }
}
