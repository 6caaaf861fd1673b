use ::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::*;

fn invocation(input: &Value, metadata: &Value) -> String {
    json!({"Data": {"whatever": input}, "Metadata": metadata}).to_string()
}

fn request(req: &Value) -> Result<HttpRequest, Rejection> {
    let text = invocation(req, &json!({"DequeueCount": "\"x\"", "sys": "of the client"}));
    Envelope::read(text.as_bytes()).unwrap().http("/slack")
}

fn slack(change: impl FnOnce(&mut Value)) -> Value {
    let mut req = json!({
        "Url": "https://bot.azurewebsites.net/api/slack?a=1", "Method": "POST", "Query": {"a": "1"},
        "Headers": {
            "CONTENT-type": ["application/x-www-form-urlencoded; charset=utf-8"], "X-Slack-Signature": ["v0=ab"],
            "X-ARR-LOG-ID": ["x"], "Twice": ["1", "2"],
        },
        "Params": {}, "Identities": [{"AuthenticationType": null, "IsAuthenticated": false, "Claims": []}],
        "Body": "payload=%7B%7D",
    });
    change(&mut req);
    req
}

#[test]
fn a_request_is_what_the_client_sent() {
    let request = request(&slack(|_| {})).unwrap();
    assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::POST, "/slack?a=1"));
    assert_eq!(request.body(), "payload=%7B%7D");
    assert_eq!(request.headers()["x-slack-signature"], "v0=ab");
    assert_eq!(request.headers().get_all("twice").iter().count(), 2);
}

#[test]
fn the_forms_that_the_host_or_its_documentation_gives() {
    for (what, change) in [
        ("a query as text", json!({"Query": "{}"})),
        ("no query and no parameters", json!({"Query": null, "Params": null})),
        (
            "plain headers",
            json!({"Headers": {"Content-Type": "application/x-www-form-urlencoded", "x-slack-signature": "v0=ab"}}),
        ),
        ("no address", json!({"Url": null})),
        ("an address that is none", json!({"Url": "http://[/"})),
    ] {
        let req = slack(|req| req.as_object_mut().unwrap().extend(change.as_object().unwrap().clone()));
        let request = request(&req).unwrap_or_else(|rejection| panic!("{what}: {rejection:?}"));
        assert_eq!((request.uri().path(), &request.body()[..]), ("/slack", &b"payload=%7B%7D"[..]), "{what}");
        assert_eq!(request.headers()["x-slack-signature"], "v0=ab", "{what}");
    }
}

#[test]
fn bodies() {
    let of = |kind: &str, body: Value| {
        request(&slack(|req| {
            req["Headers"]["CONTENT-type"] = json!([kind]);
            req["Body"] = body;
        }))
        .map(|request| request.body().to_vec())
    };
    let form = "application/x-www-form-urlencoded";
    assert_eq!(of(form, Value::Null), Ok(Vec::new()), "the host leaves out what has no length");
    assert_eq!(of("application/json", json!("{\"text\":\"\u{fc} \u{fffd}\"}")), Ok("{\"text\":\"ü \u{fffd}\"}".into()));
    assert_eq!(of("Application/Octet-Stream", json!("//4=")), Ok(vec![0xff, 0xfe]));
    assert_eq!(of("multipart/form-data; boundary=x", json!("LS14")), Ok(b"--x".to_vec()));
    assert_eq!(of("multipart/mixed", json!("not base64")), Err(Rejection::Malformed));
    assert_eq!(of(form, json!("text=\u{fffd}")), Err(Rejection::Malformed), "bytes that were no UTF-8");
    assert_eq!(of(form, json!({"an": "object"})), Err(Rejection::Malformed));
    let most = catops_core::http::MAX_BODY;
    assert_eq!(of("text/plain", json!("x".repeat(most))).map(|body| body.len()), Ok(most));
    assert_eq!(of("text/plain", json!("x".repeat(most + 1))), Err(Rejection::TooLarge));
}

#[test]
fn requests_that_are_none() {
    assert_eq!(request(&json!("a string")).unwrap_err(), Rejection::Malformed);
    assert_eq!(request(&slack(|req| req["Method"] = json!("PO ST"))).unwrap_err(), Rejection::Method);
    assert_eq!(
        request(&slack(|req| drop(req.as_object_mut().unwrap().remove("Method")))).unwrap_err(),
        Rejection::Malformed
    );
}

fn item(input: &Value, count: &Value) -> Item {
    let text = invocation(input, &json!({"DequeueCount": count, "Id": "\"a0\"", "sys": {"MethodName": "job"}}));
    Envelope::read(text.as_bytes()).unwrap().item()
}

