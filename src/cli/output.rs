//! What commands say: results on standard output, and one line on standard error when they fail.

use std::fmt;
use std::io::{self, ErrorKind, Write as _};

use orgraph::config::Problems;
use orgraph::db::OpenError;
use orgraph::error::Error;

/// Why a command has failed.
pub struct Failure {
    pub message: String,
    /// 2 for a wrong configuration, 1 for everything else.
    pub code: u8,
}

impl Failure {
    pub fn configuration(problem: impl fmt::Display) -> Self {
        Self { message: problem.to_string(), code: 2 }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        // Databases answer in several lines; a failure is one.
        let lines: Vec<_> = message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        Self { message: lines.join(" "), code: 1 }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::configuration(problems)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        error.to_string().into()
    }
}

/// Whoever sits at the command line may know the cause that callers of the API never see.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match &error {
            Error::Unavailable(cause) => format!("The database does not answer: {cause}. Try again.").into(),
            Error::Internal(cause) => format!("This is a fault of orgraph or of its database: {cause}.").into(),
            _ => error.message().into(),
        }
    }
}

/// Prints to standard output. A reader that has gone away (`orgraph schema | head`) is no failure.
pub fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("Standard output cannot be written: {error}.").into())
        }
        _ => Ok(()),
    }
}

/// Prints to standard error, where there is nobody left to tell if that fails.
pub fn complain(kind: &str, text: &str) {
    drop(writeln!(io::stderr().lock(), "{kind}: {text}"));
}
