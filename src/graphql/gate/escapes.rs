//! What the parser does not know of strings: `\u{1F600}`, a pair of surrogates for one character, and the value of a block
//! string with `\"""` or blank lines in it.
//!
//! Source: GraphQL specification, September 2025, section 2.9.4 (string values).

use std::borrow::Cow;

use super::scan::{Tokens, offset};

/// The text with such characters as the parser knows them, and all that follows in its place.
pub(super) fn known_to_parser(source: &str) -> Cow<'_, str> {
    if !["\\u{", "\\ud", "\\uD", BLOCK].iter().any(|literal| source.contains(literal)) {
        return Cow::Borrowed(source);
    }
    let (mut text, mut copied) = (String::with_capacity(source.len()), 0);
    for token in Tokens::of(source).filter(|token| token[0] == b'"') {
        let start = offset(source, token);
        text.push_str(&source[copied..start]);
        copied = start + token.len();
        let literal = &source[start..copied];
        let block = literal.strip_prefix(BLOCK).and_then(|block| block.strip_suffix(BLOCK));
        let string = match block {
            Some(block) if is_misread(block) => plain(block),
            Some(_) => literal.to_owned(),
            None => rewritten(literal),
        };
        text.push_str(&string);
        // Errors tell places in the text that was sent: what follows stays on its line and, unless the string has become
        // longer by what it escapes, in its column.
        let lines = literal.matches('\n').count() - string.matches('\n').count();
        let length = |text: &str| text.chars().count();
        let spaces = match literal.rsplit_once('\n') {
            Some((_, last)) if lines > 0 => length(last),
            _ => length(literal).saturating_sub(length(&string)),
        };
        text.extend(std::iter::repeat_n('\n', lines));
        text.extend(std::iter::repeat_n(' ', spaces));
    }
    text.push_str(&source[copied..]);
    Cow::Owned(text)
}

const BLOCK: &str = "\"\"\"";

/// Whether the parser gives a block string another value: it keeps the backslash of `\"""`, and blanks on a line of their
/// own that are fewer than the indent.
fn is_misread(block: &str) -> bool {
    let mut inner = block.split(['\n', '\r']).rev().skip(1);
    block.contains("\\\"\"\"") || inner.any(|line| !line.is_empty() && line.trim().is_empty())
}

/// A block string as a string of one line: without the indent that all lines but the first have, and without blank lines
/// around it.
fn plain(block: &str) -> String {
    let text = block.replace("\\\"\"\"", BLOCK).replace("\r\n", "\n").replace('\r', "\n");
    let is_blank = |line: &&str| line.chars().all(|c| matches!(c, ' ' | '\t'));
    let rest = text.split('\n').skip(1).filter(|line| !is_blank(line));
    let indent = rest.map(|line| line.len() - line.trim_start_matches([' ', '\t']).len()).min().unwrap_or(0);
    let lines = text.split('\n').enumerate();
    let lines: Vec<_> = lines.map(|(at, line)| if at == 0 { line } else { line.get(indent..).unwrap_or("") }).collect();
    let first = lines.iter().position(|line| !is_blank(line)).unwrap_or(lines.len());
    let last = lines.iter().rposition(|line| !is_blank(line)).map_or(first, |at| at + 1);
    serde_json::Value::from(lines[first..last].join("\n")).to_string()
}

fn rewritten(mut string: &str) -> String {
    let mut text = String::with_capacity(string.len());
    while let Some(at) = string.find('\\') {
        let (before, escape) = string.split_at(at);
        text.push_str(before);
        let length = match escaped(escape) {
            // As JSON has it: a quote as itself would end the string.
            Some((character, length)) => {
                let quoted = serde_json::Value::from(character.to_string()).to_string();
                text.push_str(&quoted[1..quoted.len() - 1]);
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
