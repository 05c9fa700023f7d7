//! Texts that have passed before.
//!
//! Clients send the same few documents over and over, and parsing takes longer than all other steps together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{SchemaEnv, Variables};

use super::{Checked, GateError, Limits, check_parsed, parse};

/// How much text one generation keeps; a parsed document is some forty times as large as its text, and so is what has
/// come of checking it.
const GENERATION_BYTES: usize = 64 * 1024;

/// The gate of one schema.
pub struct Gate {
    schema: SchemaEnv,
    limits: Limits,
    documents: Mutex<Generations>,
}

impl Gate {
    pub fn new(schema: SchemaEnv, limits: Limits) -> Self {
        Self { schema, limits, documents: Mutex::default() }
    }

    /// Lets a document pass, or says why not.
    pub fn check(
        &self,
        query: &str,
        operation_name: Option<&str>,
        variables: &Variables,
    ) -> Result<Checked, Vec<GateError>> {
        // With these, the text alone decides.
        let is_plain = operation_name.is_none() && variables.is_empty();
        let known = self.documents().get(query);
        let document = match &known {
            Some(Known { checked: Some(checked), .. }) if is_plain => return Ok(checked.as_ref().clone()),
            Some(known) => known.document.clone(),
            None => Arc::new(parse(&self.limits, query)?),
        };
        let checked = check_parsed(&self.schema.registry, &self.limits, &document, operation_name, variables)?;
        // Fragments can make much of a short text; what is kept is bounded by the text.
        let kept = (is_plain && checked.selections <= query.len()).then(|| Arc::new(checked.clone()));
        // Only what fits the schema is worth keeping.
        if known.is_none() || kept.is_some() {
            self.documents().insert(query, Known { document, checked: kept });
        }
        Ok(checked)
    }

    fn documents(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone)]
struct Known {
    document: Arc<ExecutableDocument>,
    /// What has come of checking it, sent without variables and an operation's name.
    checked: Option<Arc<Checked>>,
}

type Documents = HashMap<Arc<str>, Known>;

/// Two generations of documents: when the young one is full it becomes the old one, and what is not asked for
/// until that happens again is forgotten.
#[derive(Default)]
struct Generations {
    young: Documents,
    bytes: usize,
    old: Documents,
}

impl Generations {
    fn get(&mut self, query: &str) -> Option<Known> {
        if let Some(known) = self.young.get(query) {
            return Some(known.clone());
        }
        let (_, known) = self.old.remove_entry(query)?;
        self.insert(query, known.clone());
        Some(known)
    }

    fn insert(&mut self, query: &str, known: Known) {
        if self.bytes + query.len() > GENERATION_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        if self.young.insert(query.into(), known).is_none() {
            self.bytes += query.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Known {
        let document = Arc::new(async_graphql::parser::parse_query("{ a }").expect("a document"));
        Known { document, checked: None }
    }

    #[test]
    fn what_is_used_stays_and_the_rest_is_forgotten() {
        let mut documents = Generations::default();
        let text = |n: usize| format!("{n:1000}");
        documents.insert("used", document());
        for n in 0..1_000 {
            documents.insert(&text(n), document());
            assert!(documents.get("used").is_some());
        }
        assert!(documents.get(&text(999)).is_some());
        assert!(documents.get(&text(0)).is_none());
        let kept: usize = documents.young.keys().chain(documents.old.keys()).map(|text| text.len()).sum();
        assert!(kept <= 2 * GENERATION_BYTES);
    }
}
