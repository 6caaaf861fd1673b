//! Secrets from Secrets Manager and the Parameter Store of the emulators.

use catops_aws::secrets::{Source, fetch};
use catops_core::ErrorKind;
use serde_json::json;

use crate::dynamo::name;
use crate::emulator::Emulator;

async fn a_secret_comes_back(emulator: Emulator) {
    let id = name();
    let value = json!({"CATOPS_SLACK_SIGNING_SECRET": "hush \"ü\"", "CATOPS_JOB_KEY": ""}).to_string();
    emulator.ask("secretsmanager", "secretsmanager.CreateSecret", &json!({"Name": id, "SecretString": value})).await;
    let found = fetch(emulator.account(), &Source::SecretsManager(id)).await.unwrap();
    let found: Vec<_> = found.iter().map(|(name, secret)| (name.as_str(), secret.expose().as_str())).collect();
    assert_eq!(found, [("CATOPS_JOB_KEY", ""), ("CATOPS_SLACK_SIGNING_SECRET", "hush \"ü\"")]);
}

/// More than a page has, which is ten.
async fn parameters_come_back(emulator: Emulator) {
    let path = format!("/{}", name());
    let put = async |name: String, value: String, kind: &str| {
        emulator.ask("ssm", "AmazonSSM.PutParameter", &json!({"Name": name, "Value": value, "Type": kind})).await;
    };
    for at in 0..23 {
        let kind = if at % 2 == 0 { "SecureString" } else { "String" };
        put(format!("{path}/V{at:02}"), format!("value {at}"), kind).await;
    }
    put(format!("{path}/deeper/V99"), "not directly below".to_owned(), "String").await;
    put(format!("{path}x/V98"), "beside".to_owned(), "String").await;
    let found = fetch(emulator.account(), &Source::Ssm(path)).await.unwrap();
    let found: Vec<_> = found.iter().map(|(name, secret)| (name.clone(), secret.expose().clone())).collect();
    assert_eq!(found, (0..23).map(|at| (format!("V{at:02}"), format!("value {at}"))).collect::<Vec<_>>());
}

async fn what_is_not_there_is_named(emulator: Emulator) {
    let (id, host) = (name(), emulator.host());
    let error = fetch(emulator.account(), &Source::SecretsManager(id.clone())).await.unwrap_err();
    let said = format!("{host} does not have the secret {id}, which CATOPS_SECRETS names");
    assert_eq!((error.kind(), error.chain()), (ErrorKind::Config, said));
    let error = fetch(emulator.account(), &Source::Ssm(format!("/{id}"))).await.unwrap_err();
    let said = format!("{host} has no parameter below /{id}, which CATOPS_SECRETS names");
    assert_eq!((error.kind(), error.chain()), (ErrorKind::Config, said));
}

crate::with_emulators! {
    a_secret_comes_back: MiniStack Moto;
    parameters_come_back: MiniStack Moto;
    what_is_not_there_is_named: MiniStack Moto;
}
