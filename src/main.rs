//! Allgreen: parse, dispatch, exit code.

use std::io::Write;
use std::process::ExitCode;

use allgreen::cli;
use allgreen::support::entropy::Entropy;
use allgreen::support::redact::Redactor;
use color_eyre::config::HookBuilder;
use color_eyre::eyre;

fn main() -> eyre::Result<ExitCode> {
    cli::process::harden();
    let redactor = Redactor::new(&Entropy::os());
    install_hooks(redactor.clone())?;
    let arguments = std::env::args_os().collect();
    Ok(ExitCode::from(cli::run(arguments, redactor)))
}

/// A panic is reported without the environment, and without anything in it that
/// looks like a secret.
fn install_hooks(redactor: Redactor) -> eyre::Result<()> {
    let (panics, reports) = HookBuilder::default()
        .display_env_section(false)
        .panic_section(
            "This is a defect of Allgreen: please report it. What was committed is safe.",
        )
        .into_hooks();
    reports.install()?;
    std::panic::set_hook(Box::new(move |panic| {
        cli::ask::restore_terminal();
        let report = redactor.redact(&panics.panic_report(panic).to_string());
        tracing::error!(panic = %redactor.redact(&panic.to_string()));
        // Nothing is left to tell it to when standard error is gone as well.
        let _ = writeln!(
            std::io::stderr().lock(),
            "{}",
            cli::output::clean_lines(&report)
        );
    }));
    Ok(())
}
