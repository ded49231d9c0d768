//! What is really isolated, on each runtime: the hostile component of
//! `tests/guests` in the place of the exchange, in each of the ways of [`How`]. What
//! was measured is `tests/conformance/isolation.json`; docs/runtimes.md shows it.

use crate::case::{self, Case};
use crate::pod::{Pod, Transport};
use crate::runtimes::process::{self, NOT_GRANTED};
use crate::runtimes::{self, LIMIT, Program, Ran};
use keyhole_tests::artifacts::{self, workspace};
use keyhole_tests::{program, skipped};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// In what the hostile component runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// With what the runtime has for everybody: the token's folder, its own handler.
    Bare,
    /// With what the drivers here have in their place: the file as the preopen, and a
    /// handler that lets one URL pass.
    Narrowed,
    /// As bare, behind guards with a rule that is made of the variables.
    Guarded,
    /// As bare, behind guards with a rule that is fixed in them.
    Fixed,
}

impl How {
    pub(crate) const ALL: [Self; 4] = [Self::Bare, Self::Narrowed, Self::Guarded, Self::Fixed];

    /// Its name in the file of measurements.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Narrowed => "narrowed",
            Self::Guarded => "guarded",
            Self::Fixed => "guarded, fixed rule",
        }
    }
}

/// A capability that a guest could take too far.
struct Row {
    /// What a guest cannot do where it is held, as the docs say it.
    what: &'static str,
    /// The attempt of `tests/guests`.
    attempt: &'static str,
    /// By what it is seen that it worked.
    seen: Seen,
}

/// By what it is seen that an attempt worked.
#[derive(Clone, Copy)]
enum Seen {
    /// The guest says that it got in.
    GotIn,
    /// The guest names a variable that it was not given.
    Variable,
    /// More than so many requests came to the authority.
    Requests(usize),
    /// The runtime did not say that the request is denied.
    NotDenied,
    /// It had to be ended from outside.
    Endless,
    /// A token came out that nobody sent.
    Token,
    /// The federated token's signature came out.
    Signature,
}

const ROWS: &[Row] = &[
    row(
        "sees no variable but those named",
        "read_other_variable",
        Seen::Variable,
    ),
    row(
        "reads no other file of the folder",
        "open_sibling",
        Seen::GotIn,
    ),
    row("opens no folder above", "open_parent", Seen::GotIn),
    row(
        "reads nothing by an absolute path",
        "open_absolute",
        Seen::GotIn,
    ),
    row(
        "does not write to the token file",
        "open_for_writing",
        Seen::GotIn,
    ),
    row(
        "does not empty the token file",
        "open_to_truncate",
        Seen::GotIn,
    ),
    row("reaches no other host", "post_other_host", Seen::NotDenied),
    row("reaches no other port", "post_other_port", Seen::NotDenied),
    row(
        "reaches no other path of the authority",
        "post_other_path",
        Seen::Requests(0),
    ),
    row(
        "sends no other method",
        "get_instead_of_post",
        Seen::Requests(0),
    ),
    row("asks for no other scope", "other_scope", Seen::Requests(0)),
    row(
        "asks as no other client",
        "other_client_id",
        Seen::Requests(0),
    ),
    row(
        "sends no field of its own",
        "extra_field",
        Seen::Requests(0),
    ),
    row(
        "sends no assertion but the file's",
        "assertion_not_from_file",
        Seen::Requests(0),
    ),
    row(
        "sends no header of its own",
        "extra_header",
        Seen::Requests(0),
    ),
    row(
        "sends at most six requests",
        "seventh_request",
        Seen::Requests(6),
    ),
    row("has at most 16 MiB a memory", "grow_memory", Seen::GotIn),
    row("is ended when it spins", "endless_loop", Seen::Endless),
    row(
        "is ended when it waits for ever",
        "endless_wait",
        Seen::Endless,
    ),
    row(
        "returns no token but the authority's",
        "return_token_never_sent",
        Seen::Token,
    ),
    row(
        "shows nothing of the federated token",
        "federated_token_in_error_message",
        Seen::Signature,
    ),
];

const fn row(what: &'static str, attempt: &'static str, seen: Seen) -> Row {
    Row {
        what,
        attempt,
        seen,
    }
}

/// Long enough for a limit of the command line to strike.
const PATIENCE: Duration = Duration::from_secs(8);

impl Row {
    /// Neither a handler nor the place of a rule is about time, and each takes its time
    /// to be seen.
    fn is_measured(&self, how: How) -> bool {
        matches!(how, How::Bare | How::Guarded) || !matches!(self.seen, Seen::Endless)
    }

