//! Cats.

use std::time::Duration;

use catops_core::client::Client;
use catops_core::{Context, Reply, command};

/// Where pictures of cats come from. The chat fetches them; a number at the end keeps it from showing the last one again.
const PICTURES: &str = "https://cataas.com/cat";

/// How long the pictures' server may take to say that it is there. Nobody waits long for a cat.
const PATIENCE: Duration = Duration::from_secs(1);

/// The cat that is always there.
const PLAIN: &str = r"
 /\_/\
( o.o )
 > ^ <";

/// Show a cat.
///
/// It is a picture, or one of letters where no picture is to be had.
#[command(repeatable)]
async fn cat(
    ctx: &Context,
    /// Letters will do
    plain: bool,
) -> Reply {
    let picture = format!("{PICTURES}?at={}", ctx.now().as_millis());
    if plain { of_letters() } else { picture_or_letters(ctx.http(), &picture).await }
}

async fn picture_or_letters(http: &Client, picture: &str) -> Reply {
    let answer = http.request(http::Method::HEAD, picture).timeout(PATIENCE).send().await;
    match answer {
        Ok(answer) if answer.status().is_success() => Reply::to_channel("Meow.").image(picture, "A cat"),
        // Whatever is wrong with it: a cat was asked for, and there is one.
        _ => of_letters(),
    }
}

fn of_letters() -> Reply {
    Reply::to_channel("Meow.").code(PLAIN.trim_start_matches('\n'))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::bot;

    #[tokio::test]
    async fn a_plain_cat_has_ears() {
        let reply = bot().run("cat --plain").await;
        assert_eq!(reply.text(), "Meow.\n /\\_/\\\n( o.o )\n > ^ <");
    }

    /// Asks a server that says `answer` and hangs up, or nothing at all.
    async fn asked(answer: Option<&'static str>) -> (String, Reply) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/cat?at=1", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4];
            stream.read_exact(&mut head).await.unwrap();
            assert_eq!(&head, b"HEAD");
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                None => std::future::pending().await,
            }
        });
        let reply = picture_or_letters(Client::shared(), &url).await;
        server.abort();
        (url, reply)
    }

    #[tokio::test]
    async fn a_picture_where_there_is_one() {
        let (url, reply) = asked(Some("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")).await;
        assert_eq!(reply, Reply::to_channel("Meow.").image(url, "A cat"));
    }

    #[tokio::test]
    async fn letters_where_there_is_none() {
        for answer in [Some("HTTP/1.1 503 Tired\r\nconnection: close\r\n\r\n"), Some("no HTTP\r\n\r\n"), None] {
            assert_eq!(asked(answer).await.1, of_letters(), "{answer:?}");
        }
    }
}
