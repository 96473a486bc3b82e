"""The demo: a Django site whose pictures and static files live on an S3 server of its own.

    python demo/run.py [--port N] [--browser]

Needs Django, boto3, moto[server] and Pillow. Everything is temporary: the S3 server keeps its
objects in memory, the database is in a temporary directory, and Ctrl-C ends all of it.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import webbrowser
from contextlib import ExitStack, contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"
PORT = 8000
BUCKET = "gallery"
USER, PASSWORD = "admin", "storehouse"


def main(arguments=None):
    options = parse(arguments)
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        with site(options.port) as server:
            address = f"http://{HOST}:{server.server_port}/"
            say(f"\n  Gallery  {address}")
            say(f"  Admin    {address}admin/   login: {USER} / {PASSWORD}")
            say(f"  Bucket   {os.environ['DEMO_S3_ENDPOINT']}/{BUCKET}\n\n  Ctrl-C stops the demo.")
            if options.browser:
                webbrowser.open(address)
            server.serve_forever()
    except KeyboardInterrupt:
        say("\nThe demo has stopped; nothing of it is left.")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, help=f"port of the site, 0 for any (default: {PORT})")
    parser.add_argument("--browser", action=argparse.BooleanOptionalAction, help="open a browser")
    return parser.parse_args(arguments)


def say(line):
    print(line, flush=True)


@contextmanager
def site(port=None):
    """The demo's web server, bound and ready to serve, with its bucket and its database."""
    with ExitStack() as stack:
        say("Starting an S3 server …")
        forget_accounts()
        endpoint = stack.enter_context(s3_server())
        data = stack.enter_context(tempfile.TemporaryDirectory(prefix="storehouse-demo-"))
        prepare_environment(endpoint, data)
        server = stack.enter_context(web_server(port))
        make_bucket(endpoint)
        prepare_site()
        yield server


@contextmanager
def s3_server():
    """The address of an S3 server on a free port, in a process of its own."""
    child = subprocess.Popen(
        [sys.executable, HERE / "s3server.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us: the server goes last
    )
    try:
        port = child.stdout.readline().strip()
        if not port:
            raise SystemExit("The S3 server did not start: is moto[server] installed?")
        yield f"http://{HOST}:{port}"
    finally:
        child.kill()  # it holds nothing that is worth a farewell
        child.communicate()


def forget_accounts():
    """Whatever this machine is set up for, neither we nor our S3 server use it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def prepare_environment(endpoint, data):
    """The demo's own S3 server and keys."""
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": HOST,
        "no_proxy": HOST,
        "DEMO_BUCKET": BUCKET,
        "DEMO_DATA": data,
        "DEMO_S3_ENDPOINT": endpoint,
        "DJANGO_SETTINGS_MODULE": "project.settings",
    }


def make_bucket(endpoint):
    """A private bucket, but for `static/`, which anyone may read."""
    import boto3

    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=BUCKET)
    public = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/static/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [public]}
    client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))


def web_server(port):
    """Django behind a threaded server, bound already; without a port, PORT or a free one."""
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

    try:
        server = ThreadedWSGIServer((HOST, PORT if port is None else port), WSGIRequestHandler)
    except (OSError, OverflowError) as error:
        if port is not None:
            raise SystemExit(f"Cannot serve on port {port}: {error}") from error
        server = ThreadedWSGIServer((HOST, 0), WSGIRequestHandler)
    server.set_app(application)
    return server


def prepare_site():
    """The tables, the administrator, and the static files in the bucket."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_superuser(USER, password=PASSWORD)
    say("Collecting the static files into the bucket …")
    call_command("collectstatic", interactive=False, verbosity=0)


if __name__ == "__main__":
    main()