    fn pod(&self, listed: &dyn runtimes::Runtime, how: How) -> Pod {
        let resource = format!("api://attempt/{}", self.attempt);
        let timeout = match self.seen {
            Seen::Endless => "3s",
            _ => "20s",
        };
        let case = json!({
            "case": self.attempt,
            "variables": { "AZURE_SCOPE": format!("{resource}/.default") },
            "emulator": { "resources": [resource] },
            "flags": ["--timeout", timeout],
            "expect": { "exit": 0 },
        });
        let case: Case = serde_json::from_value(case).expect("a case");
        let mut pod = Pod::new(&case, listed.transport());
        pod.narrowed = how == How::Narrowed;
        pod.patience = match self.seen {
            Seen::Endless => PATIENCE,
            _ => LIMIT,
        };
        pod
    }

    /// Whether the attempt was held off.
    fn is_held(&self, pod: &Pod, ran: &Ran) -> bool {
        let requests = pod.emulator.requests().len();
        let says = |part: &str| ran.stdout.contains(part) || ran.stderr.contains(part);
        match self.seen {
            Seen::GotIn => !says("GOT IN"),
            Seen::Variable => !says(NOT_GRANTED),
            Seen::Requests(most) => requests <= most,
            Seen::NotDenied => DENIED.iter().any(|denied| says(denied)),
            Seen::Endless => !ran.killed,
            Seen::Token => ran.exit != Some(0),
            Seen::Signature => {
                let mut secrets = pod.secrets().into_iter();
                !secrets.any(|secret| secret.find(ran.stdout.as_bytes()).is_some())
            }
        }
    }
}

/// How a request looks from inside that never left.
const DENIED: [&str; 5] = [
    "HttpRequestDenied",
    // What Deno's permissions come to in preview2-shim.
    "getaddrinfo EPERM",
    "NotCapable",
    "Requires net access",
    "request.authority",
];

/// What was measured: runtime, then how, then what.
type Table = Map<String, Value>;

/// Runs every attempt.
pub(crate) fn measure(scratch: &Path, chosen: &dyn Fn(&str) -> bool) -> Table {
    let hostile = artifacts::component("hostile-command");
    let guarded = scratch.join("hostile-guarded.wasm");
    let bare = Program::new(scratch, EXCHANGE, hostile);
    let joined = guard(&guarded, &["--rule-from-environment"], &[]);
    if let Err(why) = &joined {
        skipped(why);
    }
    let guarded = Program::new(scratch, EXCHANGE, guarded);
    let mut jobs = VecDeque::new();
    for how in How::ALL {
        let program = match how {
            How::Bare | How::Narrowed => &bare,
            How::Guarded | How::Fixed if joined.is_ok() => &guarded,
            How::Guarded | How::Fixed => continue,
        };
        let listed = runtimes::all(scratch, program);
        for listed in listed.into_iter().filter(|listed| chosen(listed.name)) {
            match listed.found {
                Ok(runtime) if runtime.holds(how) => jobs.push_back((how, program, runtime)),
                Err(why) if how == How::Bare => skipped(&format!("{}: {why}", listed.name)),
                _ => {}
            }
        }
    }
    let (jobs, table) = (Mutex::new(jobs), Mutex::new(Table::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((how, program, runtime)) = {
                    let mut jobs = jobs.lock().expect("jobs");
                    jobs.pop_front()
                } {
                    let column = column(&*runtime, program, how);
                    let mut table = table.lock().expect("the table");
                    let entry = table.entry(runtime.name()).or_insert_with(|| json!({}));
                    entry[how.name()] = column;
                }
            });
        }
    });
    table.into_inner().expect("the table")
}

/// How many columns are measured at once: they wait more than they compute.
const AT_ONCE: usize = 4;

/// The component that our host runs in the place of the exchange.
const EXCHANGE: &str = "hostile";

/// Puts the hostile program behind the guards.
fn guard(path: &Path, flags: &[&str], variables: &[(String, String)]) -> Result<(), String> {
    let mut command = process::command(&program::full());
    command
        .arg("guard")
        .args(flags)
        .envs(variables.iter().cloned())
        .arg("--component")
        .arg(artifacts::component("hostile-command"))
        .arg("-o")
        .arg(path);
    let folder = path.parent().expect("a folder");
    let ran = process::run(&mut command, folder, LIMIT);
    match ran.exit {
        Some(0) => Ok(()),
        _ => Err(format!("keyhole guard does not join it: {}", ran.stderr)),
    }
}

/// The hostile program behind guards whose rule is this pod's and fixed in them.
fn guarded_for(pod: &Pod) -> Program {
    let path = pod.folder().join("hostile-guarded-fixed.wasm");
    let plain = pod.transport == Transport::PlainHttp;
    let flags: &[&str] = if plain { &["--insecure-http"] } else { &[] };
    guard(&path, flags, &pod.variables).unwrap_or_else(|why| panic!("{why}"));
    Program::new(pod.folder(), EXCHANGE, path)
}

