//! A real curl through the proxy.

use super::{Address, PATIENCE, Proxied};
use crate::skipped;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// What is sent up, in bytes.
const UPLOAD: usize = 3 << 20;

impl Proxied<'_> {
    /// Gets, sends up with a length and in chunks, and brings a token of its own:
    /// all arrive with the pod's token.
    ///
    /// # Panics
    /// If one of them does not.
    pub fn curl_gets_and_uploads(&self) {
        if Command::new("curl").arg("--version").output().is_err() {
            return skipped("there is no curl on this machine");
        }
        let listed = self.curl(&["/api/v1/namespaces"], &[]);
        assert!(listed.contains("kube-system"), "{listed}");
        let own = ["--oauth2-bearer", "mine", "/version"];
        assert!(self.curl(&own, &[]).contains("gitVersion"));
        let body = vec![b'c'; UPLOAD];
        // With a length, and in chunks.
        for how in ["--data-binary", "--upload-file"] {
            let what = if how == "--upload-file" { "-" } else { "@-" };
            let upload = [how, what, "--request", "POST", "/test/upload"];
            let told = self.curl(&upload, &body);
            assert!(told.contains(&UPLOAD.to_string()), "{how}: {told}");
        }
    }

    /// Runs it with these arguments, the last of which is a path.
    fn curl(&self, arguments: &[&str], body: &[u8]) -> String {
        let (path, arguments) = arguments.split_last().expect("a path");
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail-with-body"])
            .args(["--max-time", &PATIENCE.as_secs().to_string()])
            .args(["--noproxy", "*"])
            .args(arguments);
        match &self.address {
            Address::Tcp(address) => curl.arg(format!("http://{address}{path}")),
            Address::Unix(socket) => curl
                .arg("--unix-socket")
                .arg(socket)
                .arg(format!("http://localhost{path}")),
        };
        let mut child = curl
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("curl starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let output = std::thread::scope(|scope| {
            // It may end before it has read all; then that is the failure.
            scope.spawn(move || drop(stdin.write_all(body)));
            child.wait_with_output().expect("curl ends")
        });
        assert!(output.status.success(), "{arguments:?} {path}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }
}
