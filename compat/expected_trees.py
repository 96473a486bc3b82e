"""The differences that SFTP and FTP share."""

from report import Expected

TREES = ("sftp", "ftp")
SUSPICIOUS = "SuspiciousFileOperation"

NAMES = (
    Expected(
        "names that lead out, trees",
        (
            "dangerous names*: *('../*",
            "dangerous names*: *('a/../../*",
            "dangerous names*: *('..'*",
            "dangerous names*: *('/'*",
            "normalised names*: *('/*",
            "url, a path: url('/absolute.txt')",
            "url, a path: url('../up.txt')",
        ),
        peer="",
        ours=SUSPICIOUS,
        reason="A name that leads out of the storage's directory, by `..` or by a slash in front, "
        "raises SuspiciousFileOperation in every method; before, such a name reached every file of "
        "the account.",
        services=TREES,
    ),
    Expected(
        "names with NUL, trees",
        ("names with NUL: *",),
        peer="",
        ours=SUSPICIOUS,
        reason="A name that contains a NUL character raises SuspiciousFileOperation; before, it "
        "could break the connection, and `delete()` said nothing.",
        services=TREES,
    ),
    Expected(
        "normal names, trees",
        (
            "normalised names*: save('*",
            "normalised names*: keys",
            "normalised names*: *('a??b.txt'*",
            "normalised names*: *('./a.txt'*",
            "normalised names*: *('a//b.txt'*",
            "normalised names*: *('a/./b.txt'*",
            "names for Django*: get_available_name('a//b.txt')",
            "names for Django*: get_available_name('./a.txt')",
            "names for Django*: get_available_name('a/../b.txt')",
        ),
        peer="",
        ours=r'a/b|"a\.txt"|"b\.txt"|\./a\.txt|^true$|^false$|^[078]$|a//b|FTPStorageException',
        reason="Every method takes a name in its shortest form and with slashes, and `save()` "
        "returns it so: `a//b.txt` and `a\\b.txt` are `a/b.txt`; before, each method read such "
        "names in its own way.",
        services=TREES,
    ),
)

ADDRESSES = (
    Expected(
        "quoted addresses, trees",
        ("*: url('*", "collectstatic: static('*"),
        peer='^"(https?:/)?/',
        ours="%[0-9A-F]{2}",
        reason="`url()` quotes what an address cannot hold, as Django's FileSystemStorage does; "
        "before, names with a space, `#`, `?` or `%` gave links that led elsewhere.",
        services=TREES,
    ),
    Expected(
        "base_url without a slash, trees",
        ("url, no slash: url('*",),
        peer="org/[^f]",
        ours="org/files/",
        reason="A `base_url` without a slash at its end is completed; before, its last part was "
        "left out of every link.",
        services=TREES,
    ),
    Expected(
        "base_url None, trees",
        ("no base_url: url('*", "url, none: url('*"),
        peer="ValueError",
        ours='^"(https:/)?/',
        reason="`base_url=None` means MEDIA_URL, as if it were not set; before, `url()` raised "
        "ValueError. For files without an address set `base_url` to the empty string.",
        services=TREES,
    ),
    Expected(
        "base_url empty, trees",
        ("url, empty: url('*",),
        peer=r"\.txt",
        ours="ValueError",
        reason="With an empty `base_url` files have no address: `url()` raises ValueError; before, "
        "it was the bare name.",
        services=TREES,
    ),
    Expected(
        "names like addresses, trees",
        ("url, a path: url('http://*",),
        peer='^"http://elsewhere',
        ours='^"/files/',
        reason="`url()` of a name that looks like an address stays below `base_url`; before, it "
        "was the address of another site.",
        services=TREES,
    ),
    Expected(
        "attribute base_url, trees",
        ("attributes: storage.base_url",),
        peer="/media/",
        ours="^null$",
        reason="`storage.base_url` is what you set, None if you did not; before, MEDIA_URL.",
        services=TREES,
    ),
)

READING = (
    Expected(
        "text mode, trees",
        ("text*: read('*', 'r')", "text: open('b.txt', 'r')*"),
        peer='"bytes"',
        ours=r'^"|^\["',
        reason='`open(name, "r")` gives text, with the `encoding` that you ask for; before, bytes.',
        services=TREES,
    ),
    Expected(
        "lines, trees",
        ("reading: open('dir/b.txt', 'rb'): readline*", "text: open('b.txt', 'rb'): readline*"),
        peer=r'^\[\{"bytes": ""\}, \{"bytes": ""\}',
        ours=r"\\n",
        reason="`readline()` and `readlines()` read lines; before, `readline()` gave nothing "
        "before the file was read as a whole.",
        services=TREES,
    ),
    Expected(
        "seeking, trees",
        ("reading: open('a.bin', 'rb'): seek(-5, 2)*",),
        peer=r"^\[0, ",
        ours=r"^\[95, ",
        reason="`seek()` relative to the end of a file that was just opened goes there; before, it "
        "stayed at the start.",
        services=TREES,
    ),
    Expected(
        "missing files, trees",
        ("reading: open('*', 'r*'): read()",),
        peer=r'^\["',
        ours='^"FileNotFoundError"$',
        reason="`open()` of a missing file raises at once; before, at the first `read()`.",
        services=TREES,
    ),
    Expected(
        "opened again, trees",
        ("reading: open('a.bin', 'rb'): close(), open(), read(4)",),
        peer="null",
        ours="Django File",
        reason="`open()` of a file that was closed opens it and returns it, as Django documents.",
        services=TREES,
    ),
    Expected(
        "directories are no files, trees",
        ("found: open('full', 'rb'): size()",),
        peer=r"^\[\d+\]$",
        ours="IsADirectoryError",
        reason="`open()` of a directory raises IsADirectoryError; before, at the first `read()`, "
        "an error of its own or OSError.",
        services=TREES,
    ),
    Expected(
        "files are no directories, trees",
        ("found: listdir('full/b.txt*", "root_path of a file: listdir('')"),
        peer="FileNotFoundError|b.txt",
        ours="NotADirectoryError",
        reason="`listdir()` of a file raises NotADirectoryError.",
        services=TREES,
    ),
    Expected(
        "links, trees",
        ("links: listdir('*",),
        peer=r"\[",
        ours='"linked"|"up.txt"',
        reason="`listdir()` lists a symbolic link as what it leads to: the link to a directory "
        "among the directories.",
        services=TREES,
    ),
)

