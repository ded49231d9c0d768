//! What the plugins ask of Envoy. One implementation speaks the ABI
//! ([`crate::abi`]), another one is the tests'.

use alloc::vec::Vec;

use zeroize::Zeroizing;

/// How urgent a line of the log is; the numbers of the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Level {
    /// For whoever looks closer.
    Debug = 1,
    /// A change worth a line.
    Info = 2,
    /// Something does not work, and is tried again.
    Warn = 3,
    /// Something does not work until a person does something.
    Error = 4,
}

/// Envoy refused a call: as a rule the plugin's capability list lacks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Headers, as they are sent.
pub type Headers<'h> = &'h [(&'h str, &'h str)];

/// Calls into Envoy. Each says whether Envoy did it; none ends the plugin.
pub trait Host {
    /// The wall clock in nanoseconds since 1970; 0 if there is none.
    fn now(&self) -> u64;
    /// Writes a line to Envoy's log.
    fn log(&self, level: Level, line: &str);
    /// Asks for a tick this often, in milliseconds.
    ///
    /// # Errors
    /// Envoy refused.
    fn tick_every(&self, milliseconds: u32) -> Result<(), Refused>;
    /// The plugin's configuration.
    fn configuration(&self) -> Option<Zeroizing<Vec<u8>>>;
    /// Sends a request to a cluster, and answers the number of the call.
    ///
    /// # Errors
    /// Envoy refused, or knows no such cluster.
    fn call(
        &self,
        cluster: &str,
        headers: Headers<'_>,
        body: &[u8],
        milliseconds: u32,
    ) -> Result<u32, Refused>;
    /// A header of the answer to a call, while that is being told.
    fn answer_header(&self, name: &str) -> Option<Zeroizing<Vec<u8>>>;
    /// The body of the answer, up to so many bytes.
    fn answer_body(&self, most: usize) -> Option<Zeroizing<Vec<u8>>>;
    /// What plugins of the same VM id share under this key. `Ok(None)` if
    /// nothing is there.
    ///
    /// # Errors
    /// Envoy refused.
    fn shared(&self, key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Refused>;
    /// Replaces what is shared under this key.
    ///
    /// # Errors
    /// Envoy refused.
    fn share(&self, key: &str, value: &[u8]) -> Result<(), Refused>;
    /// The request's headers in the ABI's form.
    fn request_headers(&self) -> Option<Zeroizing<Vec<u8>>>;
    /// Removes every header of this name from the request.
    ///
    /// # Errors
    /// Envoy refused.
    fn remove_request_header(&self, name: &str) -> Result<(), Refused>;
    /// Sets a header of the request.
    ///
    /// # Errors
    /// Envoy refused.
    fn set_request_header(&self, name: &str, value: &str) -> Result<(), Refused>;
    /// Answers the request in the upstream's place.
    ///
    /// # Errors
    /// Envoy refused.
    fn answer(&self, status: u16, headers: Headers<'_>, body: &str) -> Result<(), Refused>;
    /// Lets calls be about this context: another request, or the root.
    ///
    /// # Errors
    /// There is no such context any more.
    fn select(&self, context: u32) -> Result<(), Refused>;
    /// Lets a request go on that was held.
    ///
    /// # Errors
    /// Envoy refused.
    fn go_on(&self) -> Result<(), Refused>;
    /// Ends the plugin, for the test that asks for it.
    fn die(&self);
}
