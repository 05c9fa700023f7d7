//! Escapes that the parser does not know: `\u{1F600}`, and a pair of surrogates for one character.
//!
//! Source: GraphQL specification, September 2025, section 2.9.4 (string values).

use std::borrow::Cow;

use super::scan::{Tokens, offset};

/// The text with such characters as the parser knows them, and all that follows in its place.
pub(super) fn known_to_parser(source: &str) -> Cow<'_, str> {
    if !["\\u{", "\\ud", "\\uD"].iter().any(|escape| source.contains(escape)) {
        return Cow::Borrowed(source);
    }
    let (mut text, mut copied) = (String::with_capacity(source.len()), 0);
    for token in Tokens::of(source).filter(|token| token[0] == b'"' && !token.starts_with(b"\"\"\"")) {
        let start = offset(source, token);
        text.push_str(&source[copied..start]);
        copied = start + token.len();
        let string = rewritten(&source[start..copied]);
        text.push_str(&string);
        // Errors tell places in the text that was sent.
        let shorter_by = source[start..copied].chars().count().saturating_sub(string.chars().count());
        text.extend(std::iter::repeat_n(' ', shorter_by));
    }
    text.push_str(&source[copied..]);
    Cow::Owned(text)
}

fn rewritten(mut string: &str) -> String {
    let mut text = String::with_capacity(string.len());
    while let Some(at) = string.find('\\') {
        let (before, escape) = string.split_at(at);
        text.push_str(before);
        let length = match escaped(escape) {
            // As itself it could end the string.
            Some((character, length)) if character < '\u{10000}' => {
                text.push_str(&format!("\\u{:04X}", u32::from(character)));
                length
            }
            Some((character, length)) => {
                text.push(character);
                length
            }
            None => {
                let length = escape.chars().take(2).map(char::len_utf8).sum();
                text.push_str(&escape[..length]);
                length
            }
        };
        string = &escape[length..];
    }
    text + string
}

/// The character that an escape stands for, and the length of the escape, if it is one of these.
fn escaped(escape: &str) -> Option<(char, usize)> {
    let code = |digits: &str| {
        let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)
    };
    if let Some(braced) = escape.strip_prefix("\\u{") {
        let (digits, _) = braced.split_once('}')?;
        return Some((char::from_u32(code(digits)?)?, "\\u{}".len() + digits.len()));
    }
    let unit = |at: usize| {
        let digits = escape.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::try_from(code(digits)?).ok()
    };
    let pair = char::decode_utf16([unit(0)?, unit(6)?]).next()?.ok()?;
    (pair >= '\u{10000}').then_some((pair, 12))
}
