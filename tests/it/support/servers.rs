//! A private PostgreSQL and a private Redis for this run, on free loopback ports.
//!
//! They live in one directory, which a watchdog removes, together with them, when this process has ended in
//! whatever way: it is a shell that waits for the end of a pipe which only this process holds.
//! `cargo nextest` runs each test in a process of its own; these share the servers of the first one, through a
//! state file under a lock, and the watchdog waits for nextest itself to end.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::{CommandExt as _, parent_id};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, OnceLock};

use serde::{Deserialize, Serialize};

/// What is there for the tests of this run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Servers {
    /// Where the templates are, and where fresh SQLite databases go.
    pub directory: PathBuf,
    /// The port of PostgreSQL; none if it is not installed.
    pub postgres: Option<u16>,
    /// Whether Redis is installed; each test starts its own.
    pub redis: bool,
}

/// The file, in [`Servers::directory`], of the authority that has signed PostgreSQL's certificate.
pub const AUTHORITY: &str = "authority.pem";

/// Starts the servers at the first call, or finds those that another process of this run has started.
pub fn servers() -> &'static Servers {
    static SERVERS: LazyLock<Result<Servers, String>> = LazyLock::new(|| {
        let servers = match std::env::var("NEXTEST_RUN_ID") {
            Ok(run) => shared(&run),
            Err(_) => start(None),
        };
        for name in required() {
            let found = match name.as_str() {
                "postgres" => servers.postgres.is_some(),
                "redis" => servers.redis,
                other => return Err(format!("ORGRAPH_TEST_REQUIRE can name postgres and redis, not {other}")),
            };
            if !found {
                return Err(format!("ORGRAPH_TEST_REQUIRE asks for {name}, which is not installed"));
            }
        }
        Ok(servers)
    });
    SERVERS.as_ref().unwrap_or_else(|why| panic!("{why}"))
}

fn required() -> Vec<String> {
    let names = std::env::var("ORGRAPH_TEST_REQUIRE").unwrap_or_default();
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Does something once for all processes of this run: the first to come does it, the others wait for it.
pub fn once(directory: &Path, what: &str, work: impl FnOnce()) {
    let lock = File::create(directory.join(format!("{what}.lock"))).unwrap();
    lock.lock().unwrap();
    let done = directory.join(format!("{what}.done"));
    if !done.exists() {
        work();
        fs::write(done, "").unwrap();
    }
}

fn shared(run: &str) -> Servers {
    let meeting_point = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("nextest-{run}"));
    fs::create_dir_all(&meeting_point).unwrap();
    let state = meeting_point.join("servers.json");
    once(&meeting_point, "servers", || {
        let servers = start(Some((parent_id(), &meeting_point)));
        fs::write(&state, serde_json::to_vec(&servers).unwrap()).unwrap();
    });
    serde_json::from_slice(&fs::read(&state).unwrap()).unwrap()
}

/// Starts what is installed. `other` is the process whose end ends the servers, if it is not this one, and a further
/// directory to remove then.
fn start(other: Option<(u32, &Path)>) -> Servers {
    let directory = tempfile::Builder::new().prefix("orgraph-test-").tempdir().unwrap().keep();
    // Another user must get to its part of it.
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    watch(&directory, other);
    let postgres = start_postgres(&directory);
    let redis = Command::new("redis-server").arg("--version").output().is_ok();
    for (name, found) in [("PostgreSQL", postgres.is_some()), ("Redis", redis)] {
        if !found {
            // Not by a macro: the test harness would keep that to itself.
            let _ = writeln!(std::io::stderr(), "note: {name} is not installed; tests that need it do nothing");
        }
    }
    Servers { directory, postgres, redis }
}

/// Starts the watchdog, before there is anything to clear away.
fn watch(directory: &Path, other: Option<(u32, &Path)>) {
    const SCRIPT: &str = r#"
        trap '' INT TERM HUP
        if [ -n "$2" ]; then while kill -0 "$2" 2>/dev/null; do sleep 1; done; else cat >/dev/null; fi
        stop() {
            [ -s "$1" ] || return 0
            pid=$(head -n 1 "$1")
            kill "$2" "$pid" 2>/dev/null
            while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
        }
        stop "$1/postgres/postmaster.pid" -QUIT
        for pid in "$1"/redis-*.pid; do stop "$pid" -KILL; done
        rm -rf "$1" ${3:+"$3"}
    "#;
    // Holds the pipe.
    static WATCHDOG: OnceLock<Mutex<Child>> = OnceLock::new();
    let (pid, further) = other.map_or_else(Default::default, |(pid, path)| (pid.to_string(), path.to_path_buf()));
    let watchdog = Command::new("sh")
        .args(["-c", SCRIPT, "watchdog"])
        .arg(directory)
        .arg(pid)
        .arg(further)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C goes to all of the terminal's foreground group; this one must outlive it.
        .process_group(0)
        .spawn()
        .expect("sh starts");
    WATCHDOG.set(Mutex::new(watchdog)).expect("there is one watchdog");
}

/// The folder with all of PostgreSQL's programs, and not only its clients.
fn postgres_programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(told) = Command::new("pg_config").arg("--bindir").output() {
        places.push(String::from_utf8_lossy(&told.stdout).trim().into());
    }
    let mut packaged: Vec<_> = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().collect();
    packaged.sort_by_key(|version| version.file_name().to_string_lossy().parse().unwrap_or(0));
    places.extend(packaged.iter().rev().map(|version| version.path().join("bin")));
    places.into_iter().find(|place| ["initdb", "postgres", "pg_ctl"].iter().all(|name| place.join(name).is_file()))
}

