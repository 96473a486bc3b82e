"""The differences of FTP alone."""

from report import Expected

FTP = ("ftp",)
SUSPICIOUS = "SuspiciousFileOperation"
REFUSED = "ImproperlyConfigured"

LOOKING = (
    Expected(
        "missing files, ftp",
        ("*: size('*",),
        peer="^0$",
        ours="FileNotFoundError",
        reason="`size()` of a missing file raises FileNotFoundError; before, it was 0.",
        services=FTP,
    ),
    Expected(
        "directories exist, ftp",
        ("*: exists('')", "*: exists('.')", "*: exists('./')", "*: exists('*/')"),
        peer="^false$",
        ours="^true$",
        reason="`exists()` is true for the root, and for a directory with a slash at its end.",
        services=FTP,
    ),
    Expected(
        "links, ftp",
        ("links: size('*", "links: exists('dangling')"),
        peer="^0$|^true$",
        ours="^22$|^false$|FileNotFoundError",
        reason="A symbolic link has the size of what it leads to, and one that leads nowhere does "
        "not exist; before, every link had the size 0.",
        services=FTP,
    ),
    Expected(
        "names with spaces, ftp",
        (
            "spaces: *",
            "found: listdir('odd')",
            "collectstatic: listdir('site')",
        ),
        peer='ValueError|"ü.txt"',
        ours="a b|^6$|img",
        reason="Names with spaces are listed and measured; before, one such file in a directory "
        "made `listdir()` and `size()` fail for all of it, or lost the first part of its name.",
        services=FTP,
    ),
    Expected(
        "times, ftp",
        ("times*: get_modified_time('*", "times*: get_accessed_time('missing.txt')"),
        peer="NotImplementedError",
        ours='"seconds"|FileNotFoundError',
        reason="`get_modified_time()` answers; before, NotImplementedError.",
        services=FTP,
    ),
    Expected(
        "collectstatic, ftp",
        ("collectstatic: collectstatic(*", "collectstatic, manifest: *"),
        peer="10 static files copied|FTPStorageException|^\\[\\]$",
        ours="unmodified|Deleting|ManifestStorage|compat.json|10 post-processed",
        reason="`collectstatic` leaves out what has not changed, and `--clear` deletes the files "
        "first; a manifest storage on top of FTP works before there is a manifest. Before, "
        "everything was copied again, nothing deleted, and the manifest storage failed.",
        services=FTP,
    ),
    Expected(
        "directories are no files, ftp",
        (
            "found: read('*",
            "links: read('linked'*",
            "dangerous names*: read('*",
            "normalised names*: read('slash/'*",
        ),
        peer="FTPStorageException",
        ours='^"(FileNotFoundError|IsADirectoryError)"$',
        reason='Opening a directory raises IsADirectoryError, and opening `""` or a name with a '
        "slash at its end FileNotFoundError; before, FTPStorageException, which errors of the "
        "server still are.",
        services=FTP,
    ),
    Expected(
        "mode of a file, ftp",
        ("reading: open('dir/b.txt', 'rb'): name(), mode()*",),
        peer="AttributeError",
        ours='"rb"',
        reason="An open file has a `mode`, as Django's File documents it.",
        services=FTP,
    ),
    Expected(
        "the working directory, ftp",
        ("dangerous names*: listdir('*",),
        peer=r"directory-",
        ours="media2",
        reason="Every operation says the whole path; before, one that failed could leave the "
        "connection in another directory, where the next ones went on.",
        services=FTP,
    ),
)

