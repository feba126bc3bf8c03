//! Logging in with a bot's token, and proving that the bot may post.

use super::BOTFATHER;
use super::api::Api;
use super::chats::{self, Chat, Member};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Expiry;
use crate::networks::evidence::safe;
use crate::networks::{Ends, Net, Refusal, SignInError, SignedIn, Tokens};
use crate::support::secret::Secret;

/// Longest name of a chat that is repeated.
const LONGEST: usize = 100;

/// Logs in and proves it.
pub(super) async fn sign_in(
    net: &Net,
    chat: &str,
    token: &Secret,
) -> Result<SignedIn, SignInError> {
    let word = token.expose().trim();
    if !is_token(word) {
        return Err(error(
            "bad_token",
            "That is not a bot's token, so it was not sent anywhere.".to_owned(),
            &format!("Copy it from {BOTFATHER}; it looks like 123456789:ABC-DEF."),
        ));
    }
    let token = Secret::new(word);
    let named = named(chat).ok_or_else(|| {
        error(
            "bad_chat",
            format!(
                "\"{}\" is no chat's name or id.",
                safe(chat, &[&token], LONGEST)
            ),
            "Give the @name of a public chat, or the id of a private one (-100...).",
        )
    })?;
    let api = Api::given(net, &token);
    let me = chats::me(&api)
        .await
        .map_err(|refusal| about_token(&refusal))?;
    let bot = format!("@{}", safe(&me.username, &[&token], LONGEST));
    let found = chats::chat(&api, &named)
        .await
        .map_err(|refusal| about_chat(&refusal, &bot, &named))?;
    if !matches!(found.kind.as_str(), "channel" | "group" | "supergroup") {
        return Err(error(
            "unsupported_chat",
            format!("{named} is no channel and no group."),
            "Give the @name or id of a channel or a group.",
        ));
    }
    let member = chats::member(&api, found.id, me.id)
        .await
        .map_err(|refusal| about_chat(&refusal, &bot, &named))?;
    may_post(&found, &member, &bot, &named)?;
    let never = Ends {
        at: None,
        expiry: Expiry::Never,
    };
    let (server, account) = (api.server().to_owned(), found.account());
    Ok(SignedIn {
        server,
        client_id: String::new(),
        remote_user_id: me.id.to_string(),
        method: "bot_token",
        tokens: Tokens {
            access: token,
            refresh: None,
            password: None,
            client_secret: None,
            proof_key: None,
            access_ends: never,
            grant_ends: never,
        },
        accounts: vec![account],
        scopes: Vec::new(),
    })
}

/// Digits, a colon, and letters, digits, `_` or `-`.
///
/// Source: <https://core.telegram.org/bots/api#authorizing-your-bot>
fn is_token(word: &str) -> bool {
    word.split_once(':').is_some_and(|(id, secret)| {
        (1..=20).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_digit())
            && (20..=100).contains(&secret.len())
            && secret
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    })
}

/// `@name` or an id, from what people paste: `name`, `@name`, `t.me/name`,
/// `t.me/c/<id>/<message>`, `-100...`.
fn named(chat: &str) -> Option<String> {
    let text = chat.trim();
    let text = text.strip_prefix("https://").unwrap_or(text);
    let text = text.strip_prefix("t.me/").unwrap_or(text);
    if let Some(private) = text.strip_prefix("c/") {
        let id = private.split('/').next().unwrap_or_default();
        let digits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        return digits.then(|| format!("-100{id}"));
    }
    if text.parse::<i64>().is_ok() {
        return Some(text.to_owned());
    }
    let name = text.trim_start_matches('@');
    let name = name.split('/').next().unwrap_or_default();
    let fits = (4..=32).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    fits.then(|| format!("@{name}"))
}

/// Why the bot's token is not taken.
fn about_token(refusal: &Refusal) -> SignInError {
    match refusal.class {
        AnswerClass::Revoked => error(
            "bad_token",
            "Telegram does not know this token: it was mistyped, revoked, or the bot is gone."
                .to_owned(),
            &format!("Copy the token again from {BOTFATHER} (/mybots, API Token)."),
        ),
        _ => failed(refusal, "the bot"),
    }
}

