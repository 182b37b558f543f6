"""docs/deploy-vm.md: its unit starts the site, its nginx configuration sends visitors there."""

import configparser
import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.deploy.pages import block, commands
from tests.deploy.serving import Serving, ask
from tests.deploy.slow_visitors import count_answers
from tests.proxy import Proxy
from tests.site import Site

PROGRAMS = Path(sys.executable).parent
PASSWORD = "correct-horse-battery"


def unit():
    """Return the [Service] section of the page's systemd unit."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string(block("deploy-vm.md", "ini", "[Service]"))
    return parser["Service"]


def command_of_the_unit(port):
    """Return ExecStart's words, with this environment's gunicorn on a free port."""
    words = shlex.split(unit()["ExecStart"])
    assert words[0] == "/srv/my_site/.venv/bin/gunicorn"
    words[words.index("127.0.0.1:8000")] = f"127.0.0.1:{port}"
    return [PROGRAMS / "gunicorn", *words[1:]]


@pytest.fixture(scope="module")
def web(render, server, tmp_path_factory):
    """The site as the unit runs it: its command, and the variables of /etc/my_site.env alone."""
    tmp_path = tmp_path_factory.mktemp("vm")
    folder = Path(shutil.copytree(render(example_app="no"), tmp_path / "site"))
    with Proxy(server["AWS_S3_ENDPOINT_URL"]).running() as proxy:
        yield from start(Site(folder, server, proxy), tmp_path)


def fill_in_the_environment_file(one, tmp_path):
    """Return the variables of the page's /etc/my_site.env with this site's values."""
    environment_file = block("deploy-vm.md", "ini", "DJANGO_SECRET_KEY=")
    values = {
        "DJANGO_SECRET_KEY": "of-the-service",
        "DJANGO_ALLOWED_HOSTS": "www.example.com",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "AWS_STORAGE_BUCKET_NAME": one.bucket,
        "AWS_S3_REGION_NAME": "us-east-1",
    }
    assert set(re.findall(r"^(\w+)=", environment_file, re.MULTILINE)) == set(values)
    return values


def start(one, tmp_path):
    values = fill_in_the_environment_file(one, tmp_path)
    # A development machine's file, copied along.
    (one.folder / ".env").write_text("DJANGO_DEBUG=on\nDJANGO_HTTPS=off\n")
    keys = {name: one.env[name] for name in one.env if name.startswith("AWS_")} | values
    one.env = {"DJANGO_DEBUG": "off"} | keys | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    one.run("python", "manage.py", "migrate", "--verbosity=0", DJANGO_ENV_FILE="")
    one.run(
        *(
            "python",
            "manage.py",
            "createsuperuser",
            "--noinput",
            "--username=me",
            "--email=me@example.com",
        ),
        DJANGO_ENV_FILE="",
        DJANGO_SUPERUSER_PASSWORD=PASSWORD,
    )
    one.collectstatic(DJANGO_ENV_FILE="")
    variables = one.environment()
    del variables["DJANGO_DEBUG"]
    port = free_port()
    command = command_of_the_unit(port)
    with Serving(command, port, tmp_path / "web.log", cwd=one.folder, env=variables) as web:
        yield web


@pytest.fixture(scope="module")
def nginx(web, tmp_path_factory):
    """nginx with the page's configuration; only ports, certificate and upstream are replaced."""
    tmp_path = tmp_path_factory.mktemp("nginx")
    http, https = free_port(), free_port()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=www.example.com", "-addext", "subjectAltName=DNS:www.example.com"),
            *("-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"),
        ],
        check=True,
        capture_output=True,
    )
    text = block("deploy-vm.md", "nginx", "proxy_pass")
    for old, new in {
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ssl;": f"listen 127.0.0.1:{https} ssl;",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{web.port};",
        "/etc/letsencrypt/live/www.example.com": str(tmp_path),
    }.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "site.conf").write_text(text)
    (tmp_path / "nginx.conf").write_text(
        f"""
        daemon off;
        {"user root;" if os.getuid() == 0 else ""}
        pid {tmp_path}/nginx.pid;
        error_log stderr;
        events {{}}
        http {{
            access_log off;
            client_body_temp_path {tmp_path}/body;
            proxy_temp_path {tmp_path}/proxy;
            fastcgi_temp_path {tmp_path}/fastcgi;
            uwsgi_temp_path {tmp_path}/uwsgi;
            scgi_temp_path {tmp_path}/scgi;
            include {tmp_path}/site.conf;
        }}
        """
    )
    command = ["/usr/sbin/nginx", "-c", tmp_path / "nginx.conf", "-p", tmp_path]
    tested = subprocess.run([*command, "-t", "-q"], capture_output=True, text=True)
    assert (tested.returncode, tested.stderr) == (0, "")
    with Serving(command, http, tmp_path / "nginx.log") as server:
        server.https = f"https://127.0.0.1:{https}"
        server.trusts = ssl.create_default_context(cafile=tmp_path / "fullchain.pem")
        server.trusts.check_hostname = False
        yield server