STORING = (
    Expected(
        "overwriting, ftp",
        (
            "allow_overwrite: exists('*",
            "allow_overwrite: listdir('')",
            "allow_overwrite: keys",
            "settings: keys",
            "options win: keys",
            "subclass AttributesStorage: keys",
        ),
        peer='^false$|"(plain|a).txt"',
        ours='^true$|^((?!"(plain|a).txt").)*$',
        reason="With `allow_overwrite`, too, `exists()` says what there is, and `delete()` "
        "deletes; before, nothing existed, and nothing was deleted.",
        services=FTP,
    ),
    Expected(
        "empty directories, ftp",
        ("found: delete('empty')", "found: keys"),
        peer="FTPStorageException|empty/",
        ours='^null$|^((?!"empty/").)*$',
        reason="`delete()` deletes an empty directory; before, FTPStorageException.",
        services=FTP,
    ),
    Expected(
        "sources, ftp",
        ("sources: save('unseekable.txt')", "sources: keys", "sources: read('unseekable.txt'*"),
        peer="UnsupportedOperation|FTPStorageException|bytesio",
        ours="unseekable.txt|streamed",
        reason="`save()` takes a file that cannot seek; before, io.UnsupportedOperation.",
        services=FTP,
    ),
    Expected(
        "sources stay open, ftp",
        ("sources: save() leaves the source open",),
        peer="^false$",
        ours="^true$",
        reason="`save()` leaves the file that it is given open, as Django's own storage does.",
        services=FTP,
    ),
    Expected(
        "files written and read, ftp",
        ("writing: body of 'read-in-wb.bin'",),
        peer='""',
        ours='"x"',
        reason="A file that is read while it is written is stored all the same; before, empty.",
        services=FTP,
    ),
    Expected(
        "line breaks, ftp",
        ("line breaks: *",),
        peer="",
        ours=SUSPICIOUS,
        reason="A name that contains a line break, which FTP would take for another command, "
        "raises SuspiciousFileOperation; before, ValueError, or nothing at all.",
        services=FTP,
    ),
)

CONFIGURED = (
    Expected(
        "no such directory, ftp",
        ("location, missing: *",),
        peer="FTPStorageException|^\\[\\]$|1/2",
        ours="",
        reason="The directory of `location` is made by the first file that is stored, and is empty "
        "before; before, every method raised FTPStorageException.",
        services=FTP,
    ),
    Expected(
        "percent-encoding, ftp",
        ("location, percent: *",),
        peer="FTPStorageException|^\\[\\]$|a.txt",
        ours="",
        reason="User, password and path of `location` are percent-decoded, so that they can hold "
        "`@`, `/`, `#` and `?`; before, they were taken as they stood: write a `%` of a password "
        "as `%25`.",
        services=FTP,
    ),
    Expected(
        "ftpes, ftp",
        ("location, ftpes: *",),
        peer=f'{REFUSED}|a.txt|"dir/kept.txt", "kept.txt"]$',
        ours="",
        reason="`ftpes://` is another name for `ftps://`; before, ImproperlyConfigured.",
        services=FTP,
    ),
    Expected(
        "certificates, ftp",
        ("location, ftps, unknown certificate: *",),
        peer="",
        ours='FTPStorageException|^\\["dir/", "dir/kept.txt", "kept.txt"]$',
        reason="With `ftps` the certificate of the server is verified, and FTPStorageException "
        "raised if it is not trusted: see `ca_file`; before, every certificate was.",
        services=FTP,
    ),
    Expected(
        "encoding, ftp",
        ("encoding, default: *", "encoding, older setting: *"),
        peer="",
        ours="gr|NotFound|FTPStorageException",
        reason="Names are UTF-8 where the server offers it and nothing else is set; before, they "
        "were latin-1. Files whose names were stored so are found with "
        '`encoding="latin-1"`. The setting ENCODING, which older documentation names, counts.',
        services=FTP,
    ),
    Expected(
        "attribute encoding, ftp",
        ("attributes: storage.encoding",),
        peer="latin-1",
        ours="^null$",
        reason="`storage.encoding` is what you set, None if you did not; before, latin-1.",
        services=FTP,
    ),
    Expected(
        "refused, ftp",
        (
            "refused, no location: construct",
            "refused, empty: construct",
            "refused, no port: construct",
            "refused, no user: construct",
        ),
        peer=REFUSED,
        ours="FTPStorage",
        reason="`location` needs no port and no user (then it is 21, and an anonymous login), and "
        "a missing one raises ImproperlyConfigured at the first use; before, "
        "ImproperlyConfigured when the storage was made.",
        services=FTP,
    ),
    Expected(
        "disconnecting, ftp",
        ("disconnected: disconnect()*",),
        peer="AttributeError",
        ours="^null$",
        reason="`disconnect()` can be called whether there is a connection or not; before, "
        "AttributeError.",
        services=FTP,
    ),
)

EXPECTED = LOOKING + STORING + CONFIGURED
