//! What went wrong, and the exit codes: one table.

use serde_json::Value;

use super::clean;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Failed; the reason is on standard error.
    Failed,
    /// Wrong usage, or a name that fits several things.
    Usage,
    /// What `check` found, in the convention of monitoring.
    Verdict(u8),
    /// The role or the plan does not allow it.
    NotAllowed,
    /// There is no such thing.
    NotFound,
    /// A choice is needed before it can go on.
    NeedsChoice,
    /// Asked of the publisher, not done yet.
    Queued,
    /// Interrupted.
    Interrupted,
}

impl Exit {
    /// The number scripts see.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Verdict(code) => code,
            Self::NotAllowed => 4,
            Self::NotFound => 5,
            Self::NeedsChoice => 6,
            Self::Queued => 7,
            Self::Interrupted => 130,
        }
    }
}

/// One sentence what, one sentence what to do, and how the command ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable name of what went wrong.
    pub code: &'static str,
    /// One sentence what.
    pub what: String,
    /// One sentence what to do; may be empty when there is nothing.
    pub hint: String,
    /// How the command ends.
    pub exit: Exit,
}

impl Failure {
    /// A failure that ends with `exit`.
    pub fn new(
        exit: Exit,
        code: &'static str,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            code,
            what: what.into(),
            hint: hint.into(),
            exit,
        }
    }

    /// Something did not work.
    pub fn failed(code: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Failed, code, what, hint)
    }

    /// The command was used wrongly.
    pub fn usage(code: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Usage, code, what, hint)
    }

    /// The operator broke it off.
    pub fn interrupted() -> Self {
        Self::new(
            Exit::Interrupted,
            "interrupted",
            "Interrupted.",
            "What was not reported as done has not happened.",
        )
    }

    /// The line for people.
    pub fn line(&self) -> String {
        clean(format!("{} {}", self.what, self.hint).trim_end())
    }

    /// The object for programs.
    pub fn json(&self) -> String {
        let text = |text: &str| Value::from(text);
        format!(
            r#"{{"error":{{"code":{},"message":{},"hint":{}}}}}"#,
            text(self.code),
            text(&self.what),
            text(&self.hint)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_codes_are_those_of_the_contract() {
        let table = [
            (Exit::Done, 0),
            (Exit::Failed, 1),
            (Exit::Usage, 2),
            (Exit::Verdict(3), 3),
            (Exit::NotAllowed, 4),
            (Exit::NotFound, 5),
            (Exit::NeedsChoice, 6),
            (Exit::Queued, 7),
            (Exit::Interrupted, 130),
        ];
        for (exit, code) in table {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }

    #[test]
    fn an_error_is_one_line_or_one_object() {
        let failure = Failure::failed("code", "It\nbroke.", "Mend it.");
        assert_eq!(failure.line(), "It broke. Mend it.");
        let json: Value = serde_json::from_str(&failure.json()).unwrap();
        assert_eq!(json["error"]["code"], "code");
        assert_eq!(json["error"]["message"], "It\nbroke.");
        assert_eq!(json["error"]["hint"], "Mend it.");
    }
}
