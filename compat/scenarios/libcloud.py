"""Apache Libcloud: its settings, and what projects do with its class, on two of its drivers."""

from dataclasses import replace

from wire import fill, new

from scenarios import content, names, storing, trees
from scenarios.static import few_files
from scenarios.steps import (
    attribute,
    call,
    fetched,
    file_from,
    imports,
    modified,
    other,
    read,
    save,
    url,
)
from scenarios.targets import LIBCLOUD, LOCAL_PROVIDER, MINIO, MINIO_PROVIDER
from scenarios.trees import DELETE, WRITE

FILE = "storages.backends.apache_libcloud.LibCloudFile"
CLASSES = (
    "ByPositionStorage",
    "FixedNameStorage",
    "CountingStorage",
    "OverwritingStorage",
    "BaseUrlStorage",
)
READ = trees.READ
TYPES = (
    "libcloud.storage.types.Provider.NO_SUCH",
    "libcloud.storage.types.NoSuch.LOCAL",
    "no_such.Provider.LOCAL",
    "LOCAL",
    "local",
    "",
    None,
)
# Older documentation names these; Libcloud does not know them any more.
GONE = (
    "S3_US_STANDARD_HOST",
    "S3_US_WEST_HOST",
    "S3_US_WEST_OREGON_HOST",
    "S3_EU_WEST_HOST",
    "S3_AP_SOUTHEAST_HOST",
    "S3_AP_NORTHEAST_HOST",
    "CLOUDFILES_US",
    "CLOUDFILES_UK",
)


# Others that a driver is made for, without a request: id -> type, and more of the provider.
DRIVERS = {
    "Amazon": ("S3", {}),
    "Amazon, region": ("S3", {"region": "eu-west-1"}),
    "Google": ("GOOGLE_STORAGE", {"user": "GOOG0123456789ABCDEF", "project": "compat"}),
    "Azure": ("AZURE_BLOBS", {"key": "c2VjcmV0"}),
    "Rackspace": ("CLOUDFILES", {"region": "lon"}),
    "OpenStack": ("OPENSTACK_SWIFT", {"region": "here"}),
    "Backblaze": ("BACKBLAZE_B2", {}),
    "DigitalOcean": ("DIGITALOCEAN_SPACES", {"region": "nyc3"}),
    "Alibaba": ("ALIYUN_OSS", {}),
}
ASKED = ("name", "key", "secret", "region", "project", "connection.host", "connection.port")
# django-storages reads the listing of the bucket, with its times, as the file of these names.
LISTINGS = ("", ".", "/", "./", "..")


def scenarios():
    yield from _everyday(LIBCLOUD)
    for scenario in _everyday(MINIO):
        yield replace(scenario, read=tuple(filter(_is_stable, scenario.read)))
    yield from _kinds_of_addresses()
    yield from _providers()
    yield from _found()
    yield from _used()


def _is_stable(step):
    command = step.command
    return command["op"] not in ("read", "file") or command["name"] not in LISTINGS


def _everyday(target):
    yield target.scenario("default", storing.WRITE, storing.READ, storing.DELETE, random_names=True)
    yield storing.kept(target)
    for scenario in content.scenarios(target, variants={"types": {}}, large=None):
        yield from trees.apart(scenario, trees.UPSETTING.get(scenario.id, ()))
    yield trees.large(target)
    yield _larger(target)
    for scenario in names.scenarios(target, dangerous=trees.DANGEROUS):
        yield replace(scenario, random_names=True)
    yield _nul(target)
    yield _times(target)
    yield _addresses(target)
    yield _missing_bucket(target)
    yield from _own_classes(target)
    yield from _public(target)


