"""Connections to the database: kept between requests, and replaced when they broke."""

from tests.conftest import free_port
from tests.deploy.serving import Serving
from tests.test_postgresql import postgresql  # noqa: F401  (a fixture)

PIDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'web' ORDER BY pid"


def test_a_thread_keeps_its_connection_and_survives_its_end(site, tmp_path, postgresql):  # noqa: F811
    import psycopg  # installed for `make test-all`

    one = site()
    one.env |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DJANGO_SECRET_KEY": "of-the-test",
        "DATABASE_URL": f"{postgresql}?application_name=web",
        "WEB_CONCURRENCY": "1",
        "GUNICORN_THREADS": "1",
        "CONN_MAX_AGE": "",  # counts as unset
    }
    port = free_port()
    command = ["gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    with (
        Serving(command, port, tmp_path / "web.log", cwd=one.folder, env=one.environment()) as web,
        psycopg.connect(postgresql, autocommit=True) as server,
    ):

        def connections():
            return server.execute(PIDS).fetchall()

        assert web.ask("/readyz")[0] == 200
        [kept] = connections()
        assert web.ask("/readyz")[0] == 200
        assert connections() == [kept]
        server.execute("SELECT pg_terminate_backend(%s)", kept)
        assert web.ask("/readyz")[0] == 200
        [fresh] = connections()
        assert fresh != kept


def test_no_connection_is_kept_outside_a_wsgi_server(site):
    one = site()
    kept = "serving.find_age_of_connections"
    assert one.call(kept) == 0
    assert one.call(kept, DATABASE_URL="sqlite:///db.sqlite3?conn_max_age=7") == 7
