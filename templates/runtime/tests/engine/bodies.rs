//! Bodies that are not what they should be: read all the same where it is clear what they say, never shown where not.

use std::io::Write;

use gitlab_pipeline::client::{Client, ClientOptions, Request, RetryPolicy};
use gitlab_pipeline::config::{ApiRoot, Credentials, GITLAB_API, Secret};
use serde_json::{Value, json};

use crate::gitlab::{GitLab, Reply};

fn client(url: &str) -> Client {
    let retry = RetryPolicy { retries: 0, ..RetryPolicy::default() };
    let api = ApiRoot::parse(url, GITLAB_API).unwrap();
    Client::new(ClientOptions { retry, ..ClientOptions::new(api, Credentials::Private(Secret::new("t"))) })
        .unwrap()
}

fn request() -> Request {
    Request { path: "/commits".to_owned(), query: Vec::new(), route: "/commits" }
}

#[tokio::test]
async fn bytes_of_other_encodings_and_stray_characters_are_mended_and_counted() {
    let utf16: Vec<u8> = "[{\"name\": \"ü\"}]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let packed = {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"[\"packed\"]").unwrap();
        packed.finish().unwrap()
    };
    let cases: [(&[u8], Value, u64); 10] = [
        ("[\"ü\"]".as_bytes(), json!(["ü"]), 0),
        (br#"["zero \u0000 byte"]"#, json!(["zero \u{0} byte"]), 0),
        (b"[\"by M\xfcller\"]", json!(["by Müller"]), 1),
        (b"\xef\xbb\xbf[1]", json!([1]), 1),
        (&utf16, json!([{"name": "ü"}]), 1),
        (br#"["half a pair: \ud83d"]"#, json!(["half a pair: \u{fffd}"]), 1),
        (b"[\"a\nb\"]", json!(["a\nb"]), 1),
        (b"[\"a\0b\"]\0", json!(["a\u{0}b"]), 1),
        (b"[1]\n<!-- proxy 7 -->", json!([1]), 1),
        (&packed, json!(["packed"]), 1),
    ];
    for (body, expected, repaired) in cases {
        let owned = body.to_vec();
        let gitlab = GitLab::start(move |_, _| Reply::bytes(&owned)).await;
        let client = client(&gitlab.url);
        let answer = client.get(&request()).await.unwrap();
        assert_eq!(
            (answer.body, client.repaired()),
            (expected, repaired),
            "{}",
            String::from_utf8_lossy(body)
        );
    }
}

#[tokio::test]
async fn a_body_that_stays_packed_is_named_so() {
    let cut = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x8b];
    let replies = [
        (Reply::bytes(&cut), "it is packed by gzip and ends too early"),
        (Reply::bytes(b"\x0b\x02\x80[1]\x03").with("content-encoding", "br"), "it is packed as `br`"),
    ];
    for (reply, expected) in replies {
        let gitlab = GitLab::start(move |_, _| reply.clone()).await;
        let fault = client(&gitlab.url).get(&request()).await.unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault}");
    }
}

#[tokio::test]
async fn no_fault_shows_what_a_record_holds() {
    let record = r#"[{"description": "the secret plan", "title": "#;
    let replies = [
        Reply::json(record).with("content-type", "application/json"),
        Reply::json("[{\"a\": \"the secret plan\"}, nonsense]"),
        Reply::json("[1][\"the secret plan\"]"),
        Reply::html(200, "<html><body>the secret plan</body></html>"),
        Reply { is_cut: true, ..Reply::json("[\"the secret plan\", \"the secret plan\", 1, 2]") },
        Reply::fault(500, record),
        Reply::fault(502, "the secret plan"),
        Reply::fault(400, "the secret plan"),
        Reply::html(403, "<p>the secret plan</p>"),
    ];
    for reply in replies {
        let shown = format!("{:?}", (reply.status, String::from_utf8_lossy(&reply.body)));
        let gitlab = GitLab::start(move |_, _| reply.clone()).await;
        let fault = client(&gitlab.url).get(&request()).await.unwrap_err();
        assert!(!format!("{fault} {fault:?}").contains("secret"), "{fault} for {shown}");
    }
}