/// Why a chat cannot be posted to.
fn about_chat(refusal: &Refusal, bot: &str, named: &str) -> SignInError {
    let said = refusal.evidence.message.as_deref().unwrap_or_default();
    match refusal.class {
        AnswerClass::LostRole if said.contains("chat not found") => error(
            "unknown_chat",
            format!("{bot} knows no chat {named}."),
            "Check the name or id, and add the bot to the chat first.",
        ),
        AnswerClass::LostRole => error(
            "not_a_member",
            format!("{bot} is not in {named}: {said}"),
            "Add the bot to the chat, then connect again.",
        ),
        AnswerClass::Restricted => error(
            "restricted",
            format!("{bot} is frozen by Telegram: {said}"),
            "Its owner has to appeal at Telegram; connect again after that.",
        ),
        AnswerClass::Revoked => about_token(refusal),
        _ => failed(refusal, named),
    }
}

/// The rights in the chat, each lack with the words of its own remedy.
fn may_post(chat: &Chat, member: &Member, bot: &str, named: &str) -> Result<(), SignInError> {
    let Some(refusal) = chats::missing(chat, member) else {
        return Ok(());
    };
    let code = refusal.evidence.network_code.as_deref().unwrap_or_default();
    let said = refusal.evidence.message.as_deref().unwrap_or_default();
    Err(match code {
        "not_admin" => error(
            "not_admin",
            format!("{bot} is no administrator of {named}."),
            "Make it an administrator who may post messages, then connect again.",
        ),
        "left" | "kicked" => error(
            "not_a_member",
            format!("{bot} is not in {named}."),
            "Add the bot to the chat, then connect again.",
        ),
        _ => error(
            "missing_right",
            format!("{bot} lacks a right in {named}: {said}"),
            "Give it that right in the chat's settings, then connect again.",
        ),
    })
}

/// A call on the way that brought nothing usable.
fn failed(refusal: &Refusal, about: &str) -> SignInError {
    let said = refusal.evidence.message.clone().unwrap_or_default();
    match refusal.class {
        AnswerClass::RateLimited => {
            let wait = refusal.retry_after.map_or_else(
                || "a few minutes".to_owned(),
                |pause| format!("{} s", pause.as_secs().max(1)),
            );
            error(
                "rate_limited",
                format!("Telegram answers nothing about {about} for now."),
                &format!("Try again in {wait}."),
            )
        }
        AnswerClass::Transient => error(
            "unreachable",
            format!("Telegram did not answer about {about}: {said}"),
            "Check the connection and try again in a few minutes.",
        ),
        _ => error(
            "unexpected_answer",
            format!("Telegram gave an answer about {about} this program does not know: {said}"),
            "Check api_base under [networks.telegram] if it is set, and report the answer.",
        ),
    }
}

/// A refused login.
fn error(code: &'static str, what: String, hint: &str) -> SignInError {
    SignInError {
        code,
        what,
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_is_understood_as_people_paste_it() {
        for (pasted, wanted) in [
            ("@acme_news", Some("@acme_news")),
            ("acme_news", Some("@acme_news")),
            ("https://t.me/acme_news/17", Some("@acme_news")),
            ("t.me/c/1234567890/5", Some("-1001234567890")),
            (" -1001234567890 ", Some("-1001234567890")),
            ("", None),
            ("two words", None),
            ("https://example.org/x", None),
        ] {
            assert_eq!(named(pasted).as_deref(), wanted, "{pasted}");
        }
    }

    #[test]
    fn only_what_looks_like_a_token_is_sent() {
        assert!(is_token("123456789:AAbb_cc-ddEEffGGhhIIjjKKllMMnnOOppQ"));
        for not in [
            "hunter2",
            "123:short",
            "a:AAbbccddEEffGGhhIIjjKKll",
            "1:../../../../../../etc/passwd",
        ] {
            assert!(!is_token(not), "{not}");
        }
    }
}