WRITING = (
    Expected(
        "several writes, trees",
        (
            "writing: * of 'parts.bin'",
            "writing: read('parts.bin'*",
            "large: * of 'written.bin'",
            "large: read('written.bin'*",
        ),
        peer='"three"|06ce2d56',
        ours="one two three|d4146210",
        reason="Several `write()` calls store all that they were given; before, only the last one "
        "counted, and the file lost the rest.",
        services=TREES,
    ),
    Expected(
        "what write returns, trees",
        ("*: open('*', 'w*'): write(*",),
        peer=r"^\[null",
        ours=r"^\[\d",
        reason="`write()` of a file returns how much it wrote, as Python's own files do; before, "
        "None.",
        services=TREES,
    ),
    Expected(
        "text content, trees",
        (
            "text: open('w.txt', 'w')*",
            "text: keys",
            "text: read('w.txt', *",
            "text, *: save(*",
            "text, *: body of *",
            "text, *: read(*",
            "sources, stringio.txt: *",
        ),
        peer='TypeError|OSError|FTPStorageException|NotFound|""|^\\["ascii|^\\["b.txt',
        ours='txt|bytes|zweite|plain|^""$|^\\[\\d|NotFound',
        reason="A `ContentFile` of a str, a StringIO, and what is written to a file of mode `w` is "
        "stored as UTF-8; before, errors, and empty files on FTP.",
        services=TREES,
    ),
    Expected(
        "an empty file, trees",
        (
            "writing: * of 'emptied.bin'",
            "writing: read('emptied.bin'*",
            "writing: read('nothing.bin'*",
        ),
        peer="full|NotFound|FTPStorageException",
        ours='""',
        reason='`open(name, "wb").close()` leaves an empty file, also where there was another.',
        services=TREES,
    ),
    Expected(
        "modes with a plus, trees",
        ("writing, plus.txt: *", "writing: open('kept.txt', 'r+b')*"),
        peer=r"^\[",
        ours=r"ValueError|^\[\]$",
        reason="Modes that both read and write (`r+`, `w+`) raise ValueError; before, they did "
        "only one of both.",
        services=TREES,
    ),
    Expected(
        "size of a file that is written, trees",
        ("writing: open('dir/new.css', 'wb')*",),
        peer="NotFound|null, 0, 0",
        ours=r"^\[7, 7, 7, null\]$",
        reason="`size` of a file that is open for writing is what was written so far; before, what "
        "the server had.",
        services=TREES,
    ),
    Expected(
        "reading what is written, trees",
        ("writing: open('read-in-wb.bin', 'wb')*",),
        peer='"x"',
        ours="UnsupportedOperation",
        reason="Reading from a file that is open for writing raises io.UnsupportedOperation; "
        "before, it gave what was written last, and on FTP the file was stored empty.",
        services=TREES,
    ),
    Expected(
        "closing twice, trees",
        ("writing, twice.bin: *",),
        peer='ValueError|""',
        ours=r'"x"|^\[1, null, null\]$',
        reason="`close()` can be called twice; before, the second call raised ValueError and left "
        "the file empty on the server.",
        services=TREES,
    ),
    Expected(
        "failing sources, trees",
        ("sources, failing.txt: *",),
        peer="failing.txt|FTPStorageException",
        ours=r"^\[\]$|InterruptedError",
        reason="A `save()` that fails leaves the old file, or none; before, what had been sent so "
        "far. On FTP an error of the file that is read is not an FTPStorageException any more.",
        services=TREES,
    ),
    Expected(
        "writing over a link, trees",
        (
            "writing over a link: body of 'file.txt'",
            "writing over a link: read('link.txt'*",
            "writing over a link: save('dangling')",
            "writing over a link: keys",
        ),
        peer='"written"|dangling',
        ours="what the link|dangling",
        reason="A file that is written where there is a symbolic link replaces the link; before, "
        "what the link led to. A link that leads nowhere counts as a file that is there on SFTP.",
        services=TREES,
    ),
    Expected(
        "secrets in migrations, trees",
        ("migration: deconstruct()",),
        peer='"params"|"location"',
        ours='^((?!"params"|"location").)*$',
        reason="`deconstruct()` leaves `params` and `location` out, which hold passwords, so that "
        "`makemigrations` no longer writes them into a file; a migration that was made before "
        "keeps working.",
        services=TREES,
    ),
)

EXPECTED = NAMES + ADDRESSES + READING + WRITING
