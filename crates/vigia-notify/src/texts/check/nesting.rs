//! How deep a file nests, found before it is parsed: Fluent's parser calls itself for every brace, and a file of
//! nothing else would end the process.

/// The deepest that braces and calls of functions may be nested in a text (I-13).
pub const TEXT_NESTING_MAX: usize = 16;

/// The first line that nests too deep. It may see more depth than there is, in texts with brackets that nobody
/// closes; never less in one message.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (index, line) in text.lines().enumerate() {
        // A message begins at the left edge, and closes what the one before left open.
        if line.starts_with(|first: char| first.is_ascii_alphabetic() || first == '-') {
            depth = 0;
        }
        let mut is_quoted = false;
        for byte in line.bytes() {
            match byte {
                b'"' if depth > 0 => is_quoted = !is_quoted,
                _ if is_quoted => {}
                b'{' => depth += 1,
                b'(' if depth > 0 => depth += 1,
                b'}' | b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > TEXT_NESTING_MAX {
                return Some(index + 1);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_open() {
        let nested = |depth| format!("ok = a\nx = {}1{}\n", "{".repeat(depth), "}".repeat(depth));
        assert_eq!(too_deep(&nested(TEXT_NESTING_MAX)), None);
        assert_eq!(too_deep(&nested(TEXT_NESTING_MAX + 1)), Some(2));
        let calls = format!("x = {{ {}\n", "F(".repeat(TEXT_NESTING_MAX));
        assert_eq!(too_deep(&calls), Some(1));
        assert_eq!(too_deep(&"x = { \"{\" }\n".repeat(100)), None, "quoted");
        assert_eq!(too_deep(&"x = {\n".repeat(100)), None, "each by itself");
        assert_eq!(too_deep(&format!("x =\n{}", " {\n".repeat(17))), Some(18));
    }
}
