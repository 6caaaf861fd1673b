//! Events, each with what it must become.

use catops_core::chat::Rejection;
use serde_json::json;

use super::http::Front;
use super::*;

fn event(value: &serde_json::Value) -> Event {
    Event::read(&value.to_string()).unwrap()
}

fn request(value: &serde_json::Value) -> Request {
    match event(value) {
        Event::Http(request) => *request,
        other => panic!("{other:?} is no request"),
    }
}

fn refused(value: &serde_json::Value, said: &str) {
    let error = Event::read(&value.to_string()).map(|event| format!("{event:?}")).unwrap_err();
    assert!(error.to_string().contains(said), "{error}");
    assert!(!error.chain().contains("secret"), "{}", error.chain());
}

/// The forms are those of the service's documentation; the content is ours.
fn rest() -> serde_json::Value {
    json!({
        "resource": "/{proxy+}", "path": "/slack", "httpMethod": "POST",
        "headers": {"Content-Type": "application/x-www-form-urlencoded", "X-Slack-Signature": "v0=ab"},
        "multiValueHeaders": {"Content-Type": ["application/x-www-form-urlencoded"], "X-Slack-Signature": ["v0=ab"]},
        "queryStringParameters": null, "pathParameters": {"proxy": "slack"}, "stageVariables": null,
        "requestContext": {"stage": "prod", "resourcePath": "/{proxy+}", "httpMethod": "POST", "path": "/prod/slack"},
        "body": "text=ping", "isBase64Encoded": false
    })
}

fn http_api() -> serde_json::Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/slack", "rawQueryString": "",
        "headers": {"content-type": "application/x-www-form-urlencoded", "x-slack-signature": "v0=ab"},
        "requestContext": {
            "domainName": "abc.execute-api.eu-west-1.amazonaws.com", "stage": "$default",
            "http": {"method": "POST", "path": "/slack", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"}
        },
        "body": "dGV4dD1waW5n", "isBase64Encoded": true
    })
}

fn function_url() -> serde_json::Value {
    let mut event = http_api();
    event["requestContext"]["domainName"] = json!("abc.lambda-url.eu-west-1.on.aws");
    event
}

fn balancer() -> serde_json::Value {
    json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/bot/6d0e"}},
        "httpMethod": "POST", "path": "/slack", "queryStringParameters": {},
        "headers": {"content-type": "application/x-www-form-urlencoded", "x-slack-signature": "v0=ab"},
        "body": "dGV4dD1waW5n", "isBase64Encoded": true
    })
}

fn multi_balancer() -> serde_json::Value {
    let mut event = balancer();
    event["headers"].take();
    event["multiValueHeaders"] =
        json!({"content-type": ["application/x-www-form-urlencoded"], "x-slack-signature": ["v0=ab"]});
    let object = event.as_object_mut().unwrap();
    object.remove("headers");
    event
}

#[test]
fn each_front_door_gives_the_same_request() {
    for (value, front) in [
        (rest(), Front::Payload1),
        (http_api(), Front::Payload2),
        (function_url(), Front::FunctionUrl),
        (balancer(), Front::LoadBalancer),
        (multi_balancer(), Front::MultiValueLoadBalancer),
    ] {
        let Request { front: found, http } = request(&value);
        let http = http.unwrap();
        assert_eq!(found, front);
        assert_eq!((http.method().as_str(), http.uri().path()), ("POST", "/slack"), "{front:?}");
        assert_eq!(http.headers()["x-slack-signature"], "v0=ab", "{front:?}");
        assert_eq!(http.body(), "text=ping", "{front:?}");
    }
}

#[test]
fn the_stage_is_no_part_of_the_path() {
    for (path, stage, expected) in [
        ("/prod/slack", "prod", "/slack"),
        ("/slack", "prod", "/slack"),
        ("/production/slack", "prod", "/production/slack"),
        ("/slack/slack", "slack", "/slack"),
        ("/slack", "slack", "/slack"),
        ("/slack", "$default", "/slack"),
    ] {
        let mut event = http_api();
        event["rawPath"] = json!(path);
        event["requestContext"]["stage"] = json!(stage);
        assert_eq!(request(&event).http.unwrap().uri().path(), expected, "{path} at {stage}");
        let mut event = rest();
        event["path"] = json!(path);
        event["requestContext"]["stage"] = json!(stage);
        assert_eq!(request(&event).http.unwrap().uri().path(), expected, "{path} at {stage}");
    }
}

