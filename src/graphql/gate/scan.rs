//! A look at the text before it is parsed: how many tokens, and how deep the brackets go.
//!
//! The parser builds a tree of everything, and recurses into brackets; so both are bounded beforehand, in one pass
//! that keeps nothing.

use super::{GateError, Limits};

/// Refuses a text that is too long, has too many tokens or is nested too deep for the parser.
pub(super) fn check(limits: &Limits, source: &str) -> Result<(), GateError> {
    if source.len() > limits.bytes {
        return Err(GateError::limit(format!(
            "The document has {} bytes, more than the {} that are allowed. Pass long values as variables.",
            source.len(),
            limits.bytes
        )));
    }
    let (mut tokens, mut nesting) = (0_usize, 0_usize);
    for token in Tokens(source.as_bytes()) {
        tokens += 1;
        match token {
            b'(' | b'[' | b'{' => nesting += 1,
            b')' | b']' | b'}' => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        if tokens > limits.tokens {
            return Err(GateError::limit(format!(
                "The document has more than {} tokens. Split it, or pass long values as variables.",
                limits.tokens
            )));
        }
        if nesting > limits.brackets {
            return Err(GateError::limit(format!(
                "The document opens more than {} brackets inside each other. Nest it less, \
                 or pass nested values as variables.",
                limits.brackets
            )));
        }
    }
    Ok(())
}

/// The first byte of each token. What is not GraphQL counts as a token too; the parser will say what is wrong.
struct Tokens<'a>(&'a [u8]);

impl Iterator for Tokens<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        loop {
            let first = *self.0.first()?;
            let length = match first {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => 1,
                0xef if self.0.starts_with(b"\xef\xbb\xbf") => 3, // byte order mark
                b'#' => self.length(|byte| byte != b'\n' && byte != b'\r'),
                _ => break,
            };
            self.0 = &self.0[length..];
        }
        let first = self.0[0];
        let length = match first {
            b'"' => self.string(),
            b'.' if self.0.starts_with(b"...") => 3,
            b'_' | b'-' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {
                1 + Tokens(&self.0[1..])
                    .length(|byte| matches!(byte, b'_' | b'.' | b'+') || byte.is_ascii_alphanumeric())
            }
            0x80.. => self.length(|byte| byte >= 0x80),
            _ => 1,
        };
        self.0 = &self.0[length..];
        Some(first)
    }
}

impl Tokens<'_> {
    fn length(&self, belongs: impl Fn(u8) -> bool) -> usize {
        let end = self.0.iter().position(|byte| !belongs(*byte));
        end.unwrap_or(self.0.len())
    }

    /// The length of the string that begins here, up to the end of the text when it is not closed.
    fn string(&self) -> usize {
        let block = self.0.starts_with(b"\"\"\"");
        let mut at = if block { 3 } else { 1 };
        while let Some(byte) = self.0.get(at) {
            let rest = &self.0[at..];
            at += match byte {
                b'\\' if block && rest.starts_with(b"\\\"\"\"") => 4,
                b'\\' if !block => 2,
                b'"' if !block => return at + 1,
                b'"' if rest.starts_with(b"\"\"\"") => return at + 3,
                // Not closed on its line: not a string, and a new token begins on the next line.
                b'\n' | b'\r' if !block => return at,
                _ => 1,
            };
        }
        self.0.len()
    }
}
