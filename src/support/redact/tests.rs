//! Secrets go, everything else stays.

use proptest::prelude::*;

use super::*;

fn redactor() -> Redactor {
    Redactor::new(&Entropy::seeded(7))
}

#[test]
fn output_a_secret_we_hold_is_found_wherever_it_stands() {
    let redactor = redactor();
    redactor.learn(&Secret::new("tok+EN/canary=0123456789"));
    redactor.learn(&Secret::new("hunter2x"));
    let table = [
        (
            "sent tok+EN/canary=0123456789 to them",
            "sent [secret] to them",
        ),
        ("cut off: tok+EN/canary=0", "cut off: [secret]"),
        ("u?x=tok%2BEN%2Fcanary%3D0123456789&y=1", "u?x=[secret]&y=1"),
        (
            "{\"m\":\"tok+EN/canary=0123456789\"}",
            "{\"m\":\"[secret]\"}",
        ),
        ("my hunter2x!", "my [secret]!"),
        ("tok+EN is another", "tok+EN is another"),
    ];
    for (text, expected) in table {
        assert_eq!(redactor.redact(text), expected);
    }
    let copy = redactor.clone();
    assert_eq!(copy.redact("hunter2x"), MARK);
    assert_eq!(format!("{copy:?}"), "Redactor");
}

#[test]
fn output_every_secret_that_is_made_is_known_to_the_redactor_of_the_process() {
    let _held = Secret::new("made-anywhere-0123456789");
    assert_eq!(
        shared().redact("said made-anywhere-0123456789."),
        "said [secret]"
    );
    // An address begins as many do.
    let _link = Secret::new("https://mas.example/oauth/authorize?state=0123456789abcdef0123");
    assert_eq!(
        shared().redact("https://mas.example/oauth/authorize?state=0123456789abcdef0123&x=1"),
        "https://mas.example/oauth/authorize?state=[secret]&x=1"
    );
}

#[test]
fn output_what_looks_like_a_secret_goes_too() {
    let table = [
        (
            "jwt eyJhbGciOiJFUzI1NiJ9.eyJzdWIi.c2ln end",
            "jwt [secret] end",
        ),
        ("password abcd-ef23-gh45-ij67.", "password [secret]."),
        (
            "Authorization: Bearer abc.DEF-123",
            "Authorization: Bearer [secret]",
        ),
        (
            "authorization: DPoP abcDEF123",
            "authorization: DPoP [secret]",
        ),
        (
            "/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PAL/sendMessage",
            "/bot[secret]/sendMessage",
        ),
        (
            "?client_id=7&client_secret=s3&scope=a",
            "?client_id=7&client_secret=[secret]&scope=a",
        ),
        (
            "{\"accessJwt\":\"x y\",\"did\":\"did:plc:1\"}",
            "{\"accessJwt\":\"[secret]\",\"did\":\"did:plc:1\"}",
        ),
        (
            "{\\\"refresh_token\\\": \\\"abc\\\"}",
            "{\\\"refresh_token\\\": \\\"[secret]\\\"}",
        ),
        (
            "?code=AQB1234567890abcdef&state=0123456789abcdef",
            "?code=[secret]&state=[secret]",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(redactor().redact(text), expected);
    }
}

#[test]
fn what_is_no_secret_stays_readable() {
    let table = [
        "code=190 subcode=460, state=held",
        "error code: 190, token expired",
        "did:plc:ewvi7nxzyoun6zhxrhs64oiz at 2026-11-21T14:02:00Z",
        "soc_01JD2Q0V0Z7Y6X5W4V3U2T1S0R went out",
        "basic rules of the bearer of news",
        "a-b-c-d three-word-name 1234-5678 one-more-name-then",
        "0192aa11-4444-4444-8888-1234567890ab",
        "the password was changed",
    ];
    for text in table {
        assert_eq!(redactor().redact(text), text);
    }
}

#[test]
fn output_many_secrets_are_known_at_once_and_short_words_never() {
    let redactor = redactor();
    for number in 0..50 {
        redactor.learn(&Secret::new(format!("{number:02}-canary-secret")));
    }
    assert_eq!(redactor.redact("00-canary-secret"), MARK);
    assert_eq!(redactor.redact("49-canary-secret"), MARK);
    redactor.learn(&Secret::new("short"));
    assert_eq!(redactor.redact("a short word"), "a short word");
    redactor.learn(&Secret::new("quo\"ted\\canary"));
    let json = serde_json::json!({ "m": "quo\"ted\\canary" }).to_string();
    assert!(!redactor.redact(&json).contains("canary"), "{json}");
}

#[test]
fn threats_a_long_text_made_of_beginnings_takes_no_long_time() {
    let redactor = redactor();
    redactor.learn(&Secret::new("a-a-a-a-canary-0123456789"));
    for part in [
        "a-",
        "x",
        "eyJ",
        "basic.",
        "basic:",
        "code:",
        "token ",
        "12345:",
        "1",
        "-",
        "\"code\":",
        "eyJ.",
        "bearer=",
        "abcd-",
    ] {
        // Quadratic, each of them would take minutes.
        let text = part.repeat((1 << 17) / part.len());
        let clock = crate::support::clock::Clock::real();
        let started = clock.boot();
        let _ = redactor.redact(&text);
        let took = clock.boot() - started;
        assert!(took.as_secs() < 20, "{part} took {took:?}");
    }
}

proptest! {
    #[test]
    fn output_a_learnt_secret_never_survives(
        secret in "[ -~]{8,40}|\\PC{12,20}",
        before in "\\PC{0,20}",
        after in "\\PC{0,20}",
    ) {
        let redactor = redactor();
        redactor.learn(&Secret::new(secret.clone()));
        let clean = redactor.redact(&format!("{before}{secret}{after}"));
        prop_assert!(!clean.contains(&secret), "{clean}");
        let _ = redactor.redact(&after);
    }
}
