//! Checks of input, which gather everything that is wrong instead of stopping at the first.

use async_graphql::MaybeUndefined;

use crate::db::types::{Id, Kind};
use crate::error::{Error, FieldError, Result};

/// The most ids in one list.
pub const MAX_IDS: usize = 1000;

/// Gathers errors. Each check returns a usable value all the same, so that the next ones can go on.
#[derive(Default)]
pub struct Check {
    errors: Vec<FieldError>,
}

impl Check {
    pub fn fail(&mut self, path: &str, code: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError::new(path, code, message));
    }

    pub fn extend(&mut self, errors: Vec<FieldError>) {
        self.errors.extend(errors);
    }

    pub fn finish(mut self) -> Result<()> {
        let errors = std::mem::take(&mut self.errors);
        if errors.is_empty() { Ok(()) } else { Err(Error::Input(errors)) }
    }

    /// Text of one line that must be there: trimmed, at most `max` characters, nothing invisible.
    pub fn line(&mut self, path: &str, text: &str, max: usize) -> String {
        let text = text.trim();
        if text.is_empty() {
            self.fail(path, "REQUIRED", format!("`{}` cannot be empty.", name_of(path)));
        }
        self.bounded(path, text, max, false)
    }

    /// Text of one line that may be missing; blank is as good as missing.
    pub fn optional_line(&mut self, path: &str, text: Option<&str>, max: usize) -> Option<String> {
        let text = text.map(str::trim).filter(|text| !text.is_empty())?;
        Some(self.bounded(path, text, max, false))
    }

    /// Text that may be missing and may have several lines.
    pub fn optional_text(&mut self, path: &str, text: Option<&str>, max: usize) -> Option<String> {
        let text = text.map(str::trim).filter(|text| !text.is_empty())?;
        Some(self.bounded(path, text, max, true))
    }

    fn bounded(&mut self, path: &str, text: &str, max: usize, lines: bool) -> String {
        let name = name_of(path);
        if text.chars().count() > max {
            self.fail(path, "TOO_LONG", format!("`{name}` can have {max} characters at the most."));
        }
        if text.chars().any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'))) {
            self.fail(path, "BAD_FORMAT", format!("`{name}` cannot contain control characters."));
        } else if text.chars().any(is_deceptive) || (!text.is_empty() && text.chars().all(is_joiner)) {
            let what = "invisible characters, nor such as turn the direction of text";
            self.fail(path, "BAD_FORMAT", format!("`{name}` cannot contain {what}."));
        }
        text.to_owned()
    }

    /// A login name: ASCII letters, digits, `.`, `_` and `-`, so that it is the same in any case and script.
    pub fn username(&mut self, path: &str, text: &str) -> String {
        let text = self.line(path, text, 64);
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !text.is_empty() && (text.len() < 2 || !text.chars().all(allowed)) {
            self.fail(
                path,
                "BAD_FORMAT",
                "A user name has 2 to 64 letters (a-z), digits, dots, underscores or hyphens.",
            );
        }
        text
    }

    /// An e-mail address of ASCII characters with a dotted domain.
    pub fn optional_email(&mut self, path: &str, text: Option<&str>) -> Option<String> {
        let text = self.optional_line(path, text, 254)?;
        let plausible = text.is_ascii()
            && !text.contains(char::is_whitespace)
            && text.split_once('@').is_some_and(|(local, domain)| {
                (1..=64).contains(&local.len())
                    && !local.starts_with('.')
                    && !local.ends_with('.')
                    && domain.contains('.')
                    && domain.split('.').all(|label| {
                        !label.is_empty()
                            && !label.starts_with('-')
                            && !label.ends_with('-')
                            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                    })
            });
        if !plausible {
            self.fail(path, "BAD_FORMAT", "This is not an e-mail address.");
        }
        Some(text)
    }

    /// A phone number: digits with the usual separators, perhaps with a leading plus.
    pub fn optional_phone(&mut self, path: &str, text: Option<&str>) -> Option<String> {
        let text = self.optional_line(path, text, 32)?;
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let separators = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '.' | '/');
        let body = text.strip_prefix('+').unwrap_or(&text);
        if !(3..=20).contains(&digits) || !body.chars().all(separators) {
            self.fail(path, "BAD_FORMAT", "A phone number has 3 to 20 digits, and may start with a plus.");
        }
        Some(text)
    }

    /// An absolute http or https address.
    pub fn optional_url(&mut self, path: &str, text: Option<&str>, max: usize) -> Option<String> {
        let text = self.optional_line(path, text, max)?;
        let parsed = url::Url::parse(&text);
        if !parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            self.fail(path, "BAD_FORMAT", format!("`{}` must be an http or https address.", name_of(path)));
        }
        Some(text)
    }

    /// A name or an address that a front end may put into a link or a picture: nothing that a browser would run there.
    pub fn optional_target(&mut self, path: &str, text: Option<&str>, max: usize) -> Option<String> {
        let text = self.optional_line(path, text, max)?;
        let scheme = text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        if scheme.is_some_and(|scheme| matches!(&*scheme, "javascript" | "vbscript" | "data" | "blob" | "file")) {
            self.fail(path, "BAD_FORMAT", format!("`{}` cannot be a script or carry data.", name_of(path)));
        }
        Some(text)
    }

    pub fn id<K: Kind>(&mut self, path: &str, text: &str) -> Option<Id<K>> {
        let id = Id::parse(text);
        if id.is_none() {
            self.errors.push(bad_id::<K>(path, text));
        }
        id
    }

    /// The id of an object of whatever kind.
    pub fn any_id(&mut self, path: &str, text: &str) -> Option<String> {
        let is_id = crate::db::typeid::decode(text).is_some();
        if !is_id {
            self.fail(path, "BAD_ID", "This is not an id, which looks like `user_01h455vb4p…`.");
        }
        is_id.then(|| text.to_owned())
    }

    /// A list of ids, without repetitions, in a fixed order.
    pub fn ids<K: Kind>(&mut self, path: &str, texts: &[impl AsRef<str>]) -> Vec<Id<K>> {
        if texts.len() > MAX_IDS {
            self.fail(path, "TOO_MANY", format!("`{}` can have {MAX_IDS} ids at the most.", name_of(path)));
            return Vec::new();
        }
        let each = texts.iter().enumerate();
        let mut ids: Vec<_> = each.filter_map(|(at, text)| self.id(&format!("{path}.{at}"), text.as_ref())).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// Input that was found bad and is used all the same.
impl Drop for Check {
    fn drop(&mut self) {
        debug_assert!(self.errors.is_empty() || std::thread::panicking(), "`finish` was not asked: {:?}", self.errors);
    }
}

fn bad_id<K: Kind>(path: &str, text: &str) -> FieldError {
    let kind = K::PREFIX;
    match crate::db::typeid::decode(text) {
        Some((other, _)) => FieldError::new(
            path,
            "WRONG_KIND",
            format!("This is the id of a {other}; a {kind} id is needed, which starts with `{kind}_`."),
        ),
        None => {
            FieldError::new(path, "BAD_ID", format!("This is not a {kind} id, which looks like `{kind}_01h455vb4p…`."))
        }
    }
}

/// Reads the id in an argument of its own.
pub fn parse_id<K: Kind>(path: &str, text: &str) -> Result<Id<K>> {
    Id::parse(text).ok_or_else(|| Error::Input(vec![bad_id::<K>(path, text)]))
}

fn name_of(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Checks a part of an update if there is a value in it.
pub fn map<T, U>(change: &MaybeUndefined<T>, check: impl FnOnce(&T) -> U) -> MaybeUndefined<U> {
    match change {
        MaybeUndefined::Undefined => MaybeUndefined::Undefined,
        MaybeUndefined::Null => MaybeUndefined::Null,
        MaybeUndefined::Value(value) => MaybeUndefined::Value(check(value)),
    }
}

/// Applies an optional part of an update: what is left out stays, null clears.
pub fn apply<T>(target: &mut Option<T>, change: MaybeUndefined<Option<T>>) {
    match change {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => *target = None,
        MaybeUndefined::Value(value) => *target = value,
    }
}

/// Characters by which a text looks like another one: without a width, or turning the direction of what follows
/// (Unicode TR 36, sections 2.5 and 3.1).
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Without a width too, but emoji and some scripts are not written without them.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// What is in one of two lists and not in the other.
pub fn difference<T: Copy + PartialEq>(before: &[T], after: &[T]) -> Vec<T> {
    let gone = before.iter().filter(|id| !after.contains(id));
    after.iter().filter(|id| !before.contains(id)).chain(gone).copied().collect()
}