#[test]
fn what_may_be_absent_may_be_null() {
    let mut event = rest();
    for member in ["headers", "multiValueHeaders", "body", "pathParameters"] {
        event[member] = serde_json::Value::Null;
    }
    let http = request(&event).http.unwrap();
    assert!(http.headers().is_empty() && http.body().is_empty());
    let mut event = function_url();
    for member in ["body", "headers"] {
        event.as_object_mut().unwrap().remove(member);
    }
    assert!(request(&event).http.unwrap().body().is_empty());
}

#[test]
fn what_cannot_be_a_request_is_turned_away() {
    let with = |member: &str, value: serde_json::Value| {
        let mut event = function_url();
        event[member] = value;
        request(&event).http.unwrap_err()
    };
    assert_eq!(with("body", json!("no base64!")), Rejection::Malformed);
    assert_eq!(with("rawPath", json!("/sl ack")), Rejection::Route);
    let large = "QUFB".repeat(catops_core::http::MAX_BODY / 3 + 1);
    assert_eq!(with("body", json!(large)), Rejection::TooLarge);
    let mut event = function_url();
    event["requestContext"]["http"]["method"] = json!("PO ST");
    assert_eq!(request(&event).http.unwrap_err(), Rejection::Method);
}

#[test]
fn bytes_that_are_no_text_arrive_as_they_were_signed() {
    let mut event = function_url();
    event["body"] = json!("/wD+");
    assert_eq!(request(&event).http.unwrap().body().as_ref(), [0xff, 0x00, 0xfe]);
}

