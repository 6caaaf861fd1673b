//! Our signatures beside those of AWS's own signer for Rust, over calls of any kind.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{self, SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4;
use proptest::prelude::*;

use super::*;

/// Half a second past 2100 begins, in milliseconds since 1970.
const END: u64 = 4_102_444_800_500;

/// One call, and who makes it.
#[derive(Clone, Debug)]
struct Case {
    keys: (String, String, Option<String>),
    region: String,
    service: String,
    method: &'static str,
    origin: String,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    millis: u64,
}

fn ours(case: &Case) -> Vec<(&'static str, String)> {
    let account = Account::read(|name| match name {
        "AWS_REGION" => Some(case.region.clone()),
        "AWS_ACCESS_KEY_ID" => Some(case.keys.0.clone()),
        "AWS_SECRET_ACCESS_KEY" => Some(case.keys.1.clone()),
        "AWS_SESSION_TOKEN" => case.keys.2.clone(),
        _ => None,
    });
    let headers: Vec<_> = case.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let call = Call {
        method: case.method.parse().unwrap(),
        path: case.path.as_str().into(),
        headers: &headers,
        body: case.body.clone().into(),
    };
    let uri = format!("{}{}", case.origin, case.path).parse().unwrap();
    sign(&account.unwrap(), &case.service, &call, &uri, Timestamp::from_millis(case.millis))
}

fn theirs(case: &Case) -> Vec<(&'static str, String)> {
    let (key, secret, token) = case.keys.clone();
    let identity = Credentials::from_keys(key, secret, token).into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&case.region)
        .name(&case.service)
        .time(UNIX_EPOCH + Duration::from_millis(case.millis))
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let url = format!("{}{}", case.origin, case.path);
    let headers = case.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let request = SignableRequest::new(case.method, url, headers, SignableBody::Bytes(&case.body)).unwrap();
    let (instructions, _) = http_request::sign(request, &params).unwrap().into_parts();
    let (headers, params) = instructions.into_parts();
    assert!(params.is_empty());
    headers.into_iter().map(|header| (header.name(), header.value().to_owned())).collect()
}

/// Makes a path: segments of odd characters, encoded ones among them, dots, slashes, function ARNs.
fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        "[-a-zA-Z0-9._~!$&'()*+,;=:@ü€{}|^\"]{0,12}",
        "([a-z]|%[0-9A-Fa-f]{2}){1,6}",
        "arn%3Aaws%3Alambda%3A[a-z]{2}-west-1%3A[0-9]{12}%3Afunction%3Abot(%3A(live|%24LATEST))?",
        Just(".".to_owned()),
        Just("..".to_owned()),
    ];
    prop::collection::vec(segment, 0..6).prop_map(|segments| format!("/{}", segments.join("/")))
}

/// Makes a query or none. What is encoded in it is UTF-8: their signer replaces what is not.
fn query() -> impl Strategy<Value = String> {
    let part = "([-a-zA-Z0-9._~!$'()*+,;:@/?ü]|%[2-7][0-9A-Fa-f]|%C3%[ab]C|%(g|2)?){0,5}";
    let pair = (part, prop::option::of(part)).prop_map(|(name, value)| match value {
        Some(value) => format!("{name}={value}"),
        None => name,
    });
    let pairs = prop::collection::vec(pair, 0..6).prop_map(|pairs| format!("?{}", pairs.join("&")));
    prop_oneof![Just(String::new()), pairs]
}

/// Makes headers, each name once: what calls have, what is not signed, and what sorts around those that a signature adds.
fn headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    const NAMES: &[&str] = &[
        "accept",
        "authorization",
        "content-type",
        "hosts",
        "transfer-encoding",
        "user-agent",
        "x-amz-content-sha256",
        "x-amz-invocation-type",
        "x-amz-target",
        "x-amzn-trace-id",
        "x_amz",
        "zebra",
    ];
    let named = prop::sample::subsequence(NAMES, 0..6).prop_shuffle();
    let values = prop::collection::vec(" {0,2}[!-~ü]{0,6}( {1,4}[!-~\t\"]{1,6}){0,3} {0,2}", 6);
    (named, values).prop_map(|(names, values)| names.into_iter().zip(values).collect())
}

fn case() -> impl Strategy<Value = Case> {
    let keys = ("[A-Z0-9]{16,20}", "[A-Za-z0-9/+=]{1,90}", prop::option::of("[A-Za-z0-9/+=]{1,600}"));
    let service = prop_oneof![Just("lambda"), Just("dynamodb"), Just("secretsmanager"), Just("ssm"), Just("sqs")];
    let method = prop::sample::select(&["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]);
    let origin = (
        prop::sample::select(&["http", "https"]),
        prop_oneof!["[a-z0-9]{1,12}(\\.[a-z]{2,9}){0,3}", Just("127.0.0.1".to_owned()), Just("[::1]".to_owned())],
        prop_oneof![Just(""), Just(":80"), Just(":443"), Just(":4566")],
    );
    let origin = origin.prop_map(|(scheme, host, port)| format!("{scheme}://{host}{port}"));
    let body = prop_oneof![
        Just(Vec::new()),
        "\\{\"[a-zü]{1,9}\":\"\\PC{0,200}\"\\}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 1..300),
    ];
    let call = (method, origin, (path(), query()).prop_map(|(path, query)| path + &query), headers(), body);
    (keys, "[a-z]{2}-(gov-)?[a-z]{4,9}-[1-9]", service, call, 0..END).prop_map(
        |(keys, region, service, (method, origin, path, headers, body), millis)| Case {
            keys,
            region,
            service: service.to_owned(),
            method,
            origin,
            path,
            headers,
            body,
            millis,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_aws_signs_is_what_we_sign(case in case()) {
        prop_assert_eq!(ours(&case), theirs(&case));
    }
}
