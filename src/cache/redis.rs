//! The values in Redis, and the messages between nodes. Nothing here fails: what Redis cannot do is not there.
//!
//! No caller waits for a Redis that is slow or away: the first one that has waited [`PATIENCE`] in vain puts it out of
//! use for all, and a task in the background takes it into use again. A value is believed only under the run of the
//! server that it was written in, because one that comes back with old data has lost what was deleted since.
//!
//! Beside each value stands a mark. Whoever looks for a value in vain sees to it that there is one, and keeps what they have
//! loaded under that mark only; forgetting takes it away. So what was read before a change finds another mark after it, or
//! none, and a value made of others is worth no more than the marks of these.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, FromRedisValue, PushInfo, PushKind, RedisError, Script};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;

use super::LONGEST;
use super::memory::Memory;
use super::place::Place;

/// The longest that a request waits for Redis.
const PATIENCE: Duration = Duration::from_millis(50);
/// The longest that taking it into use may take.
const CONNECTING: Duration = Duration::from_secs(1);
/// How often that is tried.
const PERIOD: Duration = Duration::from_millis(250);

/// Marks of a value and its parts: those that are there live on, and the others get this one.
const MARK: &str = r"
    local marks = {}
    for at = 1, #KEYS do
        marks[at] = redis.call('GET', KEYS[at])
        if marks[at] then
            redis.call('PEXPIRE', KEYS[at], ARGV[2])
        else
            marks[at] = ARGV[1]
            redis.call('SET', KEYS[at], marks[at], 'PX', ARGV[2])
        end
    end
    return marks";

/// Writes a value if its own mark and those of its parts are what they were when it was looked for.
const PUT: &str = r"
    for at = 2, #KEYS do
        if redis.call('GET', KEYS[at]) ~= ARGV[at + 1] then return end
    end
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])";

pub struct Redis {
    place: Place,
    /// Database numbers do not divide channels, so the name has to.
    channel: String,
    installation: String,
    patience: Duration,
    mark: Script,
    put: Script,
    state: Mutex<State>,
    pushes: (mpsc::UnboundedSender<PushInfo>, Mutex<Option<mpsc::UnboundedReceiver<PushInfo>>>),
}

#[derive(Default)]
struct State {
    link: Option<Link>,
    /// What could not be forgotten there yet. Older than any value, it need not be.
    owed: HashMap<String, Instant>,
    /// Whether it has been said that Redis is away.
    is_known_lost: bool,
}

#[derive(Clone)]
struct Link {
    connection: MultiplexedConnection,
    /// What values begin with that can be believed: the installation, and the run of the server from start to end.
    seal: String,
    number: u64,
}

/// What Redis has under a key.
pub enum Found {
    Value(Vec<u8>),
    /// Nothing that can be believed.
    Nothing(Seen),
    Unavailable,
}

/// The marks of a value and its parts, as a connection has seen them. Forgetting takes a mark away, and none comes back.
pub struct Seen {
    marks: Vec<String>,
    number: u64,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.marks.join(","))
    }
}

impl Link {
    /// What a value begins with that can be believed: nothing was lost since, nor were its parts forgotten.
    fn beginning(&self, marks_of_parts: &[String]) -> Vec<u8> {
        format!("{}{}:", self.seal, marks_of_parts.join(",")).into_bytes()
    }
}

impl Redis {
    /// `installation` tells the values of this one from those of another that uses the same database by mistake.
    pub fn new(url: &SecretString, installation: &str) -> Result<Self, String> {
        let place = Place::parse(url.expose_secret())?;
        let channel = format!("orgraph:{}:forget", place.number());
        let (sender, receiver) = mpsc::unbounded_channel();
        Ok(Self {
            place,
            channel,
            installation: installation.to_owned(),
            patience: PATIENCE,
            mark: Script::new(MARK),
            put: Script::new(PUT),
            state: Mutex::default(),
            pushes: (sender, Mutex::new(Some(receiver))),
        })
    }

    /// For those who would rather wait than go without it.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, if it can be used: nothing must be read that should have been forgotten.
    fn link(&self) -> Option<Link> {
        let state = self.state();
        state.link.clone().filter(|_| state.owed.is_empty())
    }

    pub fn is_in_use(&self) -> bool {
        self.link().is_some()
    }