def test_a_release_publishes_and_migrates_with_the_variables_of_the_file_alone(site, tmp_path):
    one = site()
    one.write({"app.css": "body { color: teal }"})
    variables = fill_in_the_environment_file(one, tmp_path)
    (tmp_path / "my_site.env").write_text(
        "".join(f"{name}={value}\n" for name, value in variables.items())
    )
    # The role's credentials, and where this test's S3 is.
    lent = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_S3_ENDPOINT_URL")
    one.env = {name: one.env[name] for name in lent}
    one.env["DJANGO_SETTINGS_MODULE"] = "config.test_settings"
    release = commands(block("deploy-vm.md", "sh", "git fetch --tags"))
    [without_publishing] = commands(block("deploy-vm.md", "sh", "--manifest-only"))
    of_django = [
        command for command in release if "DJANGO_ENV_FILE" in command or "manage" in command
    ]
    for ran in (of_django, [of_django[0], without_publishing]):
        script = "\n".join(ran).replace(".venv/bin/python", "python")
        one.run("bash", "-ec", script.replace("/etc/", f"{tmp_path}/"))
        manifest = one.folder / "staticfiles" / "staticfiles.json"
        assert json.loads(manifest.read_text())["paths"] == one.live_manifest()
        manifest.unlink()
    assert "app.css" in one.live_manifest()
    assert (tmp_path / "db.sqlite3").exists()


def test_systemd_understands_every_line_of_the_unit(tmp_path):
    text = block("deploy-vm.md", "ini", "[Service]")
    text = text.replace("/srv/my_site/.venv/bin/gunicorn", str(PROGRAMS / "gunicorn"))
    (tmp_path / "my_site.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "my_site.service"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_waits_longer_than_gunicorn_does(render):
    settings = {}
    exec((render() / "gunicorn.conf.py").read_text(), settings)  # as gunicorn reads it
    assert int(unit()["TimeoutStopSec"]) > settings["graceful_timeout"]
    upstream = block("deploy-vm.md", "nginx", "proxy_pass")
    kept = int(re.search(r"keepalive_timeout (\d+)s", upstream)[1])
    assert settings["keepalive"] > kept, "the proxy must close idle connections first"


def test_a_visitor_gets_a_page_over_https_and_is_sent_there_from_http(nginx):
    status, headers, _ = nginx.ask("/admin/", Host="www.example.com")
    assert (status, headers["Location"]) == (301, "https://www.example.com/admin/")
    status, headers, page = ask(
        f"{nginx.https}/admin/login/", context=nginx.trusts, Host="www.example.com"
    )
    assert status == 200 and b"csrfmiddlewaretoken" in page
    assert "max-age=" in headers["Strict-Transport-Security"]
    assert "Secure" in headers["Set-Cookie"]


def test_a_form_of_twenty_megabytes_passes_and_a_larger_one_is_refused(nginx):
    visitor = Visitor(nginx)
    visitor.post("/admin/login/", username="me", password=PASSWORD)
    assert "sessionid" in visitor.cookies
    form = "/admin/users/user/1/change/"
    # Django reads the whole of it, and shows the form again: other fields are missing.
    status, _, page = visitor.post(form, file=bytes(20 * 2**20), username="me")
    assert status == 200 and b"Please correct the error" in page
    status, _, page = visitor.post(form, file=bytes(26 * 2**20), username="me")
    assert status == 413 and b"nginx" in page


class Visitor:
    """A browser, as far as it keeps cookies and sends forms over HTTPS."""

    def __init__(self, nginx):
        self.nginx, self.cookies = nginx, {}

    def ask(self, path, *arguments, **headers):
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = ask(
            self.nginx.https + path,
            *arguments,
            context=self.nginx.trusts,
            Host="www.example.com",
            Cookie=cookies,
            Referer="https://www.example.com/",
            **headers,
        )
        for cookie in answer[1].get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def post(self, path, file=b"", **fields):
        page = self.ask(path)[2].decode()
        fields["csrfmiddlewaretoken"] = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1]
        parts = [
            f'--border\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        head = 'Content-Disposition: form-data; name="file"; filename="large.bin"\r\n\r\n'
        body = "".join([*parts, "--border\r\n", head]).encode() + file + b"\r\n--border--\r\n"
        kind = "multipart/form-data; boundary=border"
        return self.ask(path, "POST", body, Content_Type=kind)


def test_slow_visitors_keep_nobody_waiting_behind_nginx(nginx, web):
    assert count_answers(nginx.https, nginx.trusts) == 5
    # Without a proxy that buffers they hold gunicorn's threads: docs/deploy-image.md requires one.
    assert count_answers(f"http://127.0.0.1:{web.port}") < 5


def test_probes_are_answered_by_address_and_not_for_visitors(nginx, web):
    for path in ("/healthz", "/readyz"):
        assert web.ask(path)[::2] == (200, b"ok\n")
        status, _, _ = ask(nginx.https + path, context=nginx.trusts, Host="www.example.com")
        assert status == 404


def test_the_log_has_time_request_status_and_milliseconds(nginx, web):
    ask(f"{nginx.https}/nothing?x=1", context=nginx.trusts, Host="www.example.com")
    web.wait_for_line(
        r'\[\d+/\w+/\d{4}:\d\d:\d\d:\d\d \+\d{4}\] \S+ "GET /nothing\?x=1 HTTP/1.1" 404 \d+ \d+ms '
        r'"127.0.0.1"'
    )
    # Django's own warning: time, level, logger, request.
    web.wait_for_line(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} WARNING django\.request: Not Found: /nothing "
        r"<WSGIRequest: GET '/nothing\?x=1'>"
    )
