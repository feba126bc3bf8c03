//! What comes back to a login, and what does not count as that.

use proptest::prelude::*;

use super::paste::{PasteError, parse};
use super::words::{same, secret_word};
use crate::support::entropy::Entropy;

fn code(text: &str) -> Option<String> {
    parse(text)
        .ok()
        .and_then(|found| found.code)
        .map(|code| code.expose().to_owned())
}

#[test]
fn an_address_its_query_and_a_bare_code_are_the_same_answer() {
    for pasted in [
        "http://127.0.0.1:8917/callback?code=abc-123_x&state=s",
        "  \"http://127.0.0.1:8917/callback?state=s&code=abc-123_x\"\n",
        "http://127.0.0.1:8917/callba\n  ck?code=abc-1\n23_x&state=s",
        "?code=abc-123_x&state=s",
        "code=abc-123_x&state=s",
        "https://relay.example/#code=abc-123_x&state=s",
        "https://relay.example/?code=abc-123_x&state=s#_=_",
        "abc-123_x",
        "abc-123_x#_",
        "<abc-123_x>",
    ] {
        assert_eq!(code(pasted).as_deref(), Some("abc-123_x"), "{pasted}");
    }
    let found =
        parse("https://a.example/cb?code=a%2Fb%2Bc&state=s%20t&iss=https%3A%2F%2Fa.example")
            .unwrap();
    assert_eq!(found.code.unwrap().expose(), "a/b+c");
    assert_eq!(found.state.as_deref(), Some("s t"));
    assert_eq!(found.issuer.as_deref(), Some("https://a.example"));
}

#[test]
fn a_refusal_is_an_answer_without_a_code() {
    let found = parse("http://127.0.0.1/callback?error=access_denied&error_description=The%20owner%1b[31m%20denied&state=s&code=x1234567").unwrap();
    assert!(found.code.is_none(), "whatever else is there");
    let (name, words) = found.refused.unwrap();
    assert_eq!(name, "access_denied");
    assert!(!words.contains('\u{1b}'), "{words:?}");
}

#[test]
fn what_is_no_answer_is_called_what_it_is() {
    let why = |text: &str| parse(text).map(|_| ()).unwrap_err();
    assert_eq!(why(" \n "), PasteError::Empty);
    assert_eq!(why(&"a".repeat(4097)), PasteError::TooLong);
    assert_eq!(
        why("https://mastodon.social/oauth/authorize?client_id=x&state=s"),
        PasteError::TheLink
    );
    assert_eq!(why("https://mastodon.social/home"), PasteError::NoCode);
    assert_eq!(why("?code=a234567&code=b234567"), PasteError::Twice);
    assert_eq!(why("?code=a234567&state=s&state=t"), PasteError::Twice);
    assert_eq!(why("yes"), PasteError::Unknown);
    assert_eq!(why("hello dear world"), PasteError::Unknown);
    assert_eq!(why("drop \"table\" now"), PasteError::Unknown);
    for error in [PasteError::TheLink, PasteError::Twice, PasteError::Empty] {
        assert!(error.hint().ends_with('.'));
    }
}

#[test]
fn secret_words_are_long_and_never_the_same() {
    let entropy = Entropy::seeded(7);
    let (one, other) = (secret_word(&entropy), secret_word(&entropy));
    assert_eq!(one.len(), 43);
    assert!(same(&one, &one.clone()) && !same(&one, &other) && !same(&one, &one[1..]));
}

proptest! {
    #[test]
    fn no_paste_makes_it_panic(text in "(https?://\\PC{0,20})?\\??\\PC{0,40}(code=|error=|#|&|state=)?\\PC{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn whatever_code_a_network_gives_comes_back_whole(code in "[A-Za-z0-9._~/+=:-]{6,300}", state in "[A-Za-z0-9_-]{1,60}") {
        let mut url = url::Url::parse("http://127.0.0.1:1/callback").unwrap();
        url.query_pairs_mut().append_pair("code", &code).append_pair("state", &state);
        let found = parse(url.as_str()).unwrap();
        let came = found.code.unwrap();
        prop_assert_eq!(came.expose(), code.as_str());
        prop_assert_eq!(found.state, Some(state));
    }
}
