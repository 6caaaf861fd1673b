//! What the console's Web API tells of its people, as the bot asks for it.

use std::sync::Arc;
use std::time::Duration;

use catops_core::chat::Chat;
use catops_core::job::JobKey;
use catops_core::request::Actor;
use catops_core::store::MemoryStore;
use catops_core::{App, Commands, Dispatcher, Ingress, Secret, Timestamp};
use catops_local::console::{Console, Workspace};
use catops_local::invoker::LocalQueue;

static NONE: Commands = Commands::new("", |_| "", |_| None);

#[tokio::test]
async fn its_people_are_in_no_group_and_have_addresses_that_nobody_else_can_have() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let workspace = Workspace::new(format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let key = JobKey::derive([&Secret::new("the key of this test".to_owned())]);
    let chat = Arc::new(workspace.chat(&key).unwrap());
    let app = Arc::new(App::new(&NONE, vec![chat.clone()], key));
    let queue = LocalQueue::memory();
    let dispatcher = Arc::new(Dispatcher::new(app.clone(), Arc::new(MemoryStore::default())));
    let ingress = Arc::new(Ingress::new(app, Arc::new(queue.clone()), dispatcher));
    let console = Console::new(ingress, &NONE, &workspace, queue, None).unwrap();
    let served = tokio::spawn(axum::serve(listener, console.router()).into_future());

    let wanted = ["S0614TZR7", "ann@example.com", "ann@console.invalid", "you@console.invalid"];
    let groups = async |id: &str, team: &str| {
        let actor = Actor { id: id.to_owned(), team: team.to_owned(), ..Actor::default() };
        chat.groups(&actor, &wanted, Duration::from_secs(5), Timestamp::now()).await
    };
    assert_eq!(groups("U-console", "T-console").await.unwrap(), ["you@console.invalid"]);
    assert_eq!(groups("U-ann", "T-console").await.unwrap(), ["ann@console.invalid"]);
    let error = groups("U-other", "T-console").await.unwrap_err();
    assert!(error.to_string().contains("user_not_found"), "{error}");
    assert!(groups("U-console", "T-other").await.is_err());
    served.abort();
}