fn column(runtime: &dyn runtimes::Runtime, program: &Program, how: How) -> Value {
    let mut column = Map::new();
    // What never ends is alone in its process, and so is what has a rule of its own.
    let is_alone =
        |row: &&Row| how == How::Fixed || matches!(row.seen, Seen::Endless | Seen::GotIn);
    let rows = ROWS.iter().filter(|row| row.is_measured(how));
    let (alone, others): (Vec<&Row>, Vec<&Row>) = rows.partition(is_alone);
    let alone = alone.into_iter().map(|row| vec![row]);
    for rows in alone.chain((!others.is_empty()).then_some(others)) {
        let pods: Vec<Pod> = rows.iter().map(|row| row.pod(runtime, how)).collect();
        let ran = match how {
            How::Fixed => runtime.run(&guarded_for(&pods[0]), &pods),
            _ => runtime.run(program, &pods),
        };
        for ((row, pod), ran) in rows.into_iter().zip(&pods).zip(&ran) {
            let held = row.is_held(pod, ran);
            if std::env::var_os("KEYHOLE_SHOW").is_some() {
                let message = ran.stdout.lines().find(|line| line.contains("\"message\""));
                println!(
                    "{}, {how:?}, {}: held {held}, exit {:?}, {} requests, {:?} {}",
                    runtime.name(),
                    row.attempt,
                    ran.exit,
                    pod.emulator.requests().len(),
                    ran.took,
                    message
                        .unwrap_or(&ran.stderr)
                        .chars()
                        .take(300)
                        .collect::<String>(),
                );
            }
            must_have_been_tried(runtime, how, row, pod, ran);
            column.insert(
                row.attempt.to_owned(),
                json!(if held { "held" } else { "open" }),
            );
        }
    }
    Value::Object(column)
}

/// A program that does not start would hold everything off.
fn must_have_been_tried(
    runtime: &dyn runtimes::Runtime,
    how: How,
    row: &Row,
    pod: &Pod,
    ran: &Ran,
) {
    let name = runtime.name();
    if matches!(row.seen, Seen::Token) {
        let came = pod.emulator.requests().len();
        assert_eq!(
            came, 1,
            "{name}, {how:?}: the honest exchange first: {ran:?}"
        );
    }
    // Deno ends a program that asks the system for what it may not.
    let by_permission = DENIED.iter().any(|denied| ran.stderr.contains(denied));
    let by_limit = matches!(row.seen, Seen::Endless) || row.attempt == "grow_memory";
    let may_be_ended = by_limit || by_permission;
    assert!(
        may_be_ended || ran.stdout.contains("\"failure\"") || ran.stdout.contains("\"token\""),
        "{name}, {how:?}: {} was not tried: {ran:?}",
        row.attempt
    );
}

/// Where the measurements stand.
fn file() -> PathBuf {
    workspace().join("tests/conformance/isolation.json")
}

/// What is known from earlier.
pub(crate) fn known() -> Table {
    case::of_yaml(&file())
}

/// Takes measurements over, where somebody asked for it.
pub(crate) fn bless(measured: &Table) {
    let mut known = known();
    for (runtime, column) in measured {
        for (how, rows) in column.as_object().into_iter().flatten() {
            known.entry(runtime.clone()).or_insert_with(|| json!({}))[how] = rows.clone();
        }
    }
    let text = serde_json::to_string_pretty(&known).expect("JSON");
    fs::write(file(), text + "\n").expect("the measurements");
}

/// The tables of the docs, as Markdown: bare, with the drivers' own handler and the
/// file for its folder, and guarded, which is one table for both rules.
pub(crate) fn tables() -> [String; 3] {
    [How::Bare, How::Narrowed, How::Guarded].map(table)
}

/// Where a fixed rule holds anything else than one that is made of the variables.
pub(crate) fn rules_differ() -> Vec<String> {
    let known = known();
    let is_same = |column: &Value, row: &Row| {
        let of = |how: How| column.get(how.name()).map(|rows| rows[row.attempt].clone());
        !row.is_measured(How::Fixed) || of(How::Guarded) == of(How::Fixed)
    };
    let differ = known
        .iter()
        .filter(|(_, column)| ROWS.iter().any(|row| !is_same(column, row)));
    differ.map(|(name, _)| name.clone()).collect()
}

fn table(how: How) -> String {
    let known = known();
    let columns: Vec<(&str, &Value)> = runtimes::NAMES
        .iter()
        .filter_map(|name| Some((*name, known.get(*name)?.get(how.name())?)))
        .collect();
    let mut lines = vec![
        format!(
            "| the guest … | {} |",
            columns
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(" | ")
        ),
        format!("|---|{}", "---|".repeat(columns.len())),
    ];
    for row in ROWS.iter().filter(|row| row.is_measured(how)) {
        let cells = columns
            .iter()
            .map(|(_, column)| match column[row.attempt].as_str() {
                Some("held") => "yes",
                Some("open") => "**no**",
                _ => "?",
            });
        lines.push(format!(
            "| {} | {} |",
            row.what,
            cells.collect::<Vec<_>>().join(" | ")
        ));
    }
    lines.join("\n")
}
