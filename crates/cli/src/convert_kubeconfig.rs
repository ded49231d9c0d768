//! `keyhole convert-kubeconfig`: kubeconfigs whose users ask Keyhole.
//!
//! What is converted to what is `keyhole-kubeconfig`'s; this reads and writes
//! files and says what was done.

mod files;
mod flags;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use keyhole_kubeconfig::{
    Conversion, Error, Kubeconfig, Outcome, Skip, UserReport, Wanted, choose,
};
use keyhole_report::{ExitClass, Fact, Failure, Terminal};

use crate::{exit, help, terminal};
use files::KubeconfigFile;
use flags::{EntryFlags, KubeloginFlags};

/// So many users are listed in an error.
const LISTED: usize = 20;

/// Make a kubeconfig's users ask keyhole instead of kubelogin
///
/// A drop-in for `kubelogin convert-kubeconfig -l workloadidentity` that
/// changes nothing else in the file and says what it did.
#[derive(Debug, Args)]
#[command(after_long_help = help::CONVERT_KUBECONFIG)]
pub(crate) struct ConvertKubeconfig {
    /// The kubeconfig; beats KUBECONFIG, a list of them, and ~/.kube/config
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// Convert this context's user alone
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// Write nothing, print what would change; values and comments that could
    /// be secret are [redacted]
    #[arg(long)]
    dry_run: bool,

    /// Leave the old text in FILE.bak
    ///
    /// Another file of that name is not overwritten: the command fails before
    /// anything is changed.
    #[arg(long)]
    backup: bool,

    #[command(flatten)]
    entry: EntryFlags,

    #[command(flatten)]
    kubelogin: KubeloginFlags,
}

/// A file, what is in it, and what becomes of it.
struct Converted {
    file: KubeconfigFile,
    old: Kubeconfig,
    new: Conversion,
}

impl ConvertKubeconfig {
    /// Converts, writes and reports.
    pub(crate) fn run(&self) -> ExitCode {
        let notes: Vec<String> = self.kubelogin.note().into_iter().collect();
        match self.convert().and_then(|converted| self.finish(&converted)) {
            Ok(()) => {
                let style = terminal::style(&io::stderr());
                for note in &notes {
                    let note = keyhole_report::note_to_text(note, style);
                    let _ = io::stderr().lock().write_all(note.as_bytes());
                }
                exit::code(ExitClass::Done)
            }
            Err(failure) => exit::fail(&failure, &notes),
        }
    }

