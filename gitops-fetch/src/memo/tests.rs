use super::*;

fn key(byte: u8) -> DigestKey {
    DigestKey::new([byte; 32])
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(directory).into_iter().flatten().flatten();
    let inner = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
    inner.map(|entry| entry.path()).collect()
}

#[test]
fn what_is_put_comes_back_under_the_same_key_only() {
    let place = tempfile::tempdir().unwrap();
    let directory = MemoDirectory::new(place.path());
    let (one, other) = (directory.under(&key(1)), directory.under(&key(2)));
    let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
    one.put(&a, b"the password is canary");
    assert_eq!(one.get(&a).unwrap(), "the password is canary");
    assert_eq!(directory.under(&key(1)).get(&a).unwrap(), "the password is canary");
    assert_eq!((one.get(&b), other.get(&a)), (None, None));
    let stored = fs::read(&files(place.path())[0]).unwrap();
    assert!(!stored.windows(6).any(|window| window == b"canary"));
}

#[test]
fn what_was_changed_moved_or_cut_is_a_miss() {
    let place = tempfile::tempdir().unwrap();
    let memo = MemoDirectory::new(place.path()).under(&key(1));
    let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
    memo.put(&a, b"content of a");
    let file = files(place.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&file, changed).unwrap();
        assert_eq!(memo.get(&a), None, "byte {at}");
        fs::write(&file, &whole[..at]).unwrap();
        assert_eq!(memo.get(&a), None, "cut at {at}");
    }
    fs::write(&file, &whole).unwrap();
    assert_eq!(memo.get(&a).unwrap(), "content of a");
    // Another entry's content in this place.
    memo.put(&b, b"content of b");
    let other = files(place.path()).into_iter().find(|path| *path != file).unwrap();
    fs::copy(&other, &file).unwrap();
    assert_eq!(memo.get(&a), None);
    assert_eq!(memo.get(&b).unwrap(), "content of b");
}

#[test]
fn the_folder_stays_inside_its_bounds() {
    let place = tempfile::tempdir().unwrap();
    let limits = MemoLimits { total_bytes: 64 << 10, entry_bytes: 8 << 10 };
    let memo = MemoDirectory::new(place.path()).with_limits(limits).under(&key(1));
    for number in 0..64u8 {
        memo.put(&Digest::of(&[number]), &[number; 4 << 10]);
    }
    let total: u64 = files(place.path()).iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(total <= 64 << 10, "{total}");
    assert!(memo.get(&Digest::of(&[63])).is_some(), "the last one is kept");
    memo.put(&Digest::of(b"large"), &[0; 9 << 10]);
    assert_eq!(memo.get(&Digest::of(b"large")), None);
}

#[test]
fn several_writers_leave_whole_entries() {
    let place = tempfile::tempdir().unwrap();
    let key_of = |number: u8| Digest::of(&[number]);
    std::thread::scope(|scope| {
        for writer in 0..4u8 {
            // Each as another process would: nothing is shared but the folder.
            let memo = MemoDirectory::new(place.path()).under(&key(1));
            scope.spawn(move || {
                for round in 0..50u8 {
                    memo.put(&key_of(round % 5), &[round % 5; 1000]);
                    let found = memo.get(&key_of(writer));
                    assert!(found.is_none_or(|bytes| *bytes == [writer; 1000]));
                }
            });
        }
    });
    let memo = MemoDirectory::new(place.path()).under(&key(1));
    assert!((0..5).all(|number| memo.get(&key_of(number)).is_some_and(|bytes| *bytes == [number; 1000])));
}
