//! Who may look, and that looking is all one can do.

use crate::example::Example;
use crate::pages::server;
use crate::shown::Shown;

#[test]
fn nobody_looks_without_the_link() {
    let (server, example) = (server(), Example::new(""));
    example.load(&server, &["--select", "projects"]);
    let shown = Shown::start(&mut example.command(&server));
    let secret = "storefront";
    for path in ["/", "/tables", "/table?name=projects", "/x/", "/?token=", "/?token=0", "/index.html", "//"]
    {
        let answer = shown.get(path, "");
        assert_eq!((answer.status, answer.body.contains(secret)), (403, false), "{path}");
        assert_eq!(answer.header("set-cookie"), None);
    }

    let token = shown.token_path().to_owned();
    let visitor = shown.visit();
    assert_eq!(shown.get(&token, "").status, 403, "the link opens once");
    assert!(visitor.page("table?name=projects").contains(secret));
    let page = format!("{}table?name=projects", visitor.folder);
    for cookie in ["", "Cookie: show=\r\n", "Cookie: show=0\r\n", "Cookie: other=1; show\r\n"] {
        assert_eq!(shown.get(&page, cookie).status, 403, "{cookie}");
    }
    let elsewhere = shown.get("/table?name=projects", &format!("Cookie: {}\r\n", visitor.cookie));
    assert_eq!(elsewhere.status, 403, "the folder is a secret too");
}

/// A page elsewhere whose name leads to this machine is told nothing, not even with the cookie.
#[test]
fn another_name_is_not_this_server() {
    let (server, example) = (server(), Example::new(""));
    let shown = Shown::start(&mut example.command(&server));
    let visitor = shown.visit();
    let ask = |host: &str| {
        let (folder, cookie) = (&visitor.folder, &visitor.cookie);
        shown.ask(&format!("GET {folder} HTTP/1.1\r\n{host}Cookie: {cookie}\r\nConnection: close\r\n\r\n"))
    };
    let port = shown.port;
    for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example"] {
        assert_eq!(ask(&format!("Host: {host}\r\n")).status, 421, "{host}");
    }
    assert_ne!(ask("").status, 200);
    assert_eq!(ask(&format!("Host: LOCALHOST:{port}\r\n")).status, 200);
}

#[test]
fn every_answer_keeps_to_itself() {
    let (server, example) = (server(), Example::new(""));
    let shown = Shown::start(&mut example.command(&server));
    let welcome = shown.get(shown.token_path(), "");
    let cookie = welcome.header("set-cookie").expect("a cookie");
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    for path in ["/", "/style.css", "/show.js", "/icon.svg"] {
        let answer = shown.get(path, "");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
        let port = shown.port;
        let request = format!("{method} / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        assert_eq!(shown.ask(&request).status, 405, "{method}");
    }
}

/// That nothing can be written is what destinations promise; here is what a person sees of it.
#[test]
fn the_box_only_reads() {
    let (server, example) = (server(), Example::new(""));
    example.load(&server, &["--select", "projects"]);
    let before = example.tables();
    let shown = Shown::start(&mut example.command(&server));
    let visitor = shown.visit();
    assert!(visitor.sql("SELECT count(*) AS n FROM projects").contains(">7<"));
    for statement in [
        "INSERT INTO projects (id) VALUES (1)",
        "DROP TABLE projects",
        "SELECT 1; DROP TABLE projects",
        "ATTACH 'other.db' AS other",
        "PRAGMA journal_mode = DELETE",
        "VACUUM INTO 'other.db'",
    ] {
        assert!(visitor.sql(statement).contains("only a single statement that reads"), "{statement}");
    }
    assert_eq!(example.tables(), before);
    assert!(!example.path("other.db").exists());
    let odd = visitor.sql("SELECT '<script>alert(1)</script>' AS \"<b>\"");
    assert!(!odd.contains("<script>alert") && !odd.contains("<b>"), "{odd}");
}
