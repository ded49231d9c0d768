//! `preopens`: the folder of the one file, and without a rule a root in which
//! everything is refused.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::bindings::exports::wasi::filesystem::preopens::{Descriptor, Guest};
use crate::descriptor::File;
use crate::{Guard, rule};

impl Guest for Guard {
    fn get_directories() -> Vec<(Descriptor, String)> {
        let folder = rule::granted().map_or("/", |rule| rule.folder_and_entry().0);
        vec![(Descriptor::new(File::Folder), folder.into())]
    }
}