#[test]
fn messages_in_each_encoding() {
    let job = r#"{"catops":{"id":"a","job":"{\"v\":1}","seal":"00"}}"#;
    let wrapped = json!(job).to_string();
    for (what, input) in [
        ("as the host sends it", json!(wrapped)),
        ("as its documentation has it", json!(job)),
        (
            "in base64, for a host that is told not to decode",
            json!(json!("eyJjYXRvcHMiOnsiaWQiOiJhIiwiam9iIjoie1widlwiOjF9Iiwic2VhbCI6IjAwIn19").to_string()),
        ),
        ("as an object", serde_json::from_str(job).unwrap()),
    ] {
        let Item { text, tries } = item(&input, &json!("1"));
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            serde_json::from_str::<Value>(job).unwrap(),
            "{what}"
        );
        assert_eq!(tries, Some(1), "{what}");
    }
    assert_eq!(item(&json!(wrapped), &json!(1)).text, job, "not one byte is changed");
    assert_eq!(item(&json!("\"aaaaa\""), &json!("1")).text, "aaaaa");
    assert_eq!(item(&json!("deadbeef"), &json!("1")).text, "deadbeef", "what only looks like base64 stays");
    for (count, tries) in [
        (json!("3"), Some(3)),
        (json!(3), Some(3)),
        (json!("\"3\""), Some(3)),
        (json!("often"), None),
        (Value::Null, None),
        (json!({}), None),
    ] {
        assert_eq!(item(&json!(wrapped), &count).tries, tries, "{count}");
    }
}

#[test]
fn a_message_carries_a_tick_or_a_job() {
    let tick = Tick { command: "oncall \"rotate\"".to_owned(), due: "2026-01-02T03:04:00Z".parse().unwrap() };
    assert_eq!(tick.message(), r#"{"catops":{"schedule":"oncall \"rotate\"","time":"2026-01-02T03:04:00Z"}}"#);
    assert_eq!(Carried::read(tick.message()), Carried::Tick(tick));
    for job in
        [r#"{"catops":{"id":"a","job":"{}","seal":""}}"#, "aaaaa", "", r#"{"catops":{"schedule":"x","time":"soon"}}"#]
    {
        assert_eq!(Carried::read(job.to_owned()), Carried::Job(job.to_owned()));
    }
}

#[test]
fn timers() {
    let timer =
        |input: Value, sys: Value| Envelope::read(invocation(&input, &json!({"sys": sys})).as_bytes()).unwrap().timer();
    let utc = json!({"MethodName": "minute", "UtcNow": "2026-01-02T03:00:00.1234567Z", "RandGuid": "g"});
    let at = |text: &str| Some(text.parse().unwrap());
    let plain = json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": null, "IsPastDue": false});
    assert_eq!(
        timer(plain, utc.clone()),
        Timer { fired: at("2026-01-02T03:00:00.123Z"), last: None, is_past_due: false }
    );
    let last = json!({"Last": "2026-01-02T02:40:00.01+00:00", "Next": "x", "LastUpdated": "x"});
    let late = json!({"ScheduleStatus": last, "IsPastDue": true});
    let expected =
        Timer { fired: at("2026-01-02T03:00:00.123Z"), last: at("2026-01-02T02:40:00.010Z"), is_past_due: true };
    assert_eq!(timer(late.clone(), utc.clone()), expected);
    assert_eq!(timer(json!(late.to_string()), utc), expected, "as text, as the host writes scalars");
    let never = json!({"ScheduleStatus": {"Last": "0001-01-01T00:00:00+00:00"}, "IsPastDue": true});
    assert_eq!(timer(never, Value::Null), Timer { fired: None, last: None, is_past_due: true });
}

#[test]
fn what_is_no_envelope_is_refused_without_quoting_it() {
    for text in [
        "",
        "null",
        "[]",
        "\"secret\"",
        "{}",
        r#"{"Data":{}}"#,
        r#"{"Data":{"a":1,"b":2}}"#,
        r#"{"Data":"secret"}"#,
        "{secret",
    ] {
        let error = Envelope::read(text.as_bytes()).map(drop).expect_err(text);
        assert!(!error.chain().contains("secret"), "{error}");
    }
    assert!(Envelope::read(&[0xff, 0xfe]).is_err());
}

fn written(answer: &Answer) -> (StatusCode, Value) {
    let response = answer.response();
    assert_eq!(response.headers()["content-type"], "application/json; charset=utf-8");
    (response.status(), serde_json::from_slice(response.body()).unwrap())
}

#[test]
fn answers() {
    let nothing = json!({"Outputs": {}, "Logs": null, "ReturnValue": null});
    assert_eq!(written(&Answer::done()), (StatusCode::OK, nothing.clone()));
    assert_eq!(written(&Answer::failed()), (StatusCode::INTERNAL_SERVER_ERROR, nothing.clone()));
    assert_eq!(written(&Answer::refused(StatusCode::NOT_FOUND)), (StatusCode::NOT_FOUND, nothing));

    let job = r#"{"catops":{}}"#.to_owned();
    let answer = Answer::done()
        .with_http(catops_core::http::json("{\"ok\":true}"))
        .with_messages(vec![job.clone()])
        .with_log("request a accepted".to_owned());
    let res = json!({"statusCode": "200", "headers": {"content-type": "application/json; charset=utf-8"}, "body": "{\"ok\":true}"});
    let expected = json!({"Outputs": {"res": res, "job": job}, "Logs": ["request a accepted"], "ReturnValue": null});
    assert_eq!(written(&answer), (StatusCode::OK, expected));

    let refusal =
        Answer::done().with_http(Rejection::TooLarge.response()).with_messages(vec![job.clone(), job.clone()]);
    let expected = json!({"res": {"statusCode": "413", "headers": {}}, "job": [job, job]});
    assert_eq!(written(&refusal).1["Outputs"], expected, "a status for the client fails no invocation");
}
