//! The mounted token as a pod sees it.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use keyhole_emulator::ProjectedVolume;

const READS: usize = 10_000;

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_layout_is_kubelets() {
    let folder = tempfile::tempdir().unwrap();
    let volume = ProjectedVolume::create(folder.path(), "one").unwrap();
    let names = names(folder.path());
    let [generation, data, token] = &names[..] else {
        panic!("{names:?}")
    };
    assert!(
        generation.starts_with("..20") && generation.len() > "..2026_11_24_22_54_27.".len(),
        "{generation}"
    );
    assert_eq!(generation.matches('_').count(), 5, "{generation}");
    assert_eq!(
        (data.as_str(), token.as_str()),
        ("..data", "azure-identity-token")
    );
    assert_eq!(
        fs::read_link(folder.path().join(data)).unwrap(),
        Path::new(generation)
    );
    assert_eq!(
        fs::read_link(volume.token_file()).unwrap(),
        Path::new("..data/azure-identity-token")
    );
    assert_eq!(fs::read_to_string(volume.token_file()).unwrap(), "one");
}

#[test]
fn the_modes_are_kubelets_or_the_callers() {
    for mode in [0o644, 0o600] {
        let folder = tempfile::tempdir().unwrap();
        let volume = ProjectedVolume::create_with_mode(folder.path(), "one", mode).unwrap();
        assert_eq!(
            fs::metadata(volume.token_file())
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            mode
        );
        let generation = fs::metadata(folder.path().join("..data")).unwrap();
        assert_eq!(generation.permissions().mode() & 0o777, 0o755);
    }
}

#[test]
fn a_rotation_replaces_the_generation_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let volume = ProjectedVolume::create(folder.path(), "one").unwrap();
    let before = names(folder.path());
    volume.rotate("two").unwrap();
    let after = names(folder.path());
    assert_eq!(fs::read_to_string(volume.token_file()).unwrap(), "two");
    assert_eq!(after.len(), 3, "{after:?}");
    assert_ne!(before[0], after[0]);
}

#[test]
fn rotating_to_the_same_token_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let volume = ProjectedVolume::create(folder.path(), "one").unwrap();
    let before = names(folder.path());
    volume.rotate("one").unwrap();
    assert_eq!(names(folder.path()), before);
}

#[test]
fn a_rotation_that_broke_off_does_not_hinder_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let volume = ProjectedVolume::create(folder.path(), "one").unwrap();
    std::os::unix::fs::symlink("..nowhere", folder.path().join("..data_tmp")).unwrap();
    volume.rotate("two").unwrap();
    assert_eq!(fs::read_to_string(volume.token_file()).unwrap(), "two");
    assert!(!names(folder.path()).contains(&"..data_tmp".to_owned()));
}

#[test]
fn an_open_file_keeps_its_token_through_a_rotation() {
    use std::io::Read;
    let folder = tempfile::tempdir().unwrap();
    let volume = ProjectedVolume::create(folder.path(), "one").unwrap();
    let mut open = fs::File::open(volume.token_file()).unwrap();
    volume.rotate("two").unwrap();
    let mut text = String::new();
    open.read_to_string(&mut text).unwrap();
    assert_eq!(text, "one");
}

/// The token's name is always there and its content always whole. The file
/// behind it can be missing for the moment in which a reader has resolved
/// `..data` and the generation it led to goes, which is kubelet's own race: an
/// open that meets it is tried again.
#[test]
fn ten_thousand_reads_during_rotations_never_see_a_missing_name_or_a_partial_token() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = ["a".repeat(1_500), "b".repeat(1_200)];
    let volume = ProjectedVolume::create(folder.path(), &tokens[0]).unwrap();
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            for _ in 0..READS {
                fs::symlink_metadata(volume.token_file()).unwrap();
                let mut attempts = 0;
                let text = loop {
                    match fs::read_to_string(volume.token_file()) {
                        Ok(text) => break text,
                        Err(error) if error.kind() == ErrorKind::NotFound && attempts < 1_000 => {
                            attempts += 1
                        }
                        Err(error) => panic!("after {attempts} attempts: {error}"),
                    }
                };
                assert!(tokens.contains(&text), "{} bytes", text.len());
            }
        });
        let mut rotations = 0_usize;
        while !reader.is_finished() {
            rotations += 1;
            volume.rotate(&tokens[rotations % 2]).unwrap();
        }
        assert!(rotations > 10, "{rotations}");
    });
}
