"""``collectstatic`` of the admin and of some files of our own, and the addresses of the result."""

from scenarios.steps import S3_MANIFEST, S3_STATIC, call, collectstatic, read, static_url
from scenarios.targets import AMAZON

FILES = {
    "site/main.css": '@import "base.css";\nbody { background: url("img/back%20ground.svg#x") }\n',
    "site/base.css": "/* grün */ p { background: url(img/dot.png?v=1) }\n" * 20,
    "site/img/back ground.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n",
    "site/img/dot.png": "\x89PNG not really",
    "site/app.js": "import x from './x.js';\n//# sourceMappingURL=app.js.map\n",
    "site/x.js": "export default 1;\n" * 30,
    "site/app.js.map": '{"version": 3}',
    "site/grüße ü.txt": "umlaut",
    "site/packed.css.gz": "not really gzip",
    "site/.hidden.txt": "ignored by Django",
    "robots.txt": "User-agent: *\n",
}
NAMES = (
    "robots.txt",
    "site/main.css",
    "site/img/back ground.svg",
    "site/img/dot.png",
    "site/grüße ü.txt",
    "site/packed.css.gz",
    "admin/css/base.css",
    "admin/js/core.js",
    "missing.css",
    "site/",
)
PUBLIC = {"default_acl": "public-read", "object_parameters": {"CacheControl": "max-age=31536000"}}
CDN = {"custom_domain": "static.example.org", "location": "static"}


def write_files(directory):
    """The project's own static files, next to those of the admin."""
    for name, text in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def scenarios():
    urls = tuple(static_url(name) for name in NAMES)
    yield AMAZON.scenario(
        "collectstatic",
        (collectstatic(),),
        (*urls, read("admin/css/base.css"), call("listdir", "admin"), collectstatic(dry_run=True)),
        backend=S3_STATIC,
        options=PUBLIC,
    )
    yield AMAZON.scenario(
        "collectstatic, manifest",
        (collectstatic(ignore_patterns=["vendor"]),),
        (*urls, read("staticfiles.json")),
        backend=S3_MANIFEST,
        options=CDN,
        remade=True,
    )
    for name, backend, options in (
        ("gzip", S3_STATIC, {"gzip": True}),
        ("manifest, gzip", S3_MANIFEST, {"gzip": True, **PUBLIC}),
        ("own manifest class", "subclasses.ManifestStorage", {}),
        ("prefixed manifest class", "subclasses.PrefixedManifestStorage", {}),
        ("overwriting off", S3_STATIC, {"file_overwrite": False}),
        ("manifest, overwriting off", S3_MANIFEST, {"file_overwrite": False}),
    ):
        yield few_files(AMAZON, f"collectstatic, {name}", backend, options)
    yield AMAZON.scenario(
        "manifest, no bucket",
        read=(static_url("robots.txt"),),
        backend=S3_MANIFEST,
        options={"bucket_name": "no-such"},
    )


def few_files(target, name, backend, options):
    """Without the admin, but twice, and then with ``--clear``."""
    fewer = {"ignore_patterns": ["admin"]}
    return target.scenario(
        name,
        (collectstatic(**fewer), collectstatic(**fewer)),
        (
            *(static_url(one) for one in NAMES[:6]),
            *(read(one) for one in ("robots.txt", "site/main.css")),
            call("listdir", "site"),
        ),
        (collectstatic(clear=True, **fewer),),
        backend=backend,
        options=options,
        remade="Manifest" in backend,
        random_names="overwriting off" in name,
    )