#[test]
fn answers_have_the_form_of_the_front_door() {
    let response = catops_core::http::json("{\"ok\":1}");
    for (front, expected) in [
        (
            Front::FunctionUrl,
            json!({
                "statusCode": 200, "headers": {"content-type": "application/json; charset=utf-8"},
                "body": "{\"ok\":1}", "isBase64Encoded": false
            }),
        ),
        (
            Front::LoadBalancer,
            json!({
                "statusCode": 200, "statusDescription": "200 OK",
                "headers": {"content-type": "application/json; charset=utf-8"},
                "body": "{\"ok\":1}", "isBase64Encoded": false
            }),
        ),
        (
            Front::MultiValueLoadBalancer,
            json!({
                "statusCode": 200, "statusDescription": "200 OK",
                "multiValueHeaders": {"content-type": ["application/json; charset=utf-8"]},
                "body": "{\"ok\":1}", "isBase64Encoded": false
            }),
        ),
    ] {
        let written: serde_json::Value = serde_json::from_str(http::answer(front, &response).unwrap().get()).unwrap();
        assert_eq!(written, expected, "{front:?}");
    }
    let bytes = catops_core::http::HttpResponse::new(bytes::Bytes::from_static(&[0xff]));
    let written = http::answer(Front::Payload1, &bytes).unwrap();
    assert!(written.get().contains(r#""body":"/w==","isBase64Encoded":true"#), "{written}");
}

#[test]
fn our_own_come_first() {
    // A sealed job that also looks like everything else is still a sealed job.
    let mut event = rest();
    event["catops"] = json!({"id": "x", "job": "{}", "seal": "00"});
    let Event::Job(text) = self::event(&event) else { panic!("it is a sealed job") };
    assert_eq!(text, event.to_string());
}

#[test]
fn schedules() {
    let tick = |time: &str| Event::read(&json!({"catops": {"schedule": "oncall rotate", "time": time}}).to_string());
    for (time, due) in [("2026-01-02T03:00:00Z", 1_767_322_800_000), ("2026-01-02T03:00:00.123Z", 1_767_322_800_123)] {
        let due = Timestamp::from_millis(due);
        match tick(time).unwrap() {
            Event::Tick(tick) => assert_eq!(tick, Tick { command: "oncall rotate".to_owned(), due }, "{time}"),
            other => panic!("{other:?}"),
        }
    }
    for time in ["<aws.scheduler.scheduled-time>", "", "2026-01-02", "2026-13-02T03:00:00Z", "1969-01-02T03:00:00Z"] {
        assert!(tick(time).unwrap_err().to_string().contains("aws.scheduler.scheduled-time"), "{time}");
    }
}

fn record() -> serde_json::Value {
    json!({
        "version": "1.0", "timestamp": "2026-01-02T03:04:05.678Z",
        "requestContext": {
            "requestId": "r-3", "functionArn": "arn:aws:lambda:eu-west-1:111122223333:function:bot:$LATEST",
            "condition": "RetriesExhausted", "approximateInvokeCount": 1
        },
        "requestPayload": {"catops": {"id": "x", "job": "{\"a\":1}", "seal": "00"}},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: r-3 Error: Task timed out"}
    })
}

#[test]
fn a_failed_invocation_comes_back_directly_or_in_a_queue() {
    let Event::Dead(dead) = event(&record()) else { panic!("it is a record") };
    assert_eq!((dead.condition.as_str(), dead.error.as_str()), ("RetriesExhausted", "Sandbox.Timedout"));
    assert!(!dead.killed);
    assert_eq!(dead.payload, r#"{"catops":{"id":"x","job":"{\"a\":1}","seal":"00"}}"#);
    let mut killed = record();
    killed["responsePayload"] = json!({
        "errorType": "Runtime.ExitError", "errorMessage": "RequestId: r-3 Error: Runtime exited with error: signal: killed"
    });
    assert!(matches!(event(&killed), Event::Dead(Dead { killed: true, .. })));
    let mut expired = record();
    expired["requestContext"]["condition"] = json!("EventAgeExceeded");
    expired.as_object_mut().unwrap().remove("responsePayload");
    let Event::Dead(dead) = event(&expired) else { panic!("it is a record") };
    assert_eq!((dead.condition.as_str(), dead.error.as_str()), ("EventAgeExceeded", ""));
    refused(
        &{
            let mut success = record();
            success["requestContext"]["condition"] = json!("Success");
            success
        },
        "the record of a success",
    );

    let queued = json!({"Records": [
        {"messageId": "m1", "receiptHandle": "h", "body": record().to_string(), "eventSource": "aws:sqs"},
        {"messageId": "m2", "receiptHandle": "h", "body": "anything", "eventSource": "aws:sqs"},
    ]});
    let Event::Messages(messages) = event(&queued) else { panic!("they are messages") };
    assert_eq!(messages[1], Message { id: "m2".to_owned(), body: "anything".to_owned() });
    assert!(matches!(Event::read(&messages[0].body), Ok(Event::Dead(_))));
}

#[test]
fn everything_else_is_refused_by_name() {
    let mut socket = rest();
    socket["requestContext"]["connectionId"] = json!("c1");
    refused(&socket, "WebSocket");
    let mut authorizer = rest();
    authorizer["type"] = json!("REQUEST");
    authorizer["methodArn"] = json!("arn:aws:execute-api:eu-west-1:111122223333:abc/prod/POST/slack");
    refused(&authorizer, "authorizer");
    let mut authorizer = http_api();
    authorizer["type"] = json!("REQUEST");
    authorizer["routeArn"] = json!("arn");
    refused(&authorizer, "authorizer");
    refused(&json!({"type": "TOKEN", "methodArn": "arn", "authorizationToken": "secret"}), "authorizer");
    refused(&json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}), "a schedule without");
    refused(&json!({"detail-type": "Object Created", "source": "aws.s3", "detail": {"k": "secret"}}), "EventBridge");
    refused(&json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "secret"}}]}), "SNS");
    refused(&json!({"Records": [{"eventSource": "aws:s3"}]}), "`aws:s3`");
    refused(&json!({"Records": [{"eventSource": "aws:sqs"}, {"eventSource": "aws:s3"}]}), "several sources");
    refused(&json!({"Records": []}), "without a record");
    refused(&json!({"Records": [{"eventSource": "aws:sqs", "body": 1}]}), "`messageId` or `body`");
    refused(&json!({"password": "secret", "b": {}}), "it has `b`, `password`");
    refused(&json!({}), "no members");
    for text in ["", "[]", "null", "\"secret\"", "{\"a\":"] {
        let error = Event::read(text).unwrap_err();
        assert_eq!(error.to_string(), "an event that is no JSON object", "{text}");
    }
}
