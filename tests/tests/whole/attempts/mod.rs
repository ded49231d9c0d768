//! What every attempt of the hostile component must come to.
//!
//! `tests/guests/src/attempts` has the attempts, one a file; here is the table,
//! in groups by what holds them off. Each attempt is a test: it is made, the
//! honest exchange is made in the same process, it is made again, and once more
//! by the program as users get it.

mod alone;
mod environment;
mod file_grant;
mod form;
mod guarded;
mod limits;
mod request;
mod requests;
mod result_channel;

use keyhole_emulator::RecordedRequest;
use keyhole_exchange::scope::Scope;
use keyhole_host::audit::{AuditEvent, Capability};
use keyhole_host::{Digest, Error, Origin};
use keyhole_tests::leaks::Secret;
use keyhole_tests::program;
use keyhole_tests::sandbox::{Sandbox, refused};
use keyhole_tests::{World, artifacts};
use std::time::Duration;

/// Attempts that the same rule holds off.
struct Group {
    /// Files and the lines in them whose removal makes the group fail.
    held_by: &'static [(&'static str, &'static str)],
    attempts: &'static [Attempt],
}

const GROUPS: &[&Group] = &[
    &environment::GROUP,
    &file_grant::GROUP,
    &form::GROUP,
    &limits::GROUP,
    &request::GROUP,
    &requests::GROUP,
    &result_channel::GROUP,
];

struct Attempt {
    name: &'static str,
    ends: Ends,
    /// Requests that an attempt sends which the grant allows.
    sends: usize,
}

