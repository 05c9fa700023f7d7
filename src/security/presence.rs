//! When sessions were last used, as far as this node knows better than their rows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::ids::SessionId;

/// A session is written no more often than this.
const EVERY: Duration = Duration::from_secs(60);
/// How long what has been written is still known here: longer than the cache gives out a row from before.
const KEPT: Duration = Duration::from_secs(20 * 60);

struct Note {
    seen: Timestamp,
    /// What the row says.
    written: Timestamp,
}

/// Notes of uses: a request only makes one, and a task writes them now and then.
#[derive(Default)]
pub struct Presence(Mutex<HashMap<SessionId, Note>>);

impl Presence {
    fn notes(&self) -> MutexGuard<'_, HashMap<SessionId, Note>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a use of a session whose row says `written`.
    pub fn note(&self, id: SessionId, written: Timestamp, now: Timestamp) {
        let mut notes = self.notes();
        let note = notes.entry(id).or_insert(Note { seen: now, written });
        note.seen = note.seen.max(now);
        note.written = note.written.max(written);
    }

    /// When a session was last used here, if that is known.
    pub fn last(&self, id: SessionId) -> Option<Timestamp> {
        self.notes().get(&id).map(|note| note.seen)
    }

    /// What is to be written now.
    pub fn due(&self, now: Timestamp) -> Vec<(SessionId, Timestamp)> {
        self.unwritten(|note| now >= note.written.plus(EVERY))
    }

    /// Everything that no row says yet: for a node that stops.
    pub fn all(&self) -> Vec<(SessionId, Timestamp)> {
        self.unwritten(|_| true)
    }

    fn unwritten(&self, also: impl Fn(&Note) -> bool) -> Vec<(SessionId, Timestamp)> {
        let notes = self.notes();
        let unwritten = notes.iter().filter(|(_, note)| note.seen > note.written && also(note));
        unwritten.map(|(id, note)| (*id, note.seen)).collect()
    }

    /// The rows say so now. Lets go of what they have said for long enough.
    pub fn written(&self, rows: &[(SessionId, Timestamp)], now: Timestamp) {
        let mut notes = self.notes();
        for (id, seen) in rows {
            if let Some(note) = notes.get_mut(id) {
                note.written = note.written.max(*seen);
            }
        }
        notes.retain(|_, note| note.seen > note.written || now < note.seen.plus(KEPT));
    }
}