    /// Waits for an answer, but not long.
    async fn ask<T>(&self, link: &Link, question: impl Future<Output = Result<T, RedisError>>) -> Option<T> {
        let cause = match tokio::time::timeout(self.patience, question).await {
            Ok(Ok(answer)) => return Some(answer),
            // It is there, and only will not do this: its memory is full, or it is a replica.
            Ok(Err(error)) if error.code().is_some() && !error.is_connection_dropped() && !self.has_moved(&error) => {
                tracing::debug!(cause = %error, "Redis refused a command");
                return None;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} ms", self.patience.as_millis()),
        };
        self.lose(Some(link.number), &cause);
        None
    }

    /// Whether another server may have taken the place of this one.
    fn has_moved(&self, error: &RedisError) -> bool {
        self.place.may_move()
            && matches!(error.code(), Some("READONLY" | "MOVED" | "ASK" | "CLUSTERDOWN" | "MASTERDOWN"))
    }

    /// Puts Redis out of use, if that is still the connection that failed.
    fn lose(&self, number: Option<u64>, cause: &str) {
        let mut state = self.state();
        if number.is_none_or(|number| state.link.as_ref().is_some_and(|link| link.number == number)) {
            state.link = None;
            if !std::mem::replace(&mut state.is_known_lost, true) {
                tracing::warn!(cause, "Redis cannot be used; values are kept in this process and in the database");
            }
        }
    }

    pub async fn get(&self, text: &str, parts: &[&str]) -> Found {
        let Some(link) = self.link() else { return Found::Unavailable };
        let mut command = redis::cmd("MGET");
        command.arg(&*self.place.key(text));
        for part in parts {
            command.arg(self.mark(part));
        }
        let mut connection = link.connection.clone();
        let found: Option<Vec<Option<Vec<u8>>>> = self.ask(&link, command.query_async(&mut connection)).await;
        let Some(found) = found else { return Found::Unavailable };
        let mut found = found.into_iter();
        let value = found.next().flatten();
        // Without a mark, nobody can tell whether the part was forgotten since: Redis may have dropped it for want of room.
        let marks: Option<Vec<_>> = found.map(|mark| String::from_utf8(mark?).ok()).collect();
        if let (Some(mut bytes), Some(marks)) = (value, marks) {
            let beginning = link.beginning(&marks);
            if bytes.starts_with(&beginning) {
                return Found::Value(bytes.split_off(beginning.len()));
            }
        }
        let mut call = self.mark.prepare_invoke();
        for text in [text].iter().chain(parts) {
            call.key(self.mark(text));
        }
        call.arg(uuid::Uuid::new_v4().simple().to_string()).arg(millis(LONGEST * 2));
        match self.ask(&link, call.invoke_async(&mut connection)).await {
            Some(marks) => Found::Nothing(Seen { marks, number: link.number }),
            None => Found::Unavailable,
        }
    }

    /// Keeps a value, unless it or a part of it has been forgotten since it was looked for.
    pub async fn put(&self, text: &str, parts: &[&str], seen: &Seen, value: &[u8], lifetime: Duration) {
        // Parts may have come from elsewhere while this connection was lost.
        let Some(link) = self.link().filter(|link| link.number == seen.number) else { return };
        let value = [&link.beginning(seen.marks.get(1..).unwrap_or_default()), value].concat();
        let mut call = self.put.prepare_invoke();
        call.key(&*self.place.key(text)).key(self.mark(text)).arg(value).arg(millis(lifetime));
        for part in parts {
            call.key(self.mark(part));
        }
        call.arg(&seen.marks);
        let mut connection = link.connection.clone();
        let _: Option<()> = self.ask(&link, call.invoke_async(&mut connection)).await;
    }

    /// Takes values away, also those that are about to be put; `announce` tells the other nodes.
    pub async fn forget(&self, texts: &[String], announce: bool) {
        if self.try_forget(texts, announce).await.is_none() {
            let now = Instant::now();
            self.state().owed.extend(texts.iter().map(|text| (text.clone(), now)));
        }
    }

