//! The environment: the `.env` file, and names that no setting has.

use std::fs;
use std::io::ErrorKind;

use clap::{Arg, Command};

const PREFIX: &str = "ORGRAPH_";

/// Variables of the tests, which are no settings.
const TEST_PREFIX: &str = "ORGRAPH_TEST_";

/// Adds what `.env` in the current directory says to the environment. What is there already stays. Returns the names
/// that it has set.
///
/// To be called before there is a second thread, and before clap looks at the environment.
pub fn load_dotenv() -> Result<Vec<String>, String> {
    let text = match fs::read_to_string(".env") {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("The file .env cannot be read: {error}.")),
    };
    if text.contains('\0') {
        return Err("The file .env contains a null character: it must be plain text.".into());
    }
    let said: Result<Vec<_>, _> = dotenvy::from_read_iter(text.as_bytes()).collect();
    let mut names: Vec<String> =
        said.map_err(|error| unusable(&text, error))?.into_iter().map(|(name, _)| name).collect();
    names.retain(|name| std::env::var_os(name).is_none());
    dotenvy::from_read(text.as_bytes()).map_err(|error| unusable(&text, error))?;
    Ok(names)
}

fn unusable(text: &str, error: dotenvy::Error) -> String {
    match error {
        // The line itself may hold a secret, and so does the error's own text.
        dotenvy::Error::LineParse(line, _) => {
            let before = text.find(&line).unwrap_or_default();
            let number = text[..before].matches('\n').count() + 1;
            format!(
                "Line {number} of the file .env is not like NAME=value. A value with spaces, `#` or `$` needs \
                 single quotes: NAME='my value'."
            )
        }
        error => format!("The file .env cannot be used: {error}."),
    }
}

/// A warning for each variable that looks like a setting and is none.
pub fn unknown_variables(command: &Command) -> Vec<String> {
    let arguments = command.get_arguments().filter_map(Arg::get_env);
    let known: Vec<String> = arguments.map(|name| name.to_string_lossy().into_owned()).collect();
    let mut given: Vec<String> = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    given.sort();
    given.retain(|name| name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX) && !known.contains(name));
    given.iter().map(|name| unknown(name, &known)).collect()
}

fn unknown(name: &str, known: &[String]) -> String {
    let distance = |other: &&String| strsim::damerau_levenshtein(name, other);
    match known.iter().min_by_key(distance) {
        // Half of what follows the prefix: further away it is no help.
        Some(nearest) if distance(&nearest) <= (name.len() - PREFIX.len()) / 2 => {
            format!("There is no setting {name}; did you mean {nearest}?")
        }
        _ => format!("There is no setting {name}; `orgraph --help` lists all of them."),
    }
}
