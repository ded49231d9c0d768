//! `keyhole verify`: the exchange, step by step, with a report.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use keyhole_commands::settings::summary;
use keyhole_exchange::settings::Settings;
use keyhole_host::audit::AuditEvent;
use keyhole_host::{AccessToken, Error};
use keyhole_report::{ExitClass, Failure, Outcome, Run, Step, StepState, Style, TokenSummary};

use crate::cache::CacheFlags;
use crate::explain::{self, Cluster, ClusterFlags, Exchange, Reviewed, Wanted};
use crate::flags::{IdentityFlags, OutputFormat, SandboxFlags};
use crate::kubelogin::KubeloginFlags;
use crate::progress::{self, Spinner};
use crate::propagation::Propagation;
use crate::whole_file::{Readers, WholeFile};
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

    /// Say in order what is right and what is wrong, each with a fix
    ///
    /// Variables, token file, federated token and the credential it must equal
    /// (to paste), proxy, name, TCP, TLS, HTTP, clock, Entra's answer and the
    /// access token.
    #[arg(long)]
    explain: bool,

    /// Explain, and show the access token's claims, which are not verified
    #[arg(long)]
    show_claims: bool,

    #[command(flatten)]
    cluster: ClusterFlags,

    #[command(flatten)]
    identity: IdentityFlags,

    #[command(flatten)]
    kubelogin: KubeloginFlags,

    #[command(flatten)]
    sandbox: SandboxFlags,

    #[command(flatten)]
    cache: CacheFlags,
}

impl Verify {
    fn unsaved(&self, error: &io::Error) -> Failure {
        let name = self.save_report.as_deref().unwrap_or("".as_ref());
        Failure::new(
            ExitClass::Configuration,
            format!("the report {} cannot be saved: {error}", name.display()),
            "Give --save-report a file that can be written.",
        )
    }

    /// Makes the exchange and reports on it.
    pub(crate) fn run(&self) -> ExitCode {
        // Before anything is sent: a report that cannot be saved is no report.
        let page = self.save_report.as_deref();
        let page = page.map(|name| WholeFile::new(name, Readers::Owner));
        let page = match page.transpose() {
            Ok(page) => page,
            Err(error) => return exit::fail(&self.unsaved(&error), &[]),
        };
        let style = terminal::style(&io::stdout());
        let follow = self.output == OutputFormat::Text && !self.explains();
        let steps = Steps::new(follow.then_some(style));
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
        run.notes.extend(self.identity.other_source());
        let chosen = self.kubelogin.choose(self.identity.to_settings_flags());
        let mut flags = self.sandbox.clone();
        let settings = chosen.and_then(|chosen| {
            let settings = chosen.settings()?;
            flags = chosen.sandbox(&self.sandbox);
            run.notes.extend(flags.network.notes());
            run.notes.extend(chosen.overrules);
            Ok(settings)
        });
        let mut exchange = Exchange::default();
        let result = match &settings {
            Ok(settings) => self.exchange(settings, &flags, &steps, &mut run, &mut exchange),
            Err(failure) => {
                steps.took("settings", StepState::Failed, String::new());
                Err(failure.clone())
            }
        };
        run.at = sandbox::now();
        if self.explains() {
            let wanted = Wanted {
                claims: self.show_claims,
                cluster: self.cluster.is_wanted(),
            };
            run.findings = explain::findings(settings.as_ref(), &exchange, wanted, run.at);
        }
        run.outcome = match result {
            Ok(token) => Outcome::Token(token),
            Err(failure) => Outcome::Failed(failure),
        };
        run.steps = steps.taken();
        let text = match self.output {
            OutputFormat::Text if self.explains() => run.explanation_to_text(style),
            OutputFormat::Text => run.ending_to_text(style),
            OutputFormat::Json => run.to_json(),
        };
        let saved = page.map_or(Ok(()), |page| page.write(run.to_html().as_bytes()));
        let saved = saved.map_err(|error| self.unsaved(&error));
        match exit::print(&text).and(saved) {
            Ok(()) => exit::code(run.exit_class()),
            Err(failure) => exit::fail(&failure, &[]),
        }
    }

    fn explains(&self) -> bool {
        self.explain || self.show_claims || self.cluster.is_wanted()
    }