/// PostgreSQL refuses to run as root: who it shall be then.
fn other_than_root(directory: &Path) -> Option<(u32, u32)> {
    if fs::metadata(directory).unwrap().uid() != 0 {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(|id| id.parse().ok());
        Some((fields.next()??, fields.next()??))
    };
    Some(ids("postgres").or_else(|| ids("nobody")).expect("a user postgres or nobody, as this is root"))
}

fn start_postgres(directory: &Path) -> Option<u16> {
    let programs = postgres_programs()?;
    let data = directory.join("postgres");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    let user = other_than_root(directory);
    if let Some((uid, gid)) = user {
        chown(&data, Some(uid), Some(gid)).unwrap();
    }
    let program = |name: &str| {
        let mut command = Command::new(programs.join(name));
        command.arg("-D").arg(&data).current_dir("/").env("LC_ALL", "C").stdin(Stdio::null()).process_group(0);
        if let Some((uid, gid)) = user {
            command.uid(uid).gid(gid);
        }
        command
    };
    let mut make = program("initdb");
    make.args(["-U", "orgraph", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
    let made = make.output().expect("initdb starts");
    assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
    certify(directory, &data, user);
    let log = data.join("server.log");
    // Between finding a port free and listening on it, another program may take it.
    for _ in 0..5 {
        let port = free_port();
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
             -c ssl=on -c synchronous_commit=off -c full_page_writes=off -c max_connections=400 -c shared_buffers=64MB"
        );
        let mut start = program("pg_ctl");
        start.args(["start", "-w", "-s", "-o", &options, "-l"]).arg(&log).stdout(Stdio::null()).stderr(Stdio::null());
        if start.status().expect("pg_ctl starts").success() {
            return Some(port);
        }
    }
    panic!("PostgreSQL does not start: {}", fs::read_to_string(log).unwrap_or_default());
}

/// An authority of our own, and by it a certificate for the server under the name of `localhost`.
fn certify(directory: &Path, data: &Path, user: Option<(u32, u32)>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    fs::write(directory.join(AUTHORITY), authority.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = rcgen::Issuer::new(authority, key);
    let key = rcgen::KeyPair::generate().unwrap();
    let server = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    for (name, text) in [("server.crt", server.pem()), ("server.key", key.serialize_pem())] {
        let path = data.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((uid, gid)) = user {
            chown(&path, Some(uid), Some(gid)).unwrap();
        }
    }
}

/// A Redis of one test, which can be taken away and brought back; gone with it.
pub struct RedisServer {
    process: Mutex<Child>,
    pub port: u16,
    options: Vec<String>,
}

impl RedisServer {
    /// None if Redis is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with(&["--save", "", "--appendonly", "no"])
    }

    /// With options of the command line.
    pub fn start_with(options: &[&str]) -> Option<Self> {
        if !servers().redis {
            return None;
        }
        let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        // Between finding a port free and listening on it, another program may take it.
        let started = (0..5).find_map(|_| {
            let port = free_port();
            let process = Mutex::new(Self::run(port, &options)?);
            Some(Self { process, port, options: options.clone() })
        });
        Some(started.expect("Redis starts"))
    }

    /// A sentinel that watches over a master by the name of `main`.
    pub fn sentinel_of(master: &Self) -> Self {
        let file = servers().directory.join(format!("sentinel-{}.conf", master.port));
        let lines = format!(
            "sentinel monitor main 127.0.0.1 {} 1\nsentinel down-after-milliseconds main 300\n\
             sentinel failover-timeout main 2000\n",
            master.port
        );
        fs::write(&file, lines).unwrap();
        Self::start_with(&[file.to_str().unwrap(), "--sentinel"]).expect("Redis is installed")
    }

    fn run(port: u16, options: &[String]) -> Option<Child> {
        let directory = &servers().directory;
        let mut process = Command::new("redis-server")
            // The file of a sentinel comes first.
            .args(options)
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"])
            .arg(directory)
            .arg("--pidfile")
            .arg(directory.join(format!("redis-{port}.pid")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("redis-server starts");
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let is_ready = |line: &str| line.contains("Ready to accept connections") || line.contains("+monitor master");
        if lines.map_while(Result::ok).any(|line| is_ready(&line)) {
            return Some(process);
        }
        let _ = process.wait();
        None
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub fn stop(&self) {
        let mut process = self.process.lock().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Brings it back, empty, on the same port.
    pub fn restart(&self) {
        *self.process.lock().unwrap() = Self::run(self.port, &self.options).expect("Redis starts again");
    }

    /// Sends one command, and gives the first line of the answer.
    pub fn ask(&self, command: &str) -> String {
        self.try_ask(command).unwrap()
    }

    /// The same where the server may hang up.
    pub fn try_ask(&self, command: &str) -> std::io::Result<String> {
        let mut connection = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        connection.write_all(format!("{command}\r\n").as_bytes())?;
        let mut line = String::new();
        BufReader::new(connection).read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let process = self.process.get_mut().unwrap();
        let _ = process.kill();
        let _ = process.wait();
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

#[test]
fn redis_answers_where_it_is_installed() {
    let Some(redis) = RedisServer::start() else { return };
    assert_eq!(redis.ask("PING"), "+PONG");
}
