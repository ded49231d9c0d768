//! The file: one entry, opened for reading.

use super::Ends::{Learns, Refused};

super::attempts! {
    held_by "host/src/grants/file/filesystem.rs": "match policy::judge_open(entry, &path, access) {";

    access_token_in_path sends 1 => Refused(&["file.name"]);
    federated_token_in_path => Refused(&["file.name"]);
    look_for_a_second_preopen => Learns("/keyhole");
    open_absolute => Refused(&["file.name"]);
    open_as_directory => Refused(&["file.flags"]);
    open_behind_link => Refused(&["file.name"]);
    open_below_file => Refused(&["file.name"]);
    open_current_folder => Refused(&["file.name"]);
    open_entry_by_detour => Refused(&["file.name"]);
    open_for_writing => Refused(&["file.flags"]);
    open_link => Refused(&["file.name"]);
    open_nothing => Refused(&["file.name"]);
    open_parent => Refused(&["file.name"]);
    open_parent_of_entry => Refused(&["file.name"]);
    open_proc_environ => Refused(&["file.name"]);
    open_sibling => Refused(&["file.name"]);
    open_to_create => Refused(&["file.flags"]);
    open_to_mutate_folder => Refused(&["file.flags"]);
    open_to_truncate => Refused(&["file.flags"]);
    open_upper_case => Refused(&["file.name"]);
    open_with_nul => Refused(&["file.name"]);
    open_with_slash => Refused(&["file.name"]);
    read_beyond_the_end => Learns("(0, true) (0, true) (0, false) true");
    read_the_folder => Refused(&["file.operation"]);
}