    fn exchange(
        &self,
        settings: &Settings,
        flags: &SandboxFlags,
        steps: &Steps,
        run: &mut Run,
        exchange: &mut Exchange,
    ) -> Result<TokenSummary, Failure> {
        steps.took("settings", StepState::Done, summary(settings));
        run.notes.extend(sandbox::notes(settings));
        run.sections.push(sections::settings(settings));
        let cluster = self.cluster.grant()?;
        // Before anything is sent: a cache that cannot be used.
        self.cache.section(None)?;

        let spinner = Spinner::start("loading the component");
        let observing = steps.clone();
        let propagation = Propagation::new(flags.retry_propagation());
        let tries = propagation.clone();
        let observations = self.explains().then(|| exchange.observations.clone());
        let keyhole = artifact::chosen(flags)
            .and_then(|artifact| {
                let observer = move |event: &AuditEvent| {
                    tries.observe(event);
                    observing.observe(event);
                };
                sandbox::build(artifact, settings, flags, observations, observer)
            })
            .inspect_err(|failure| {
                steps.took("options", StepState::Failed, failure.message.clone());
            })?;
        let request = sandbox::request(flags);
        let grants = keyhole.grants_for(&request);
        run.sections.push(sections::grants(&grants));
        run.sections.extend(cluster.as_ref().map(Cluster::section));
        run.sections
            .push(sections::component(Some(&keyhole.component())));
        exchange.proxy.clone_from(&grants.proxy);

        progress::say("exchanging the token");
        let result =
            sandbox::block_on(propagation.tell(keyhole.get_token(request)))?.map_err(|error| {
                let failure = propagation.explain(failure::of(&error, Some(settings)));
                (error, failure)
            });
        exchange.events = steps.events();
        if let (Ok(token), Some(cluster)) = (&result, &cluster) {
            progress::say("asking the cluster");
            // It is a step of its own.
            steps.end();
            let asked = sandbox::block_on(cluster.ask(&keyhole, token))?;
            steps.asked_cluster(&asked);
            exchange.reviewed = Some(asked);
        }
        drop(spinner);
        if let Ok(token) = &result {
            run.sections
                .extend(self.cache.section(Some((&keyhole, token)))?);
        }
        let cluster = cluster.as_ref();
        run.uses = explain::uses(
            &grants,
            &exchange.events,
            cluster.map(|cluster| (cluster, exchange.reviewed.as_ref())),
        );
        exchange.result = Some(result);
        let from_github = matches!(exchange.error(), Some((Error::GitHubActions { .. }, _)));
        if self.explains() && exchange.assertion().is_none() && !from_github {
            // Nothing is sent for it; what fails has been said.
            steps.end();
            exchange.facts = sandbox::block_on(keyhole.inspect_token())?.ok();
        }
        match &exchange.result {
            Some(Err((_, failure))) => Err(failure.clone()),
            Some(Ok(token)) => match exchange.reviewed.as_ref().and_then(Reviewed::failure) {
                Some(failure) => Err(failure),
                None => Ok(shorten(token)),
            },
            None => unreachable!("it was set above"),
        }
    }
}

/// The steps so far, printed as they are taken.
#[derive(Debug, Clone)]
struct Steps {
    taken: Arc<Mutex<Vec<Step>>>,
    events: Arc<Mutex<Vec<AuditEvent>>>,
    ended: Arc<AtomicBool>,
    print: Option<Style>,
}

impl Steps {
    fn new(print: Option<Style>) -> Self {
        Self {
            taken: Arc::default(),
            events: Arc::default(),
            ended: Arc::default(),
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

    /// What comes now is no step of the exchange.
    fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    fn events(&self) -> Vec<AuditEvent> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn asked_cluster(&self, asked: &Reviewed) {
        let before = self.lock().last().and_then(|step| step.at_us);
        self.push(Step {
            name: "cluster asked".into(),
            state: if asked.failure().is_none() {
                StepState::Done
            } else {
                StepState::Failed
            },
            detail: asked.summary(),
            at_us: before.map(|before| before + asked.us()),
            us: Some(asked.us()),
        });
    }

    fn observe(&self, event: &AuditEvent) {
        if self.ended.load(Ordering::Relaxed) {
            return;
        }
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event.clone());
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
