//! What `config.toml` asks for is checked before the first request, and sent as it is written.

use sample_gitlab::{SampleServer, Settings, Size, World};

use crate::example::Example;

const ISSUES: &str = "--select=project_issues";

#[test]
fn what_cannot_be_asked_for_is_refused_before_the_first_request() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let misspelt = "[resources.project_issues.query]\nlabel = 'bug'";
    let no_value = "[resources.project_issues.query]\nstate = 'open'";
    let paged = "[resources.project_issues.query]\npage = 2";
    for command in ["run", "check", "plan"] {
        for (config, said) in [
            (misspelt, "`resources.project_issues.query.label` is no filter that is known there"),
            (misspelt, "config.toml:2"),
            (misspelt, "did you mean `labels`?"),
            (misspelt, "`resources.project_issues.extra_query.label = …`"),
            (no_value, "`resources.project_issues.query.state` is not usable: did you mean `opened`?"),
            (no_value, "`opened`, `closed`, `all`, not `open`"),
            (paged, "all pages are read"),
        ] {
            server.clear_log();
            let ended = Example::new(config).run(&server, &[command]);
            assert_eq!(ended.code, Some(2), "{}", ended.stderr);
            assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
            assert!(server.log().is_empty(), "{command} has asked");
        }
    }
}

#[test]
fn what_no_document_knows_is_sent_all_the_same() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let config = "[resources.project_issues]\nquery.labels = ['bug', 'a b']\nextra_query.flavour = 'new'";
    Example::new(config).load(&server, &[ISSUES]);
    let log = server.log();
    let of_issues: Vec<_> = log.iter().filter(|exchange| exchange.path.ends_with("/issues")).collect();
    assert!(!of_issues.is_empty());
    for exchange in of_issues {
        assert!(exchange.query.contains("flavour=new"), "{}", exchange.query);
        assert!(exchange.query.contains("labels%5B%5D=bug&labels%5B%5D=a+b"), "{}", exchange.query);
    }
}
