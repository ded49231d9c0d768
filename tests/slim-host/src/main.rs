//! A host without a compiler, as `keyhole` is one, that runs whatever
//! precompiled component it is given and stops between its steps. With it the
//! tests run hostile components in the slim host, and look into its memory while
//! a call is under way and after its result is gone. It is never part of the
//! product: it loads machine code from a file.
//!
//!     keyhole-slim-host COMPONENT.cwasm TIMEOUT_IN_MILLISECONDS
//!
//! Settings come from the variables of a pod. Each line of standard input is a
//! step, each answer a line of standard output: `exchange` answers `token`,
//! which is then held, or why there is none; `drop` answers `dropped`.

use std::io::{BufRead as _, Write as _};
use std::time::Duration;

use keyhole_exchange::settings::Settings;
use keyhole_host::{AccessToken, Artifact, Error, Keyhole, TokenRequest};

/// As in `keyhole`: what is freed is wiped.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(code), Some(timeout)) = (arguments.next(), arguments.next()) else {
        return Err("usage: keyhole-slim-host COMPONENT.cwasm TIMEOUT_IN_MILLISECONDS".into());
    };
    let code = std::fs::read(&code)?;
    let keyhole = Keyhole::builder()
        .artifact(precompiled(code.leak()))
        .settings(Settings::from_env(&|name| std::env::var(name).ok())?)
        .timeout(Duration::from_millis(timeout.parse()?))
        .build()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut token: Option<AccessToken> = None;
    for step in std::io::stdin().lock().lines() {
        let answer = match step?.as_str() {
            "exchange" => match runtime.block_on(keyhole.get_token(TokenRequest::default())) {
                Ok(got) => {
                    token = Some(got);
                    "token".to_owned()
                }
                Err(error) => why(&error),
            },
            "drop" => {
                token = None;
                "dropped".to_owned()
            }
            step => return Err(format!("there is no step {step:?}").into()),
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    drop(token);
    Ok(())
}

/// The cause of an error, and the rules or the limit that were met.
fn why(error: &Error) -> String {
    match error {
        Error::Refused(refusals) => {
            let rules: Vec<_> = refusals.iter().map(|refusal| refusal.rule).collect();
            format!("refused {}", rules.join(" "))
        }
        Error::Limit(limit) => format!("limit {}", limit.name),
        Error::Deadline { .. } => "deadline".to_owned(),
        Error::Trap { .. } => "trap".to_owned(),
        error => format!("error {error}"),
    }
}

#[expect(
    unsafe_code,
    reason = "machine code that the same build made, in a program for tests"
)]
fn precompiled(code: &'static [u8]) -> Artifact {
    // SAFETY: `cargo xtask test` made the file with `keyhole precompile` from a
    // component of this workspace and names it to this program itself.
    unsafe { Artifact::aot(code) }
}
