//! What the guard of the file says.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use once_cell::race::OnceBox;
use zeroize::Zeroizing;

use crate::Guard;
use crate::bindings::exports::keyhole::guard::witness::Guest;
use crate::terminal;

/// A federated token that was read, and the one that was read after it.
struct Served {
    token: Zeroizing<String>,
    next: OnceBox<Served>,
}

/// The first one.
static SERVED: OnceBox<Served> = OnceBox::new();

/// The federated tokens that were read, the newest last.
pub(crate) fn served_tokens() -> Vec<&'static str> {
    let first = SERVED.get();
    let all = core::iter::successors(first, |served| served.next.get());
    all.map(|served| served.token.as_str()).collect()
}

impl Guest for Guard {
    fn served(token: String) {
        let token = Zeroizing::new(token);
        let mut place = &SERVED;
        while let Some(served) = place.get() {
            if served.token == token {
                return;
            }
            place = &served.next;
        }
        let next = OnceBox::new();
        let _ = place.set(Box::new(Served { token, next }));
    }

    fn refused(line: String) {
        terminal::say(&line);
    }
}