    fn convert(&self) -> Result<Vec<Converted>, Failure> {
        self.entry.check()?;
        self.kubelogin.check()?;
        let wanted = Wanted::new(self.entry.to_flags()).map_err(|error| {
            Failure::new(
                ExitClass::Configuration,
                error.to_string(),
                error.next_step(),
            )
        })?;
        let files = files::read(self.kubeconfig.as_deref())?;
        let kubeconfigs = files
            .iter()
            .map(|file| {
                Kubeconfig::parse(file.text.clone()).map_err(|error| failure(&error, Some(file)))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let choices =
            choose(&kubeconfigs, self.context.as_deref()).map_err(|error| failure(&error, None))?;
        let mut converted = Vec::new();
        for ((file, old), choice) in files.into_iter().zip(kubeconfigs).zip(choices) {
            let new = old
                .convert(&wanted, &|user| choice.skip(user))
                .map_err(|error| failure(&error, Some(&file)))?;
            converted.push(Converted { file, old, new });
        }
        self.refuse_nothing(&converted)?;
        Ok(converted)
    }

    /// kubelogin ends well where it found nothing to do; here that is an error.
    fn refuse_nothing(&self, converted: &[Converted]) -> Result<(), Failure> {
        let all = || converted.iter().flat_map(|file| &file.new.users);
        let skipped = |user: &&UserReport| matches!(user.outcome, Outcome::Skipped(_));
        if all().any(|user| !skipped(&user)) {
            return Ok(());
        }
        let names: Vec<String> = converted
            .iter()
            .map(|file| file.file.path.display().to_string())
            .collect();
        let count = match all().count() {
            0 => "no user".to_owned(),
            1 => "one user, not".to_owned(),
            count => format!("{count} users, none"),
        };
        let mut failure = Failure::new(
            ExitClass::Configuration,
            format!(
                "nothing to convert: {} has {count} with exec kubelogin, exec keyhole or \
                 auth-provider azure{}",
                names.join(", "),
                match &self.context {
                    Some(context) => format!(" in the context \"{context}\""),
                    None => String::new(),
                }
            ),
            match self.context {
                Some(_) => {
                    "Give --context another of the contexts (`kubectl config get-contexts`), or \
                     leave it out."
                }
                None => {
                    "Give --kubeconfig the file of the cluster, as `az aks get-credentials` \
                     writes it."
                }
            },
        );
        let elsewhere = |user: &&UserReport| user.outcome != Outcome::Skipped(Skip::OtherContext);
        for user in all().filter(elsewhere).take(LISTED) {
            let detail = detail(&user.outcome, converted);
            failure.details.push(Fact::new(user.name.as_str(), detail));
        }
        Err(failure)
    }

    /// Writes the files, or shows what would be written. Users are reported
    /// when that is done: until then none is changed.
    fn finish(&self, converted: &[Converted]) -> Result<(), Failure> {
        if self.dry_run {
            exit::print(&users(converted))?;
            return changed(converted).try_for_each(|file| exit::print(&diff(file)?));
        }
        let mut wrote = String::new();
        match self.write(converted, &mut wrote) {
            Ok(()) => exit::print(&(users(converted) + &wrote)),
            Err(failure) => exit::print(&wrote).and(Err(failure)),
        }
    }

    /// Writes the files, and a line about each into `wrote`.
    fn write(&self, converted: &[Converted], wrote: &mut String) -> Result<(), Failure> {
        changed(converted).try_for_each(|file| file.file.check_writable())?;
        let mut backups = Vec::new();
        for file in changed(converted) {
            backups.push(self.backup.then(|| file.file.back_up()).transpose()?);
        }
        for (file, backup) in changed(converted).zip(backups) {
            file.file.replace(&file.new.text)?;
            *wrote += &format!("wrote      {}", shown(&file.file.path.display()));
            if let Some(backup) = backup {
                *wrote += &format!("; as it was: {}", shown(&backup.display()));
            }
            wrote.push('\n');
        }
        Ok(())
    }
}

fn changed(converted: &[Converted]) -> impl Iterator<Item = &Converted> {
    converted.iter().filter(|file| file.new.is_changed())
}

fn failure(error: &Error, file: Option<&KubeconfigFile>) -> Failure {
    let class = if error.is_bug() {
        ExitClass::Bug
    } else {
        ExitClass::Configuration
    };
    let message = match file {
        Some(file) => format!("{}: {error}", file.path.display()),
        None => error.to_string(),
    };
    Failure::new(class, message, error.next_step())
}

/// One line a user.
fn users(converted: &[Converted]) -> String {
    let mut out = String::new();
    for file in converted {
        for user in &file.new.users {
            let word = match user.outcome {
                Outcome::Changed { .. } => "changed",
                Outcome::Unchanged => "unchanged",
                Outcome::Skipped(_) => "skipped",
            };
            out += &format!("{word:10} {}", shown(&user.name));
            if converted.len() > 1 {
                out += &format!(" in {}", shown(&file.file.path.display()));
            }
            out += &format!(": {}\n", shown(&detail(&user.outcome, converted)));
        }
    }
    out
}

fn detail(outcome: &Outcome, converted: &[Converted]) -> String {
    match outcome {
        Outcome::Unchanged => "it asks keyhole already".to_owned(),
        Outcome::Skipped(Skip::Shadowed { by }) => match converted.get(*by) {
            Some(file) => format!("{} has a user of that name", file.file.path.display()),
            None => Skip::Shadowed { by: *by }.to_string(),
        },
        Outcome::Skipped(skip) => skip.to_string(),
        Outcome::Changed {
            from,
            kept,
            dropped,
            unknown,
        } => {
            let mut out = format!("was {from}");
            if !kept.is_empty() {
                out += &format!("; kept {}", kept.join(", "));
            }
            if !dropped.is_empty() {
                out += &format!("; dropped {}", dropped.join(", "));
            }
            match unknown {
                0 => {}
                1 => out += "; dropped an unknown argument",
                count => out += &format!("; dropped {count} unknown arguments"),
            }
            out
        }
    }
}

/// A unified diff, escaped line by line.
fn diff(converted: &Converted) -> Result<String, Failure> {
    let lines = converted
        .new
        .diff(&converted.old)
        .map_err(|error| failure(&error, Some(&converted.file)))?;
    let path = converted.file.path.display().to_string();
    let mut out = format!("--- {0}\n+++ {0}\n", shown(&path));
    for line in lines {
        // JSON may be indented with tabs.
        out += &shown(&line.replace('\t', "    "));
        out.push('\n');
    }
    Ok(out)
}

/// Text from outside, as a terminal may print it.
fn shown(text: &impl ToString) -> String {
    Terminal(&text.to_string()).to_string()
}
