"""The differences of Azure alone."""

from report import Expected

AZURE = ("azure",)
MISCONFIGURED = "ImproperlyConfigured"

EXPECTED = (
    Expected(
        "listdir, azure",
        ("listing: listdir(*",),
        peer=r"^\[\[\], \[\"media/",
        ours=r'^\[\["(css|sub)',
        reason="`listdir()` answers with the directories and the files of one level, as Django "
        "documents it; before, with no directories, and with the files of the whole tree, each "
        "with the `location` in front. `list_all()` still answers so.",
        services=AZURE,
    ),
    Expected(
        "listing the root, azure",
        (
            "dangerous names*: listdir('.')",
            "dangerous names*: listdir('/')",
            "dangerous names*: listdir('./')",
        ),
        peer=r'ValueError|\["media"\]',
        ours="media2",
        reason="`.` and `/` are the root of the storage for `listdir()`; before, ValueError.",
        services=AZURE,
    ),
    Expected(
        "directory markers, azure",
        ("found: keys",),
        peer='"marker/"',
        ours='^((?!"marker/").)*$',
        reason="`delete()` deletes an empty object that stands for a directory, too, if its name "
        "is given with the slash.",
        services=AZURE,
    ),
    Expected(
        "created time, azure",
        ("times*: get_created_time('a.txt')",),
        peer="NotImplementedError",
        ours='"seconds"',
        reason="`get_created_time()` answers.",
        services=AZURE,
    ),
    Expected(
        "missing files, azure",
        ("reading: open('missing', *",),
        peer=r"^\[\"azure.core.exceptions.ResourceNotFoundError\"\]$",
        ours="FileNotFoundError",
        reason="`open()` of a missing file raises at once; before, at the first `read()`.",
        services=AZURE,
    ),
    Expected(
        "files named .gz, azure",
        ("types: read('style.css.gz'*", "packed elsewhere: read('data.gz'*"),
        peer="HttpResponseError|54a469f3",
        ours="sha256|KÌ",
        reason="A file whose name ends in `.gz` reads back as it was written; before, Azure's SDK "
        "unpacked it, and reading failed, after seconds, unless its content was gzip.",
        services=AZURE,
    ),
    Expected(
        "modes with a plus, azure",
        ("writing: open('plus.txt', 'w+b')*", "writing: open('kept.txt', 'r+b')*"),
        peer=r"^\[",
        ours="ValueError",
        reason="Modes that both read and write (`r+`, `w+`) raise ValueError; before, the "
        "whole file was fetched, changed and stored again: do so yourself.",
        services=AZURE,
    ),
    Expected(
        "manifest, azure",
        ("collectstatic, own manifest class: *",),
        peer="ResourceNotFoundError|Deleting|^\\[\\]$",
        ours="ManifestStorage|static files copied|compat.json",
        reason="A manifest storage on top of Azure works before there is a manifest; before, "
        "ResourceNotFoundError.",
        services=AZURE,
    ),
    Expected(
        "location, azure",
        (
            "leading slash in location: *",
            "url, location with slash in front: construct",
            "refused, slash in location: *",
        ),
        peer='AzureStorage|media/a.txt|"hello"',
        ours=rf"{MISCONFIGURED}|^\[\]$|NotFound",
        reason="A `location` that begins with a slash raises ImproperlyConfigured: leave the slash "
        "out, the names of the blobs had none either.",
        services=AZURE,
    ),
    Expected(
        "valid names, azure",
        ("names with a dot at the end: get_valid_name(*",),
        peer=r'\."$',
        ours=r'[a-z]"$',
        reason="`get_valid_name()` leaves out the dots at the end that Azure does not keep.",
        services=AZURE,
    ),
    Expected(
        "address of nothing, azure",
        ("url, *: url('')", "url, *: url('...')"),
        peer="ValueError",
        ours="https?://",
        reason='`url("")` is the address of the container; before, ValueError.',
        services=AZURE,
    ),
    Expected(
        "connection string first, azure",
        ("url, connection string and account key: *",),
        peer="sig=|other|b3RoZXI",
        ours="sig=|compat|Y29tcGF0",
        reason="Where both a connection string and an `account_key` are set, links are signed with "
        "the key of the connection string, which is the one that everything else uses.",
        services=AZURE,
    ),
    Expected(
        "cannot sign, azure",
        (
            "url, connection string with SAS: url(*",
            "url, SAS token*: url(*",
            "url, no credentials: url(*",
        ),
        peer="ValueError",
        ours=MISCONFIGURED,
        reason="A link that cannot be signed, because there is no account key, raises "
        "ImproperlyConfigured that says so; before, ValueError.",
        services=AZURE,
    ),
    Expected(
        "leading dots, azure",
        (
            "types: keys",
            "types: read('.hidden'*",
            "odd names: keys",
            "odd names: *('.hidden'*",
            "odd names: listdir('')",
            "url, *: url('.hidden')",
        ),
        peer='/hidden|"hidden"|sha256|"bytes"|true|^7$|^\\["\\.hidden"\\]$',
        ours=r'\.hidden|"hidden"|NotFound|false',
        reason="Names that begin with a dot keep it; before, without a `location`, `.hidden` was "
        "stored without the dot, as `hidden`: such files are found under the name without it.",
        services=AZURE,
    ),
    Expected(
        "shared access, azure",
        ("shared access: url(*",),
        peer="%2F",
        ours="sig=[^&]*/",
        reason="The links of a storage that has a SAS token carry it as it was given; before, some "
        "of its characters were quoted anew, which made a plus sign a space.",
        services=AZURE,
    ),
    Expected(
        "names too long, azure",
        ("long names: get_available_name('*",),
        peer="a{500}",
        ours="a{500}",
        reason="`get_available_name()` shortens names only to the `max_length` that it is given, "
        "as `save()` does; before, called without one, to 1024 characters, where files are "
        "overwritten. A name that is too long is refused, as a ValueError, before anything is "
        "sent.",
        services=AZURE,
    ),
    Expected(
        "digests of blocks, azure",
        ("client_options: MD5 of *", "large: MD5 of *"),
        peer="==",
        ours='^""$',
        reason="Files that are uploaded in several blocks have no Content-MD5, which would halve "
        "the speed of large uploads; files that one request stores have it.",
        services=AZURE,
    ),
    Expected(
        "refused, azure",
        (
            "refused, no container: *",
            "refused, no account*: *",
            "refused, bad connection string: *",
        ),
        peer="TypeError|ValueError|//None.|Error",
        ours=MISCONFIGURED,
        reason="A missing `azure_container` or account, or a bad connection string, raises "
        "ImproperlyConfigured; before, TypeError, ValueError, or a link to the account `None`.",
        services=AZURE,
    ),
    Expected(
        "older settings, azure",
        ("older settings: *",),
        peer="//None.|null",
        ours='^"http://|storehouse',
        reason="`AZURE_CUSTOM_CONNECTION_STRING` of earlier versions of django-storages has its "
        "effect again.",
        services=AZURE,
    ),
)
