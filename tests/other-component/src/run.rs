//! What it does: reads, posts, and then tries for more.

use alloc::format;
use alloc::string::{String, ToString};

use crate::bindings::Guest;
use crate::bindings::wasi::cli::environment;
use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, Scheme};
use crate::bindings::wasi::io::poll;

pub(crate) struct Component;

impl Guest for Component {
    /// Says what came of each part, in one line.
    fn run() -> Result<String, String> {
        let (root, preopen) = preopens::get_directories().pop().ok_or("no preopen")?;
        let input = read(&root, "input")?;
        let (url, text) = input.split_once('\n').ok_or("no first line")?;
        let greeting = environment::get_environment()
            .into_iter()
            .find(|(name, _)| name == "GREETING")
            .map_or("no greeting".to_string(), |(_, value)| value);
        let status = post(url, &format!("{greeting} {}", text.trim_end()))?;
        let elsewhere = post(&format!("{url}/elsewhere"), "data").err();
        let sibling = read(&root, "sibling").err();
        let removed = root.unlink_file_at("input").err();
        Ok(format!(
            "{preopen}: {status}; elsewhere: {}; sibling: {}; unlink: {}",
            elsewhere.unwrap_or_else(|| "sent".to_string()),
            sibling.unwrap_or_else(|| "read".to_string()),
            removed.map_or("done", |code| code.name()),
        ))
    }
}

fn read(root: &Descriptor, path: &str) -> Result<String, String> {
    let file = root
        .open_at(
            PathFlags::empty(),
            path,
            OpenFlags::empty(),
            DescriptorFlags::READ,
        )
        .map_err(|code| code.name().to_string())?;
    let (bytes, _) = file.read(4096, 0).map_err(|code| code.name().to_string())?;
    String::from_utf8(bytes).map_err(|_| "not UTF-8".to_string())
}

/// Posts a text of up to 4 KiB; answers the status.
fn post(url: &str, text: &str) -> Result<u16, String> {
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let (authority, path) = rest.split_once('/').ok_or("no path")?;
    let request = OutgoingRequest::new(Fields::new());
    let scheme = match scheme {
        "http" => Scheme::Http,
        _ => Scheme::Https,
    };
    request
        .set_method(&Method::Post)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(&format!("/{path}"))))
        .map_err(|()| "not taken")?;
    let body = request.body().map_err(|()| "no body")?;
    let answer = outgoing_handler::handle(request, None).map_err(|code| code.to_string())?;
    let stream = body.write().map_err(|()| "no stream")?;
    stream
        .blocking_write_and_flush(text.as_bytes())
        .map_err(|_| "broke off")?;
    drop(stream);
    OutgoingBody::finish(body, None).map_err(|code| code.to_string())?;
    loop {
        match answer.get() {
            Some(Ok(Ok(response))) => return Ok(response.status()),
            Some(Ok(Err(code))) => return Err(code.to_string()),
            Some(Err(())) => return Err("taken twice".to_string()),
            None => poll::poll(&[&answer.subscribe()]),
        };
    }
}