/// What an attempt comes to.
enum Ends {
    /// The call is refused; the rules, in the order they were broken.
    Refused(&'static [&'static str]),
    /// The component was ended by this limit.
    Limit(&'static str),
    /// The component was ended by the deadline, which this attempt makes short.
    Deadline,
    /// The component ended itself.
    Trap,
    /// No rule was broken, and this is what the component found out.
    Learns(&'static str),
    /// An honest result, with nothing but this in the place of the loot.
    Redacted,
}

/// Long enough for anything but an attempt that never ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// Short enough for an attempt that never ends.
const IMPATIENCE: Duration = Duration::from_millis(1_500);

/// Makes a table of attempts and a test of each.
macro_rules! attempts {
    (held_by $($file:literal : $line:literal),+; $($name:ident $(sends $sends:literal)? => $ends:expr;)+) => {
        pub(super) const GROUP: super::Group = super::Group {
            held_by: &[$(($file, $line)),+],
            attempts: &[$(super::Attempt {
                name: stringify!($name),
                ends: $ends,
                sends: 0 $(+ $sends)?,
            }),+],
        };
        $(
            #[test]
            fn $name() {
                GROUP.make(stringify!($name));
            }
        )+
    };
}
use attempts;

impl Group {
    fn make(&self, name: &str) {
        let attempt = self
            .attempts
            .iter()
            .find(|attempt| attempt.name == name)
            .expect("the attempt stands in its table");
        println!("held by {:?}", self.held_by);
        attempt.make();
    }
}

impl Attempt {
    fn make(&self) {
        let resource = format!("api://attempt/{}", self.name);
        let scope = Scope::of_server(&resource).expect("a scope");
        let world = World::granting(&resource);
        let timeout = match self.ends {
            Ends::Deadline => IMPATIENCE,
            _ => PATIENCE,
        };
        let hostile = artifacts::external(artifacts::bytes("hostile"));
        let hostile = Sandbox::new(&world, hostile, |builder| builder.timeout(timeout))
            .expect("the hostile component loads: it imports nothing that is not listed");
        let honest = Sandbox::honest(&world);

        self.must_end(&world, &hostile, &scope);
        let token = honest.get_token().expect("the honest exchange goes on");
        assert_eq!(token.requests, 1);
        self.must_end(&world, &hostile, &scope);
        self.must_exit(&world, &scope, timeout);

        let (own, others): (Vec<RecordedRequest>, Vec<_>) = world
            .honest_requests()
            .into_iter()
            .partition(|request| request.field("scope") == Some(scope.as_str()));
        assert_eq!(own.len(), 3 * self.sends, "requests of the attempt");
        assert_eq!(others.len(), 1, "requests of the honest exchange");
    }

    /// Makes the attempt by the program: the exit code says whose fault it
    /// was, the audit log which rule was broken.
    fn must_exit(&self, world: &World, scope: &Scope, timeout: Duration) {
        let log = world.folder().join("audit.jsonl");
        let mut command = program::command(&program::full(), world);
        command
            .args([
                "get-token",
                "--scope",
                scope.as_str(),
                "--log-level",
                "trace",
            ])
            .args(["--timeout", &format!("{}ms", timeout.as_millis())])
            .args([
                "--digest",
                &Digest::of(&artifacts::bytes("hostile")).to_string(),
            ])
            .arg("--component")
            .arg(artifacts::component("hostile"))
            .arg("--audit")
            .arg(&log);
        let ran = program::run_command(&mut command, world);
        let log = std::fs::read_to_string(&log).expect("the audit log");
        let is_logged = |rule: &str| log.contains(&format!("\"rule\":\"{rule}\""));
        match self.ends {
            Ends::Refused(rules) => {
                assert_eq!(ran.code, Some(7), "{ran:?}");
                for rule in rules {
                    assert!(is_logged(rule), "{rule} in:\n{log}");
                    assert!(ran.stderr.contains(rule), "{rule} in:\n{}", ran.stderr);
                }
            }
            Ends::Limit(limit) => {
                assert_eq!(ran.code, Some(7), "{ran:?}");
                assert!(is_logged("limit.reached"), "{log}");
                assert!(ran.stderr.contains(limit), "{limit} in:\n{}", ran.stderr);
            }
            Ends::Deadline => {
                assert_eq!(ran.code, Some(5), "{ran:?}");
                assert!(is_logged("limit.deadline"), "{log}");
            }
            Ends::Trap => assert_eq!(ran.code, Some(7), "{ran:?}"),
            // It ends with an error or a result of its own choice.
            Ends::Learns(_) | Ends::Redacted => {
                assert!(!log.contains("\"rule\""), "{log}");
            }
        }
        if ran.code != Some(0) {
            assert_eq!(ran.stdout, "", "{ran:?}");
        }
        for secret in world.secrets() {
            secret.must_not_be_in("the audit log", &log);
        }
    }

    /// Makes the attempt once.
    fn must_end(&self, world: &World, hostile: &Sandbox, scope: &Scope) {
        let result = hostile.get_token_for(Some(scope.clone()));
        let events = hostile.events();
        let log = serde_json::to_string(&events).expect("JSON");
        let said = match &result {
            Ok(token) => format!("{token:?}"),
            Err(error) => format!("{error}\n{}\n{error:?}", error.next_step()),
        };
        let signature = Secret::signature("federated token", &world.federated_token());
        signature.must_not_be_in("what the component returned", &said);
        signature.must_not_be_in("the audit log", &log);
        crate::audit_log::must_be_valid(&events);
        self.ends
            .must_be(&result, &events, &format!("{said}\n{log}"));
    }
}

impl Ends {
    fn must_be(
        &self,
        result: &Result<keyhole_host::AccessToken, Error>,
        events: &[AuditEvent],
        said: &str,
    ) {
        let logged = refused(events);
        match (self, result) {
            (Ends::Refused(rules), Err(Error::Refused(refusals))) => {
                let broken: Vec<_> = refusals.iter().map(|refusal| refusal.rule).collect();
                assert_eq!(broken, *rules, "{said}");
                assert_eq!(logged, *rules, "{said}");
            }
            (Ends::Limit(name), Err(Error::Limit(limit))) => {
                assert_eq!(limit.name, *name, "{said}");
                assert!(limit.value.starts_with(|c: char| c.is_ascii_digit()));
                let last = events.last().expect("an event");
                assert_eq!(last.capability, Capability::Limit, "{said}");
                assert_eq!(last.target, *name, "{said}");
                assert_eq!(last.rule, Some("limit.reached"), "{said}");
            }
            (Ends::Deadline, Err(Error::Deadline { timeout, .. })) => {
                assert_eq!(*timeout, IMPATIENCE);
                assert_eq!(logged, ["limit.deadline"], "{said}");
            }
            (Ends::Trap, Err(Error::Trap { origin, .. })) => {
                assert_eq!(*origin, Origin::External);
                assert!(logged.is_empty(), "{said}");
            }
            (Ends::Learns(text), Err(error @ Error::Token { .. })) => {
                assert_eq!(error.to_string(), *text, "{said}");
                assert!(logged.is_empty(), "{said}");
            }
            (Ends::Redacted, result) => {
                let ended = matches!(result, Ok(_) | Err(Error::Token { .. }));
                assert!(ended, "{said}");
                assert!(said.contains("[redacted]"), "{said}");
                assert!(logged.is_empty(), "{said}");
            }
            _ => panic!("the attempt came to something else:\n{said}"),
        }
    }
}

#[test]
fn every_attempt_of_the_hostile_component_stands_in_one_table() {
    let world = World::new();
    let hostile = artifacts::external(artifacts::bytes("hostile"));
    let hostile = Sandbox::new(&world, hostile, |builder| builder).expect("a sandbox");
    let scope = Scope::parse("api://attempt/list/.default").expect("a scope");
    let list = hostile.get_token_for(Some(scope)).expect_err("a list");
    let list = list.to_string();
    let mut known: Vec<_> = GROUPS
        .iter()
        .flat_map(|group| group.attempts)
        .map(|attempt| attempt.name)
        .chain(alone::ATTEMPTS.iter().copied())
        .collect();
    known.sort_unstable();
    let mut made: Vec<_> = list.split(' ').collect();
    made.sort_unstable();
    assert_eq!(made, known);
    assert!(known.len() >= 50, "{} attempts", known.len());
}

#[test]
fn every_group_names_the_lines_that_hold_its_attempts_off() {
    for (file, line) in GROUPS.iter().flat_map(|group| group.held_by) {
        let path = artifacts::workspace().join(file);
        let text = std::fs::read_to_string(&path).expect(file);
        assert_eq!(text.matches(line).count(), 1, "{file}: {line}");
    }
}
