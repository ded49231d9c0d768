//! `keyhole verify`: the exchange, step by step, with a report.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use keyhole_exchange::settings::Settings;
use keyhole_host::AccessToken;
use keyhole_host::audit::AuditEvent;
use keyhole_report::{
    ExitClass, Failure, Outcome, Run, Section, Step, StepState, Style, TokenSummary,
};

use crate::flags::{IdentityFlags, OutputFormat, SandboxFlags};
use crate::progress::{self, Spinner};
use crate::{artifact, exit, failure, help, sandbox, sections, steps, terminal};

/// Exchange the federated token step by step and say what was found
///
/// Prints each step as it happens, when the access token expires, and its
/// first characters; if a step fails, why, and what to do next.
#[derive(Debug, Args)]
#[command(after_long_help = help::verify())]
pub(crate) struct Verify {
    /// Form of the report
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, value_name = "FORMAT")]
    output: OutputFormat,

    /// Save the report as a self-contained HTML page as well
    #[arg(long, value_name = "FILE.html")]
    save_report: Option<PathBuf>,

    #[command(flatten)]
    identity: IdentityFlags,

    #[command(flatten)]
    sandbox: SandboxFlags,
}

impl Verify {
    /// Makes the exchange and reports on it.
    pub(crate) fn run(&self) -> ExitCode {
        // Before anything is sent: a report that cannot be saved is no report.
        let page = match self.save_report.as_deref().map(create).transpose() {
            Ok(page) => page,
            Err(failure) => return exit::fail(&failure, &[]),
        };
        let style = terminal::style(&io::stdout());
        let steps = Steps::new((self.output == OutputFormat::Text).then_some(style));
        let mut run = Run {
            command: "verify".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            at: sandbox::now(),
            steps: Vec::new(),
            sections: Vec::new(),
            findings: Vec::new(),
            uses: Vec::new(),
            notes: Vec::new(),
            outcome: Outcome::Shown,
        };
        let result = self.exchange(&steps, &mut run.sections, &mut run.notes);
        run.outcome = match result {
            Ok(token) => Outcome::Token(token),
            Err(failure) => Outcome::Failed(failure),
        };
        run.at = sandbox::now();
        run.steps = steps.taken();
        let text = match self.output {
            OutputFormat::Text => run.ending_to_text(style),
            OutputFormat::Json => run.to_json(),
        };
        let saved = page.map_or(Ok(()), |page| save(page, &run));
        match exit::print(&text).and(saved) {
            Ok(()) => exit::code(run.exit_class()),
            Err(failure) => exit::fail(&failure, &[]),
        }
    }

    fn exchange(
        &self,
        steps: &Steps,
        sections: &mut Vec<Section>,
        notes: &mut Vec<String>,
    ) -> Result<TokenSummary, Failure> {
        let settings = sandbox::settings(&self.identity)
            .inspect_err(|_| steps.took("settings", StepState::Failed, String::new()))?;
        steps.took("settings", StepState::Done, summary(&settings));
        *notes = sandbox::notes(&settings);
        sections.push(sections::settings(&settings));

        let spinner = Spinner::start("loading the component");
        let observing = steps.clone();
        let keyhole = artifact::chosen(&self.sandbox)
            .and_then(|artifact| {
                sandbox::build(artifact, &settings, &self.sandbox, move |event| {
                    observing.observe(event);
                })
            })
            .inspect_err(|_| steps.took("sandbox", StepState::Failed, String::new()))?;
        sections.push(sections::grants(keyhole.grants()));
        sections.push(sections::component(Some(&keyhole.component())));

        progress::say("exchanging the token");
        let result = sandbox::block_on(keyhole.get_token(sandbox::request(&self.sandbox)));
        drop(spinner);
        let token = result?.map_err(|error| failure::of(&error, Some(&settings)))?;
        Ok(shorten(&token))
    }
}

/// The steps so far, printed as they are taken.
#[derive(Debug, Clone)]
struct Steps {
    taken: Arc<Mutex<Vec<Step>>>,
    print: Option<Style>,
}

impl Steps {
    fn new(print: Option<Style>) -> Self {
        Self {
            taken: Arc::default(),
            print,
        }
    }

    fn took(&self, name: &str, state: StepState, detail: String) {
        self.push(Step {
            name: name.into(),
            state,
            detail,
            at_us: None,
            us: None,
        });
    }

    fn observe(&self, event: &AuditEvent) {
        if let Some(step) = steps::step(event) {
            self.push(step);
        }
        if let Some(text) = steps::waiting_for(event) {
            progress::say(text);
        }
    }

    fn push(&self, step: Step) {
        let mut taken = self.lock();
        if steps::repeats(&step, taken.last()) {
            return;
        }
        if let Some(style) = self.print {
            let line = step.to_text(style);
            progress::above(|| {
                // A reader that went away is noticed when the report ends.
                let mut stdout = io::stdout().lock();
                let _ = stdout.write_all(line.as_bytes());
                let _ = stdout.flush();
            });
        }
        taken.push(step);
    }

    fn taken(&self) -> Vec<Step> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Step>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn summary(settings: &Settings) -> String {
    format!(
        "client {}, tenant {}, authority {}",
        settings.client_id(),
        settings.tenant(),
        settings.authority()
    )
}

fn shorten(token: &AccessToken) -> TokenSummary {
    let (prefix, length) = TokenSummary::shorten(token.expose());
    TokenSummary {
        prefix,
        length,
        token_type: "Bearer".into(),
        expires_on: token.expires_on,
        refresh_on: token.refresh_on,
        scope: token.scope.clone(),
        requests: token.requests,
    }
}

fn create(path: &Path) -> Result<(File, &Path), Failure> {
    File::create(path)
        .map(|file| (file, path))
        .map_err(|error| unsaved(path, &error))
}

fn save((mut file, path): (File, &Path), run: &Run) -> Result<(), Failure> {
    file.write_all(run.to_html().as_bytes())
        .map_err(|error| unsaved(path, &error))
}

fn unsaved(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        ExitClass::Configuration,
        format!("the report {} cannot be saved: {error}", path.display()),
        "Give --save-report a file that can be written.",
    )
}
