//! A kept HTTP/1.1 connection to the program. Blocking, since a timer of the async runtime has a resolution of 1 ms.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::Failure;

/// How long to wait for an answer. Valgrind makes a program some fifty times slower.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection(TcpStream);

/// What the program answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// When all of it was there.
    pub(crate) at: Instant,
}

impl Connection {
    /// Opens one.
    pub(crate) fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    /// Sends a request and waits for the whole answer.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        self.0.write_all(request)?;
        let (mut got, mut buffer) = (Vec::new(), [0; 16 * 1024]);
        loop {
            let read = self.0.read(&mut buffer)?;
            let at = Instant::now();
            if read == 0 {
                return Err("it closed the connection".into());
            }
            got.extend_from_slice(&buffer[..read]);
            if let Some((status, body)) = whole(&got)? {
                return Ok(Answer { status, body: body.to_vec(), at });
            }
        }
    }
}

/// Returns the status and the body, once all of the answer is there.
fn whole(got: &[u8]) -> Result<Option<(u16, &[u8])>, Failure> {
    let Some(end) = got.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let (head, body) = (std::str::from_utf8(&got[..end])?, &got[end + 4..]);
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok());
    let length = head.lines().filter_map(|line| line.split_once(": "));
    let length =
        length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).find_map(|(_, n)| n.parse().ok());
    let (Some(status), Some(length)) = (status, length) else {
        return Err(format!("expected a status and a content-length: {head}").into());
    };
    Ok((body.len() >= length).then(|| (status, &body[..length])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_last_byte() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        assert_eq!(whole(answer).unwrap(), Some((200, &b"ok"[..])));
        for end in 0..answer.len() {
            assert_eq!(whole(&answer[..end]).unwrap(), None, "{end}");
        }
        assert!(whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
