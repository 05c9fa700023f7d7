//! A look at the text before it is parsed: how many tokens, how deep the brackets go, and whether an input object has
//! a field twice.
//!
//! The parser builds a tree of everything, and recurses into brackets; so both are bounded beforehand, in one pass.

use std::collections::HashSet;

use async_graphql::Pos;

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
    let (mut tokens, mut open, mut last) = (0_usize, Vec::new(), &b""[..]);
    for token in Tokens::of(source) {
        tokens += 1;
        if tokens > limits.tokens {
            return Err(GateError::limit(format!(
                "The document has more than {} tokens. Split it, or pass long values as variables.",
                limits.tokens
            )));
        }
        if is_open_block(token) {
            return Err(GateError::syntax(place(source, token), "the block string has no end"));
        }
        match token[0] {
            bracket @ (b'(' | b'[' | b'{') => open.push(Bracket::new(bracket, open.last())),
            b')' | b']' | b'}' => drop(open.pop()),
            b':' => {
                open.last_mut().map_or(Ok(()), |object| object.has_field(last).map_err(|name| twice(source, name)))?
            }
            b't' | b'f' | b'n' if runs_on(token) && is_value(last, open.last()) => {
                let what = format!("`{}` is no value", String::from_utf8_lossy(token));
                return Err(GateError::syntax(place(source, token), &what));
            }
            _ => {}
        }
        if open.len() > limits.brackets {
            return Err(GateError::limit(format!(
                "The document opens more than {} brackets inside each other. Nest it less, \
                 or pass nested values as variables.",
                limits.brackets
            )));
        }
        last = token;
    }
    Ok(())
}

/// An open bracket.
struct Bracket<'a> {
    /// Whether it, or one around it, is that of arguments: then braces are those of an input object.
    in_arguments: bool,
    is_list: bool,
    /// The names in an input object so far.
    fields: Option<HashSet<&'a [u8]>>,
}

impl<'a> Bracket<'a> {
    fn new(bracket: u8, around: Option<&Self>) -> Self {
        let in_arguments = bracket == b'(' || around.is_some_and(|around| around.in_arguments);
        Self { in_arguments, is_list: bracket == b'[', fields: (in_arguments && bracket == b'{').then(HashSet::new) }
    }

    /// The parser keeps one of two fields of the same name, so nobody sees it later.
    fn has_field(&mut self, name: &'a [u8]) -> Result<(), &'a [u8]> {
        let is_new = self.fields.as_mut().is_none_or(|fields| fields.insert(name));
        if is_new { Ok(()) } else { Err(name) }
    }
}

/// Whether a block string goes on to the end of the text. The parser would take it for an empty string and read on, in
/// text of which nothing here has been bounded.
fn is_open_block(token: &[u8]) -> bool {
    let (quotes, escaped) = (b"\"\"\"", b"\\\"\"\"");
    token.starts_with(quotes) && (token.len() < 6 || !token.ends_with(quotes) || token.ends_with(escaped))
}

/// Whether a word begins with a literal that the parser would take for the whole value, and the rest for a name.
fn runs_on(token: &[u8]) -> bool {
    [&b"true"[..], b"false", b"null"].iter().any(|word| token.starts_with(word) && token.len() > word.len())
}

fn is_value(last: &[u8], around: Option<&Bracket>) -> bool {
    around.is_some_and(|around| around.in_arguments && (around.is_list || matches!(last, b":" | b"=")))
}

/// How many bytes stand before a part of the text.
pub(super) fn offset(source: &str, part: &[u8]) -> usize {
    part.as_ptr() as usize - source.as_ptr() as usize
}

/// Where a part of the text begins.
fn place(source: &str, part: &[u8]) -> Pos {
    let before = &source[..offset(source, part)];
    let line = before.rsplit('\n').next().unwrap_or_default();
    Pos { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}

fn twice(source: &str, name: &[u8]) -> GateError {
    GateError::invalid(
        place(source, name),
        format!("The input field \"{}\" is given twice.", String::from_utf8_lossy(name)),
    )
}

/// The tokens. What is not GraphQL counts as a token too; the parser will say what is wrong.
pub(super) struct Tokens<'a>(&'a [u8]);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
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
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => self.length(|byte| byte == b'_' || byte.is_ascii_alphanumeric()),
            b'-' | b'0'..=b'9' => {
                let belongs = |byte| matches!(byte, b'_' | b'.' | b'+' | b'-') || u8::is_ascii_alphanumeric(&byte);
                let length = self.length(belongs);
                // No number has two of them: a spread begins.
                self.0[..length].windows(2).position(|pair| pair == b"..").unwrap_or(length)
            }
            0x80.. => self.length(|byte| byte >= 0x80),
            _ => 1,
        };
        let token;
        (token, self.0) = self.0.split_at(length);
        Some(token)
    }
}

impl<'a> Tokens<'a> {
    pub fn of(source: &'a str) -> Self {
        Self(source.as_bytes())
    }

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