def _larger(target):
    """More than a chunk of Libcloud's, which is all that the peer may read."""
    whole = fill("0123456789abcdef", 6 * trees.MIB // 16)
    return target.scenario(
        "larger than a chunk",
        write=(save("saved.bin", content=new("django.core.files.base.ContentFile", whole)),),
        read=(read("saved.bin"), call("size", "saved.bin")),
    )


def _nul(target):
    """What the peer stores under such a name on moto, no third party can list or delete."""
    scenario = trees.nul(target)
    steps = scenario.read if target is LIBCLOUD else scenario.read[1:]
    return replace(scenario, read=steps)


def _times(target):
    return target.scenario(
        "times",
        write=(save("a.txt"), save("dir/b.txt")),
        read=(
            modified("a.txt", "a.txt"),
            modified("dir/b.txt", "dir/b.txt"),
            call("get_modified_time", "missing.txt"),
            call("get_created_time", "missing.txt"),
            call("get_accessed_time", "missing.txt"),
        ),
    )


def _addresses(target):
    there = ("a.txt", "dir/a b.txt", "ü.txt", "50%.txt", "a+b.txt")
    asked = (*there, "missing.txt", "./a.txt", "/a.txt", "../a.txt", "", None)
    return target.scenario(
        "url",
        write=tuple(save(name, name.encode()) for name in there),
        read=tuple(map(url, asked)),
        settings={"MEDIA_URL": "https://media.example.org/m/"},
    )


def _kinds_of_addresses():
    """Where the driver gives none, the peer goes by the name of its constant."""
    yield _with_provider(
        MINIO,
        "url, signed",
        {**MINIO_PROVIDER, "type": new("libcloud_classes.registered", "SIGNING", "SigningDriver")},
        (save("dir/a b.txt"), save("ü.txt")),
        (url("dir/a b.txt"), url("ü.txt"), fetched("dir/a b.txt")),
    )
    for name in ("S3_HERE", "GOOGLE_HERE", "AZURE_HERE", "BACKBLAZE_HERE"):
        provider = {**MINIO_PROVIDER, "type": new("libcloud_classes.registered", name)}
        steps = (save("dir/a b.txt"),), (url("dir/a b.txt"),)
        yield _with_provider(MINIO, f"url, {name}", provider, *steps)


def _with_provider(target, name, provider, *steps, **more):
    settings = {"LIBCLOUD_PROVIDERS": {"here": provider}}
    made = target.scenario(name, *steps, **more)
    return replace(made, settings={**made.settings, **settings})


def _missing_bucket(target):
    provider = target.settings["LIBCLOUD_PROVIDERS"]["here"]
    scenario = trees.unreachable(target, "no bucket", {})
    return replace(
        scenario,
        objects=(),
        settings={"LIBCLOUD_PROVIDERS": {"here": {**provider, "bucket": "no-such"}}},
    )


def _own_classes(target):
    module = "libcloud_classes"
    for name in CLASSES:
        made = target.scenario(
            f"subclass {name}", WRITE, READ, DELETE, backend=f"{module}.{name}", random_names=True
        )
        yield replace(made, options={}) if name == "ByPositionStorage" else made
    for name, backend in (
        ("collectstatic", f"{module}.BaseUrlStorage"),
        ("collectstatic, manifest", f"{module}.ManifestStorage"),
    ):
        yield replace(few_files(target, name, backend, {}), random_names=True, remade=True)


def _public(target):
    dotted = (target.backend, FILE)
    yield target.scenario("imports", read=tuple(imports(path) for path in dotted))
    yield target.scenario(
        "attributes",
        read=tuple(
            attribute(name)
            for name in (
                "bucket",
                "provider.bucket",
                "provider.type",
                "driver.name",
                "driver.key",
                "provider_name",
            )
        ),
    )
    yield target.scenario(
        "migration", read=(other("deconstruct", "deconstruct()"), other("pickled", "pickle"))
    )
    yield target.scenario("refused, unknown option", read=(url("a.txt"),), options={"buckt": "x"})


def _providers():
    """How a provider is named, and what is said of one that cannot be used."""
    here = {"here": LOCAL_PROVIDER}
    elsewhere = {**LOCAL_PROVIDER, "bucket": "no-such"}
    for name, settings in {
        "named default": {"LIBCLOUD_PROVIDERS": {"default": LOCAL_PROVIDER}},
        "by DEFAULT_LIBCLOUD_PROVIDER": {
            "LIBCLOUD_PROVIDERS": {**here, "default": elsewhere},
            "DEFAULT_LIBCLOUD_PROVIDER": "here",
        },
        "of several": {"LIBCLOUD_PROVIDERS": {"default": elsewhere, **here}},
    }.items():
        options = {"provider_name": "here"} if name == "of several" else {}
        made = LIBCLOUD.scenario(f"provider, {name}", WRITE, READ, DELETE, settings=settings)
        yield replace(made, options=options, random_names=True)
    steps = (call("exists", "a.txt"), url("a.txt"))
    for name, settings, options in (
        ("none", {}, {}),
        ("unknown name", {"LIBCLOUD_PROVIDERS": here}, {"provider_name": "nowhere"}),
        ("no default", {"LIBCLOUD_PROVIDERS": here}, {}),
        ("empty name", {"LIBCLOUD_PROVIDERS": here}, {"provider_name": ""}),
    ):
        made = LIBCLOUD.scenario(f"refused, {name}", read=steps)
        yield replace(made, settings=settings, options=options)
    for key in LOCAL_PROVIDER:
        less = {name: value for name, value in LOCAL_PROVIDER.items() if name != key}
        yield _with_provider(LIBCLOUD, f"refused, no {key}", less, (), steps)
    for kind in TYPES:
        odd = {**LOCAL_PROVIDER, "type": kind}
        yield _with_provider(LIBCLOUD, f"refused, type {kind!r}", odd, (), steps)
    for name in GONE:
        old = {**MINIO_PROVIDER, "type": f"libcloud.storage.types.Provider.{name}"}
        attributes = (attribute("driver.name"), attribute("driver.region"))
        yield _with_provider(LIBCLOUD, f"type that is gone, {name}", old, (), attributes)
    for name, (kind, more) in DRIVERS.items():
        made = {"user": "user", "key": "secret", "bucket": "box", **more}
        made["type"] = f"libcloud.storage.types.Provider.{kind}"
        asked = tuple(attribute(f"driver.{one}") for one in ASKED)
        yield _with_provider(LIBCLOUD, f"driver, {name}", made, (), asked)
    extra = {"unknown": "x"}
    yield _with_provider(LIBCLOUD, "unknown key", {**LOCAL_PROVIDER, **extra}, (), steps)
    constant = {**LOCAL_PROVIDER, "type": "local"}
    yield _with_provider(LIBCLOUD, "type, the constant's value", constant, WRITE[:1], READ[:1])


def _found():
    """A folder and a bucket that neither of them filled."""
    objects = (
        ("full/inner/file.txt", b"inner"),
        ("full/b.txt", b"b"),
        ("odd/a b+c%20d ü.txt", b"odd"),
        (".dot/.hidden", b"hidden"),
        *((f"many/{index:02}.txt", b"m") for index in range(12)),
    )
    asked = ("full", "full/", "full/inner", "full/b.txt", "full/b.txt/", "many", "man", "empty")
    for target, more in ((LIBCLOUD, (("empty/", b""),)), (MINIO, (("marker/", b""),))):
        yield target.scenario(
            "found",
            objects=(*objects, *more),
            read=(
                *(call("listdir", path) for path in ("", *asked, "marker", ".dot", "odd", ".")),
                *(call(method, name) for name in asked for method in ("exists", "size")),
                *(read(name) for name in ("odd/a b+c%20d ü.txt", ".dot/.hidden", "full")),
            ),
            delete=tuple(
                call("delete", name)
                for name in ("empty", "full", "full/b.txt/", "full/b.txt", ".dot/.hidden")
            ),
        )


def _used():
    """Libcloud's own objects, which projects reach by the storage."""
    for target in (LIBCLOUD, MINIO):
        yield target.scenario(
            "Libcloud's driver",
            WRITE,
            (
                call("driver.list_containers"),
                call("driver.get_container", "compat-bucket"),
                call("driver.get_object", "compat-bucket", "a.txt"),
                call("driver.get_object", "compat-bucket", "missing.txt"),
                call("_get_bucket"),
                call("_get_object", "a.txt"),
                call("_get_object", "missing.txt"),
            ),
        )
        yield target.scenario("files by their class", WRITE, (file_from(FILE, "a.txt"),))
