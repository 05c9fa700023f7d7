//! The data directory, and the secret that is kept in it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rand::TryRngCore as _;
use secrecy::{ExposeSecret, SecretString};

use super::auth::token_secrets;

/// The file of the generated token secret.
pub fn secret_file(data_dir: &Path) -> PathBuf {
    data_dir.join("token.secret")
}

/// Makes sure that the directory is there, for this user only, and can be written.
pub fn prepare(data_dir: &Path) -> Result<(), String> {
    let place = data_dir.display();
    match fs::metadata(data_dir) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(format!("The data directory {place} is a file. Set ORGRAPH_DATA_DIR to a directory.")),
        Err(error) if error.kind() == ErrorKind::NotFound => make(data_dir).map_err(|error| {
            format!(
                "The data directory {place} cannot be made: {error}. \
                 Make it, or set ORGRAPH_DATA_DIR to a directory where this user may write."
            )
        })?,
        Err(error) => {
            return Err(format!(
                "The data directory {place} cannot be used: {error}. \
                 Let this user into it, or set ORGRAPH_DATA_DIR to another one."
            ));
        }
    }
    writable(data_dir).map_err(|error| {
        format!(
            "The data directory {place} cannot be written: {error}. \
             Let this user write there, or set ORGRAPH_DATA_DIR to a directory where it may."
        )
    })
}

fn make(data_dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(data_dir)
}

/// Makes sure that a SQLite file, and the files that SQLite puts beside it, can be written. An empty file, which is
/// an empty database, is made if there is none: SQLite would let everyone read it.
pub fn prepare_database_file(file: &Path) -> Result<(), String> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    writable(folder).and_then(|()| private(OpenOptions::new().create(true).append(true)).open(file)).map(drop).map_err(
        |error| {
            format!(
                "The database file {} cannot be written: {error}. \
                 Its folder must be there, and this user must be allowed to write both.",
                file.display()
            )
        },
    )
}

/// A new file is for this user only.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Tries it: rights alone do not tell of a read-only file system.
fn writable(dir: &Path) -> io::Result<()> {
    let probe = dir.join(format!(".write-test-{}", std::process::id()));
    File::create(&probe)?;
    fs::remove_file(probe)
}

/// The secrets kept in the data directory, if there are any. The file may hold several, separated by commas.
pub fn kept_secrets(data_dir: &Path) -> Result<Option<Vec<SecretString>>, String> {
    let file = secret_file(data_dir);
    let place = file.display();
    let text = match fs::read_to_string(&file) {
        Ok(text) => SecretString::from(text),
        // Without a directory there is no secret; `prepare` says what is wrong with one that is a file.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => {
            return Err(format!(
                "The secret file {place} cannot be read: {error}. Let this user read the file and its folder, or set \
                 ORGRAPH_DATA_DIR to another folder."
            ));
        }
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            fs::metadata(&file).map_err(|error| format!("The secret file {place}: {error}."))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(format!(
                "The secret file {place} is open to other users (mode {:04o}). Run `chmod 600 {place}`; if someone \
                 may have read it, delete it instead: a new secret is made, and everyone logs in again.",
                mode & 0o7777
            ));
        }
    }
    token_secrets(text.expose_secret()).map(Some).map_err(|problem| {
        format!(
            "The secret file {place}: {problem}. Delete the file: a new secret is made, and everyone logs in again."
        )
    })
}

/// Makes a secret and keeps it. If another process has been faster, its secret is the one.
pub fn make_secret(data_dir: &Path) -> Result<Vec<SecretString>, String> {
    prepare(data_dir)?;
    let file = secret_file(data_dir);
    let failed = |error: io::Error| {
        let place = file.display();
        format!(
            "The secret file {place} cannot be written: {error}. Let this user write there, or set ORGRAPH_TOKEN_SECRET."
        )
    };
    // Whole and on disk before it has its name, so that nobody ever reads half of it.
    let draft = data_dir.join(format!(".token.secret-{}", std::process::id()));
    let kept = write_secret(&draft).and_then(|()| fs::hard_link(&draft, &file)).or_else(|error| match error.kind() {
        ErrorKind::AlreadyExists => Ok(()),
        // Not every file system has links.
        _ => fs::rename(&draft, &file),
    });
    // Nothing more to do about a draft that stays.
    drop(fs::remove_file(&draft));
    kept.map_err(failed)?;
    kept_secrets(data_dir)?.ok_or_else(|| failed(ErrorKind::NotFound.into()))
}

fn write_secret(file: &Path) -> io::Result<()> {
    let mut bytes = [0u8; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(file)?;
    writeln!(file, "{}", HEXLOWER.encode(&bytes))?;
    file.sync_all()
}
