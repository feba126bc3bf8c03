//! Questions to the person at the terminal: yes or no, a name typed again, a
//! password. Never asked with `--no-input` or without a terminal.

use std::io::{self, IsTerminal, Write};

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode, is_raw_mode_enabled};
use zeroize::Zeroizing;

use super::args::Globals;
use super::output::{Exit, Failure, clean};
use crate::support::secret::Secret;

/// Longest password line that is read.
const LONGEST: usize = 4_096;

/// Whether somebody is there to answer.
pub fn can_ask(flags: &Globals) -> bool {
    !flags.no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks whether to go on, unless `--yes` said so already.
///
/// # Errors
/// That `--yes` is needed, when nobody can be asked; that it was broken off.
pub async fn go_on(flags: &Globals, question: &str) -> Result<(), Failure> {
    if flags.yes {
        return Ok(());
    }
    if !can_ask(flags) {
        return Err(Failure::new(
            Exit::NeedsChoice,
            "needs_yes",
            clean(question),
            "Nothing was changed; repeat it with --yes to go on.",
        ));
    }
    let answer = line(format!("{question} Go on? [y/N] ")).await?;
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(kept())
    }
}

/// Asks for a name to be typed, and compares it without its `@`.
///
/// # Errors
/// When another name was typed: then nothing is changed.
pub async fn type_name(question: &str, name: &str) -> Result<(), Failure> {
    let answer = line(format!("{question} ")).await?;
    if same_name(&answer, name) {
        Ok(())
    } else {
        Err(kept())
    }
}

/// Asks for one line of text.
///
/// # Errors
/// When it was broken off.
pub async fn text(question: &str) -> Result<String, Failure> {
    Ok(line(format!("{question} ")).await?.trim().to_owned())
}

/// Whether two handles are the same, however their `@` and case are written.
pub fn same_name(one: &str, other: &str) -> bool {
    let bare = |text: &str| text.trim().trim_start_matches('@').to_lowercase();
    bare(one) == bare(other)
}

fn kept() -> Failure {
    Failure::failed("not_confirmed", "Not confirmed.", "Nothing was changed.")
}

/// Reads one line from the terminal on a thread of its own, so that Ctrl-C ends
/// the program meanwhile.
async fn line(prompt: String) -> Result<String, Failure> {
    blocking(move || {
        let mut out = io::stderr().lock();
        out.write_all(crate::cli::output::clean_lines(&prompt).as_bytes())?;
        out.flush()?;
        drop(out);
        let mut answer = String::new();
        if io::stdin().read_line(&mut answer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(answer)
    })
    .await
}

async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(f).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => Err(Failure::interrupted()),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(kept()),
        Ok(Err(error)) => Err(Failure::failed(
            "input",
            format!("The answer could not be read: {error}."),
            "Nothing was changed; try again.",
        )),
        Err(_) => Err(Failure::interrupted()),
    }
}

/// Reads a secret: the first line of standard input, or a masked prompt.
///
/// # Errors
/// When standard input is empty, or nobody can be asked.
pub async fn secret(
    flags: &Globals,
    from_stdin: bool,
    flag: &str,
    prompt: &str,
) -> Result<Secret, Failure> {
    let what = match flag {
        "--token-stdin" => "token",
        _ => "password",
    };
    let text = if from_stdin {
        blocking(|| first_line(io::stdin().lock())).await?
    } else if can_ask(flags) {
        let prompt = format!("{} ", clean(prompt));
        blocking(move || masked(&prompt)).await?
    } else {
        return Err(Failure::usage(
            "no_password",
            format!("The {what} is missing, and there is no terminal to ask on."),
            format!("Give it on the first line of standard input with {flag}."),
        ));
    };
    if text.trim().is_empty() {
        return Err(Failure::usage(
            "empty_password",
            format!("The {what} was empty."),
            "Nothing was changed; give it on the first line of standard input, or type it.",
        ));
    }
    Ok(Secret::new(text.trim()))
}

/// Reads the passphrase of the key from the terminal, masked. An empty line is
/// an answer as well.
///
/// # Errors
/// When nobody can be asked, or it was broken off.
pub async fn passphrase(flags: &Globals, prompt: &str) -> Result<Secret, Failure> {
    if !can_ask(flags) {
        return Err(Failure::usage(
            "no_terminal",
            "A passphrase is typed on a terminal, and there is none.",
            "Run it on one, without --no-input. Nothing was changed.",
        ));
    }
    let prompt = format!("{} ", clean(prompt));
    let text = blocking(move || masked(&prompt)).await?;
    Ok(Secret::new(text.trim()))
}

/// The first line of `input`, without keeping the rest anywhere.
fn first_line(mut input: impl io::Read) -> io::Result<Zeroizing<String>> {
    // Made whole at once: growing would leave copies of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut one = [0_u8; 1];
    while bytes.len() < LONGEST {
        if input.read(&mut one)? == 0 || one[0] == b'\n' {
            break;
        }
        bytes.push(one[0]);
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is not UTF-8 text",
        )),
    }
}

/// Puts the terminal back even when reading fails.
struct RawMode;

impl RawMode {
    fn enter() -> io::Result<Self> {
        enable_raw_mode()?;
        Ok(Self)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        restore_terminal();
    }
}

/// Leaves raw mode, should a prompt have been open.
pub fn restore_terminal() {
    if is_raw_mode_enabled().unwrap_or(false) {
        let _ = disable_raw_mode();
    }
}

fn masked(prompt: &str) -> io::Result<Zeroizing<String>> {
    let mut out = io::stderr().lock();
    // Before anybody is asked: what is typed at once must not be echoed.
    let raw = RawMode::enter()?;
    out.write_all(prompt.as_bytes())?;
    out.flush()?;
    let typed = typed_masked(&mut out);
    drop(raw);
    out.write_all(b"\n")?;
    typed
}

fn typed_masked(out: &mut impl Write) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(LONGEST));
    loop {
        let Event::Key(key) = read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return Ok(text),
            KeyCode::Char('c' | 'd') if control => return Err(io::ErrorKind::Interrupted.into()),
            KeyCode::Esc => return Err(io::ErrorKind::Interrupted.into()),
            KeyCode::Char('j' | 'm') if control => return Ok(text),
            KeyCode::Char('u') if control => {
                while text.pop().is_some() {
                    out.write_all(b"\x08 \x08")?;
                }
            }
            KeyCode::Backspace if text.pop().is_some() => out.write_all(b"\x08 \x08")?,
            KeyCode::Char(c) if !control && text.len() + c.len_utf8() <= LONGEST => {
                text.push(c);
                out.write_all(b"*")?;
            }
            _ => {}
        }
        out.flush()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_line_is_the_password() {
        let text = first_line(&b"abcd-efgh\r\nsecond"[..]).unwrap();
        assert_eq!(text.trim(), "abcd-efgh");
        assert!(first_line(&b"\xff\xfe"[..]).is_err());
        assert_eq!(first_line(&b""[..]).unwrap().as_str(), "");
    }

    #[test]
    fn a_handle_is_the_same_with_and_without_its_sign() {
        assert!(same_name("@Acme.Example\n", "acme.example"));
        assert!(!same_name("@acme", "acme.example"));
        assert!(!same_name("", "acme.example"));
    }
}
