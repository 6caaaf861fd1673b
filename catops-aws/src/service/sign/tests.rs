//! Known answers.

use super::*;

const HASH: &str = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";

/// Signs as the account of AWS's test suite does, on 2015-08-30 at 12:36:00 UTC.
fn signed(service: &str, token: Option<&str>, url: &str, call: &Call<'_>) -> Vec<(&'static str, String)> {
    let account = Account::read(|name| match name {
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
        "AWS_SESSION_TOKEN" => token.map(str::to_owned),
        _ => None,
    });
    let uri = format!("{url}{}", call.path).parse().unwrap();
    sign(&account.unwrap(), service, call, &uri, Timestamp::from_secs(1_440_938_160))
}

fn value<'a>(headers: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
}

struct Case<'a> {
    service: &'a str,
    method: &'a str,
    url: &'a str,
    path: &'a str,
    headers: &'a [(&'static str, &'a str)],
    body: &'static str,
    token: Option<&'a str>,
    names: &'a str,
    signature: &'a str,
}

/// A case of the suite as far as most of them go.
const GET: Case<'static> = Case {
    service: "service",
    method: "GET",
    url: "https://example.amazonaws.com",
    path: "/",
    headers: &[],
    body: "",
    token: None,
    names: "host;x-amz-date",
    signature: "",
};

fn check(case: &Case<'_>) {
    let call = Call {
        method: case.method.parse().unwrap(),
        path: case.path.into(),
        headers: case.headers,
        body: case.body.into(),
    };
    let headers = signed(case.service, case.token, case.url, &call);
    let (service, names, signature) = (case.service, case.names, case.signature);
    let expected = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, \
         SignedHeaders={names}, Signature={signature}"
    );
    assert_eq!(value(&headers, "authorization"), Some(expected.as_str()), "{} {}", case.method, case.path);
    assert_eq!(value(&headers, "x-amz-date"), Some("20150830T123600Z"));
    assert_eq!(value(&headers, "x-amz-security-token"), case.token);
}

/// The known answers of the AWS signing test suite (awslabs/aws-c-auth v0.9.0, tests/aws-signing-test-suite/v4).
#[test]
fn the_published_answers() {
    let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    // get-vanilla, get-slash-dot-slash-normalized, get-relative-normalized
    for path in ["/", "/./", "/example/.."] {
        check(&Case { path, signature: vanilla, ..GET });
    }
    // get-vanilla-query-order-key-case
    let path = "/?Param2=value2&Param1=value1";
    let signature = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500";
    check(&Case { path, signature, ..GET });
    // get-vanilla-query-order-encoded
    let path = "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1";
    let signature = "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac";
    check(&Case { path, signature, ..GET });
    // get-slashes-normalized
    let signature = "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84";
    check(&Case { path: "//example//", signature, ..GET });
    // get-utf8: not encoded as it is sent, so that the signer's encoding is the first
    let signature = "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85";
    check(&Case { path: "/ሴ", signature, ..GET });
    // get-header-value-trim
    let headers = &[("my-header1", " value1"), ("my-header2", r#" "a   b   c""#)];
    let signature = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736";
    check(&Case { headers, names: "host;my-header1;my-header2;x-amz-date", signature, ..GET });
    // post-vanilla, post-header-key-sort, post-vanilla-query
    let post = Case { method: "POST", ..GET };
    let signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
    check(&Case { signature, ..post });
    let signature = "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c";
    let headers = &[("my-header1", "value1")];
    check(&Case { headers, names: "host;my-header1;x-amz-date", signature, ..post });
    let signature = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11";
    check(&Case { path: "/?Param1=value1", signature, ..post });
    // post-x-www-form-urlencoded
    let headers = &[
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-length", "13"),
        ("x-amz-content-sha256", HASH),
    ];
    let names = "content-length;content-type;host;x-amz-content-sha256;x-amz-date";
    let signature = "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b";
    check(&Case { headers, body: "Param1=value1", names, signature, ..post });
}

/// With a session token: get-vanilla-with-session-token, post-sts-header-before.
#[test]
fn the_published_answers_with_a_session_token() {
    let names = "host;x-amz-date;x-amz-security-token";
    let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    let signature = "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8";
    check(&Case { token: Some(token), names, signature, ..GET });
    let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflf\
                 KD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd\
                 8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3i\
                 SIlTJabIQwj2ICCR/oLxBA==";
    let signature = "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead";
    check(&Case { method: "POST", token: Some(token), names, signature, ..GET });
}

/// Answers that botocore 1.44.5, AWS's own client for Python, gives for the same calls: paths that are encoded as they
/// are sent, which the suite does not have, and the two kinds of call that are made here.
#[test]
fn the_answers_of_botocore() {
    let signature = "446b817944c553435b35e813c261ff4e161fff982d1bacdef1c87f6785dd1662";
    check(&Case { path: "/example%20space/", signature, ..GET });
    let signature = "ae98089ccaa4b7581acf6676db0640d03ab161b65436b8f03f5543262fea4c48";
    check(&Case { path: "/?b=2&a=%2F%20x&a=", signature, ..GET });
    check(&Case {
        service: "lambda",
        method: "POST",
        url: "https://lambda.us-east-1.amazonaws.com",
        path: "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A111122223333%3Afunction%3Abot%3Alive/invocations",
        headers: &[("x-amz-invocation-type", "Event"), ("x-amzn-trace-id", "Root=1-2-3")],
        body: r#"{"catops":{}}"#,
        token: Some("the token"),
        names: "host;x-amz-date;x-amz-invocation-type;x-amz-security-token",
        signature: "a1328d70097bc31da76d9bca20a342ad08c2ee99974aaac1948c2871296e4d87",
    });
    check(&Case {
        service: "dynamodb",
        method: "POST",
        url: "http://127.0.0.1:4566",
        headers: &[("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "DynamoDB_20120810.GetItem")],
        body: "{}",
        names: "content-type;host;x-amz-date;x-amz-target",
        signature: "1652e1176145456538f9ed3e4043c4e3a294b431e58eff985f1dd0dbefe4d1c0",
        ..GET
    });
}

/// The worked example of the AWS General Reference, "Signature Version 4 signing process": what each of its tasks ends with.
#[test]
fn the_example_of_the_documentation() {
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    let case = Case {
        service: "iam",
        url: "https://iam.amazonaws.com",
        path: "/?Action=ListUsers&Version=2010-05-08",
        headers: &[("content-type", kind)],
        names: "content-type;host;x-amz-date",
        signature: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ..GET
    };
    check(&case);
    let call = Call { method: http::Method::GET, path: case.path.into(), headers: case.headers, body: "".into() };
    let uri = format!("{}{}", case.url, case.path).parse().unwrap();
    let request = canonical::request(&call, &uri, "20150830T123600Z", None);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let expected = format!(
        "GET\n/\nAction=ListUsers&Version=2010-05-08\n\
         content-type:{kind}\nhost:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\n\
         content-type;host;x-amz-date\n{empty}"
    );
    assert_eq!(request.text, expected);
    let hash = hex(digest::digest(&digest::SHA256, expected.as_bytes()).as_ref());
    assert_eq!(hash, "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
}
