//! Who may import what, and how long a file may be: the layers of the source tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use orgraph::graphql::guard::Right;

/// The longest that a source file may be.
const MAX_LINES: usize = 400;

/// A source file, its path relative to `src/`.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Whether code, not a comment, has this word.
    fn uses(&self, word: &str) -> bool {
        let code = self.text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
        let inside = |c: char| c.is_alphanumeric() || c == '_';
        code.flat_map(|line| line.split(|c| !inside(c))).any(|found| found == word)
    }

    /// Whether code has this path.
    fn names(&self, path: &str) -> bool {
        let mut code = self.text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
        code.any(|line| line.contains(path))
    }

    /// What code takes from `crate::domains`: the domains, and what all of them share.
    fn domains(&self) -> Vec<&str> {
        let code = self.text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let paths = code.flat_map(|line| line.split("crate::domains::").skip(1));
        paths
            .flat_map(|rest| match rest.strip_prefix('{') {
                Some(group) => group.split('}').next().unwrap_or_default().split(',').map(str::trim).collect(),
                None => vec![rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()],
            })
            .map(|path| path.split("::").next().unwrap_or_default())
            .collect()
    }

    fn file(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    fn is_in(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    collect(&root, &root, &mut sources);
    assert!(sources.len() > 80, "only {} source files were found", sources.len());
    sources
}

fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            sources.push(Source { path: relative, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

fn paths<'a>(offenders: impl Iterator<Item = &'a Source>) -> Vec<&'a str> {
    offenders.map(|source| source.path.as_str()).collect()
}

/// Diesel is for the database, its rows and its queries. `Timestamp`, `Status` and `Error` are columns or come from it.
#[test]
fn diesel_stays_where_the_database_is() {
    let allowed = |source: &Source| {
        source.is_in(&["db/", "audit/", "demo/"])
            || matches!(source.path.as_str(), "clock.rs" | "error.rs" | "domains/mod.rs")
            || (source.is_in(&["domains/"]) && matches!(source.file(), "model.rs" | "repository.rs"))
    };
    let sources = sources();
    let users = |source: &&Source| ["diesel", "diesel_async", "tokio_postgres"].iter().any(|word| source.uses(word));
    assert!(sources.iter().filter(users).count() > 15, "the search finds nothing");
    let offenders = paths(sources.iter().filter(users).filter(|source| !allowed(source)));
    assert!(offenders.is_empty(), "use diesel: {offenders:?}");
}

#[test]
fn axum_stays_in_http() {
    let sources = sources();
    let users = |source: &&Source| ["axum", "tower", "tower_http"].iter().any(|word| source.uses(word));
    assert!(sources.iter().filter(users).count() > 3, "the search finds nothing");
    let offenders = paths(sources.iter().filter(users).filter(|source| !source.is_in(&["http/", "cli/"])));
    assert!(offenders.is_empty(), "use axum: {offenders:?}");
}

/// What all domains stand on knows none of them, except where they are registered.
#[test]
fn the_spine_does_not_know_the_domains() {
    let registers = |source: &Source| {
        source.is_in(&["domains/", "http/", "demo/", "cli/"])
            || matches!(source.path.as_str(), "graphql/schema.rs" | "graphql/node.rs" | "seed.rs")
    };
    let sources = sources();
    let users = |source: &&Source| source.names("crate::domains") || source.names("orgraph::domains");
    assert!(sources.iter().filter(users).count() > 15, "the search finds nothing");
    let offenders = paths(sources.iter().filter(users).filter(|source| !registers(source)));
    assert!(offenders.is_empty(), "import domains: {offenders:?}");
}

/// A repository is its own domain's: other domains go through the service, which knows the rules.
#[test]
fn repositories_are_private() {
    for source in sources().iter().filter(|source| source.is_in(&["domains/"]) && source.file() == "mod.rs") {
        assert!(!source.names("pub mod repository"), "{} publishes its repository", source.path);
    }
}

/// Which domain may use which, without a cycle: `domains/mod.rs` shows them. Objects of the schema refer to each other.
#[test]
fn services_depend_in_one_direction() {
    const USES: [(&str, &[&str]); 7] = [
        ("auth", &["depts", "logs", "roles", "sessions", "users"]),
        ("users", &["depts", "menus", "roles", "sessions"]),
        ("roles", &["depts", "menus"]),
        ("depts", &[]),
        ("logs", &[]),
        ("menus", &[]),
        ("sessions", &[]),
    ];
    /// A cache key of another domain that a change makes stale, and that takes something of one's own along.
    const STALE: [(&str, &str); 2] = [("domains/menus/service.rs", "roles"), ("domains/menus/cache.rs", "roles")];
    let sources = sources();
    let layer = |source: &&Source| {
        let file = source.file();
        source.is_in(&["domains/"])
            && (source.path.contains("/service") || matches!(file, "repository.rs" | "model.rs" | "cache.rs"))
    };
    let mut uses = 0;
    for source in sources.iter().filter(layer) {
        let domain = source.path.split('/').nth(1).unwrap();
        let (_, allowed) = USES.iter().find(|(name, _)| *name == domain).unwrap_or_else(|| {
            panic!("the domain {domain} is new: add it to USES above, with the domains that it uses")
        });
        for other in source.domains().into_iter().filter(|other| USES.iter().any(|(name, _)| name == other)) {
            let known = other == domain || allowed.contains(&other) || STALE.contains(&(source.path.as_str(), other));
            assert!(known, "{} uses {other}, which USES above does not allow", source.path);
            uses += 1;
        }
    }
    assert!(uses > 10, "the search finds nothing");
}

#[test]
fn files_are_short() {
    let sources = sources();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut all = Vec::new();
    collect(&tests, &tests, &mut all);
    let long = sources.iter().chain(&all).filter(|source| source.text.lines().count() > MAX_LINES);
    let long: Vec<_> = long.map(|source| (&source.path, source.text.lines().count())).collect();
    assert!(long.is_empty(), "longer than {MAX_LINES} lines: {long:?}");
}

/// Whoever knows one domain finds their way in all of them.
#[test]
fn domains_have_the_same_files() {
    const LAYERS: [&str; 8] = ["mod", "model", "repository", "service", "input", "graphql", "loader", "cache"];
    /// Parts of a domain that are none of the layers.
    const FURTHER: [&str; 4] = ["auth/protection", "logs/readable", "menus/sidebar", "menus/tree"];
    let sources = sources();
    let mut domains = BTreeSet::new();
    let mut found = BTreeSet::new();
    for source in sources.iter().filter(|source| source.is_in(&["domains/"])) {
        let mut parts = source.path.split('/').skip(1);
        let (Some(domain), Some(file)) = (parts.next(), parts.next()) else { continue };
        let file = file.trim_end_matches(".rs");
        domains.insert(domain);
        found.insert(format!("{domain}/{file}"));
        let known = LAYERS.contains(&file) || FURTHER.contains(&format!("{domain}/{file}").as_str());
        assert!(known, "{} is none of the layers {LAYERS:?}", source.path);
    }
    assert!(domains.len() >= 7, "only {domains:?} were found");
    for domain in domains {
        for layer in ["mod", "service", "graphql"] {
            assert!(found.contains(&format!("{domain}/{layer}")), "{domain} has no {layer}");
        }
    }
}

/// The table in `mod.rs` is where somebody looks for the file that they need.
#[test]
fn folders_name_their_files() {
    let sources = sources();
    let mut named = 0;
    for index in sources.iter().filter(|source| source.file() == "mod.rs") {
        let folder = index.path.trim_end_matches("mod.rs");
        let table = index.text.lines().any(|line| line.starts_with("//! | file |"));
        if !table {
            // A folder of a domain has the files that `domains/mod.rs` lists; few files need no table.
            let few = sources.iter().filter(|source| source.path.starts_with(folder)).count() < 4;
            let is_domain = folder.starts_with("domains/") && folder.matches('/').count() == 2;
            assert!(few || is_domain || folder.ends_with("tests/"), "{} has no table of its files", index.path);
            continue;
        }
        for source in sources.iter().filter(|source| source.path.starts_with(folder)) {
            let rest = &source.path[folder.len()..];
            let name = rest.split_once('/').map_or(rest.to_owned(), |(inner, _)| format!("{inner}/"));
            if name != "mod.rs" && !name.starts_with("tests") && folder != "domains/" {
                assert!(index.text.contains(&format!("`{name}`")), "the table in src/{} lacks {name}", index.path);
                named += 1;
            }
        }
    }
    assert!(named > 50, "the search finds nothing");
}

#[test]
fn each_permission_is_one_of_a_domain() {
    let sources = sources();
    let catalogue = &sources.iter().find(|source| source.path == "security/permission.rs").unwrap().text;
    let codes =
        catalogue.split('"').filter(|text| text.matches(':').count() >= 2 && !text.contains(char::is_whitespace));
    let codes: BTreeSet<_> = codes.collect();
    assert!(codes.len() > 20, "only {codes:?} were found");
    for code in codes {
        let domains = sources.iter().filter(|source| source.is_in(&["domains/"]) && source.file() == "mod.rs");
        let owners = domains.filter(|source| source.text.contains(&format!("`{code}`"))).count();
        assert_eq!(owners, 1, "the permission {code} should be named in the mod.rs of the domain that it is for");
    }
}

/// A directive declares a right; it is the guard that reads and enforces it.
#[test]
fn each_declared_right_goes_through_the_guard() {
    let sources = sources();
    let mut seen = 0;
    for source in sources.iter().filter(|source| source.is_in(&["domains/", "graphql/"])) {
        for declared in source.text.split("directive = ").skip(1) {
            if !["requires::", "authenticated::", "public::"].iter().any(|right| declared.starts_with(right)) {
                continue;
            }
            // To the end of the method.
            let method = declared.split("\n    }\n").next().unwrap_or_default();
            let name = method.split("async fn ").nth(1).and_then(|rest| rest.split('(').next()).unwrap_or_default();
            let guarded = ["edge(", "query(", "mutation("].iter().any(|guard| method.contains(&format!(" {guard}ctx")));
            assert!(guarded, "{}: {name} declares a right, but runs in no `edge`, `query` or `mutation`", source.path);
            seen += 1;
        }
    }
    let schema = orgraph::graphql::schema();
    let fields = schema.types().values().filter_map(|of| of.fields()).flat_map(|fields| fields.values());
    assert_eq!(seen, fields.filter(|field| Right::of(field).is_some()).count(), "the search misses some");
}

/// What is changed is named to the `Write`, which records it.
#[test]
fn each_change_is_named_to_its_write() {
    /// What is in no record of an operation by itself: the closure of departments goes with their parents, the login log
    /// is one of its own, sessions and the state of accounts are named by services that know more, and passwords by nobody.
    const UNNAMED: [&str; 12] = [
        "depts::attach",
        "depts::detach",
        "logs::insert_login",
        "sessions::end",
        "sessions::ensure_token",
        "sessions::insert",
        "sessions::touch",
        "sessions::use_token",
        "users::hold",
        "users::remember_password",
        "users::set_failed_logins",
        "users::touch_login",
    ];
    const NAMING: [&str; 6] = ["created(", "updated(", "deleted(", "changed(", "relinked(", "unlinked("];
    let sources = sources();
    let (mut named, mut unnamed) = (0, Vec::new());
    for source in sources.iter().filter(|source| source.is_in(&["domains/"]) && source.file() == "repository.rs") {
        let domain = source.path.split('/').nth(1).unwrap();
        for function in source.text.split("\nasync fn ").flat_map(|text| text.split("\npub async fn ")).skip(1) {
            let body = function.split("\n}\n").next().unwrap_or_default();
            let changes = ["insert_into(", "diesel::update(", "diesel::delete(", "insert_many!("];
            if !body.contains("Write<") || !changes.iter().any(|change| body.contains(change)) {
                continue;
            }
            if NAMING.iter().any(|name| body.contains(&format!("write.{name}"))) {
                named += 1;
            } else {
                unnamed.push(format!("{domain}::{}", body.split('(').next().unwrap_or_default()));
            }
        }
    }
    assert!(named >= 12, "the search finds only {named}");
    unnamed.sort();
    assert_eq!(unnamed, UNNAMED, "a change should be named by `write.created`, `updated`, `deleted`, …");
}