    async fn try_forget(&self, texts: &[String], announce: bool) -> Option<()> {
        let link = self.state().link.clone()?;
        let mut commands = redis::pipe();
        // Also a full Redis deletes.
        let keys = texts.iter().flat_map(|text| [self.place.key(text).into_owned(), self.mark(text)]);
        commands.cmd("DEL").arg(keys.collect::<Vec<_>>());
        if announce {
            commands.cmd("PUBLISH").arg(&self.channel).arg(texts.join("\n")).ignore();
        }
        let mut connection = link.connection.clone();
        self.ask(&link, commands.query_async::<(i64,)>(&mut connection)).await.map(drop)
    }

    /// Runs a script on keys of this installation; none if Redis cannot be asked, or refuses.
    pub async fn invoke_own<T: FromRedisValue>(&self, script: &Script, names: &[&str], args: &[i64]) -> Option<T> {
        let link = self.state().link.clone()?;
        let mut call = script.prepare_invoke();
        for name in names {
            call.key(self.own(name));
        }
        call.arg(args);
        let mut connection = link.connection.clone();
        self.ask(&link, call.invoke_async(&mut connection)).await
    }

    /// Deletes keys of this installation, if Redis can be asked.
    pub async fn delete_own(&self, names: &[String]) {
        let Some(link) = self.state().link.clone() else { return };
        let mut command = redis::cmd("DEL");
        for name in names {
            command.arg(self.own(name));
        }
        let mut connection = link.connection.clone();
        let _: Option<()> = self.ask(&link, command.query_async(&mut connection)).await;
    }

    fn own(&self, name: &str) -> String {
        self.place.key(&format!("orgraph:{}:{name}", self.installation)).into_owned()
    }

    fn mark(&self, text: &str) -> String {
        format!("{}:mark", self.place.key(text))
    }

    /// Takes Redis into use whenever it is there, and lets `memory` forget what other nodes say. Runs once, as long as the program.
    pub async fn run(&self, memory: &Memory) {
        let receiver = self.pushes.1.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut pushes) = receiver else { return };
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut number = 0;
        loop {
            tokio::select! {
                push = pushes.recv() => if let Some(push) = push {
                    match push.kind {
                        PushKind::Disconnection => self.lose(None, "the connection was closed"),
                        PushKind::Message => memory.forget(&message(&push, &self.channel)).await,
                        _ => {}
                    }
                },
                _ = ticks.tick() => {
                    if self.state().link.is_none() {
                        number += 1;
                        self.connect(number).await;
                    }
                    self.settle().await;
                }
            }
        }
    }

    async fn connect(&self, number: u64) {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(CONNECTING.max(self.patience)))
            .set_push_sender(self.pushes.0.clone());
        let connecting = async {
            let mut connection =
                self.place.client().await?.get_multiplexed_async_connection_with_config(&config).await?;
            connection.subscribe(&self.channel).await?;
            let server: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
            let run = server.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::trim).unwrap_or_default();
            if run.is_empty() {
                return Err((redis::ErrorKind::Client, "the server does not tell its runs apart (run_id)").into());
            }
            let seal = format!("{}:{run}:", self.installation);
            Ok::<_, RedisError>(Link { connection, seal, number })
        };
        let connected = tokio::time::timeout(CONNECTING * 2, connecting).await;
        match connected {
            Ok(Ok(link)) => {
                let mut state = self.state();
                state.link = Some(link);
                if std::mem::take(&mut state.is_known_lost) {
                    tracing::info!("Redis can be used again");
                }
            }
            Ok(Err(error)) => self.lose(None, &error.to_string()),
            Err(_) => self.lose(None, "it does not answer"),
        }
    }

    /// Forgets what could not be forgotten before.
    async fn settle(&self) {
        let owed: Vec<String> = {
            let mut state = self.state();
            state.owed.retain(|_, since| since.elapsed() < LONGEST);
            state.owed.keys().cloned().collect()
        };
        for texts in owed.chunks(1_000) {
            if self.try_forget(texts, true).await.is_some() {
                let mut state = self.state();
                state.owed.retain(|text, _| !texts.contains(text));
            }
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The keys that a message on our channel names.
fn message(push: &PushInfo, channel: &str) -> Vec<String> {
    let texts: Vec<String> = push.data.iter().filter_map(|value| redis::from_redis_value(value.clone()).ok()).collect();
    match &texts[..] {
        [on, keys] if on == channel => keys.lines().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
