//! The file as people write it, and as they mistype it.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn errors(text: &str) -> Vec<String> {
    let errors = Config::parse(text).expect_err(text).errors;
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_missing_file_means_the_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::load(&dir.path().join("config.toml")).unwrap();
    assert_eq!(config, Config::default());
}

#[test]
fn the_commented_default_file_holds_the_defaults() {
    assert_eq!(Config::parse(TEMPLATE).unwrap(), Config::default());
    // The same with every setting switched on, examples of networks aside.
    let (settings, _) = TEMPLATE.split_once("# One table per network").unwrap();
    let on: String = settings
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let config = Config::parse(&on).unwrap();
    assert_eq!(config.engine, Timing::default());
    assert_eq!(config.ui.ssh_host.as_deref(), Some("hub.example"));
    let default = super::Ui::default();
    let ui = (config.ui.theme, config.ui.glyphs, config.ui.ascii);
    assert!(!config.ui.mouse && !config.ui.notify);
    assert_eq!(ui, (default.theme, default.glyphs, default.ascii));
    assert_eq!(config.ui.links, default.links);
    for name in Timing::NAMES.iter().chain(super::read::UI_KEYS) {
        assert!(
            on.contains(&format!("\n{name} = ")),
            "{name} is not in the file"
        );
    }
}

#[test]
fn a_file_changes_only_what_it_says() {
    let config = Config::parse(
        "[networks.bluesky]\napi_base = \"http://127.0.0.1:4601/\"\n\
         directory_url = \"https://plc.example/dir/\"\nallow_private_hosts = true\n\
         [engine]\nsettle = \"500ms\"\nconcurrency = 1_0\nrefused_retry = \"0s\"\n\
         [ui]\nascii = true\nssh_host = \"eva@hub.example\"\n",
    )
    .unwrap();
    let bluesky = &config.networks["bluesky"];
    assert_eq!(bluesky.api_base.as_deref(), Some("http://127.0.0.1:4601"));
    assert_eq!(
        bluesky.directory_url.as_deref(),
        Some("https://plc.example/dir")
    );
    assert!(bluesky.allow_private_hosts && config.ui.ascii);
    assert_eq!(config.engine.settle, Duration::from_millis(500));
    assert_eq!(config.engine.concurrency, 10);
    assert_eq!(config.engine.probe_every, Timing::default().probe_every);
}

#[test]
fn every_mistake_is_named_with_its_line_at_once() {
    let said = errors(
        "[engine]\nsetle = \"1s\"\nprobe_every = \"0s\"\npark = 60\nconcurrency = 0\n\n\
         [networks.blusky]\n[networks.x]\nclient_idd = \"a\"\napi_base = \"ftp://x\"\n\
         [ui]\nascii = \"yes\"\nssh_host = \"-oProxyCommand=x\"\n\
         theme = \"ligth\"\nglyphs = 3\n[colours]\n",
    );
    let expected = [
        "line 2: There is no duration \"setle\". Did you mean settle?",
        "line 3: probe_every must be 10ms or more. Less would only keep the machine busy.",
        "line 4: park must be a duration. Write 500ms, 90s, 15m, 1h or 7d, in quotes.",
        "line 5: concurrency must be a whole number from 1 to 1024. The default is 64.",
        "line 7: There is no network \"blusky\". Did you mean bluesky?",
        "line 9: There is no key of a network \"client_idd\". \
         Did you mean client_id?",
        "line 10: api_base must be a web address. Write https://host or https://host/path, \
         without a name, a password, ? or #.",
        "line 12: ascii must be true or false. Write it without quotes.",
        "line 13: ssh_host must be a host name. Write host.example or user@host.example.",
        "line 14: theme must be one of auto, dark, light, contrast, blue-orange, sixteen, none. \
         Did you mean \"light\"?",
        "line 15: glyphs must be one of all, safe. Write it in quotes.",
        "line 16: There is no table \"colours\". Known here: networks, engine, ui, keys.",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_plain_address_needs_the_word_that_it_is_ones_own() {
    let said = errors("[networks.bluesky]\napi_base = \"http://10.0.0.1\"\n");
    assert!(
        said[0].starts_with("line 2: api_base must be an https address."),
        "{said:?}"
    );
}

#[test]
fn what_is_not_toml_is_said_with_its_line() {
    let said = errors("[engine]\nsettle = \n[ui\n");
    assert!(said[0].starts_with("line 2: This is not TOML"), "{said:?}");
    assert!(said.len() >= 2, "{said:?}");
    assert!(errors("[engine]\nsettle=\"1s\"\nsettle=\"2s\"\n")[0].starts_with("line 3"));
}

#[test]
fn a_file_others_may_change_is_warned_about() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[ui]\nascii = true\n").unwrap();
    let mode = |mode| std::fs::set_permissions(file.path(), PermissionsExt::from_mode(mode));
    mode(0o600).unwrap();
    assert!(Config::warnings(file.path()).is_empty());
    mode(0o620).unwrap();
    assert!(Config::warnings(file.path())[0].contains("chmod 600"));
    assert!(Config::load(file.path()).unwrap().ui.ascii);
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(text in "\\PC{0,80}|(\\[(engine|ui|networks\\.x)\\]\n)?(settle|ascii|api_base)( = (\"\\PC{0,8}\"|[0-9]{1,30}|\\[\\]))?\n?") {
        let _ = Config::parse(&text);
    }
}

#[test]
fn where_a_login_ends_is_this_machine_or_an_https_page() {
    let read = |redirect: &str| {
        Config::parse(&format!("[networks.x]\nredirect_uri = \"{redirect}\"\n"))
            .map(|config| config.networks["x"].redirect_uri.clone())
    };
    for fits in [
        "http://127.0.0.1:8917/callback",
        "https://agency.example/relay.html",
        "urn:ietf:wg:oauth:2.0:oob",
    ] {
        assert_eq!(read(fits).unwrap().as_deref(), Some(fits));
    }
    for wrong in [
        "http://agency.example/",
        "http://localhost:1/",
        "https://a.example/#x",
        "",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    let said =
        errors("[networks.x]\ntoken_url = \"http://10.0.0.1/token\"\nclient_id = \"two words\"\n");
    assert!(
        said.iter()
            .any(|one| one.contains("token_url must be an https address")),
        "{said:?}"
    );
    assert!(
        said.iter()
            .any(|one| one.contains("client_id must be one word")),
        "{said:?}"
    );
}
