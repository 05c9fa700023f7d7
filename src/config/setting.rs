//! One setting as it was given: its text, where it came from, and whether it may be shown.
//!
//! clap hands settings on as text and never refuses one itself: so all of them are read in one pass, which gathers
//! everything that is wrong ([`Problems`]).

use std::ffi::OsStr;
use std::fmt;
use std::str::FromStr;

use clap::builder::{TypedValueParser, ValueParserFactory};
use clap::parser::ValueSource;
use clap::{Arg, Command};
use secrecy::{ExposeSecret, SecretString};

/// A setting; never shown by `Debug`, since it may be a secret.
#[derive(Clone, Debug)]
pub struct Setting {
    variable: String,
    flag: String,
    /// Empty stands for "not given". `None` is text that is not UTF-8.
    text: Option<SecretString>,
    kind: Kind,
    pub(super) source: Source,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Flag,
    Environment,
    Default,
}

/// How much of a setting may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    /// All but the password in it.
    Url,
    /// Nothing.
    Secret,
}

/// What a masked value looks like.
const MASK: &str = "***";

impl Setting {
    fn name(&self) -> String {
        format!("{} (--{})", self.variable, self.flag)
    }

    fn text(&self) -> Option<&str> {
        self.text.as_ref().map(ExposeSecret::expose_secret)
    }

    /// The value with what is secret in it masked.
    pub(super) fn shown(&self) -> String {
        match (self.kind, self.text()) {
            (_, None) => "?".into(),
            (_, Some("")) => String::new(),
            (Kind::Plain, Some(text)) => text.into(),
            (Kind::Url, Some(url)) => mask_url(url),
            (Kind::Secret, Some(_)) => MASK.into(),
        }
    }
}

/// What is wrong with the settings, one line each.
#[derive(Debug, Default)]
pub struct Problems(Vec<String>);

impl Problems {
    pub(super) fn add(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a setting; `parse` says what is allowed if it cannot.
    pub(super) fn read<T>(&mut self, setting: &Setting, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let name = setting.name();
        let Some(text) = setting.text() else {
            self.add(format!("{name} is not text in UTF-8."));
            return None;
        };
        let allowed = match parse(text) {
            Ok(value) => return Some(value),
            Err(allowed) => allowed,
        };
        self.add(match setting.kind {
            Kind::Plain => format!("{name} is {text:?}: {allowed}."),
            Kind::Url | Kind::Secret => format!("{name}: {allowed}."),
        });
        None
    }

    /// Reads a setting that may be missing: `Some(None)` if it is.
    pub(super) fn read_some<T>(
        &mut self,
        setting: Option<&Setting>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        match setting {
            Some(setting) if setting.text() != Some("") => self.read(setting, parse).map(Some),
            _ => Some(None),
        }
    }

    /// Reads a whole number between two bounds.
    pub(super) fn number<T>(&mut self, setting: &Setting, lowest: T, highest: T) -> Option<T>
    where
        T: FromStr + PartialOrd + fmt::Display + Copy,
    {
        self.read(setting, |text| {
            let number = text.parse().ok().filter(|n| (lowest..=highest).contains(n));
            number.ok_or_else(|| format!("must be a whole number from {lowest} to {highest}"))
        })
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [one] = &self.0[..] {
            return f.write_str(one);
        }
        write!(f, "{} settings are wrong:", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// Takes any text, and notes which setting it is of.
#[derive(Clone)]
pub struct Reader(Kind);

/// For `value_parser`, where a URL may hold a password.
pub(super) const URL: Reader = Reader(Kind::Url);
/// For `value_parser` of what may not be shown at all.
pub(super) const SECRET: Reader = Reader(Kind::Secret);

impl ValueParserFactory for Setting {
    type Parser = Reader;

    fn value_parser() -> Reader {
        Reader(Kind::Plain)
    }
}

impl TypedValueParser for Reader {
    type Value = Setting;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, text: &OsStr) -> Result<Setting, clap::Error> {
        self.parse_ref_(command, arg, text, ValueSource::CommandLine)
    }

    fn parse_ref_(
        &self,
        _: &Command,
        arg: Option<&Arg>,
        text: &OsStr,
        source: ValueSource,
    ) -> Result<Setting, clap::Error> {
        let mut source = match source {
            ValueSource::CommandLine => Source::Flag,
            ValueSource::EnvVariable => Source::Environment,
            _ => Source::Default,
        };
        let mut text = text;
        // `ORGRAPH_X=` is how compose files and shells say "not set".
        if text.is_empty() && source == Source::Environment {
            source = Source::Default;
            let defaults = arg.map(Arg::get_default_values).unwrap_or_default();
            text = defaults.first().map_or(text, |default| default.as_os_str());
        }
        Ok(Setting {
            variable: arg.and_then(Arg::get_env).unwrap_or_default().to_string_lossy().into_owned(),
            flag: arg.and_then(Arg::get_long).unwrap_or_default().into(),
            text: text.to_str().map(SecretString::from),
            kind: self.0,
            source,
        })
    }
}

/// A URL without its passwords. Whatever stands before the last `@` counts as user and password, so that a
/// badly written URL is masked too much rather than too little.
pub fn mask_url(url: &str) -> String {
    let (start, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let rest = match rest.rsplit_once('@') {
        Some((account, place)) => match account.split_once(':') {
            Some((user, _)) => format!("{user}:{MASK}@{place}"),
            None => format!("{account}@{place}"),
        },
        None => rest.into(),
    };
    let Some((address, query)) = rest.split_once('?') else {
        return start + &rest;
    };
    let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().contains("password") => format!("{name}={MASK}"),
        _ => parameter.to_owned(),
    });
    format!("{start}{address}?{}", parameters.collect::<Vec<_>>().join("&"))
}
