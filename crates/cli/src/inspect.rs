//! `keyhole inspect`: a component, and what these settings would grant it.

mod verify;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use keyhole_host::Origin;
use keyhole_report::{ExitClass, Failure, Outcome, Run, Section};

use crate::cache::CacheFlags;
use crate::explain::{Cluster, ClusterFlags};
use crate::flags::{IdentityFlags, OutputFormat, SandboxFlags};
use crate::kubelogin::KubeloginFlags;
use crate::{artifact, exit, help, sandbox, sections, terminal};

/// Show the component, and what these settings would grant it
///
/// Digests, size, imports and exports of the component in this program (or of
/// FILE, and of its parts), who built it from what, and every variable, file, request and limit
/// it would be granted. Nothing is run.
#[derive(Debug, Args)]
#[command(after_long_help = help::inspect())]
pub(crate) struct Inspect {
    /// A component to look at instead (full build)
    #[arg(
        value_name = "FILE",
        conflicts_with_all = IdentityFlags::NAMES,
        conflicts_with_all = SandboxFlags::NAMES.iter().filter(|name| **name != "timeout"),
        conflicts_with_all = ["ClusterFlags", "NetworkFlags", "CacheFlags"],
    )]
    file: Option<PathBuf>,

    /// Compare the files that this list names (sha256sum) with it, or FILE alone
    #[arg(
        long,
        value_name = "SHA256SUMS",
        conflicts_with_all = IdentityFlags::NAMES,
        conflicts_with_all = SandboxFlags::NAMES,
        conflicts_with_all = ["ClusterFlags", "NetworkFlags", "CacheFlags"],
    )]
    verify: Option<PathBuf>,

    /// Form of the report
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, value_name = "FORMAT")]
    output: OutputFormat,

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

impl Inspect {
    /// Shows it.
    pub(crate) fn run(&self) -> ExitCode {
        let mut run = Run {
            command: "inspect".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            at: sandbox::now(),
            steps: Vec::new(),
            sections: Vec::new(),
            findings: Vec::new(),
            uses: Vec::new(),
            notes: Vec::new(),
            outcome: Outcome::Shown,
        };
        let looked = match (&self.file, &self.verify) {
            (file, Some(list)) => {
                verify::run(list, file.as_deref()).map(|section| run.sections.push(section))
            }
            (Some(file), _) => component_file(file, self.sandbox.timeout(), &mut run.notes)
                .map(|sections| run.sections.extend(sections)),
            _ => self.chosen(&mut run),
        };
        if let Err(failure) = looked {
            run.outcome = Outcome::Failed(failure);
        }
        let text = match self.output {
            OutputFormat::Text => run.to_text(terminal::style(&io::stdout())),
            OutputFormat::Json => run.to_json(),
        };
        match (&run.outcome, self.output) {
            // Standard output is for what was asked to be shown.
            (Outcome::Failed(failure), OutputFormat::Text) => exit::fail(failure, &run.notes),
            _ => match exit::print(&text) {
                Ok(()) => exit::code(run.exit_class()),
                Err(failure) => exit::fail(&failure, &[]),
            },
        }
    }

    /// The chosen component and its grants. Settings that cannot be used leave
    /// the component to be shown, and the reason in the place of the grants.
    fn chosen(&self, run: &mut Run) -> Result<(), Failure> {
        let artifact = artifact::chosen(&self.sandbox)?;
        let ours = artifact.origin() == Origin::Embedded;
        let chosen = self.kubelogin.choose(self.identity.to_settings_flags());
        let built = chosen.and_then(|chosen| {
            let settings = chosen.settings()?;
            run.notes = sandbox::notes(&settings);
            let flags = chosen.sandbox(&self.sandbox);
            run.notes.extend(flags.network.notes());
            run.notes.extend(chosen.overrules);
            let keyhole = sandbox::build(artifact, &settings, &flags, None, |_| {})?;
            Ok((settings, keyhole))
        });
        let cluster = self.cluster.grant()?;
        match built {
            Ok((settings, keyhole)) => run.sections.extend([
                sections::component(Some(&keyhole.component())),
                sections::settings(&settings),
                sections::grants(&keyhole.grants_for(&sandbox::request(&self.sandbox))),
            ]),
            Err(failure) if ours && failure.class == ExitClass::Configuration => {
                run.sections
                    .extend([sections::component(None), sections::no_grants(&failure)]);
            }
            Err(failure) => return Err(failure),
        }
        run.sections.extend(self.cache.section(None)?);
        run.sections.extend(cluster.as_ref().map(Cluster::section));
        Ok(())
    }
}

#[cfg(feature = "compiler")]
fn component_file(
    file: &Path,
    timeout: Duration,
    notes: &mut Vec<String>,
) -> Result<Vec<Section>, Failure> {
    use crate::{failure, guard, parts, untrusted};

    let bytes = artifact::read(file)?;
    let facts =
        keyhole_host::inspect(bytes.clone(), timeout).map_err(|error| failure::of(&error, None))?;
    let mut sections = vec![sections::component(Some(&facts))];
    let looked = untrusted::within(timeout, move || {
        let guards = artifact::guards().ok();
        let guarded = guards.and_then(|guards| keyhole_guard::read(&bytes, &guards));
        let program = guarded
            .as_ref()
            .and_then(|guarded| guarded.program.as_deref());
        let parts = parts::of(&bytes, &artifact::known(), program);
        (parts, guarded)
    });
    let Some(((parts, more), guarded)) = looked else {
        notes.push(format!(
            "the parts of this component are not shown and its guards not checked: that failed, \
             or took longer than {} s (--timeout)",
            timeout.as_secs_f64()
        ));
        return Ok(sections);
    };
    notes.extend(more);
    sections.extend(parts);
    sections.extend(guarded.as_ref().map(guard::section));
    Ok(sections)
}

#[cfg(not(feature = "compiler"))]
fn component_file(
    file: &Path,
    _timeout: Duration,
    _notes: &mut Vec<String>,
) -> Result<Vec<Section>, Failure> {
    Err(artifact::no_compiler(file))
}
