//! Allgreen: parse, dispatch, exit code.

use std::io::Write;
use std::process::ExitCode;

use allgreen::cli;
use allgreen::support::redact;
use color_eyre::config::HookBuilder;
use color_eyre::eyre;

fn main() -> eyre::Result<ExitCode> {
    cli::process::harden();
    install_hooks()?;
    let arguments = std::env::args_os().collect();
    Ok(ExitCode::from(cli::run(arguments)))
}

/// A panic is reported without the environment, and without anything in it that
/// looks like a secret.
fn install_hooks() -> eyre::Result<()> {
    let (panics, reports) = HookBuilder::default()
        .display_env_section(false)
        .panic_section(
            "This is a defect of Allgreen: please report it. What was committed is safe.",
        )
        .into_hooks();
    reports.install()?;
    std::panic::set_hook(Box::new(move |panic| {
        cli::ask::restore_terminal();
        let redactor = redact::shared();
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
